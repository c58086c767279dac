import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EditableDataset } from '../../../trainer/data/editable/editable-dataset.ts';
import { cotFile, cotRow, DatasetFiles } from './dataset-files.ts';

let files: DatasetFiles;
beforeAll(async () => {
  files = await DatasetFiles.make();
});
afterAll(() => files.remove());

const program = path.join(import.meta.dirname, 'killed-save.ts');
/** Three pieces of a copy. */
const rows = Array.from({ length: 1200 }, (_, n) => cotRow(n, 'long '.repeat(400)));
const before = cotFile(rows);
const after = cotFile(rows.map((row, n) => (n === 7 ? { ...row, process: 'changed' } : row)));

/** @returns whether it came through */
function save(nth: number, when: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, files.at('rows.json'), String(nth), when], (error, stdout) => {
      if (stdout === 'saved') resolve(true);
      else if (error?.signal === 'SIGKILL') resolve(false);
      else reject(error);
    });
  });
}

it('killed at any step of a save, the old file or the new one is there, whole, and the next open removes what is left', async () => {
  const outcomes: string[] = [];
  let leftovers = 0;
  for (const when of ['before', 'within'])
    for (let nth = 0; ; nth++) {
      await writeFile(files.at('rows.json'), before);
      const isSaved = await save(nth, when);
      const text = await readFile(files.at('rows.json'), 'utf8');
      expect(text === before || text === after).toBe(true);
      leftovers += (await readdir(files.folder)).length - 1;
      const dataset = await EditableDataset.open(files.at('rows.json'));
      await dataset.indexed;
      expect([await readdir(files.folder), dataset.rowCount]).toEqual([['rows.json'], rows.length]);
      if (isSaved) {
        expect(text).toBe(after);
        break;
      }
      outcomes.push(text === before ? 'old' : 'new');
    }
  // Make, three pieces, mode, the disk has it: old until the rename; then the folder is told.
  const steps = ['old', 'old', 'old', 'old', 'old', 'old'];
  expect(outcomes).toEqual([...steps, 'old', 'new', ...steps, 'new', 'new']);
  expect(leftovers).toBeGreaterThan(10);
});
