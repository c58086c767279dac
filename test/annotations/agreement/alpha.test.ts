import { describe, expect, it } from 'vitest';
import { krippendorffAlpha } from '../../../trainer/annotations/agreement/alpha.ts';
import { fixture, tableOf } from './fixture.ts';

const table = (values: number, ...ratings: string[]) => ({
  values: Array.from({ length: values }, (_, k) => String(k)),
  raters: ratings.map((_, k) => String(k)),
  ratings: ratings.map((row) => Int16Array.from(row, (value) => (value === '.' ? -1 : Number(value)))),
});

describe('Krippendorff’s alpha', () => {
  it('is the krippendorff package’s to 1e-9 on every table, and undefined where that gives no number', () => {
    for (const of of fixture.tables) {
      const found = krippendorffAlpha(tableOf(of), 1).alpha;
      if (of.alpha === null) expect(found.value, of.name).toBeNull();
      else expect(Math.abs((found.value ?? Number.NaN) - of.alpha), of.name).toBeLessThan(1e-9);
    }
  });

  it('is worked out by hand: four items of two raters, one in dispute', () => {
    // Coincidences: 00 2, 11 4, 01 and 10 one each; n 8, n₀ 3, n₁ 5: α = 1 - 7 · 2 / (2 · 3 · 5).
    const found = krippendorffAlpha(table(2, '0011', '0111'), 1);
    expect(found).toMatchObject({ items: 4, ratings: 8, observed: { value: 0.75 } });
    expect(found.alpha.value).toBeCloseTo(1 - 14 / 30, 12);
  });

  it('counts items of two ratings or more, each by its ratings', () => {
    // Of the second item two pairs of three differ; the last has one rating and says nothing.
    const found = krippendorffAlpha(table(2, '000', '01.', '.1.'), 1);
    expect(found).toMatchObject({ items: 2, ratings: 5 });
    expect(found.observed.value).toBeCloseTo(1 - (2 * (1 * 2)) / 2 / 5, 12);
  });

  it('is undefined, with the reason, where nothing can be corrected for chance', () => {
    const alpha = (...ratings: string[]) => krippendorffAlpha(table(2, ...ratings), 1).alpha;
    expect(alpha('0000', '00.0')).toEqual({ value: null, why: 'one-category' });
    expect(alpha('0101')).toEqual({ value: null, why: 'no-item-in-common' });
    expect(alpha()).toEqual({ value: null, why: 'no-item-in-common' });
    expect(alpha('01', '.0')).toEqual({ value: null, why: 'one-item' });
    expect(krippendorffAlpha(table(2, '0000', '00.0'), 1).observed).toEqual({ value: 1 });
  });

  it('is the same in any order of items and raters, its interval too', () => {
    const back = (row: string) => row.split('').reverse().join('');
    const rows = ['012012210', '01201.211', '.12112200'] as const;
    const one = krippendorffAlpha(table(3, ...rows), 5);
    expect(krippendorffAlpha(table(3, ...rows.map(back)), 5)).toEqual(one);
    expect(krippendorffAlpha(table(3, rows[2], rows[0], rows[1]), 5)).toEqual(one);
    expect(one.interval.low).not.toBeNull();
  });

  it('refuses raters of different items', () => {
    expect(() => krippendorffAlpha(table(2, '01', '0'), 1)).toThrow(RangeError);
  });
});
