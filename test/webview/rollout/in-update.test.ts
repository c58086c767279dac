/** Of an answer that was left out of the update it is said why, and of the others of its group what that did to them. */
import { expect, it } from 'vitest';
import { groupWithTold, toldOfAnswers } from '../../../trainer/protocol/updated-group.ts';
import { advantageInUpdate, inUpdate } from '../../../webview/rollout/in-update.ts';
import { rowsOfGroup, rowWithTold } from '../../../webview/rollouts/list/rollout-row.ts';
import { aGroup } from '../../store/records.ts';

const masked = {
  step: 1,
  rollouts: [
    { id: 's1-g0-o0', words: ['to the\u202e right', 'never'] },
    { id: 's1-g0-s0', words: [] },
  ],
  advantages: [
    { rolloutId: 's1-g0-o0', from: 0.7, to: null },
    { rolloutId: 's1-g0-s0', from: -0.25, to: null },
    { rolloutId: 's1-g0-o1', from: 0.5, to: -0.1 },
  ],
};
const told = toldOfAnswers({ type: 'masked', masked }) ?? new Map();

it('says why, with the words shown as text, and both advantages', () => {
  const group = groupWithTold(aGroup(1), told);
  const said = group.rollouts.map((rollout) => inUpdate(rollout, group)?.text ?? null);
  expect(said).toEqual([
    'it holds what people flagged: “to the\\u202e right”, “never”. Its advantage was +0.70 before.',
    '−0.10 in place of +0.50, without the 2 answers left out of its group.',
    'it was flagged while its group was open. Its advantage was −0.25 before.',
  ]);
  const [untold] = aGroup(2).rollouts;
  expect(untold && inUpdate(untold, aGroup(2))).toBeNull();
});

it('marks the rows that are shown, and leaves the others as they are', () => {
  const rows = rowsOfGroup(aGroup(1));
  const marked = rows.map((row) => rowWithTold(row, told));
  expect(marked.map(({ id, masked }) => [id, masked])).toEqual([
    ['s1-g0-s0', true],
    ['s1-g0-o1', false],
    ['s1-g0-o0', true],
  ]);
  const others = rowsOfGroup(aGroup(2));
  expect(others.map((row) => rowWithTold(row, told) === others.find(({ id }) => id === row.id))).toEqual([
    true,
    true,
    true,
  ]);
});

it('shows the advantage of the update where it is another, and what it was', () => {
  const group = groupWithTold(aGroup(1), told);
  expect(group.rollouts.slice(0, 2).map(advantageInUpdate)).toEqual([
    { figure: '+0.50', isLeftOut: true, was: 'left out of the update' },
    { figure: '−0.10*', isLeftOut: false, was: 'in the update; +0.50 before others were left out or scored anew' },
  ]);
  const [first] = aGroup(2).rollouts;
  if (!first) throw new Error('no answer');
  expect(advantageInUpdate(first)).toMatchObject({ isLeftOut: false, was: null });
  const rescored = { accuracy: 0, by: 'ann', why: 'no' };
  expect(advantageInUpdate({ ...first, rescored, updatedAdvantage: 0 })).toMatchObject({
    figure: '0.00*',
    was: expect.stringMatching(/before it was scored anew$/),
  });
  expect(advantageInUpdate({ ...first, advantage: null })).toBeNull();
});
