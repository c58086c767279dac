/** Groups of two runs are read beside each other where their steps are the same, else where they are nearest. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stepPairs } from '../../../webview/compare/step-pairs.ts';
import { historyGroup } from '../across/history.ts';

const at = (...steps: number[]) => steps.map((step) => historyGroup(step));
const pairs = (...[a, b, purpose = 'train']: [number[], number[], ('train' | 'probe')?]) =>
  stepPairs(at(...a), at(...b), purpose).map(({ first, second }) => [first.step, second.step]);

describe('groups of two runs', () => {
  it('are paired at the steps that both have, and no others', () => {
    expect(pairs([1, 3, 5], [2, 3, 5, 9])).toEqual([
      [3, 3],
      [5, 5],
    ]);
  });

  it('without such a step are paired each with the nearest, from the run with fewer of them', () => {
    expect(pairs([10], [2, 8, 30])).toEqual([[10, 8]]);
    expect(pairs([2, 8, 30], [10, 31])).toEqual([
      [8, 10],
      [30, 31],
    ]);
    // Of two as near, the later.
    expect(pairs([5], [2, 4, 6])).toEqual([[5, 6]]);
    expect(pairs([5], [])).toEqual([]);
  });

  it('are those of the purpose that stand', () => {
    const gone = historyGroup(1, { superseded: 1 });
    const probe = historyGroup(1, { purpose: 'probe' });
    expect(stepPairs([gone, probe], at(1), 'train')).toEqual([]);
    expect(stepPairs([gone, probe], [historyGroup(1, { purpose: 'probe' }), ...at(1)], 'probe')).toHaveLength(1);
  });

  it('without such a step are never further apart than any other partner would be', () => {
    const some = (remainder: number) =>
      fc.uniqueArray(
        fc.nat(50).map((number) => 2 * number + remainder),
        { minLength: 1, maxLength: 6 },
      );
    fc.assert(
      fc.property(some(0), some(1), (a, b) => {
        const found = pairs(a, b);
        expect(found).toHaveLength(Math.min(a.length, b.length));
        for (const [first = 0, second = 0] of found) {
          const apart = a.length <= b.length ? b.map((step) => step - first) : a.map((step) => step - second);
          expect(Math.abs(first - second)).toBe(Math.min(...apart.map(Math.abs)));
        }
      }),
    );
  });
});
