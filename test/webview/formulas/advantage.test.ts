/** Total, mean and std give the advantage (Video-R1 eq. 3). */
import { describe, expect, it } from 'vitest';
import { advantageOf, divisorWords } from '../../../webview/formulas/advantage.ts';
import { aGroup, aRollout } from '../../store/records.ts';

describe('advantageOf', () => {
  const parameters = { advantageScale: 'group' as const, stdEpsilon: 0 };
  /* Totals 2.4 2.3 1.0 2.4 2.4 1.4 1.0 2.3: sum 15.2, mean 1.9; squared deviations 0.25 0.16 0.81 0.25 0.25 0.25 0.81 0.16
     add up to 2.94; over 7 that is 0.42, its root 0.6481; (2.4 - 1.9) / 0.6481 = 0.7715. */
  const stats = { mean: 1.9, std: 0.6480740698, count: 8 };
  const group = aGroup(1, { stats });
  const answer = (advantage: number | null, order: 'ordered' | 'shuffled' = 'ordered') =>
    aRollout({ id: 'r', groupId: group.id, order, advantage, reward: { parts: [], total: 2.4 } });

  it('is the difference from the mean over the std', () => {
    const found = advantageOf(answer(0.7715), group, parameters);
    expect(found).toMatchObject({ kind: 'computed', advantage: 0.7715, agrees: true });
    if (found.kind === 'computed') expect(found.difference).toBeCloseTo(0.5, 12);
  });

  it('adds epsilon under the fraction, and divides only where the run does', () => {
    expect(
      advantageOf(answer(0.5 / 0.7480740698), group, { advantageScale: 'group' as const, stdEpsilon: 0.1 }),
    ).toMatchObject({
      agrees: true,
    });
    expect(advantageOf(answer(0.5), group, { advantageScale: 'none' as const, stdEpsilon: 0 })).toMatchObject({
      divisor: null,
      agrees: true,
    });
  });

  it('is divided by the batch’s deviation as the group records it, in number and in words', () => {
    const batch = { advantageScale: 'batch' as const, stdEpsilon: 0.1 };
    const normalised = { ...batch, stdDegrees: 'n-1' as const, batchStd: 0.4 };
    const recorded = aGroup(1, { stats: { ...stats, normalised } });
    expect(advantageOf(answer(1), recorded, batch)).toMatchObject({ divisor: 0.5, agrees: true });
    expect(divisorWords(recorded, batch)).toBe('(0.400 + 0.1)');
    // Of an older group it is not known, and its own stands for it.
    expect(divisorWords(group, { ...batch, stdEpsilon: 0 })).toBe('0.648');
  });

  it('says when the shown numbers do not give the advantage that was trained on', () => {
    expect(advantageOf(answer(0.5), group, parameters)).toMatchObject({ agrees: false, advantage: 0.5 });
  });

  it('is zero in a group without spread', () => {
    const flat = aGroup(1, { stats: { mean: 2.4, std: 0, count: 8 } });
    expect(advantageOf(answer(0), flat, parameters)).toMatchObject({ agrees: true });
  });

  it('says why there is none', () => {
    expect(advantageOf(answer(null, 'shuffled'), group, parameters)).toMatchObject({
      why: expect.stringContaining('only measure'),
    });
    expect(advantageOf(answer(null), aGroup(1, { purpose: 'probe' }), parameters)).toMatchObject({
      why: expect.stringContaining('probe'),
    });
    expect(advantageOf(answer(null), group, parameters)).toMatchObject({ why: expect.stringContaining('left out') });
  });
});
