import fc from 'fast-check';
import { expect, test } from 'vitest';
import { presetParameters } from '../../trainer/learning/presets.ts';
import {
  counters,
  countNames,
  countsOf,
  countsUpTo,
  type StepCounts,
  sumsOf,
  withGroups,
} from '../../trainer/protocol/step-counts.ts';
import { recordOf, scoredAnswer } from '../advantages/made-groups.ts';
import { aGroup } from '../store/records.ts';

const purposes = ['train', 'probe', 'evaluation'] as const;
const anyGroup = fc
  .record({
    step: fc.integer({ min: 0, max: 9 }),
    purpose: fc.constantFrom(...purposes),
    flat: fc.boolean(),
    number: fc.nat(),
  })
  .map(({ step, purpose, flat, number }) =>
    aGroup(step, { id: `g${number}`, purpose, stats: { mean: 1, std: flat ? 0 : 1, count: 2 } }),
  );

const plain = (counts: readonly StepCounts[]) =>
  [...counts].sort((a, b) => a.purpose.localeCompare(b.purpose)).filter(({ steps }) => steps.length > 0);

test('a group of two ordered answers and a shuffled one counts as one group with two answers', () => {
  const made = aGroup(1, { stats: { mean: 1, std: 0, count: 2 } });
  // One of its answers is wrong, and both were paid alike.
  expect(countsOf(made)).toMatchObject({ groups: 1, answers: 2, flatAllRight: 0, flatAllWrong: 0, flatAlike: 1 });
});

test('of answers that had a temporal test, those that were paid and those that felt it', () => {
  const paper = presetParameters('paper', 'tgrpo');
  const answers = (...lengths: readonly number[]) => lengths.map((length) => scoredAnswer(Number(length > 0), length));
  const counts = (lengths: readonly number[], shuffled: readonly number[]) =>
    countsOf(recordOf(answers(...lengths), answers(...shuffled), paper));
  // Right by 1.4 and 1.3, so that there is a third size; by 1.4 alone, where dividing takes r_t out; without a test.
  expect(counts([400, 600, 0], [0])).toMatchObject({ tested: 3, paid: 2, felt: 2 });
  expect(counts([400, 400, 0], [0])).toMatchObject({ tested: 3, paid: 2, felt: 0 });
  expect(counts([400, 600, 0], [400])).toMatchObject({ tested: 3, paid: 0, felt: 0 });
  expect(counts([400, 600, 0], [])).toMatchObject({ tested: 0, paid: 0, felt: 0, answers: 3 });
});

test('of right answers whose credit was measured, those to which order is worth less than it begins at', () => {
  const p = { ...presetParameters('paper', 'tgrpo'), temporalCredit: 'answer' as const, creditLow: 1, creditHigh: 3 };
  const credited = (accuracy: number, credit?: number) => ({ ...scoredAnswer(accuracy), credit });
  const group = recordOf([credited(1, 0.4), credited(1, 1), credited(1, 5), credited(1), credited(0)], [], p);
  expect(countsOf(group)).toMatchObject({ credited: 3, rightWithoutOrder: 1, tested: 5, paid: 1, felt: 1 });
  const byGroup = recordOf([credited(1, 0.4)], [], { ...p, temporalCredit: 'group' });
  expect(countsOf(byGroup)).toMatchObject({ credited: 0, rightWithoutOrder: 0 });
});

test('every count is of groups or of answers, and no more than there are', () => {
  fc.assert(
    fc.property(anyGroup, (group) => {
      const counts = countsOf(group);
      for (const name of countNames) expect(counts[name]).toBeLessThanOrEqual(counts[counters[name].of]);
    }),
  );
});

test('sums over groups are the same one by one, all at once, and in any order', () => {
  fc.assert(
    fc.property(fc.array(anyGroup, { maxLength: 12 }), fc.nat(), (groups, turn) => {
      const once = plain(withGroups([], groups));
      const oneByOne = groups.reduce((held: StepCounts[], group) => withGroups(held, [group]), []);
      const at = turn % (groups.length + 1);
      expect(plain(oneByOne)).toEqual(once);
      expect(plain(withGroups([], [...groups.slice(at), ...groups.slice(0, at)]))).toEqual(once);
      for (const { purpose, steps, ...counts } of once) {
        expect(steps).toEqual(
          [...new Set(groups.filter((one) => one.purpose === purpose).map(({ step }) => step))].sort(),
        );
        const sum = sumsOf({ purpose, steps, ...counts }, 'groups').reduce((total, count) => total + count, 0);
        expect(sum).toBe(groups.filter((one) => one.purpose === purpose).length);
      }
    }),
  );
});

test('going back leaves the sums that there were of the steps up to it', () => {
  fc.assert(
    fc.property(fc.array(anyGroup, { maxLength: 12 }), fc.nat(9), (groups, toStep) => {
      const left = countsUpTo(withGroups([], groups), toStep);
      expect(plain(left)).toEqual(
        plain(
          withGroups(
            [],
            groups.filter(({ step }) => step <= toStep),
          ),
        ),
      );
    }),
  );
});

test('a count that an older trainer does not know is 0 at each of its steps', () => {
  expect(sumsOf({ purpose: 'train', steps: [1, 2], sums: { groups: [3, 4] } }, 'flatAlike')).toEqual([0, 0]);
});
