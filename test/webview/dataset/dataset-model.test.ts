/** What the page of a dataset asks its editor, and what it makes of the answers: both ends of the door are the test's. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  anyLabel,
  type DatasetToPage,
  type PageToDataset,
  type RowReading,
} from '../../../trainer/protocol/dataset-editor.ts';
import { DatasetModel, typingRestsMs } from '../../../webview/dataset/dataset-model.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function openPage(held: unknown = null) {
  const sent: PageToDataset[] = [];
  let answer = (_message: DatasetToPage): void => {};
  let kept = held;
  const model = new DatasetModel({
    send: (message) => sent.push(message),
    listen: (take) => {
      answer = take;
    },
    loadState: () => kept,
    saveState: (state) => {
      kept = state;
    },
  });
  const file = (turn: number, rowCount = 100) =>
    answer({
      ...{ type: 'file', name: 'rows.json', rowCount, indexed: 1, turn, changedRows: [], fault: null, outside: null },
      labelling: { refused: '' },
    });
  const read = (row: number, turn: number, process: string) =>
    answer({ type: 'row', reading: readingOf(row, turn, process) });
  const of = <T extends PageToDataset['type']>(type: T) =>
    sent.filter((message): message is Extract<PageToDataset, { type: T }> => message.type === type);
  return { model, sent, of, answer: (message: DatasetToPage) => answer(message), file, read, kept: () => kept };
}

function readingOf(row: number, turn: number, process: string): RowReading {
  return {
    ...{ row, turn, line: row + 1, id: String(row), isChanged: false, faults: [], options: [] },
    ...{ fields: { process, solution: 's', problem: 'p' }, problemType: '', dataType: '', path: '', source: '' },
    ...{
      text: process,
      think: null,
      aha: [],
      commitments: [],
      reward: null,
      labels: [],
      earlier: [],
      suggestions: [],
      mark: null,
      differs: false,
    },
    history: { lines: [], settled: null, hidden: null, annotators: null },
  };
}

describe('the list', () => {
  test('asks for each row in sight once, and again when rows have changed', () => {
    const { model, of, file } = openPage();
    file(0);
    model.see(0, 2);
    model.see(1, 3);
    expect(of('heads').map(({ rows }) => rows)).toEqual([[0], [1, 2], [3]]);
    file(1);
    expect(of('heads').at(-1)?.rows).toEqual([1, 2, 3]);
  });

  test('of a search holds what was found so far, and moves among it', () => {
    const { model, of, answer, file } = openPage();
    file(0);
    model.search({ text: 'square', isChanged: false });
    const { search } = of('search')[0] ?? { search: -1 };
    const found = (rows: number[], isDone: boolean) =>
      answer({ type: 'found', search, rows, share: 0.5, isDone, fault: null });
    found([3, 8], false);
    found([40], true);
    answer({ type: 'found', search: search - 1, rows: [99], share: 1, isDone: true, fault: null });
    expect([model.listed, model.rowAt(2), model.indexOf(8), model.indexOf(9)]).toEqual([3, 40, 1, null]);
    model.move(1);
    expect(model.state.get().row).toBe(3);
    model.move(5);
    expect(model.state.get().row).toBe(40);
    model.search({ text: '', isChanged: false });
    expect(of('stop-search')).toHaveLength(1);
    expect(model.listed).toBe(100);
  });
});

test('a filter by labels is asked for again when labels change; what is listed stays until then, and one goes on from there', () => {
  const { model, of, answer, file } = openPage();
  file(0);
  model.search({ label: anyLabel });
  const found = (rows: number[], isDone: boolean) =>
    answer({ type: 'found', search: of('search').at(-1)?.search ?? -1, rows, share: 0.5, isDone, fault: null });
  found([3, 8, 40], true);
  model.show(8);
  file(1);
  expect(of('search')).toHaveLength(2);
  expect([model.listed, model.indexOf(8)]).toEqual([3, 1]);
  found([3], false);
  expect(model.listed).toBe(3);
  found([40], true);
  expect([model.listed, model.indexOf(8), model.indexOf(40)]).toEqual([2, null, 1]);
  model.move(1);
  expect(model.state.get().row).toBe(40);
  model.show(8);
  model.move(-1);
  expect(model.state.get().row).toBe(3);
  model.search({ label: null });
  expect([model.listed, model.indexOf(99), model.indexOf(100)]).toEqual([100, 99, null]);
});

describe('the row', () => {
  test('is read again when rows have changed, and an answer from before is not shown', () => {
    const { model, of, file, read } = openPage();
    file(0);
    read(0, 0, 'old');
    file(1);
    read(0, 0, 'late');
    expect(model.state.get().reading?.text).toBe('old');
    read(0, 1, 'new');
    expect(model.state.get().reading?.text).toBe('new');
    expect(of('row')).toHaveLength(2);
  });

  test('that was shown is shown again after the page was away', () => {
    const first = openPage();
    first.file(0);
    first.model.show(7);
    const again = openPage(first.kept());
    again.file(0);
    expect(again.of('row')).toEqual([{ type: 'row', row: 7 }]);
  });
});

describe('editing', () => {
  const opened = () => {
    const page = openPage();
    page.file(0);
    page.read(0, 0, 'one\r\ntwo');
    page.model.edit('process');
    return page;
  };

  test('makes an edit when typing rests, one at a time, and the line ends of the text stay', () => {
    const { model, of, answer } = opened();
    expect(model.state.get().editing?.draft).toBe('one\ntwo');
    model.type('one\ntwo!');
    model.type('one\ntwo!!');
    vi.advanceTimersByTime(typingRestsMs);
    expect(of('edit')).toEqual([
      { type: 'edit', edit: 1, row: 0, field: 'process', value: 'one\r\ntwo!!', save: false },
    ]);
    model.type('one\ntwo!!!');
    vi.advanceTimersByTime(typingRestsMs);
    expect(of('edit')).toHaveLength(1);
    answer({ type: 'edited', edit: 1, fault: null });
    model.leave();
    expect(of('edit').at(-1)?.value).toBe('one\r\ntwo!!!');
  });

  test('what was typed while an edit was on its way is an edit too', () => {
    const { model, of, answer } = opened();
    model.type('1');
    vi.advanceTimersByTime(typingRestsMs);
    model.type('12');
    vi.advanceTimersByTime(typingRestsMs);
    answer({ type: 'edited', edit: 1, fault: null });
    vi.advanceTimersByTime(typingRestsMs);
    expect(of('edit').map(({ value }) => value)).toEqual(['1', '12']);
  });

  test('shows what an undo has made of the text, and not over what is being typed', () => {
    const { model, answer, file, read } = opened();
    model.type('edited');
    model.commit();
    answer({ type: 'edited', edit: 1, fault: null });
    file(1);
    read(0, 1, 'edited');
    file(2);
    read(0, 2, 'one\r\ntwo');
    expect(model.state.get().editing?.draft).toBe('one\ntwo');
    model.type('more');
    file(3);
    read(0, 3, 'from beside');
    expect(model.state.get().editing?.draft).toBe('more');
  });

  test('is not lost when the row is left, or the page goes away while one types', () => {
    const { model, of, kept } = opened();
    model.type('half a word');
    const again = openPage(kept());
    expect(again.of('edit').map(({ value }) => value)).toEqual(['half a word']);
    model.show(1);
    expect(of('edit').map(({ row, value }) => [row, value])).toEqual([[0, 'half a word']]);
  });

  test('that begins again at once begins with what was typed before, and sends nothing of its own', () => {
    const { model, of, answer, file, read } = opened();
    model.type('new');
    model.leave();
    model.edit('process');
    expect(model.state.get().editing?.draft).toBe('new');
    file(1);
    answer({ type: 'edited', edit: 1, fault: null });
    model.leave();
    model.edit('process');
    expect(model.state.get().editing?.draft).toBe('new');
    read(0, 1, 'new');
    vi.advanceTimersByTime(typingRestsMs);
    model.edit('solution');
    expect(model.state.get().editing).toMatchObject({ field: 'solution', draft: 's' });
    expect(of('edit')).toHaveLength(1);
  });

  test('that is refused says so, and what was typed stays', () => {
    const { model, answer } = opened();
    model.type('x');
    model.commit();
    answer({ type: 'edited', edit: 1, fault: 'The file was changed outside.' });
    expect(model.state.get().failed).toContain('changed outside');
    expect(model.state.get().editing?.draft).toBe('x');
  });

  test('that is refused after the text was left is in the text area again', () => {
    const { model, answer } = opened();
    model.type('x');
    model.leave();
    answer({ type: 'edited', edit: 1, fault: 'The file was changed outside.' });
    expect(model.state.get().editing).toEqual({ row: 0, field: 'process', base: 'one\r\ntwo', draft: 'x' });
  });

  test('a save takes what was typed with it, also while an edit is on its way', () => {
    const { model, of, answer } = opened();
    model.type('1');
    model.commit();
    model.type('12');
    model.commit(true);
    answer({ type: 'edited', edit: 1, fault: null });
    expect(of('edit').map(({ value, save }) => [value, save])).toEqual([
      ['1', false],
      ['12', true],
    ]);
  });
});
