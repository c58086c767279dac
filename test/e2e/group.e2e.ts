/** What a group would be if, why groups are flat, and how both are counted: in a browser, with the figures of a real run. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { pagesOfRuns, rowsOf as rows } from './pages-of-runs.ts';
import { projectWithRecordedRun, recordedGroups, recordedRun } from './recorded-run.ts';

const pages = pagesOfRuns(recordedRun, projectWithRecordedRun);
const open = (page: 'dashboard' | 'rollouts', place = '', width = 1400) => pages.open(page, { place, width });

/** The page at one answer of a group, which is read; where there is room for it, the group stands beside it. */
async function openAt(groupId: string, rolloutId: string, width?: number): Promise<Page> {
  const tab = await open('rollouts', `&group=${groupId}&rollout=${rolloutId}`, width);
  await tab.locator('[data-part=think]').waitFor({ state: 'attached' });
  return tab;
}

const answerRows = (tab: Page) => rows(tab, 'what-if-answer');
const field = (tab: Page, name: string) => tab.locator(`[data-what-if=${name}] input[type=text]`);
const flip = (tab: Page, name: string) => tab.locator(`[data-what-if=${name}] [data-part=flip]`).textContent();

describe('what if', () => {
  it.each([1400, 1000, 420])('answers "r_t if μ were 1" by two keys, at %i px', async (width) => {
    // 8 of 8 ordered answers were right, and 4 of 4 shuffled: 1 > 0.8 × 1 holds, 1 > 1 × 1 does not.
    const tab = await openAt('s1-3', 's1-3-o0', width);
    await tab.keyboard.press('i');
    // Where the group has to be shown first, its field comes with the next paint.
    if (width < 1120) await field(tab, 'mu').and(tab.locator(':focus')).waitFor();
    await tab.keyboard.press('1');
    await expect
      .poll(() => answerRows(tab))
      .toEqual([
        ['reward', '2.40', '2.10'],
        ['advantage', '0.000', '0.000'],
        ['its temporal part', '0.3', '0'],
        ['group: mean and std', '2.400, 0.000', '2.100, 0.000'],
        ['group: rt for right answers', '0.3', '0'],
      ]);
    expect(await flip(tab, 'mu')).toBe('; flips at 1');
    expect(await tab.locator('[data-part=what-if-answer]').isVisible()).toBe(true);
    expect(await tab.locator('[data-part=what-if] [role=status]').textContent()).toMatch(
      /^group’s r t 0, its temporal part 0,/,
    );
  });

  it('shows whose sign flips, the value at which it does, and takes all back', async () => {
    // Rewards of a picture: 1, 2.1 five times less the fraction 0.5 twice. Half right gets ω too: it is the mean at ω = 0.5.
    const tab = await openAt('s2-0', 's2-0-o4');
    expect(await flip(tab, 'omega')).toBe('; its sign flips at 0.5');
    expect(await flip(tab, 'mu')).toBe('; no shuffled answers');
    expect(await field(tab, 'mu').isDisabled()).toBe(true);
    const before = await rows(tab, 'what-if-group');
    for (const [, run, then] of before) expect(then).toBe(run);
    await field(tab, 'omega').fill('0.6');
    // Rewards 1 twice, 2.6 four times, 2.1 twice: (2.1 − 2.075) / (0.6985 + 0.0001).
    await expect.poll(async () => (await answerRows(tab))[1]).toEqual(['advantage', '−0.207', '+0.036']);
    const after = await rows(tab, 'what-if-group');
    expect(after.map(([, run]) => run)).toEqual(before.map(([, run]) => run));
    expect(await tab.locator('[data-part=what-if-group] [aria-label="its sign flips"]').count()).toBe(2);
    expect(await tab.locator('[data-part=what-if-group] thead').textContent()).toContain('2 signs flipped');
    // What is no value of a run does not count, and is said.
    await field(tab, 'omega').fill('x');
    expect(await field(tab, 'omega').getAttribute('aria-invalid')).toBe('true');
    expect((await answerRows(tab))[1]?.[2]).toBe('+0.036');
    await tab.getByRole('button', { name: 'Back to the values of the run' }).click();
    await expect.poll(() => rows(tab, 'what-if-group')).toEqual(before);
  });

  it('goes by keys alone: a slider, a choice, out of the field, and on to the next question with what is tried', async () => {
    const tab = await openAt('s1-11', 's1-11-o0');
    // 7/8 over 3/4.
    expect(await flip(tab, 'mu')).toBe('; flips at 7/6 = 1.167');
    const slider = tab.locator('[data-what-if=mu] input[type=range]');
    await slider.focus();
    for (let press = 0; press < 40; press++) await tab.keyboard.press('ArrowRight');
    await expect.poll(async () => (await answerRows(tab))[4]).toEqual(['group: rt for right answers', '0.3', '0']);
    await tab.getByRole('button', { name: 'n', exact: true }).press('Enter');
    await expect.poll(async () => (await answerRows(tab))[3]?.[2]).not.toBe((await answerRows(tab))[3]?.[1]);
    await field(tab, 'mu').focus();
    await tab.keyboard.press('Escape');
    await tab.keyboard.press('j');
    await expect.poll(() => tab.locator('[data-part=what-if] h2').count()).toBe(1);
    expect(await tab.locator('[data-part=what-if]').textContent()).toContain('2 changes, touches nothing');
  });

  it.each([1400, 1000, 420])(
    '`i` leads to why μ has nothing to act on, and Esc out of a field leads back, at %i px',
    async (width) => {
      const picture = await openAt('s2-0', 's2-0-o4', width);
      await picture.keyboard.press('i');
      const why = picture.locator('#what-if-without-test');
      await why.and(picture.locator(':focus')).waitFor();
      expect(await why.textContent()).toMatch(
        /^μ and α have nothing to act on here: this group has no answers on shuffled frames/,
      );
      const tab = await openAt('s1-3', 's1-3-o0', width);
      await tab.keyboard.press('Enter');
      await tab.locator('#rollout-think:focus').waitFor();
      await tab.keyboard.press('i');
      await field(tab, 'mu').and(tab.locator(':focus')).waitFor();
      await tab.keyboard.press('Escape');
      await tab.locator('#rollout-think:focus').waitFor();
    },
  );

  it('shows what an answer itself got beside what its group pays', async () => {
    // 7 of 8 were right: the one that was not got no part of the 0.3.
    const { groups } = recordedGroups();
    const wrong = groups
      .find(({ id }) => id === 's1-11')
      ?.rollouts.find(({ order, correct }) => order === 'ordered' && !correct);
    const tab = await openAt('s1-11', wrong?.id ?? '');
    expect((await answerRows(tab)).map((cells) => cells.slice(0, 2))).toContainEqual(['its temporal part', '0']);
    expect((await answerRows(tab)).map((cells) => cells.slice(0, 2))).toContainEqual([
      'group: rt for right answers',
      '0.3',
    ]);
  });

  it('gives the recorded numbers of every group with nothing changed, and asks the trainer nothing', async () => {
    const { groups } = recordedGroups();
    for (const { id, stats } of groups.filter(({ purpose }) => purpose === 'train').slice(0, 6)) {
      const tab = await openAt(id, `${id}-o0`);
      expect(await rows(tab, 'what-if-group')).toHaveLength(8);
      expect((await answerRows(tab))[3]?.[1]).toBe(`${stats.mean.toFixed(3)}, ${stats.std.toFixed(3)}`);
      for (const [, run, then] of [...(await answerRows(tab)), ...(await rows(tab, 'what-if-group'))])
        expect(then).toBe(run);
    }
    const sent: string[] = [];
    const tab = await pages.open('rollouts', {
      place: '&group=s1-1&rollout=s1-1-o0',
      watch: (opened) =>
        opened.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(String(payload)))),
    });
    await tab.locator('[data-part=what-if]').waitFor();
    await tab.waitForLoadState('networkidle');
    /* What the panes beside it ask comes when the answer and its group are there. */
    const asked = (method: string) => sent.some((message) => message.includes(method));
    for (const method of ['groups/get', 'rollouts/tokens', 'evidence/cost', 'receipts/get'])
      await expect.poll(() => asked(method), { message: method }).toBe(true);
    await field(tab, 'alpha').fill('1');
    await expect.poll(() => tab.locator('[data-part=what-if]').textContent()).toContain('1 change');
    const before = sent.length;
    await tab.getByRole('button', { name: '≥', exact: true }).click();
    await expect.poll(() => tab.locator('[data-part=what-if]').textContent()).toContain('2 changes');
    expect(sent.slice(before)).toEqual([]);
  });
});

describe('paid and felt', () => {
  it('says in a group that r_t was paid and not felt, with each advantage without it and with it, and why', async () => {
    // 2.4 seven times and 1, divided by their standard deviation; without r_t 2.1 and 1.
    const tab = await openAt('s1-0', 's1-0-o0');
    const part = tab.locator('[data-part=paid-and-felt]');
    expect(await part.locator('h2 + span').textContent()).toBe('7 paid, not felt');
    const lines = await rows(tab, 'paid-lines');
    expect(lines.map((cells) => cells.slice(1))).toEqual(
      expect.arrayContaining([
        ['–', '+0.35', '+0.35', '–'],
        ['–', '−2.47', '−2.47', '–'],
      ]),
    );
    expect(lines.find(([, , without]) => without === '+0.35')?.[0]).toMatch(/paid, not felt$/);
    expect(await part.locator('p').textContent()).toMatch(/^Rewards come in two sizes/);
  });

  it('is not there where nobody was paid', async () => {
    const tab = await openAt('s8-3', 's8-3-o0');
    expect(await tab.locator('[data-part=temporal-test]').count()).toBe(1);
    expect(await tab.locator('[data-part=paid-and-felt]').count()).toBe(0);
  });

  it('is a filter and a column of the list', async () => {
    const tab = await open('rollouts');
    await tab.locator('[id^=row-]').first().waitFor();
    await tab.keyboard.press('/');
    await tab.keyboard.type('paid:true fel');
    await tab.getByRole('option', { name: /^felt/ }).first().waitFor();
    await tab.keyboard.type('t:false');
    // Nothing is offered any more; Escape would give up a slow reading, and the filter with it.
    await tab.keyboard.press('Enter');
    // Of the groups that were trained on, those of step 1 alone were paid: 7, 3, 8, 8, 8 and 7 answers.
    await expect.poll(() => tab.locator('[data-pane=list] h2 + span').textContent()).toMatch(/^41 of /);
    await tab.keyboard.press('C');
    await tab.getByRole('checkbox', { name: 'temporal reward felt' }).click();
    await tab.keyboard.press('Escape');
    await tab.locator('[id^=row-] [data-column=felt]', { hasText: 'no' }).first().waitFor();
  });

  it('are two curves of the dashboard', async () => {
    const tab = await open('dashboard');
    const chart = tab.locator('figure', { hasText: 'Temporal reward, paid and felt' });
    const plot = chart.locator('[tabindex="0"][role=img]');
    await plot.waitFor();
    await plot.focus();
    for (let press = 0; press < 30; press++) await tab.keyboard.press('ArrowLeft');
    await expect.poll(() => chart.locator('header').textContent()).toContain('step 1');
    expect(await chart.locator('p').textContent()).toMatch(/paid 41 of 48.*felt 0 of 48/);
  });
});

describe('flat groups', () => {
  it('say why, one reason each', async () => {
    const tab = await openAt('s8-8', 's8-8-o0');
    const reason = tab.locator('[data-part=flat]');
    expect(await reason.textContent()).toBe(
      'Flat: All 8 answers are wrong and were paid the same: accuracy 0 + format 1 + temporal 0 + length 0 = 1.',
    );
    const fractions = await openAt('s11-10', 's11-10-o0');
    expect(await fractions.locator('[data-part=flat]').textContent()).toBe(
      'Flat: All 8 answers are alike in every part, with an accuracy of 0.50 each: accuracy 0.5 + format 1 + temporal 0 + length 0.1 = 1.6.',
    );
  });

  it('are found by their reason', async () => {
    const tab = await open('rollouts');
    await tab.locator('[id^=row-]').first().waitFor();
    await tab.keyboard.press('/');
    await tab.keyboard.type('purpose:train flatBecause:alike half:ordered');
    await tab.keyboard.press('Enter');
    // Three groups of eight.
    await expect.poll(() => tab.locator('[data-pane=list] h2 + span').textContent()).toMatch(/^24 of /);
  });

  it('are counted by reason over steps on the dashboard, with the hairline of the other charts', async () => {
    const tab = await open('dashboard');
    const chart = tab.locator('figure', { hasText: 'Flat groups, by reason' });
    const plot = chart.locator('[tabindex="0"][role=img]');
    await plot.waitFor();
    await plot.focus();
    await tab.keyboard.press('ArrowLeft');
    // Of step 18 there is one group, flat by equal fractions.
    await expect.poll(() => chart.locator('header').textContent()).toContain('step 18');
    expect(await chart.locator('p').textContent()).toMatch(
      /all right 0 of 1.*all wrong 0 of 1.*alike otherwise 1 of 1/,
    );
    await expect.poll(() => tab.locator('figure', { hasText: 'Response length' }).textContent()).toContain('step 18');
  });
});

describe('when the trainer is gone', () => {
  it('a what-if goes on, and the values of the run are as plain to read as before', async () => {
    const tab = await openAt('s1-3', 's1-3-o0');
    const dashboard = await tab.context().newPage();
    await dashboard.goto(`${pageAddress(pages.trainer.discovery, 'dashboard')}&run=${recordedRun}`);
    const values = dashboard.locator('vscode-text-field');
    await values.first().waitFor();
    await pages.trainer.stop();
    await expect
      .poll(() => values.evaluateAll((all) => all.map((one) => one.hasAttribute('disabled')).every(Boolean)))
      .toBe(true);
    expect(await values.evaluateAll((all) => new Set(all.map((one) => getComputedStyle(one).opacity)).size)).toBe(1);
    expect(await values.first().evaluate((one) => getComputedStyle(one).opacity)).toBe('1');
    await tab.bringToFront();
    await tab
      .locator('[role=status], [role=alert]')
      .filter({ hasText: /trainer/i })
      .first()
      .waitFor();
    await tab.keyboard.press('i');
    await tab.keyboard.press('1');
    await expect.poll(async () => (await answerRows(tab))[4]).toEqual(['group: rt for right answers', '0.3', '0']);
  });
});
