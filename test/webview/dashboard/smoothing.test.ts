/** The strong line is a trailing mean: gaps stay gaps, and later values change nothing before them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trailingMean } from '../../../webview/dashboard/smoothing.ts';

describe('trailingMean', () => {
  it('is the mean of the last values, fewer at the beginning', () => {
    expect(trailingMean([1, 2, 6, 4], 3)).toEqual([1, 1.5, 3, 4]);
  });

  it('passes over gaps and keeps them', () => {
    expect(trailingMean([2, null, 4, null, 9], 2)).toEqual([2, null, 3, null, 6.5]);
  });

  it('does not look ahead', () => {
    const values = fc.array(fc.option(fc.double({ min: -10, max: 10, noNaN: true })), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 20 }), (all, width) => {
        const part = all.slice(0, Math.ceil(all.length / 2));
        expect(trailingMean(all, width).slice(0, part.length)).toEqual(trailingMean(part, width));
      }),
    );
  });

  it('refuses a width that is no count', () => {
    expect(() => trailingMean([1], 0)).toThrow(RangeError);
  });
});
