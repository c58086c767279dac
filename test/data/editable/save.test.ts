import { utimesSync } from 'node:fs';
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EditableDataset } from '../../../trainer/data/editable/editable-dataset.ts';
import type { FieldEdit } from '../../../trainer/data/editable/row-edits.ts';
import { cotFile, cotRow, DatasetFiles, refusal } from './dataset-files.ts';

let files: DatasetFiles;
beforeEach(async () => {
  files = await DatasetFiles.make();
});
afterEach(() => files.remove());

const processes = async (dataset: EditableDataset) =>
  (await dataset.rows(0, dataset.rowCount)).map((row) => (row as { value?: { process: string } }).value?.process);
/** Some pieces of a copy long. */
const long = Array.from({ length: 1500 }, (_, n) => cotRow(n, 'long '.repeat(400)));

describe('save', () => {
  it('exchanges the changed rows, wherever they stand and whatever they grow or shrink to', async () => {
    const dataset = await files.open(cotFile(long));
    const expected = long.map((row) => row.process);
    for (const [row, text] of [
      [0, 'first'],
      [1, 'x'.repeat(2_000_000)],
      [2, ''],
      [700, 'é'],
      [1499, 'last'],
    ] as const) {
      await dataset.edit(row, 'process', text);
      expected[row] = text;
    }
    const shares: number[] = [];
    await dataset.save({ onProgress: (share) => shares.push(share) });
    expect(await readFile(files.at('rows.json'), 'utf8')).toBe(
      cotFile(long.map((row, n) => ({ ...row, process: expected[n] }))).replace('é', '\\u00e9'),
    );
    expect([shares.length > 3, shares.at(-1), dataset.isDirty]).toEqual([true, 1, false]);
    expect(await processes(dataset)).toEqual(expected);
    const again = await EditableDataset.open(files.at('rows.json'));
    await again.indexed;
    const places = async (of: EditableDataset) => (await of.rows(0, 1500)).map(({ offset, line }) => [offset, line]);
    expect(await places(dataset)).toEqual(await places(again));
    expect(await readdir(files.folder)).toEqual(['rows.json']);
  });

  it('exchanges all rows', async () => {
    const dataset = await files.open(cotFile(long));
    const texts = long.map((row) => `${row.problem_id} `.repeat(row.problem_id % 700));
    await Promise.all(texts.map((text, row) => dataset.edit(row, 'process', text)));
    await dataset.save();
    expect(await readFile(files.at('rows.json'), 'utf8')).toBe(
      cotFile(long.map((row, n) => ({ ...row, process: texts[n] }))),
    );
  });

  it('writes nothing when nothing is edited', async () => {
    const dataset = await files.open(cotFile([cotRow(0)]));
    const { ino } = await stat(files.at('rows.json'));
    const edit = await dataset.edit(0, 'process', 'x');
    await dataset.undo(edit as FieldEdit);
    await dataset.save();
    expect((await stat(files.at('rows.json'))).ino).toBe(ino);
  });

  it('keeps the mode, and follows a link to its target', async () => {
    await mkdir(files.at('elsewhere'));
    await writeFile(files.at('elsewhere/target.json'), cotFile([cotRow(0)]));
    await chmod(files.at('elsewhere/target.json'), 0o640);
    await symlink(path.join('elsewhere', 'target.json'), files.at('link.json'));
    const dataset = await EditableDataset.open(files.at('link.json'));
    await dataset.edit(0, 'process', 'new');
    await dataset.save();
    expect((await lstat(files.at('link.json'))).isSymbolicLink()).toBe(true);
    expect((await stat(files.at('elsewhere/target.json'))).mode & 0o777).toBe(0o640);
    expect(await readFile(files.at('elsewhere/target.json'), 'utf8')).toBe(cotFile([cotRow(0, 'new')]));
    expect(await readdir(files.at('elsewhere'))).toEqual(['target.json']);
  });

  it('can be given up: file and edits are as before, and nothing is left beside', async () => {
    const dataset = await files.open(cotFile(long));
    await dataset.edit(3, 'process', 'new');
    const abort = new AbortController();
    let pieces = 0;
    const onProgress = () => {
      pieces++;
      abort.abort(new Error('given up'));
    };
    await expect(dataset.save({ signal: abort.signal, onProgress })).rejects.toThrow('given up');
    expect(pieces).toBe(1);
    expect(await readFile(files.at('rows.json'), 'utf8')).toBe(cotFile(long));
    expect([await readdir(files.folder), dataset.changedRows]).toEqual([['rows.json'], [3]]);
    await dataset.save();
    expect((await processes(dataset))[3]).toBe('new');
  });

  it('goes on while rows are read and edited: what is edited or undone meanwhile stays unsaved', async () => {
    const dataset = await files.open(cotFile(long));
    const undone = (await dataset.edit(0, 'process', 'undone')) as FieldEdit;
    await dataset.edit(1, 'process', 'saved');
    await dataset.edit(2, 'process', 'saved, then edited');
    await dataset.edit(2, 'problem', 'saved');
    const meanwhile: Promise<unknown>[] = [];
    let isFirst = true;
    const onProgress = () => {
      if (isFirst)
        meanwhile.push(
          dataset.undo(undone),
          dataset.edit(2, 'process', 'edited'),
          dataset.edit(1400, 'process', 'late'),
        );
      isFirst = false;
      meanwhile.push(dataset.rows(0, 1500));
    };
    await dataset.save({ onProgress });
    await Promise.all(meanwhile);
    expect(meanwhile.length).toBeGreaterThan(5);
    const saved = JSON.parse(await readFile(files.at('rows.json'), 'utf8')) as (typeof long)[number][];
    expect([0, 1, 2, 1400].map((row) => saved[row]?.process)).toEqual([
      'undone',
      'saved',
      'saved, then edited',
      long[0]?.process,
    ]);
    expect(dataset.changedRows).toEqual([0, 2, 1400]);
    const shown = await processes(dataset);
    expect([0, 1, 2, 1400].map((row) => shown[row])).toEqual([long[0]?.process, 'saved', 'edited', 'late']);
    await dataset.save();
    expect(await readFile(files.at('rows.json'), 'utf8')).toBe(
      cotFile(
        long.map((row, n) => ({
          ...row,
          ...(
            {
              1: { process: 'saved' },
              2: { process: 'edited', problem: 'saved' },
              1400: { process: 'late' },
            } as Record<number, object>
          )[n],
        })),
      ),
    );
  });

  it('takes turns with another save', async () => {
    const dataset = await files.open(cotFile(long));
    await dataset.edit(0, 'process', 'a');
    const first = dataset.save();
    const second = dataset.save();
    await Promise.all([first, second]);
    expect([dataset.isDirty, (await processes(dataset))[0]]).toEqual([false, 'a']);
  });
});

describe('saveAs', () => {
  it('writes the rows with their edits under another name, and leaves file and edits as they are', async () => {
    const dataset = await files.open(cotFile([cotRow(0), cotRow(1)]));
    await dataset.edit(1, 'process', 'new');
    await writeFile(files.at('there.json'), 'other');
    await chmod(files.at('there.json'), 0o604);
    for (const name of ['copy.json', 'there.json']) {
      await dataset.saveAs(files.at(name));
      expect(await readFile(files.at(name), 'utf8')).toBe(cotFile([cotRow(0), cotRow(1, 'new')]));
    }
    expect((await stat(files.at('there.json'))).mode & 0o777).toBe(0o604);
    expect([await readFile(files.at('rows.json'), 'utf8'), dataset.isDirty]).toEqual([
      cotFile([cotRow(0), cotRow(1)]),
      true,
    ]);
    await dataset.saveAs(files.at('rows.json'));
    expect([await readFile(files.at('rows.json'), 'utf8'), dataset.isDirty]).toEqual([
      cotFile([cotRow(0), cotRow(1, 'new')]),
      false,
    ]);
    expect(await refusal(dataset.saveAs(files.at('no/such.json')))).toMatchObject({ place: files.at('no') });
  });
});

describe('a change from outside', () => {
  const file = cotFile([cotRow(0), cotRow(1)]);
  it.each([
    ['written again', (name: string) => writeFile(name, `${file}\n`)],
    ['written again at the same length', (name: string) => writeFile(name, file.replace('Left', 'Lost'))],
    [
      'longer, with the same time',
      async (name: string) => {
        const { atime, mtime } = await stat(name);
        await writeFile(name, `${file}\n`);
        await utimes(name, atime, mtime);
      },
    ],
    ['touched', (name: string) => utimes(name, new Date(), new Date(1e12))],
    [
      'replaced by an equal one of the same time',
      async (name: string) => {
        const { atime, mtime } = await stat(name);
        await writeFile(`${name}.new`, file);
        await utimes(`${name}.new`, atime, mtime);
        await rename(`${name}.new`, name);
      },
    ],
    ['deleted', (name: string) => rm(name)],
  ])('is noticed when the file is %s: a save is refused and says what to do', async (_, change) => {
    const dataset = await files.open(file);
    await utimes(files.at('rows.json'), new Date(), new Date(1.6e12));
    await dataset.loadAgain();
    await dataset.edit(0, 'process', 'new');
    expect(await dataset.hasChangedOutside()).toBe(false);
    await change(files.at('rows.json'));
    const before = await readFile(files.at('rows.json')).catch(() => null);
    expect(await dataset.hasChangedOutside()).toBe(true);
    const error = await refusal(dataset.save());
    expect([error.kind, error.place]).toEqual(['conflict', files.at('rows.json')]);
    expect(error.remedy).toMatch(/load it again|Load the file again/);
    expect(await readFile(files.at('rows.json')).catch(() => null)).toEqual(before);
    expect([dataset.isDirty, (await refusal(dataset.row(1))).kind]).toEqual([true, 'conflict']);
    expect((await readdir(files.folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('of an edited row is noticed even where size, time and file are the same', async () => {
    const dataset = await files.open(file);
    await dataset.edit(0, 'process', 'new');
    const { atime, mtime } = await stat(files.at('rows.json'));
    await utimes(files.at('rows.json'), atime, mtime);
    await dataset.loadAgain();
    await writeFile(files.at('rows.json'), file.replace('A. Left', 'A. Lost'));
    await utimes(files.at('rows.json'), atime, mtime);
    expect(await dataset.hasChangedOutside()).toBe(false);
    expect(await refusal(dataset.save())).toMatchObject({
      kind: 'conflict',
      place: `${files.at('rows.json')}:2, row 1`,
    });
    expect(await readFile(files.at('rows.json'), 'utf8')).toMatch('A. Lost');
  });

  it('while it is saved is noticed before anything is replaced', async () => {
    const dataset = await files.open(cotFile(long));
    await dataset.edit(3, 'process', 'new');
    const onProgress = (share: number) => {
      if (share === 1) utimesSync(files.at('rows.json'), new Date(), new Date(1e12));
    };
    expect((await refusal(dataset.save({ onProgress }))).kind).toBe('conflict');
    expect(await readFile(files.at('rows.json'), 'utf8')).toBe(cotFile(long));
  });

  it('to another name of the same file is none', async () => {
    const dataset = await files.open(file);
    await link(files.at('rows.json'), files.at('other.json'));
    expect(await dataset.hasChangedOutside()).toBe(false);
  });
});

describe('what a save has left beside the file', () => {
  it('is removed at the next open, unless someone may be writing it', async () => {
    const dataset = await files.open(cotFile(long));
    await dataset.edit(0, 'process', 'new');
    let listed: Promise<string[]> | undefined;
    await dataset.save({
      onProgress: () => {
        listed ??= readdir(files.folder);
      },
    });
    const name = (await listed)?.find((one) => one.startsWith('.video-r1-save-')) ?? '';
    expect(name).toMatch(/^\.video-r1-save-[0-9a-f]{8}-[0-9a-f]{8}-\d+-[0-9a-f]{8}$/);
    const [, file = '', host = '', pid = '', random = ''] = /save-(\w+)-(\w+)-(\d+)-(\w+)$/.exec(name) ?? [];
    // No process has this number.
    const gone = String(2 ** 30);
    const names = {
      'of a process that is gone': `.video-r1-save-${file}-${host}-${gone}-${random}`,
      'of this process': name,
      'of this process, long ago': `.video-r1-save-${file}-${host}-${pid}-00000000`,
      'of another machine': `.video-r1-save-${file}-00000000-${gone}-${random}`,
      'of another machine, long ago': `.video-r1-save-${file}-00000000-${gone}-00000000`,
      'of another file': `.video-r1-save-00000000-${host}-${gone}-${random}`,
    };
    for (const one of Object.values(names)) await writeFile(files.at(one), '[');
    for (const [what, one] of Object.entries(names))
      if (what.endsWith('long ago')) await utimes(files.at(one), new Date(1e12), new Date(1e12));
    await EditableDataset.open(files.at('rows.json'));
    const left = new Set(await readdir(files.folder));
    expect(Object.keys(names).filter((what) => left.has(names[what as keyof typeof names]))).toEqual([
      'of this process',
      'of another machine',
      'of another file',
    ]);
  });
});
