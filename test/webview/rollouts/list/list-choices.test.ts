/** What a person chose for the list comes back as it was; what no longer fits is as if nothing had been chosen. */
import { describe, expect, it } from 'vitest';
import { sortFields } from '../../../../trainer/protocol/query/sort.ts';
import { nextSort } from '../../../../webview/rollouts/list/column-heads.tsx';
import {
  columnNames,
  columnOf,
  gridOf,
  orderColumn,
  orderWords,
  saidOf,
  usualColumns,
} from '../../../../webview/rollouts/list/columns.tsx';
import { ChoiceStore } from '../../../../webview/rollouts/list/list-choices.ts';
import { jumpOf } from '../../../../webview/rollouts/list/list-moves.ts';
import { rowsOfGroup } from '../../../../webview/rollouts/list/rollout-row.ts';
import { aGroup, aQuestion } from '../../../store/records.ts';

function kept(held: unknown = {}) {
  let saved = JSON.stringify(held);
  const storage = {
    getItem: () => saved,
    setItem: (_: string, value: string) => {
      saved = value;
    },
  };
  const open = () => new ChoiceStore(storage);
  return { open, choices: open() };
}

describe('choices', () => {
  it('come back on another page', () => {
    const { open, choices } = kept();
    choices.sort({ by: 'reward', descending: true });
    choices.toggleColumn('table', 'kl');
    choices.saveFilter('bounces, late', 'step>150 family:bounces');
    choices.used(' aha>=3 ');
    expect(open().state.get()).toEqual(choices.state.get());
    expect(open().columns('table')).toContain('kl');
    expect(open().columns('grouped')).toEqual(usualColumns('grouped'));
    expect(open().state.get().history).toEqual(['aha>=3']);
  });

  it('keep the order of the table, and at least one column', () => {
    const { choices } = kept();
    choices.toggleColumn('table', 'time');
    choices.toggleColumn('table', 'answer');
    const shown = choices.columns('table');
    expect(shown).toEqual(columnNames.filter((name) => shown.includes(name)));
    for (const name of columnNames) if (choices.columns('table').includes(name)) choices.toggleColumn('table', name);
    expect(choices.columns('table')).toHaveLength(1);
    choices.usualColumns('table');
    expect(choices.columns('table')).toEqual(usualColumns('table'));
  });

  it('replace a filter of the same name, remove one, and hold each filter of before once', () => {
    const { choices } = kept();
    choices.saveFilter('b', 'flagged');
    choices.saveFilter('a', 'aha>=3');
    choices.saveFilter('b', 'flagged step>9');
    expect(choices.state.get().saved).toEqual([
      { name: 'a', line: 'aha>=3' },
      { name: 'b', line: 'flagged step>9' },
    ]);
    choices.removeFilter('a');
    expect(choices.state.get().saved).toEqual([{ name: 'b', line: 'flagged step>9' }]);
    for (const line of ['x', 'y', 'x', '']) choices.used(line);
    expect(choices.state.get().history).toEqual(['x', 'y']);
    for (let step = 0; step < 50; step += 1) choices.used(`step:${step}`);
    expect(choices.state.get().history).toHaveLength(30);
  });

  it('are as if there were none where they do not fit', () => {
    for (const held of [null, 'x', { columns: { table: ['gone'] }, sort: { by: 'nothing' }, saved: 3 }]) {
      expect(kept(held).choices.state.get()).toEqual({
        sort: null,
        columns: { table: null, grouped: null, 'two lines': null },
        saved: [],
        history: [],
      });
    }
  });
});

describe('columns', () => {
  it('can each be ordered by, and say what they show', () => {
    for (const name of columnNames) expect(sortFields).toContain(columnOf(name).field);
    const group = aGroup(7, { question: aQuestion({ problem: 'Where\u202E to?' }) });
    const [row] = rowsOfGroup(group).filter(({ id }) => id === 's7-g0-o0');
    const context = { threshold: 0.1, hits: () => [] };
    expect(row && saidOf(row, usualColumns('table'), context)).toBe(
      'step 7, Where\\u202e to?, ordered 1, correct, reward 1.00, advantage +0.50, length in tokens 12',
    );
    expect(row && saidOf(row, ['answer', 'p', 'entropy'], context)).toBe(
      'step 7, Where\\u202e to?, ordered 1, answer B, entropy 0.500, p 0.500',
    );
  });

  it('have one width each, the one with the sign of the order room for it, and texts what is left', () => {
    const shown = ['step', 'question', 'answer', 'aha'] as const;
    expect(gridOf(shown, null)).toBe('30px minmax(56px, 3fr) minmax(20px, 1fr) 20px');
    expect(gridOf(shown, 'aha')).toBe('30px minmax(56px, 3fr) minmax(20px, 1fr) 30px');
  });

  it('say an order once: of two columns with its field the one with the number, and in words what comes first', () => {
    const by = (name: Parameters<typeof columnOf>[0], descending: boolean) => ({
      by: columnOf(name).field,
      descending,
    });
    expect(orderColumn(by('parts', true), ['parts', 'reward', 'length'])).toBe('reward');
    expect(orderColumn(by('reward', true), ['parts', 'length'])).toBe('parts');
    expect(orderColumn(by('reward', true), ['length'])).toBeNull();
    expect([by('parts', true), by('time', false), by('answer', false), by('half', true), null].map(orderWords)).toEqual(
      [
        'by reward, largest first',
        'by time, oldest first',
        'by answer, A first',
        'by half, shuffled first',
        'newest first',
      ],
    );
  });

  it('order at the first click as one looks for it, then the other way round, then not at all', () => {
    const reward = columnOf('reward');
    const first = nextSort(reward, null);
    const second = nextSort(reward, first);
    expect([first, second, nextSort(reward, second)]).toEqual([
      { by: 'reward', descending: true },
      { by: 'reward', descending: false },
      null,
    ]);
    expect(nextSort(columnOf('answer'), first)).toEqual({ by: 'answer', descending: false });
  });
});

describe('where to go', () => {
  it('is a step, or a row by its number from 1', () => {
    expect(['120', ' step 7 ', '#1', 'row 5,000', '#0', 'x', '', '1.5'].map(jumpOf)).toEqual([
      { step: 120 },
      { step: 7 },
      { index: 0 },
      { index: 4999 },
      null,
      null,
      null,
      null,
    ]);
  });
});
