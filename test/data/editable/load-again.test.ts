/** Edits that outlive a change from outside, or the program. */
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EditableDataset } from '../../../trainer/data/editable/editable-dataset.ts';
import type { FieldEdit } from '../../../trainer/data/editable/row-edits.ts';
import { cotFile, cotRow, DatasetFiles, refusal } from './dataset-files.ts';

let files: DatasetFiles;
beforeEach(async () => {
  files = await DatasetFiles.make();
});
afterEach(() => files.remove());

const rows = [cotRow(0), cotRow(1), cotRow(2), cotRow(3)];
const written = () => readFile(files.at('rows.json'), 'utf8').then((text) => JSON.parse(text) as typeof rows);

describe('loadAgain', () => {
  it('puts the edits on their rows where these are now, and older edits can still be undone and done again', async () => {
    const dataset = await files.open(cotFile(rows));
    const undone = (await dataset.edit(0, 'process', 'undone')) as FieldEdit;
    await dataset.undo(undone);
    const edit = (await dataset.edit(2, 'process', 'edited')) as FieldEdit;
    const outside = [cotRow(9), cotRow(8), rows[0], { ...cotRow(1), problem: 'other' }, rows[2], rows[3]];
    await writeFile(files.at('rows.json'), cotFile(outside));
    await dataset.loadAgain();
    expect([dataset.rowCount, dataset.changedRows, await dataset.hasChangedOutside()]).toEqual([6, [4], false]);
    expect(await dataset.row(4)).toMatchObject({ value: { problem_id: 2, process: 'edited' } });
    await dataset.undo(edit);
    expect(dataset.isDirty).toBe(false);
    await dataset.redo(edit);
    await dataset.redo(undone);
    const later = (await dataset.edit(4, 'problem', 'and this')) as FieldEdit;
    await dataset.save();
    const expected = outside.map((row, n) =>
      n === 2 ? { ...row, process: 'undone' } : n === 4 ? { ...row, process: 'edited', problem: 'and this' } : row,
    );
    expect(await written()).toEqual(expected);
    // Once more, the other way.
    await writeFile(files.at('rows.json'), cotFile(expected.slice(1)));
    await dataset.loadAgain();
    await dataset.undo(later);
    await dataset.undo(edit);
    expect(await dataset.row(3)).toMatchObject({ value: rows[2] });
  });

  it('takes a row that is only indented anew, or has other line ends, for the same', async () => {
    const dataset = await files.open(cotFile(rows));
    await dataset.edit(1, 'process', 'edited');
    const outside = JSON.stringify(rows, null, '\t').replaceAll('\n', '\r\n');
    await writeFile(files.at('rows.json'), outside);
    await dataset.loadAgain();
    await dataset.save();
    expect(await readFile(files.at('rows.json'), 'utf8')).toBe(outside.replace('<think>1</think>', 'edited'));
  });

  it.each([
    ['is changed', [rows[0], { ...cotRow(1), problem: 'other' }, rows[2], rows[3]], 'row 2'],
    ['is removed', [rows[0], rows[2], rows[3]], 'row 2'],
    ['stands twice elsewhere', [rows[0], rows[2], rows[1], rows[1]], 'row 2'],
    ['is one of two', [rows[0], rows[1]], 'row 4'],
  ])('is refused when an edited row %s outside, and nothing is lost', async (_, outside, named) => {
    const dataset = await files.open(cotFile(rows));
    await dataset.edit(named === 'row 4' ? 3 : 1, 'process', 'edited');
    await writeFile(files.at('rows.json'), cotFile(outside));
    const error = await refusal(dataset.loadAgain());
    expect(error).toMatchObject({
      kind: 'conflict',
      place: files.at('rows.json'),
      message: `Edited here, and changed or removed outside: ${named}.`,
    });
    expect(dataset.isDirty).toBe(true);
    expect((await refusal(dataset.save())).kind).toBe('conflict');
    dataset.discardEdits();
    await dataset.loadAgain();
    expect([dataset.isDirty, dataset.rowCount]).toEqual([false, outside.length]);
  });

  it('gives no two edits to one row, and says of an edit whose row is gone that it can be no more', async () => {
    const dataset = await files.open(cotFile([rows[0], rows[1], rows[1]]));
    const kept = (await dataset.edit(1, 'process', 'a')) as FieldEdit;
    const gone = (await dataset.edit(2, 'process', 'b')) as FieldEdit;
    await dataset.undo(gone);
    await writeFile(files.at('rows.json'), cotFile([rows[0], rows[1]]));
    await dataset.loadAgain();
    await dataset.undo(kept);
    expect(await refusal(dataset.redo(gone))).toMatchObject({ kind: 'conflict' });
    expect(dataset.isDirty).toBe(false);
  });

  it('follows a link that leads elsewhere now, which a save refuses', async () => {
    await files.open(cotFile(rows), 'first.json');
    await files.open(cotFile(rows.toReversed()), 'second.json');
    await symlink('first.json', files.at('link.json'));
    const dataset = await EditableDataset.open(files.at('link.json'));
    await dataset.edit(0, 'process', 'edited');
    await rm(files.at('link.json'));
    await symlink('second.json', files.at('link.json'));
    expect(await dataset.hasChangedOutside()).toBe(true);
    expect(await refusal(dataset.save())).toMatchObject({ kind: 'conflict', place: files.at('link.json') });
    await dataset.loadAgain();
    await dataset.save();
    expect(await readFile(files.at('first.json'), 'utf8')).toBe(cotFile(rows));
    expect(await readFile(files.at('second.json'), 'utf8')).toBe(
      cotFile([...rows.toReversed().slice(0, 3), { ...cotRow(0), process: 'edited' }]),
    );
  });

  it('can be given up', async () => {
    const dataset = await files.open(cotFile(rows));
    await writeFile(files.at('rows.json'), cotFile(rows.slice(1)));
    const signal = AbortSignal.abort(new Error('given up'));
    await expect(dataset.loadAgain({ signal })).rejects.toThrow('given up');
    expect(dataset.rowCount).toBe(4);
  });
});

describe('a backup', () => {
  const edited = async () => {
    const dataset = await files.open(cotFile(rows));
    await dataset.edit(1, 'process', 'edited é');
    await dataset.edit(1, 'problem', 'edited too');
    await dataset.edit(3, 'solution', '<answer>B</answer>');
    return dataset;
  };
  const asText = async (dataset: EditableDataset) =>
    Buffer.concat((await dataset.rows(0, 9)).map(({ bytes }) => bytes)).toString();

  it('holds the edits alone, and puts them back on the same file to the byte', async () => {
    const dataset = await edited();
    const backup: unknown = JSON.parse(JSON.stringify(dataset.backup()));
    expect(JSON.stringify(backup)).not.toMatch('<think>0');
    const again = await EditableDataset.open(files.at('rows.json'));
    await again.restore(backup);
    expect([again.changedRows, await asText(again)]).toEqual([[1, 3], await asText(dataset)]);
    await again.save();
    expect((await written())[1]).toMatchObject({ process: 'edited é', problem: 'edited too' });
  });

  it('is put back where its rows have moved, and has nothing to do where they were saved', async () => {
    const backup = (await edited()).backup();
    const moved = await files.open(cotFile([cotRow(7), ...rows]));
    await moved.restore(backup);
    expect(moved.changedRows).toEqual([2, 4]);
    await moved.save();
    const saved = await edited();
    await saved.save();
    await saved.restore(backup);
    expect([saved.isDirty, saved.changedRows]).toEqual([false, []]);
  });

  it('is put back while the file is still indexed, as soon as its rows are found', async () => {
    const backup = (await edited()).backup();
    const others = Array.from({ length: 6000 }, (_, n) => cotRow(n + 10, 'long '.repeat(100)));
    await writeFile(files.at('rows.json'), cotFile([...others, ...rows]));
    const dataset = await EditableDataset.open(files.at('rows.json'));
    await dataset.restore(backup);
    expect(dataset.changedRows).toEqual([6001, 6003]);
  });

  it('is refused as a whole where a row is no longer the one that was edited', async () => {
    const backup = (await edited()).backup();
    const other = await files.open(cotFile([rows[0], rows[1], rows[2], { ...cotRow(3), problem: 'other' }]));
    await other.edit(0, 'process', 'kept');
    expect(await refusal(other.restore(backup))).toMatchObject({
      kind: 'conflict',
      place: files.at('rows.json'),
      message: `The unsaved edits can't be put back: the file no longer has row 4 as they were edited. It had ${backup.base.sizeBytes} bytes then, and was last written at ${backup.base.modified}.`,
    });
    expect(other.changedRows).toEqual([0]);
    expect((await refusal((await files.open('[]')).restore(backup))).message).toMatch('rows 2, 4 as');
  });

  it.each([
    ['no backup', { v: 1 }],
    ['of a later version', { v: 2, base: {}, rows: [] }],
    ['null', null],
    [
      'with a text that is no JSON string',
      { rows: [{ row: 1, hash: '0'.repeat(32), fields: [{ field: 'a', text: '"a", "b": "c"' }] }] },
    ],
    [
      'with a text with a line break',
      { rows: [{ row: 1, hash: '0'.repeat(32), fields: [{ field: 'a', text: '"a\n"' }] }] },
    ],
    [
      'with a text behind white space',
      { rows: [{ row: 1, hash: '0'.repeat(32), fields: [{ field: 'a', text: ' "a"' }] }] },
    ],
    [
      'with a text beside white space',
      { rows: [{ row: 1, hash: '0'.repeat(32), fields: [{ field: 'a', text: '"a"\n' }] }] },
    ],
  ])('that is %s is refused', async (_, value) => {
    const dataset = await edited();
    const whole = value === null || 'v' in value ? value : { ...dataset.backup(), ...value };
    expect(await refusal(dataset.restore(whole))).toMatchObject({ kind: 'bad-input', place: files.at('rows.json') });
    expect(dataset.changedRows).toEqual([1, 3]);
  });

  it('of a file that is gone is refused when it is opened', async () => {
    await edited();
    await rm(files.at('rows.json'));
    expect((await refusal(EditableDataset.open(files.at('rows.json')))).kind).toBe('not-found');
  });
});
