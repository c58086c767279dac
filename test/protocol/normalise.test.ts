/** How rewards become advantages, against the papers' formulas written out in numbers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchStd, type Normalisation, normalise } from '../../trainer/protocol/normalise.ts';

const p = (given: Partial<Normalisation>): Normalisation => ({
  ...{ stdDegrees: 'n', stdEpsilon: 0, advantageScale: 'group' },
  ...given,
});
const close = (found: readonly number[], expected: readonly number[]) =>
  expect(found.map((value) => Number(value.toFixed(9)))).toEqual(expected.map((value) => Number(value.toFixed(9))));

describe('advantages of a group', () => {
  const rewards = [2, 1, 0, 1];

  it('group: GRPO divides the distance from the mean by the standard deviation', () => {
    // Mean 1; squares 1 0 1 0: sqrt(2/4) over n, sqrt(2/3) over n - 1.
    close(normalise(rewards, p({})).advantages, [Math.SQRT2, 0, -Math.SQRT2, 0]);
    close(normalise(rewards, p({ stdDegrees: 'n-1' })).advantages, [Math.sqrt(1.5), 0, -Math.sqrt(1.5), 0]);
  });

  it('none: Dr. GRPO takes the mean off and leaves the rest', () => {
    expect(normalise(rewards, p({ advantageScale: 'none', stdEpsilon: 1 })).advantages).toEqual([1, 0, -1, 0]);
  });

  it('batch: REINFORCE++-baseline takes the group’s mean off and divides by the standard deviation of the whole batch', () => {
    // Centred: 1 0 -1 0 and 3 -3 and, of equal rewards, 0 0. Squares 2 + 18 over 8 answers, or 7.
    const groups = [rewards, [10, 4], [5, 5]];
    expect(batchStd(groups, 'n')).toBeCloseTo(Math.sqrt(20 / 8), 12);
    expect(batchStd(groups, 'n-1')).toBeCloseTo(Math.sqrt(20 / 7), 12);
    const batch = p({ advantageScale: 'batch', batchStd: Math.sqrt(20 / 8), stdEpsilon: 0.5 });
    const divisor = Math.sqrt(2.5) + 0.5;
    close(normalise(rewards, batch).advantages, [1 / divisor, 0, -1 / divisor, 0]);
    close(normalise([10, 4], batch).advantages, [3 / divisor, -3 / divisor]);
    expect(normalise([5, 5], batch).advantages).toEqual([0, 0]);
    // A batch of rewards that were all alike says nothing of these.
    close(normalise(rewards, p({ advantageScale: 'batch', batchStd: 0 })).advantages, [Math.SQRT2, 0, -Math.SQRT2, 0]);
  });
});

const group = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 6 });
const degrees = fc.constantFrom('n' as const, 'n-1' as const);

describe('groups at random', () => {
  it('a batch of one group has that group’s standard deviation, and its advantages', () => {
    fc.assert(
      fc.property(group, degrees, (totals, stdDegrees) => {
        const own = normalise(totals, p({ stdDegrees, stdEpsilon: 1e-4 }));
        const std = batchStd([totals], stdDegrees);
        if (!own.flat) expect(std).toBe(own.std);
        const batch = p({ stdDegrees, stdEpsilon: 1e-4, advantageScale: 'batch' });
        expect(normalise(totals, { ...batch, batchStd: std }).advantages).toEqual(own.advantages);
        expect(normalise(totals, batch).advantages).toEqual(own.advantages);
      }),
    );
  });

  it('all advantages of a batch together have mean 0 and standard deviation 1', () => {
    fc.assert(
      fc.property(fc.array(group, { minLength: 1, maxLength: 5 }), (groups) => {
        const std = batchStd(groups, 'n');
        if (std === 0) return;
        const scaled = groups.flatMap(
          (totals) => normalise(totals, p({ advantageScale: 'batch', batchStd: std })).advantages,
        );
        const mean = scaled.reduce((sum, value) => sum + value, 0) / scaled.length;
        expect(mean).toBeCloseTo(0, 9);
        expect(scaled.reduce((sum, value) => sum + value ** 2, 0) / scaled.length).toBeCloseTo(1, 9);
      }),
    );
  });

  it('what the mean of a group is does not matter, whatever they are divided by', () => {
    fc.assert(
      fc.property(
        group,
        fc.integer({ min: -9, max: 9 }),
        fc.constantFrom('none', 'group', 'batch'),
        (totals, by, scale) => {
          const how = p({ advantageScale: scale as Normalisation['advantageScale'], batchStd: 0.75 });
          const [before, after] = [totals, totals.map((value) => value + by)].map(
            (of) => normalise(of, how).advantages,
          );
          close(after ?? [], before ?? [Number.NaN]);
        },
      ),
    );
  });
});
