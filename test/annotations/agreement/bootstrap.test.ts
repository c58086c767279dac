import { describe, expect, it } from 'vitest';
import { krippendorffAlpha } from '../../../trainer/annotations/agreement/alpha.ts';
import { bootstrapInterval } from '../../../trainer/annotations/agreement/bootstrap.ts';
import { cohenKappa } from '../../../trainer/annotations/agreement/kappa.ts';
import type { Interval } from '../../../trainer/annotations/agreement/measure.ts';
import { resamples } from '../../../trainer/data/resampling.ts';
import { fixture, rows, tableOf } from './fixture.ts';

describe('the bootstrap over items', () => {
  it('has the bounds that drawing the items themselves has, as far as the draws can', () => {
    for (const table of fixture.intervals) {
      const [first, second] = rows(table) as [Int16Array, Int16Array];
      const found: Interval =
        table.ratings.length === 2
          ? cohenKappa(first, second, table.values, 1).interval
          : krippendorffAlpha(tableOf(table), 1).interval;
      expect(found.low, table.name).not.toBeNull();
      const slack = 0.05 * (table.high - table.low);
      expect(Math.abs((found.low ?? 0) - table.low), table.name).toBeLessThan(slack);
      expect(Math.abs((found.high ?? 0) - table.high), table.name).toBeLessThan(slack);
    }
  });

  it('counts the resamples in which the value is not defined, and no bound stands on them', () => {
    // Two of ten items are flagged, one of them by both: in resamples without them, 0.8^10 of all, all labels are the same.
    const first = Int16Array.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    const second = Int16Array.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const { interval } = cohenKappa(first, second, 2, 1);
    if (interval.low === null) throw new Error(interval.why);
    expect(interval.resamples + interval.undefinedResamples).toBe(resamples);
    expect(interval.undefinedResamples / resamples).toBeCloseTo(0.8 ** 10, 1);
    expect(interval.undefinedResamples).toBeGreaterThan(900);
    expect(interval.low).toBeGreaterThanOrEqual(-1);
    expect(interval.high).toBe(1);
  });

  it('is fixed by its seed', () => {
    const [first, second] = rows(fixture.intervals[0] as never) as [Int16Array, Int16Array];
    const of = (seed: number) => cohenKappa(first, second, 3, seed).interval;
    expect(of(4)).toEqual(of(4));
    expect(of(4)).not.toEqual(of(5));
  });

  it('says so where the value is defined in no resample, and where it is always the same', () => {
    expect(bootstrapInterval([3, 3], () => Number.NaN, 1)).toEqual({ low: null, high: null, why: 'no-resample' });
    expect(bootstrapInterval([3, 3], () => 0.5, 1)).toEqual({ low: null, high: null, why: 'no-spread' });
  });
});
