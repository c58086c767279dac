/** What an update did to its answers, in a real browser: the figures are those of a receipt that is written out here. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MovedAnswer } from '../../trainer/protocol/receipts.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { aGroup, aRollout } from '../store/records.ts';
import { notOwned, pagesOfRuns, rowsOf } from './pages-of-runs.ts';
import { projectWithRuns, recordedGroups, recordedRun } from './recorded-run.ts';

const hostile = '<img src=x onerror="window.owned=1">';
const group = (step: number, id: string) =>
  aGroup(step, {
    id,
    rollouts: [0, 1].map((index) => aRollout({ id: `${id}-o${index}`, groupId: id, step, index, order: 'ordered' })),
  });
const groups = [group(1, 's1-a'), group(1, 's1-b'), group(2, 's2-a')];
const moved = (rolloutId: string, advantage: number | null, before: number[], after: number[]): MovedAnswer => ({
  ...{ rolloutId, advantage, before, after },
});

const pages = pagesOfRuns(recordedRun, async () => {
  const { parameters } = recordedGroups();
  const pieces = [hostile, ' two\n', 'three'];
  const tokensOf = () => ({ pieces, logprobs: [-1, -1, -1], entropy: [0, 0, 0] });
  const project = await projectWithRuns([{ id: recordedRun, groups, parameters, tokensOf }]);
  const store = RunStore.open(path.join(project.folder, '.video-r1', 'runs', recordedRun));
  const answers = [
    moved('s1-a-o0', 1, [-1, -1, -1], [-0.5, -1, -0.75]),
    moved('s1-a-o1', -1, [-1, -1, -1], [-1, -1.25, -1]),
    moved('s1-b-o0', 1, [-1, -1, -1], [-2.5, -1, -1]),
    moved('s1-b-o1', null, [-1, -1, -1], [-1, -1, -1]),
  ];
  store.append({ type: 'receipt', step: 1 }, { receipt: { step: 1, at: 1, answers } });
  store.dispose();
  return project;
});

const openAt = async (groupId: string, width?: number) => {
  const place = `&group=${groupId}&rollout=${groupId}-o0`;
  const tab = await pages.open('rollouts', { place, ...(width !== undefined && { width }) });
  await tab.locator('[data-part=update]').waitFor({ state: 'attached' });
  return tab;
};

describe('what an update did', () => {
  it('stands in the group by side, beside the whole step, with the tokens that moved most as text alone', async () => {
    const tab = await openAt('s1-a');
    await tab.locator('[data-part=moved-tokens] b', { hasText: 'img' }).waitFor();
    // (0.5 + 0.25) / 3 here; with −1.5 of the other group / 6. −0.25 / 3.
    expect(await rowsOf(tab, 'moved')).toEqual([
      ['rewarded', '+0.2500', '1 of 1', '−0.1250', '1 of 2'],
      ['punished', '−0.0833', '0 of 1', '−0.0833', '0 of 1'],
      ['left out', '–', '–', '0.0000', '0 of 1'],
    ]);
    const moved = tab.locator('[data-part=moved]');
    expect(await moved.locator('caption').textContent()).toBe('What this step moved');
    expect(await moved.locator('thead th').allTextContents()).toEqual([
      ...['this group', 'whole step', 'answers'],
      ...['nats a token', 'likelier', 'nats a token', 'likelier'],
    ]);
    const tokens = await tab
      .locator('[data-part=moved-tokens] > span')
      .evaluateAll((all) => all.map((one) => one.textContent));
    expect(tokens.slice(1)).toEqual([
      '<img␣src=x␣onerror="window.owned=1"> +0.500 in 1',
      'three +0.250 in 1',
      '␣two⏎ −0.250 in 2',
    ]);
    await notOwned(tab);
  });

  it('says in place of buttons why nothing can be found out now, and they do nothing then', async () => {
    const tab = await openAt('s2-a');
    const section = tab.locator('[data-part=update]');
    const make = section.getByRole('button', { name: 'Did rewarded answers become likelier?' });
    const without = section.getByRole('button', { name: 'without answer 1' });
    const value = section.getByRole('button', { name: 'try this value' });
    for (const button of [make, without, value]) expect(await button.getAttribute('aria-disabled')).toBe('true');
    expect((await section.textContent())?.match(/paused in memory/g)).toHaveLength(1);
    await make.press('Enter');
    await without.press('Enter');
    await section.getByRole('textbox', { name: 'learning rate to try' }).fill('x');
    expect(await section.getByRole('textbox').getAttribute('aria-invalid')).toBe('true');
    expect(await section.locator('[role=status]').count()).toBe(0);
  });
});
