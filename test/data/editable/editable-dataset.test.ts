import { writeFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EditableDataset, type EditableRow } from '../../../trainer/data/editable/editable-dataset.ts';
import type { FieldEdit } from '../../../trainer/data/editable/row-edits.ts';
import { cotFile, cotRow, DatasetFiles, refusal } from './dataset-files.ts';

let files: DatasetFiles;
beforeAll(async () => {
  files = await DatasetFiles.make();
});
afterAll(() => files.remove());

const processOf = (row: EditableRow) => (row as { value?: { process?: string } }).value?.process;
const many = (count: number) =>
  Array.from({ length: count }, (_, n) => cotRow(n, `<think>${'long '.repeat(200)}${n}</think>`));

describe('opening', () => {
  it('gives the first rows before the others are found, then tells how far it is, to the end', async () => {
    await writeFile(files.at('many.json'), cotFile(many(6000)));
    const shares: number[] = [];
    const dataset = await EditableDataset.open(files.at('many.json'), { onProgress: (share) => shares.push(share) });
    const [first] = await dataset.rows(0, 1);
    expect([first?.line, dataset.rowCount > 0, dataset.rowCount < 6000]).toEqual([2, true, true]);
    // A row that is not found yet is waited for.
    expect(processOf(await dataset.row(5999))).toMatch(/5999<\/think>$/);
    await dataset.indexed;
    expect([dataset.rowCount, dataset.form, shares.at(-1)]).toEqual([6000, 'array', 1]);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.length).toBeGreaterThan(5);
  });

  it('lets others work between its turns', async () => {
    await writeFile(files.at('many.json'), cotFile(many(6000)));
    let turns = 0;
    const shares: number[] = [];
    const dataset = await EditableDataset.open(files.at('many.json'), { onProgress: () => shares.push(turns) });
    let isDone = false;
    const indexed = dataset.indexed.then(() => {
      isDone = true;
    });
    while (!isDone) {
      turns++;
      await turn();
    }
    await indexed;
    expect(new Set(shares).size).toBeGreaterThan(3);
  });

  it('can be given up; the rows that were found stay', async () => {
    await writeFile(files.at('many.json'), cotFile(many(6000)));
    const abort = new AbortController();
    const onProgress = () => abort.abort(new Error('given up'));
    const dataset = await EditableDataset.open(files.at('many.json'), { signal: abort.signal, onProgress });
    await expect(dataset.indexed).rejects.toThrow('given up');
    expect(dataset.rowCount).toBeLessThan(6000);
    expect((await dataset.rows(0, 3)).map(({ row }) => row)).toEqual([0, 1, 2]);
    await expect(dataset.row(5999)).rejects.toThrow('given up');
  });

  it.each([
    ['not there', null, 'not-found'],
    ['empty', '', 'bad-dataset'],
    ['no rows', 'hello', 'bad-dataset'],
    ['UTF-16', Buffer.from('\ufeff[{}]', 'utf16le'), 'bad-dataset'],
  ])('refuses a file that is %s', async (name, text, kind) => {
    if (text !== null) await writeFile(files.at(name), text);
    const error = await refusal(EditableDataset.open(files.at(name)));
    expect([error.kind, error.place?.startsWith(files.at(name)), error.remedy === undefined]).toEqual([
      kind,
      true,
      false,
    ]);
    expect((await refusal(EditableDataset.open(files.folder))).kind).toBe('bad-input');
  });

  it('takes an array without rows', async () => {
    const dataset = await files.open('[]');
    expect([dataset.rowCount, await dataset.rows(0, 5)]).toEqual([0, []]);
    expect(await refusal(dataset.row(0))).toMatchObject({ kind: 'not-found', message: 'There is no row 1.' });
  });
});

describe('rows with a fault', () => {
  it('are told with line and offset, and others are read', async () => {
    const text = `{"process": "a"}\n{"process": "é", "b": tru}\nno row\n{"process": "d"}\n`;
    const dataset = await files.open(text, 'rows.jsonl');
    expect(dataset.faultyRows).toEqual([1, 2]);
    const rows = await dataset.rows(0, 9);
    expect(rows.map(processOf)).toEqual(['a', undefined, undefined, 'd']);
    const bytes = Buffer.from(text);
    expect(rows[1]?.fault).toMatchObject({ line: 2, offset: bytes.indexOf('tru}') });
    expect(rows[1]?.fault?.error).toMatchObject({ kind: 'bad-dataset', place: `${files.at('rows.jsonl')}:2` });
    expect(rows[2]?.fault).toMatchObject({ line: 3, offset: bytes.indexOf('no row') });
    expect((await refusal(dataset.edit(1, 'process', 'x'))).message).toMatch('Row 2 is not JSON');
  });

  it('are those that are not UTF-8, too', async () => {
    const text = Buffer.from('[{"process": "a"},\n {"b": 1,\n  "process": "\xe9"}]', 'latin1');
    const dataset = await files.open(text);
    const [, row] = await dataset.rows(0, 2);
    expect(row?.fault).toMatchObject({ line: 3, offset: text.indexOf(0xe9) });
    expect(row?.fault?.error.message).toBe(
      `Row 2 is not UTF-8: byte 233 at offset ${text.indexOf(0xe9)} belongs to no letter.`,
    );
    expect(dataset.faultyRows).toEqual([1]);
    expect((await refusal(dataset.edit(1, 'process', 'x'))).kind).toBe('bad-dataset');
  });

  it('end an array whose brackets they break, and what follows is kept when a row before is saved', async () => {
    const tail = `, {"process": "b}\n, {"process": "c"}]`;
    const dataset = await files.open(`[{"process": "a"}${tail}`);
    expect(dataset.rowCount).toBe(1);
    expect(dataset.fault).toMatchObject({ kind: 'bad-dataset', place: `${files.at('rows.json')}:1` });
    await dataset.edit(0, 'process', 'new');
    await dataset.save();
    const again = await EditableDataset.open(files.at('rows.json'));
    await again.indexed;
    expect((await again.row(0)).bytes.toString()).toBe('{"process": "new"}');
    const { bytes, offset } = await again.row(0);
    expect(again.sizeBytes - offset - bytes.length).toBe(tail.length);
  });
});

describe('edits', () => {
  it('are shown, are undone and done again in any number, and say whether the file is behind', async () => {
    const dataset = await files.open(cotFile([cotRow(0), cotRow(1)]));
    const edits: FieldEdit[] = [];
    for (const [field, text] of [
      ['process', 'one'],
      ['process', 'two'],
      ['problem', 'three'],
    ] as const)
      edits.push((await dataset.edit(1, field, text)) as FieldEdit);
    expect((await dataset.row(1)) as unknown).toMatchObject({
      isChanged: true,
      value: { process: 'two', problem: 'three' },
    });
    expect([dataset.isDirty, dataset.changedRows]).toEqual([true, [1]]);
    const seen = [];
    for (const edit of edits.toReversed()) {
      await dataset.undo(edit);
      seen.push([processOf(await dataset.row(1)), dataset.isDirty]);
    }
    expect(seen).toEqual([
      ['two', true],
      ['one', true],
      ['<think>1</think>', false],
    ]);
    for (const edit of edits) await dataset.redo(JSON.parse(JSON.stringify(edit)) as FieldEdit);
    expect(processOf(await dataset.row(1))).toBe('two');
    dataset.discardEdits();
    expect([processOf(await dataset.row(1)), dataset.isDirty]).toEqual(['<think>1</think>', false]);
  });

  it('out of turn are refused, and change nothing', async () => {
    const dataset = await files.open(cotFile([cotRow(0)]));
    const first = (await dataset.edit(0, 'process', 'one')) as FieldEdit;
    await dataset.edit(0, 'process', 'two');
    expect(await refusal(dataset.undo(first))).toMatchObject({
      kind: 'conflict',
      place: files.at('rows.json'),
    });
    expect(await refusal(dataset.redo(first))).toMatchObject({ kind: 'conflict' });
    expect(processOf(await dataset.row(0))).toBe('two');
  });

  it('are of texts alone, of rows that are there', async () => {
    const dataset = await files.open('[{"a": 1, "b": {"c": "d"}}]');
    for (const field of ['a', 'b', 'c', 'process', '__proto__'])
      expect(await refusal(dataset.edit(0, field, 'x'))).toMatchObject({
        kind: 'bad-request',
        message: `Row 1 has no text under "${field}".`,
      });
    expect((await refusal(dataset.edit(1, 'a', 'x'))).kind).toBe('not-found');
    expect(dataset.isDirty).toBe(false);
  });

  it('of a key that stands twice change the last, which is the one that counts', async () => {
    const dataset = await files.open('[{"process": "a", "process": "b"}]');
    await dataset.edit(0, 'process', 'c');
    expect((await dataset.row(0)).bytes.toString()).toBe('{"process": "a", "process": "c"}');
  });

  it('write letters as the row does, or else as the file does', async () => {
    const rows = ['{"process": "é"}', '{"process": "a", "b": "\\u00e9"}', '{"process": "a"}'];
    const dataset = await files.open(rows.join('\n'), 'rows.jsonl');
    for (const row of [0, 1, 2]) await dataset.edit(row, 'process', '字');
    expect((await dataset.rows(0, 3)).map(({ bytes }) => bytes.toString())).toEqual([
      '{"process": "字"}',
      '{"process": "\\u5b57", "b": "\\u00e9"}',
      '{"process": "字"}',
    ]);
  });

  it('at the same moment all count', async () => {
    const dataset = await files.open(cotFile([cotRow(0), cotRow(1)]));
    await Promise.all([
      dataset.edit(0, 'process', 'a'),
      dataset.edit(0, 'problem', 'b'),
      dataset.edit(1, 'process', 'c'),
      dataset.edit(0, 'solution', 'd'),
    ]);
    expect(await dataset.rows(0, 2)).toMatchObject([
      { value: { process: 'a', problem: 'b', solution: 'd' } },
      { value: { process: 'c' } },
    ]);
  });
});
