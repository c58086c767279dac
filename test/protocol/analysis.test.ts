import { expect, it } from 'vitest';
import { analysisOf, type Change, changeOf } from '../../trainer/protocol/analysis.ts';
import type { Rollout } from '../../trainer/protocol/records.ts';
import { aRollout } from '../store/records.ts';

type First = [answer: string, right: boolean | null];

function change(first: First | 'none' | 'not kept', answer: string, correct: boolean): Change | null {
  const span = { start: 7, end: 28 };
  const given: Partial<Rollout> =
    first === 'not kept'
      ? {}
      : {
          commitments:
            first === 'none'
              ? []
              : [
                  { span, answer: first[0], right: first[1] },
                  { span, answer: 'Z', right: false },
                ],
        };
  return changeOf(aRollout({ id: 'a', groupId: 'g', answer, correct, ...given }));
}

it.each<[First | 'none' | 'not kept', string, boolean, Change | null]>([
  [['A', false], 'B', true, 'wrong to right'],
  [['B', true], 'A', false, 'right to wrong'],
  [['B', true], 'B', true, 'stays right'],
  [['A', false], 'A', false, 'stays wrong'],
  [['A', false], 'C', false, 'stays wrong'],
  [['A', false], '', false, 'stays wrong'],
  [['B', true], '', false, 'right to wrong'],
  ['none', 'B', true, 'no first answer'],
  ['not kept', 'B', true, null],
  // A form that does not tell: the same answer stays, another one is not comparable.
  [['open until 6', null], 'OPEN UNTIL 6', false, 'stays wrong'],
  [['open until 6', null], 'OPEN UNTIL 8', true, 'not comparable'],
  [['18 square', null], '18', true, 'stays right'],
  [['12 square', null], '18', true, 'not comparable'],
  [['B', true], 'B. right', true, 'stays right'],
])('the first answer %j, then %j (right: %s): %s', (first, answer, correct, expected) => {
  expect(change(first, answer, correct)).toBe(expected);
});

it('takes a rollout without a version for one of the first rules', () => {
  expect([analysisOf({}), analysisOf({ analysis: 2 })]).toEqual([1, 2]);
});
