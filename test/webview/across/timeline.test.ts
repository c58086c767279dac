/** A question's columns and cells, moves among them, and a parameter as it was at a step. */
import { describe, expect, it } from 'vitest';
import type { CommandRecord } from '../../../trainer/protocol/commands.ts';
import type { HistoryAnswer, HistoryGroup } from '../../../trainer/protocol/questions.ts';
import {
  accuracyOf,
  answerAt,
  cellOf,
  columnsOf,
  lengthOf,
  moved,
  pairOf,
  parameterAt,
  rowsOf,
} from '../../../webview/across/timeline.ts';
import { verdictOf } from '../../../webview/across/verdict.ts';

/** Accuracies of the ordered answers, then of the shuffled ones. */
function group(
  step: number,
  ordered: readonly number[],
  shuffled: readonly number[] = [],
  given: Partial<HistoryGroup> = {},
): HistoryGroup {
  const groupId = given.groupId ?? `s${step}`;
  const answer = (order: HistoryAnswer['order']) => (accuracy: number, index: number) => ({
    ...{ rolloutId: `${groupId}-${order[0]}${index}`, order, index, answer: 'A', accuracy, correct: accuracy > 0.1 },
    ...{ reward: accuracy, advantage: null, tokenCount: 10 * (index + 1), tier: 0 },
  });
  return {
    ...{ groupId, step, purpose: 'train', at: step, superseded: null, temporal: null },
    answers: [...ordered.map(answer('ordered')), ...shuffled.map(answer('shuffled'))],
    ...given,
  };
}

const test = { p: 0.5, pShuffled: 0, mu: 0.8, comparison: '>=', paid: 0.3 } as const;

describe('the columns of a question', () => {
  it('are its steps; an evaluation stands in the column of its step, a second group of one step in its own', () => {
    const groups = [
      group(1, [1]),
      group(1, [0], [], { groupId: 'e', purpose: 'evaluation' }),
      group(1, [0], [], { groupId: 'again' }),
    ];
    const columns = columnsOf(groups, false);
    expect(columns.map(({ step, groups: held }) => [step, Object.keys(held)])).toEqual([
      [1, ['train', 'evaluation']],
      [1, ['train']],
    ]);
  });

  it('leave out what was superseded unless it is asked for, which then comes before what stands', () => {
    const groups = [group(2, [1], [], { groupId: 'old', superseded: 1 }), group(2, [0])];
    expect(columnsOf(groups, false).map(({ superseded }) => superseded)).toEqual([null]);
    expect(columnsOf(groups, true).map(({ superseded }) => superseded)).toEqual([1, null]);
  });
});

describe('cells', () => {
  const columns = columnsOf([group(1, [1, 0], [1]), group(2, [], []), group(3, [0, 1], [0])], false);
  const rows = rowsOf(columns);

  it('have a row for each place of the largest group, ordered ones first', () => {
    expect(rows.map(({ order, index }) => `${order} ${index}`)).toEqual(['ordered 0', 'ordered 1', 'shuffled 0']);
    expect(answerAt(columns[2], rows[1])?.rolloutId).toBe('s3-o1');
    expect(answerAt(columns[1], rows[0])).toBeUndefined();
    expect(cellOf(columns, rows, 's3-s0')).toEqual({ column: 2, row: 2 });
    expect(cellOf(columns, rows, 'none')).toBeNull();
  });

  it('are moved among over those without an answer, and not out of the table', () => {
    expect(moved(columns, rows, { column: 0, row: 1 }, { column: 1, row: 0 })).toEqual({ column: 2, row: 1 });
    expect(moved(columns, rows, { column: 2, row: 2 }, { column: 0, row: 1 })).toEqual({ column: 2, row: 2 });
  });

  it('are paired as the first and the last of a row', () => {
    expect(pairOf(columns, rows, null)).toEqual({ first: { column: 0, row: 0 }, second: { column: 2, row: 0 } });
    expect(pairOf(columns, rows, { column: 2, row: 1 })?.first).toEqual({ column: 0, row: 1 });
    expect(pairOf([], [], null)).toBeNull();
  });

  it('come to means of their group', () => {
    const one = group(1, [1, 0, 0.5], [0]);
    expect([accuracyOf(one, 'ordered'), accuracyOf(one, 'shuffled'), lengthOf(one)]).toEqual([0.5, 0, 20]);
    expect(accuracyOf(group(1, [1]), 'shuffled')).toBeNull();
  });
});

describe('a parameter at a step', () => {
  const set = (number: number, point: string, step: number, from: number, to: number) =>
    ({
      ...{ id: `c${number}`, number, by: 'me', requestedAt: 0, endedAt: 0, state: 'applied', note: null },
      request: { kind: 'set', parameter: 'lengthMax', value: to },
      at: { point, step },
      change: { from, to },
    }) as CommandRecord;
  const commands = [set(2, 'before-step', 9, 64, 80), set(1, 'after-update', 4, 48, 64)];

  it('is the value before the first change after it', () => {
    const at = (step: number) => parameterAt('lengthMax', 80, commands, step);
    expect([1, 4, 5, 8, 9, 20].map(at)).toEqual([48, 48, 64, 64, 80, 80]);
    expect(parameterAt('lengthMin', 8, commands, 1)).toBe(8);
  });
});

describe('the verdict', () => {
  it('counts the tests that passed, and tells accuracy and order', () => {
    const columns = columnsOf(
      [
        group(1, [1, 0], [0, 0], { temporal: { ...test, passed: true } }),
        group(2, [1, 1], [1, 0], { temporal: { ...test, passed: false } }),
      ],
      false,
    );
    expect(verdictOf(columns, 'train')).toEqual({
      title: 'The temporal test passed at 1 of 2 times.',
      text: 'Accuracy on ordered frames 0.500 at first, 1.000 at last. Ordered minus shuffled +0.500 on average.',
    });
    expect(verdictOf(columns, 'probe')).toBeNull();
  });
});
