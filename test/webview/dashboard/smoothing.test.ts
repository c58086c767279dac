/** The strong line is a trailing mean: gaps stay gaps, and later values change nothing before them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rememberedSmoothing, trailingMean } from '../../../webview/dashboard/smoothing.ts';

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

  it('of means takes as many whole ones as have so many values, each by its count', () => {
    // 12 = the last point and the one before it, 8 + 8 values: (2 * 8 + 5 * 8) / 16; then (5 * 8 + 1 * 2 + 2 * 8) / 18.
    expect(trailingMean([2, 5, 1], 12, [8, 8, 2])).toEqual([2, 3.5, 58 / 18]);
    expect(trailingMean([2, 5, null, 1], 4, [8, 8, 0, 2])).toEqual([2, 5, null, 42 / 10]);
  });

  it('refuses a width that is no count', () => {
    expect(() => trailingMean([1], 0)).toThrow(RangeError);
  });
});

it('the choice is 10 at first, and is remembered', () => {
  const held = new Map<string, string>();
  const shelf = {
    getItem: (key: string) => held.get(key) ?? null,
    setItem: (key: string, value: string) => void held.set(key, value),
  };
  const choice = rememberedSmoothing(shelf);
  expect(choice.get()).toBe(10);
  choice.set(50);
  expect(rememberedSmoothing(shelf).get()).toBe(50);
  held.set([...held.keys()][0] as string, '7');
  expect(rememberedSmoothing(shelf).get()).toBe(10);
});
