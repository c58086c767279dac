import { describe, expect, it } from 'vitest';
import { cohenKappa } from '../../../trainer/annotations/agreement/kappa.ts';
import { fixture, rows } from './fixture.ts';

const ratings = (text: string) => Int16Array.from(text, (value) => (value === '.' ? -1 : Number(value)));

describe('Cohen’s kappa', () => {
  it('is scikit-learn’s to 1e-9 for every pair of every table, and undefined where that gives no number', () => {
    let compared = 0;
    for (const table of fixture.tables) {
      for (const { first, second, kappa } of table.kappas) {
        const all = rows(table);
        const found = cohenKappa(all[first] as Int16Array, all[second] as Int16Array, table.values, 1).kappa;
        if (kappa === null) expect(found.value, table.name).toBeNull();
        else expect(Math.abs((found.value ?? Number.NaN) - kappa), table.name).toBeLessThan(1e-9);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(200);
  }, 120_000);

  it('is worked out by hand: 50 items, 35 alike, 0.5 by chance', () => {
    // Both say 1 of 20, only the first of 5, only the second of 10, neither of 15: (0.7 - 0.5) / 0.5.
    const first = ratings('1'.repeat(25) + '0'.repeat(25));
    const second = ratings('1'.repeat(20) + '0'.repeat(5) + '1'.repeat(10) + '0'.repeat(15));
    const found = cohenKappa(first, second, 2, 1);
    expect(found).toMatchObject({
      items: 50,
      agreeing: 35,
      table: [
        [15, 10],
        [5, 20],
      ],
    });
    expect(found.kappa.value).toBeCloseTo(0.4, 12);
  });

  it('leaves out items that only one of them rated', () => {
    const found = cohenKappa(ratings('0110.1'), ratings('01.011'), 2, 1);
    expect(found).toMatchObject({ items: 4, agreeing: 4, kappa: { value: 1 } });
  });

  it('is never 0 or 1 where it is not defined, and says why', () => {
    const why = (first: string, second: string) => cohenKappa(ratings(first), ratings(second), 2, 1).kappa;
    expect(why('0000', '0000')).toEqual({ value: null, why: 'one-category' });
    expect(why('01..', '..10')).toEqual({ value: null, why: 'no-item-in-common' });
    expect(why('01.', '.01')).toEqual({ value: null, why: 'one-item' });
    expect(why('', '')).toEqual({ value: null, why: 'no-item-in-common' });
    // Each used one value, but not the same: agreement by chance is 0, and so is kappa.
    expect(why('0000', '1111')).toEqual({ value: 0 });
  });

  it('has no interval where all labels agree, though its value is 1', () => {
    const found = cohenKappa(ratings('01100101'), ratings('01100101'), 2, 1);
    expect(found.kappa).toEqual({ value: 1 });
    expect(found.interval).toEqual({ low: null, high: null, why: 'no-spread' });
  });

  it('refuses ratings of different items', () => {
    expect(() => cohenKappa(ratings('01'), ratings('0'), 2, 1)).toThrow(RangeError);
  });
});
