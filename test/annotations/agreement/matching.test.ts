import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maximumMatching } from '../../../trainer/annotations/agreement/matching.ts';

/** The most pairs, by trying everything. */
function most(joins: readonly (readonly number[])[], taken: ReadonlySet<number> = new Set(), left = 0): number {
  if (left === joins.length) return 0;
  const without = most(joins, taken, left + 1);
  const withOne = (joins[left] as readonly number[])
    .filter((place) => !taken.has(place))
    .map((place) => 1 + most(joins, new Set([...taken, place]), left + 1));
  return Math.max(without, ...withOne);
}

describe('the maximum matching', () => {
  it('finds as many pairs as there can be', () => {
    const graph = fc.array(fc.uniqueArray(fc.nat(4), { maxLength: 4 }), { maxLength: 6 });
    fc.assert(fc.property(graph, (joins) => maximumMatching(joins, 5) === most(joins)));
  });

  it('undoes a first choice that would leave another without a partner', () => {
    expect(maximumMatching([[0, 1], [0]], 2)).toBe(2);
  });

  it('follows a chain of such choices of any length', () => {
    const length = 3_000;
    const joins = Array.from({ length }, (_, k) => (k === length - 1 ? [0] : [k, k + 1]));
    expect(maximumMatching(joins, length)).toBe(length);
  });
});
