/** A question's groups as columns and cells: every answer has one cell, and moves end where there is none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommandRecord } from '../../../trainer/protocol/commands.ts';
import type { HistoryGroup } from '../../../trainer/protocol/questions.ts';
import {
  accuracyOf,
  answerAt,
  cellOf,
  columnsOf,
  lengthOf,
  moved,
  pairOf,
  parameterAt,
  purposes,
  rowsOf,
} from '../../../webview/across/timeline.ts';
import { aCommand } from '../../store/records.ts';
import { historyAnswers, historyGroup } from './history.ts';

const places = (groups: readonly HistoryGroup[], withSuperseded = false) =>
  columnsOf(groups, withSuperseded).map(({ step, superseded, groups: held }) => [
    step,
    superseded,
    Object.values(held).map(({ groupId }) => groupId),
  ]);

describe('columns', () => {
  it('hold the purposes of one step together, and several of one purpose apart', () => {
    const groups = [
      historyGroup(2, { groupId: 'second' }),
      historyGroup(1, { groupId: 'train' }),
      historyGroup(1, { groupId: 'probe', purpose: 'probe' }),
      historyGroup(2, { groupId: 'again' }),
    ];
    expect(places(groups)).toEqual([
      [1, null, ['train', 'probe']],
      [2, null, ['second']],
      [2, null, ['again']],
    ]);
  });

  it('show what was superseded where it is asked for, before what stands at that step', () => {
    const groups = [
      historyGroup(3, { groupId: 'stands' }),
      historyGroup(3, { groupId: 'gone twice', superseded: 2 }),
      historyGroup(3, { groupId: 'gone', superseded: 1 }),
    ];
    expect(places(groups)).toEqual([[3, null, ['stands']]]);
    expect(places(groups, true)).toEqual([
      [3, 1, ['gone']],
      [3, 2, ['gone twice']],
      [3, null, ['stands']],
    ]);
  });
});

describe('cells', () => {
  const anyGroups = fc
    .array(
      fc.record({
        step: fc.nat(5),
        purpose: fc.constantFrom(...purposes),
        superseded: fc.option(fc.integer({ min: 1, max: 2 })),
        ordered: fc.nat(3),
        shuffled: fc.nat(2),
      }),
      { maxLength: 12 },
    )
    .map((all) =>
      all.map(({ ordered, shuffled, step, ...group }, number) => {
        const groupId = `g${number}`;
        const answers = historyAnswers(groupId, Array(ordered).fill(1), Array(shuffled).fill(0));
        return historyGroup(step, { ...group, groupId, answers });
      }),
    );

  it('are found by their answer, which stands there and nowhere else', () => {
    fc.assert(
      fc.property(anyGroups, (groups) => {
        const columns = columnsOf(groups, true);
        const rows = rowsOf(columns);
        const found = columns.flatMap((column) => rows.map((row) => answerAt(column, row)?.rolloutId)).filter(Boolean);
        const all = groups.flatMap(({ answers }) => answers.map(({ rolloutId }) => rolloutId));
        expect(found.toSorted()).toEqual(all.toSorted());
        for (const rolloutId of all) {
          const cell = cellOf(columns, rows, rolloutId);
          expect(cell && answerAt(columns[cell.column], rows[cell.row])?.rolloutId).toBe(rolloutId);
        }
        expect(cellOf(columns, rows, 'none')).toBeNull();
      }),
    );
  });

  it('are gone to only where there is an answer, and there and back is where one was', () => {
    fc.assert(
      fc.property(anyGroups, fc.constantFrom(...([-1, 1] as const)), fc.boolean(), (groups, way, sideways) => {
        const columns = columnsOf(groups, true);
        const rows = rowsOf(columns);
        const by = (step: -1 | 1) => ({ column: sideways ? step : 0, row: sideways ? 0 : step }) as const;
        for (const { rolloutId } of groups.flatMap(({ answers }) => answers)) {
          const from = cellOf(columns, rows, rolloutId) as { column: number; row: number };
          const to = moved(columns, rows, from, by(way));
          expect(answerAt(columns[to.column], rows[to.row])).toBeDefined();
          if (to.column === from.column && to.row === from.row) continue;
          expect(moved(columns, rows, to, by(way === 1 ? -1 : 1))).toEqual(from);
        }
      }),
    );
  });

  it('of a row that nobody chose are paired from the first answer to the last, of a chosen one to that', () => {
    const groups = [
      historyGroup(1, { answers: historyAnswers('s1', [1]) }),
      historyGroup(2),
      historyGroup(4, { answers: historyAnswers('s4', [0]) }),
    ];
    const columns = columnsOf(groups, false);
    const rows = rowsOf(columns);
    expect(pairOf(columns, rows, null)).toEqual({ first: { column: 0, row: 0 }, second: { column: 2, row: 0 } });
    expect(pairOf(columns, rows, { column: 1, row: 1 })).toEqual({
      first: { column: 1, row: 1 },
      second: { column: 1, row: 1 },
    });
    expect(pairOf([], [], null)).toBeNull();
  });
});

describe('means of a group', () => {
  it('are of one order, and none where there is no answer', () => {
    const group = historyGroup(1, { answers: historyAnswers('s1', [1, 0, 0.5], [1]) });
    expect([accuracyOf(group, 'ordered'), accuracyOf(group, 'shuffled'), lengthOf(group)]).toEqual([0.5, 1, 11]);
    const shuffled = historyGroup(1, { answers: historyAnswers('s1', [], [1]) });
    expect([accuracyOf(shuffled, 'ordered'), lengthOf(shuffled), lengthOf(undefined)]).toEqual([null, null, null]);
  });
});

describe('a parameter at a step', () => {
  const set = (number: number, step: number, point: 'before-step' | 'after-update', from: number, to: number) =>
    ({
      ...aCommand(number),
      request: { kind: 'set', parameter: 'lengthMax', value: to },
      state: 'applied',
      at: { point, step },
      endedAt: 0,
      note: null,
      change: { from, to },
    }) as CommandRecord;

  it('is what the first command after it changed, whatever is listed first', () => {
    // 100 until step 10 begins, 200 until the update of step 20, then 300.
    const commands = [set(2, 20, 'after-update', 200, 300), set(1, 10, 'before-step', 100, 200)];
    const at = (step: number) => parameterAt('lengthMax', 300, commands, step);
    expect([9, 10, 20, 21].map(at)).toEqual([100, 200, 200, 300]);
    expect(parameterAt('lengthMin', 5, commands, 1)).toBe(5);
    expect(parameterAt('lengthMax', 300, [{ ...aCommand(3) }], 1)).toBe(300);
  });
});
