import { describe, expect, it } from 'vitest';
import { changes } from '../../../trainer/protocol/analysis.ts';
import { matches } from '../../../trainer/protocol/query/matches.ts';
import { parseQuery } from '../../../trainer/protocol/query/parse.ts';
import type { StepCounts } from '../../../trainer/protocol/step-counts.ts';
import { transitionQuery, transitionRows, transitionTotal } from '../../../webview/dashboard/transitions.ts';
import { subjectOf } from '../../protocol/query/subjects.ts';

const counts: StepCounts = {
  purpose: 'train',
  steps: [1, 2, 4, 5, 9],
  sums: {
    analysed: [4, 4, 4, 4, 2],
    wrongToRight: [1, 0, 2, 0, 1],
    staysRight: [3, 4, 2, 4, 0],
    rightToWrong: [0, 0, 0, 0, 1],
  },
};

describe('rows of first to final answers', () => {
  it('sum ranges of as many steps each, and add up to their answers', () => {
    const rows = transitionRows(counts, 3);
    expect(
      rows.map(({ from, to, answers, counts: of }) => [from, to, answers, of['wrong to right'], of['stays right']]),
    ).toEqual([
      [1, 2, 8, 1, 7],
      [4, 5, 8, 2, 6],
      [9, 9, 2, 1, 0],
    ]);
    for (const row of [...rows, transitionTotal(rows)])
      expect(changes.reduce((sum, change) => sum + (row?.counts[change] ?? 0), 0)).toBe(row?.answers);
    expect(transitionTotal(rows)).toMatchObject({ from: 1, to: 9, answers: 18, counts: { 'right to wrong': 1 } });
  });

  it('are one a step where there are few, and none without steps', () => {
    expect(transitionRows(counts, 10)).toHaveLength(5);
    expect(transitionTotal(transitionRows({ purpose: 'train', steps: [], sums: {} }, 10))).toBeNull();
  });

  it.each(changes)('have a filter that keeps what a cell counts: %s', (change) => {
    const [first] = transitionRows(counts, 3);
    if (!first) throw new Error('no row');
    const { expression, faults } = parseQuery(transitionQuery(change, first, 'train'));
    expect(faults).toEqual([]);
    // The made-up answer corrects itself at step 21.
    expect(expression && matches(expression, subjectOf({}))).toBe(false);
    const own = parseQuery(transitionQuery(change, { ...first, from: 21, to: 21 }, 'train')).expression;
    expect(own && matches(own, subjectOf({}))).toBe(change === 'wrong to right');
    expect(own && matches(own, subjectOf({ rollout: { order: 'shuffled' } }))).toBe(false);
    expect(own && matches(own, subjectOf({ rollout: { analysis: 1 } }))).toBe(false);
  });
});
