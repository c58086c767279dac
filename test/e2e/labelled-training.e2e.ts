/** What training did with labels, and what detectors suggest, on the page of the rollouts: in a browser. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { aGroup, aRollout } from '../store/records.ts';
import { faultsNow } from './axe.ts';
import { filterTo } from './filtered-list.ts';
import { notOwned, pagesOfRuns } from './pages-of-runs.ts';
import { projectWithRuns } from './recorded-run.ts';

const attack = '<img src=x onerror="window.owned=1">\u202e';

function reasoned(step: number) {
  const think = `At step ${step} it goes left, then it goes right. ${attack} So it is B.`;
  const text = `<think>${think}</think><answer>B</answer>`;
  return {
    text,
    parsed: {
      think: { start: 7, end: 7 + think.length },
      answer: { start: text.length - 10, end: text.length - 9 },
      problems: [],
    },
  };
}

/** Of step 2 the second answer holds flagged words, and the third was flagged; the first has a pattern. */
const groups = [1, 2].map((step) => {
  const groupId = `s${step}-g0`;
  return aGroup(step, {
    id: groupId,
    rollouts: [0, 1, 2].map((index) =>
      aRollout({
        ...{
          id: `${groupId}-o${index}`,
          groupId,
          step,
          index,
          ...reasoned(step),
          advantage: [0.5, -0.25, 0.75][index] ?? 0,
        },
        ...(index === 0 && { patterns: ['wrong way' as const] }),
        ...(index === 1 && { flagged: ['goes left', attack] }),
      }),
    ),
  });
});
const masked = {
  step: 2,
  rollouts: [
    { id: 's2-g0-o1', words: ['goes left', attack] },
    { id: 's2-g0-o2', words: [] },
  ],
  advantages: [
    { rolloutId: 's2-g0-o0', from: 0.5, to: 0.125 },
    { rolloutId: 's2-g0-o1', from: -0.25, to: null },
    { rolloutId: 's2-g0-o2', from: 0.75, to: null },
  ],
};

const pages = pagesOfRuns('first-1', () =>
  projectWithRuns([{ id: 'first-1', groups, parameters: presetParameters('sample', 'tgrpo'), masked: [masked] }]),
);

async function at(rolloutId: string, width?: number): Promise<Page> {
  const place = `&group=s2-g0&rollout=${rolloutId}`;
  const tab = await pages.open('rollouts', { place, author: 'Ann', ...(width !== undefined && { width }) });
  await tab.locator('[data-part=think]').waitFor({ state: 'attached' });
  return tab;
}

const became = (tab: Page) => tab.locator('[data-part=in-update]').textContent();

describe('an answer that was left out of the update', () => {
  it('says so with the reason and its advantage before, in the rollout, its group and the list', async () => {
    const tab = await at('s2-g0-o1');
    expect(await became(tab)).toBe(
      'Left out of the update: it holds what people flagged: “goes left”, “<img src=x onerror="window.owned=1">\\u202e”. Its advantage was −0.25 before.',
    );
    await tab.getByText('before it was left out of the update').waitFor();
    const lines = tab.locator('[data-part=left-out] li');
    await expect
      .poll(() => lines.allTextContents())
      .toEqual([
        expect.stringMatching(/^2 holds what people flagged: “goes left”, .*; its advantage was −0.25 before$/),
        '3 was flagged while its group was open; its advantage was +0.75 before',
        'Advantages of the others in the update: 1 +0.50 → +0.13',
      ]);
    expect(await tab.locator('[data-pane=group] button s').allTextContents()).toEqual(['−0.25', '+0.75']);
    await expect.poll(() => tab.locator('[id^=row-] s').allTextContents()).toEqual(['−0.25', '+0.75']);
    await tab.locator('#row-s2-g0-o1[aria-label*="left out of the update"]').waitFor();
    expect(await tab.locator('#row-s2-g0-o0[aria-label*="left out"]').count()).toBe(0);
    await notOwned(tab);
  });

  it('changes what is said of the others of its group, and of those of another group nothing', async () => {
    const tab = await at('s2-g0-o0');
    expect(await became(tab)).toBe(
      'Another advantage in the update: +0.13 in place of +0.50, without the 2 answers left out of its group.',
    );
    await tab.locator('#row-s1-g0-o0').click();
    await tab.waitForURL(/rollout=s1-g0-o0/);
    await tab.locator('[data-part=in-update]').waitFor({ state: 'detached' });
    expect(await tab.locator('[data-part=left-out]').count()).toBe(0);
  });

  it('is found by the filter, as are words that came back, which a column names', async () => {
    const tab = await at('s2-g0-o0');
    await filterTo(tab, 'masked', 2, 6);
    await filterTo(tab, 'masked cameBack', 1, 6);
    await filterTo(tab, 'flaggedWords:"Goes Left"', 2, 6);
    await tab.keyboard.press('C');
    await tab.getByRole('checkbox', { name: 'flagged words that came back' }).click();
    await tab.keyboard.press('Escape');
    await tab.locator('[data-column=cameBack]', { hasText: '“goes left”, “<img' }).first().waitFor();
    await notOwned(tab);
  });

  it.each([1400, 1000, 420])('is without fault for axe at %i px', async (width) => {
    const tab = await at('s2-g0-o1', width);
    expect(await faultsNow(tab)).toEqual([]);
    expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  });
});

describe('what a detector suggests', () => {
  it('stands below the text and is accepted, taken back and dismissed by keys', async () => {
    const tab = await at('s2-g0-o0');
    const suggested = tab.getByRole('region', { name: 'Suggested' }).getByRole('listitem');
    const said = tab.getByRole('region', { name: 'Flags and verdicts' }).getByRole('listitem');
    await suggested.filter({ hasText: 'not judged yet' }).filter({ hasText: 'suggested: ' }).waitFor();
    expect(await said.count()).toBe(0);
    await tab.keyboard.press('Y');
    await suggested.filter({ hasText: 'right 1 of 1' }).filter({ hasText: 'accepted' }).waitFor();
    await said.filter({ hasText: 'reasoning does not support the answer' }).waitFor();
    await tab.keyboard.press('u');
    await said.first().waitFor({ state: 'detached' });
    await suggested.filter({ hasText: 'not judged yet' }).waitFor();
    await tab.getByRole('button', { name: /^Dismiss\s+X$/ }).click();
    await suggested.filter({ hasText: 'right 0 of 1' }).filter({ hasText: 'dismissed' }).waitFor();
    await tab.locator('#row-s2-g0-o1').click();
    await suggested.first().waitFor({ state: 'detached' });
  });
});
