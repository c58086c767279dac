import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gapsOf, matchInOrder, type Stretch } from '../../../trainer/data/editable/match-in-order.ts';

function match(before: readonly number[], after: readonly number[]): (number | null)[] {
  const whole: Stretch = { before: [0, before.length], after: [0, after.length] };
  const partners = new Int32Array(after.length).fill(-1);
  matchInOrder(Float64Array.from(before), Float64Array.from(after), whole, partners);
  return Array.from(partners, (place) => (place < 0 ? null : place));
}

describe('matchInOrder', () => {
  it.each([
    ['equal ones', [1, 2, 3], [1, 2, 3], [0, 1, 2]],
    ['one that is new', [1, 2, 3], [1, 9, 2, 3], [0, null, 1, 2]],
    ['one that is gone', [1, 2, 3], [1, 3], [0, 2]],
    ['one that is another', [1, 2, 3], [1, 9, 3], [0, null, 2]],
    ['one that was moved', [1, 2, 3, 4, 5], [5, 1, 2, 3, 4], [null, 0, 1, 2, 3]],
    ['repetitions', [7, 7, 7], [7, 7], [0, 1]],
    ['a repetition before a turn', [8, 7], [7, 8, 7], [null, 0, 1]],
    ['a repetition behind a turn', [9, 8, 7, 5], [7, 8, 7, 6], [null, 1, 2, null]],
    ['nothing', [], [1], [null]],
  ])('finds %s', (_, before, after, partners) => {
    expect(match(before, after)).toEqual(partners);
  });

  it('pairs equal ones alone, in order, and all that stay when others are put in and taken out', () => {
    const side = fc.array(fc.nat(6), { maxLength: 30 });
    fc.assert(
      fc.property(side, side, (before, after) => {
        const partners = match(before, after);
        const pairs = partners.flatMap((place, at) => (place === null ? [] : [[place, at] as const]));
        for (const [place, at] of pairs) expect(before[place]).toBe(after[at]);
        const places = pairs.map(([place]) => place);
        expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1000), { minLength: 1 }), fc.array(fc.boolean()), (before, stays) => {
        const kept = before.filter((_, n) => stays[n] !== false);
        const after = kept.flatMap((one, n) => (n % 3 === 0 ? [-1 - n, one] : [one]));
        const matched = match(before, after).filter((place) => place !== null);
        expect(matched.map((place) => before[place])).toEqual(kept);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes time in proportion to what it is given, also when all are equal or all in reverse', () => {
    const many = Array.from({ length: 200_000 }, (_, n) => n);
    expect(match([...many].reverse(), [...many, -1]).filter((place) => place !== null)).toHaveLength(1);
    expect(
      match(many.map(() => 1).concat(2), [3, ...many.map(() => 1)]).filter((place) => place !== null),
    ).toHaveLength(200_000);
  });
});

describe('gapsOf', () => {
  it('are what has no partner, between those that have', () => {
    expect(gapsOf(Int32Array.of(-1, 1, 2, -1, -1), { before: [0, 4], after: [0, 5] })).toEqual([
      { before: [0, 1], after: [0, 1] },
      { before: [3, 4], after: [3, 5] },
    ]);
    expect(gapsOf(Int32Array.of(0, 2), { before: [0, 3], after: [0, 2] })).toEqual([{ before: [1, 2], after: [1, 1] }]);
  });
});
