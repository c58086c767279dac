/** What a file is made of stays as it is written, but for the one text that is edited. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EditableDataset } from '../../../trainer/data/editable/editable-dataset.ts';
import { editedText, type MadeFile, madeFile } from './made-files.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-editable-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function opened(made: MadeFile): Promise<{ file: string; dataset: EditableDataset }> {
  const file = path.join(folder, `rows-${files++}.json`);
  await writeFile(file, made.bytes);
  return { file, dataset: await EditableDataset.open(file) };
}

describe('a file of any form', () => {
  it('gives every row by number, with its exact bytes and its value', async () => {
    await fc.assert(
      fc.asyncProperty(madeFile, async (made) => {
        const { dataset } = await opened(made);
        await dataset.indexed;
        expect([dataset.fault, dataset.rowCount]).toEqual([null, made.rows.length]);
        const rows = await dataset.rows(0, made.rows.length + 5);
        expect(rows.map(({ bytes }) => bytes.toString().trimEnd())).toEqual(made.rows);
        for (const { bytes, offset, line, ...row } of rows) {
          expect(made.bytes.subarray(offset, offset + bytes.length).equals(bytes)).toBe(true);
          expect(made.bytes.subarray(0, offset).toString().split('\n').length).toBe(line);
          expect(row.fault).toBeNull();
        }
        const { value } = rows[made.row] as { value: unknown };
        expect((value as Record<string, unknown>)[made.field]).toBe(made.content);
      }),
      { numRuns: 300 },
    );
  });

  it('saved with one edit differs in the bytes of that text alone; undone, in none', async () => {
    await fc.assert(
      fc.asyncProperty(madeFile, editedText, async (made, text) => {
        const { file, dataset } = await opened(made);
        const edit = await dataset.edit(made.row, made.field, text);
        if (text === made.content) {
          expect([edit, dataset.isDirty]).toEqual([null, false]);
          return;
        }
        const shown = await dataset.row(made.row);
        await dataset.save();
        const saved = await readFile(file);
        expect(saved.subarray(0, made.head.length).equals(made.head)).toBe(true);
        expect(saved.subarray(saved.length - made.tail.length).equals(made.tail)).toBe(true);
        const literal = saved.subarray(made.head.length, saved.length - made.tail.length).toString();
        expect([JSON.parse(literal), dataset.isDirty]).toEqual([text, false]);
        const again = await dataset.row(made.row);
        expect([again.bytes.equals(shown.bytes), shown.isChanged, again.isChanged]).toEqual([true, true, false]);
        await dataset.undo(edit as NonNullable<typeof edit>);
        await dataset.save();
        expect((await readFile(file)).equals(made.bytes)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('of any bytes at all is read or refused, and an edit of what is read leaves every other byte', async () => {
    await fc.assert(
      fc.asyncProperty(madeFile, fc.nat(), fc.uint8Array({ maxLength: 3 }), async (made, at, garbage) => {
        const place = at % made.bytes.length;
        const bytes = Buffer.concat([made.bytes.subarray(0, place), garbage, made.bytes.subarray(place + 1)]);
        const file = path.join(folder, `rows-${files++}.json`);
        await writeFile(file, bytes);
        const dataset = await EditableDataset.open(file).catch((error: { kind: string; place: string }) => {
          expect([error.kind, error.place?.startsWith(file)]).toEqual(['bad-dataset', true]);
        });
        if (!dataset) return;
        await dataset.indexed;
        const rows = await dataset.rows(0, dataset.rowCount);
        expect(rows.filter(({ fault }) => fault).map(({ row }) => row)).toEqual(dataset.faultyRows);
        for (const { row, fault } of rows) {
          const edited = await dataset.edit(row, made.field, 'another').then(
            () => true,
            (error: { kind: string }) => {
              expect(error.kind).toBe(fault ? 'bad-dataset' : 'bad-request');
              return false;
            },
          );
          if (fault) expect(edited).toBe(false);
        }
        await dataset.save();
        const before = rows
          .map((one) => one.bytes.toString('latin1'))
          .reduce((rest, row) => rest.replace(row, ''), bytes.toString('latin1'));
        const saved = await readFile(file);
        const now = await dataset.rows(0, dataset.rowCount);
        const after = now
          .map((one) => one.bytes.toString('latin1'))
          .reduce((rest, row) => rest.replace(row, ''), saved.toString('latin1'));
        expect(after).toBe(before);
      }),
      { numRuns: 300 },
    );
  });
});
