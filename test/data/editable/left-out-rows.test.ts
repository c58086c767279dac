/** Rows that are left out take one separator along each; no other byte of the file changes. */
import { readFile, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EditableDataset } from '../../../trainer/data/editable/editable-dataset.ts';
import { DatasetFiles, refusal } from './dataset-files.ts';
import { madeFile } from './made-files.ts';

let files: DatasetFiles;
beforeAll(async () => {
  files = await DatasetFiles.make();
});
afterAll(() => files.remove());

async function without(text: string, ...rows: number[]): Promise<string> {
  const dataset = await files.open(text);
  await dataset.saveWithout(new Set(rows), files.at('out.json'));
  expect(await readFile(files.at('rows.json'), 'utf8')).toBe(text);
  return readFile(files.at('out.json'), 'utf8');
}

describe('rows that are left out', () => {
  const array = '[\n  {"a": 1},\n  {"a": 2} ,\n\n  {"a": 3}\n]\n';
  it.each([
    [[], array],
    [[0], '[\n  {"a": 2} ,\n\n  {"a": 3}\n]\n'],
    [[1], '[\n  {"a": 1},\n  {"a": 3}\n]\n'],
    [[2], '[\n  {"a": 1},\n  {"a": 2}\n]\n'],
    [[1, 2], '[\n  {"a": 1}\n]\n'],
    [[0, 1], '[\n  {"a": 3}\n]\n'],
    [[0, 2], '[\n  {"a": 2}\n]\n'],
    [[0, 1, 2], '[\n  \n]\n'],
  ])('of an array: %j', async (rows, expected) => {
    expect(await without(array, ...rows)).toBe(expected);
  });

  it.each([
    [[0], '{"a":2}\n{"a":3}\n'],
    [[1], '{"a":1}\n{"a":3}\n'],
    [[2], '{"a":1}\n{"a":2}\n'],
    [[1, 2], '{"a":1}\n'],
  ])('of JSON lines: %j', async (rows, expected) => {
    expect(await without('{"a":1}\n{"a":2}\n{"a":3}\n', ...rows)).toBe(expected);
    const crlf = (text: string) => text.replaceAll('\n', '\r\n');
    expect(await without(crlf('{"a":1}\n{"a":2}\n{"a":3}\n'), ...rows)).toBe(crlf(expected));
  });

  it('leave the others with their very bytes in a file of any form', async () => {
    await fc.assert(
      fc.asyncProperty(madeFile, fc.func(fc.boolean()), async (made, isLeftOut) => {
        await writeFile(files.at('any.json'), made.bytes);
        const dataset = await EditableDataset.open(files.at('any.json'));
        const numbers = made.rows.map((_, n) => n);
        const leftOut = new Set(numbers.filter((n) => n !== made.row && isLeftOut(n)));
        await dataset.saveWithout(leftOut, files.at('left.json'));
        const saved = await EditableDataset.open(files.at('left.json'));
        await saved.indexed;
        expect(saved.fault).toBeNull();
        const rows = await saved.rows(0, made.rows.length);
        expect(rows.map(({ bytes }) => bytes.toString().trimEnd())).toEqual(
          made.rows.filter((_, n) => !leftOut.has(n)),
        );
        if (leftOut.size === 0) expect((await readFile(files.at('left.json'))).equals(made.bytes)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('go together with edits of others; those of their own are left out with them', async () => {
    const dataset = await files.open('[{"t": "a"}, {"t": "b"}, {"t": "c"}]');
    await dataset.edit(0, 't', 'long text');
    await dataset.edit(1, 't', 'gone');
    await dataset.saveWithout(new Set([1]), files.at('out.json'));
    expect(await readFile(files.at('out.json'), 'utf8')).toBe('[{"t": "long text"}, {"t": "c"}]');
  });

  it('may be left out of the file itself', async () => {
    const dataset = await files.open('[{"t": "a"}, {"t": "b"}]', 'own.json');
    await dataset.saveWithout(new Set([0]), files.at('own.json'));
    expect(await readFile(files.at('own.json'), 'utf8')).toBe('[{"t": "b"}]');
  });

  it('are many megabytes, and more than is copied at once', async () => {
    const rows = Array.from({ length: 40 }, (_, n) => ({ n, text: 'x'.repeat(100_000) }));
    const kept = await without(JSON.stringify(rows, null, 1), ...rows.map(({ n }) => n).filter((n) => n % 3 !== 1));
    expect(JSON.parse(kept)).toEqual(rows.filter(({ n }) => n % 3 === 1));
  });

  it('are not taken out of a file that stops being rows: what would be cut is not known', async () => {
    const dataset = await files.open('[{"t": "a"}, {"t": "b"} {"t": "c"}]');
    expect((await refusal(dataset.saveWithout(new Set([0]), files.at('never.json')))).kind).toBe('bad-dataset');
    await expect(readFile(files.at('never.json'))).rejects.toThrow();
  });
});
