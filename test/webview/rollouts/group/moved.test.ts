/** What a group shows of its step's update: its own answers, those of the whole step, and what was tried beside what is. */
import { describe, expect, it } from 'vitest';
import type { MovedAnswer, Receipt } from '../../../../trainer/protocol/receipts.ts';
import { likelierWords, movedMost, sideRows, triedRows } from '../../../../webview/rollouts/group/moved.ts';
import { aGroup } from '../../../store/records.ts';

const group = aGroup(1);
const [first, second] = group.rollouts.filter(({ order }) => order === 'ordered').map(({ id }) => id) as [
  string,
  string,
];
const answer = (rolloutId: string, advantage: number | null, before: number[], after: number[]): MovedAnswer => ({
  ...{ rolloutId, advantage, before, after },
});
const receipt = (...answers: MovedAnswer[]): Receipt => ({ step: 1, at: 1, answers });

const plain = receipt(
  answer(first, 1, [-1, -2], [-0.5, -2.25]),
  answer(second, -1, [-1], [-1.5]),
  answer('s1-g1-o0', 1, [-1], [-2]),
);
const tried = receipt(
  answer(first, null, [-1, -2], [-1, -2]),
  answer(second, -1, [-1], [-3]),
  answer('s1-g1-o0', 1, [-1], [-2]),
);

describe('what a group shows of an update', () => {
  it('has a row for each side of the step, with its own answers and those of all groups', () => {
    expect(sideRows(plain, group)).toEqual([
      {
        side: 'rewarded',
        group: { answers: 1, likelier: 1, tokens: 2, perToken: 0.125 },
        step: { answers: 2, likelier: 1, tokens: 3, perToken: -0.25 },
      },
      {
        side: 'punished',
        group: { answers: 1, likelier: 0, tokens: 1, perToken: -0.5 },
        step: { answers: 1, likelier: 0, tokens: 1, perToken: -0.5 },
      },
    ]);
    // A step of which this group had no part.
    expect(sideRows(receipt(answer('other', 1, [-1], [-2])), group)).toMatchObject([{ side: 'rewarded', group: null }]);
    expect(likelierWords({ answers: 3, likelier: 2, tokens: 9, perToken: 1 })).toBe('2 of 3');
  });

  it('names the tokens of its own answers alone', () => {
    expect(movedMost(plain, group, 2)).toEqual([
      { rolloutId: first, token: 0, move: 0.5 },
      { rolloutId: second, token: 0, move: -0.5 },
    ]);
  });

  it('sets each answer’s move by the update as it is beside the one that was tried, and says who is left out', () => {
    const result = { step: 1, again: false, learningRate: { plain: 1, tried: 1 }, plain, tried };
    expect(triedRows(result, group)).toEqual([
      { id: first, index: 0, plain: 0.25, tried: 0, leftOut: { plain: false, tried: true } },
      { id: second, index: 1, plain: -0.5, tried: -2, leftOut: { plain: false, tried: false } },
    ]);
    expect(triedRows({ ...result, tried: receipt() }, group)).toEqual([]);
  });
});
