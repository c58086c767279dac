/** What is paid and felt as lines: who shares one, what it says of order, and the sentence under it. */
import { describe, expect, it } from 'vitest';
import type { ScoredAnswer } from '../../../../trainer/advantages/advantages.ts';
import { presetParameters } from '../../../../trainer/learning/presets.ts';
import type { ParameterValues } from '../../../../trainer/protocol/parameters.ts';
import type { GroupWithRollouts } from '../../../../trainer/protocol/records.ts';
import { orderWords, paidView } from '../../../../webview/rollouts/group/paid-and-felt.ts';
import { recordOf, scoredAnswer } from '../../../advantages/made-groups.ts';

const [right, long, wrong] = [scoredAnswer(1, 400), scoredAnswer(1, 600), scoredAnswer(0, 400)];

const groupOf = (
  ordered: readonly ScoredAnswer[],
  given: Partial<ParameterValues> = {},
  shuffled: readonly ScoredAnswer[] = [wrong],
) => recordOf(ordered, shuffled, { ...presetParameters('paper', 'tgrpo'), ...given });

/** Ordered answer i is worth `worths[i]` nats; one of null is not weighed. */
const weighed = (group: GroupWithRollouts, worths: readonly (number | null)[]): GroupWithRollouts => ({
  ...group,
  rollouts: group.rollouts.map((one) => {
    const worth = one.order === 'ordered' ? (worths[one.index] ?? null) : null;
    if (worth === null) return one;
    return { ...one, orderWorth: { worth, error: 0.1, uses: worth >= 0.5, step: 1, same: true } };
  }),
});

const shown = (group: GroupWithRollouts) =>
  paidView(group)?.lines.map(({ answers, order, without, advantage, ifUsed, remark }) => [
    answers.map(({ index }) => index + 1).join(' '),
    orderWords(order),
    ...[without, advantage, ifUsed].map((value) => value?.toFixed(2) ?? '–'),
    remark,
  ]);

describe('lines of paid and felt', () => {
  // 1.4 1.3 1.4 0, and without r_t 1.1 1 1.1 0.
  const mixed = groupOf([right, long, right, wrong]);

  it('are shared by answers with the same parts, and have no order before it is weighed', () => {
    expect(shown(mixed)).toEqual([
      ['1 3', '–', '0.56', '0.55', '–', null],
      ['2', '–', '0.37', '0.40', '–', null],
      ['4', '–', '-1.49', '-1.50', '–', null],
    ]);
    expect(paidView(mixed)).toMatchObject({ paid: 3, felt: 3 });
    expect(paidView(mixed)?.sentence).toMatch(/^Advantages without the temporal reward, as trained/);
  });

  it('part where one of them uses order and the other does not; those say so that were paid for nothing', () => {
    // Paid to answer 1 alone: 1.4 1 1.1 0, mean 0.875, std 0.6076.
    expect(shown(weighed(mixed, [5.6, 0.1, 0.0, -0.1]))).toEqual([
      ['1', '5.6', '0.56', '0.55', '0.86', null],
      ['2', '0.1', '0.37', '0.40', '0.21', 'not used'],
      ['3', '0.0', '0.56', '0.55', '0.37', 'not used'],
      ['4', '−0.1', '-1.49', '-1.50', '-1.44', null],
    ]);
    // As long as one that was paid is not weighed, what would be is not known.
    expect(shown(weighed(mixed, [5.6, null, 6.84, null]))).toEqual([
      ['1 3', '5.6–6.8', '0.56', '0.55', '–', null],
      ['2', '–', '0.37', '0.40', '–', null],
      ['4', '–', '-1.49', '-1.50', '–', null],
    ]);
  });

  it('say that r_t was not felt, and the sentence why', () => {
    const sizes = groupOf([right, right, wrong, wrong]);
    expect(shown(sizes)?.map((line) => line.at(-1))).toEqual(['not felt', null]);
    expect(paidView(sizes)).toMatchObject({ paid: 2, felt: 0 });
    expect(paidView(sizes)?.sentence).toMatch(/^Rewards come in two sizes/);
    expect(paidView(groupOf([right, right, wrong, wrong], { advantageScale: 'none' as const }))).toMatchObject({
      felt: 2,
    });
    expect(paidView(groupOf([right, long, right]))?.sentence).toMatch(/^Every answer was paid alike/);
    expect(paidView(groupOf([right, long, wrong, wrong], { alpha: 1e-12 }))?.sentence).toMatch(
      /would have the same advantages without it/,
    );
  });

  it('are none where r_t was paid to nobody or nothing was trained on, and where an older record does not tell', () => {
    expect(paidView(groupOf([right, wrong], {}, [right]))).toBeNull();
    expect(paidView(groupOf([right, wrong], {}, []))).toBeNull();
    expect(paidView({ ...mixed, purpose: 'evaluation' })).toBeNull();
    const bent = mixed.rollouts.map((one) => (one.id === 'g-ordered-0' ? { ...one, advantage: 3 } : one));
    expect(paidView({ ...mixed, rollouts: bent })).toMatchObject({ lines: [], paid: 3 });
    expect(paidView({ ...mixed, rollouts: bent })?.sentence).toMatch(/does not tell/);
  });
});

it('order is a range of what its answers are worth', () => {
  expect(orderWords([2.94, 2.94])).toBe('2.9');
  expect(orderWords([-0.1, 0.4])).toBe('−0.1 to 0.4');
  expect(orderWords(null)).toBe('–');
});
