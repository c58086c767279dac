import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EditableDataset } from '../../../trainer/data/editable/editable-dataset.ts';
import { searchRows } from '../../../trainer/data/editable/search-rows.ts';
import { cotFile, cotRow, DatasetFiles } from './dataset-files.ts';

let files: DatasetFiles;
let dataset: EditableDataset;
beforeAll(async () => {
  files = await DatasetFiles.make();
  const lines = [
    '{"process": "Wait, the RED box", "problem": "x"}',
    '{"process": "caf\\u00e9 ΛΌΓΟΣ", "problem": "a \\"quoted\\" word\\nand\\\\or a\\/b"}',
    '{"process": "", "deep": {"list": [1, 2.5, {"in": "Hidden box"}], "on": true, "off": null}, "problem_id": 12345678901234567890}',
    'no row, but a box',
    '{"process": "nothing", "box": 7}',
  ];
  dataset = await files.open(lines.join('\n'), 'rows.jsonl');
});
afterAll(() => files.remove());

describe('searchRows', () => {
  it.each([
    ['box', [0, 2, 3]],
    ['red BOX', [0]],
    ['É', [1]],
    ['λόγος', [1]],
    ['ΛΌΓΟσ', [1]],
    ['"quoted"', [1]],
    ['word\nand\\or a/b', [1]],
    ['2.5', [2]],
    ['true', [2]],
    ['12345678901234567890', [2]],
    ['process', []],
    ['', [0, 1, 2, 3, 4]],
  ])('finds %j in any field of any depth, not in keys', async (text, rows) => {
    expect(await searchRows(dataset, { text })).toEqual(rows);
  });

  it('finds what edits have written, and not what they have replaced', async () => {
    const edit = await dataset.edit(4, 'process', 'a “new” box');
    await dataset.edit(0, 'process', 'gone');
    expect(await searchRows(dataset, { text: 'box' })).toEqual([2, 3, 4]);
    expect(await searchRows(dataset, { isChanged: true })).toEqual([0, 4]);
    expect(await searchRows(dataset, { isChanged: true, text: '“NEW”' })).toEqual([4]);
    expect(await searchRows(dataset, { isChanged: true, rows: [1, 4, 4, 99] })).toEqual([4]);
    await dataset.undo(edit as NonNullable<typeof edit>);
    expect(await searchRows(dataset, { isChanged: true })).toEqual([0]);
    dataset.discardEdits();
  });

  it('keeps to the rows that are asked for, in order', async () => {
    expect(await searchRows(dataset, { rows: [3, 0, 1, 3, 99, -1] })).toEqual([0, 1, 3]);
    expect(await searchRows(dataset, { rows: [3, 4, 0], text: 'box' })).toEqual([0, 3]);
    expect(await searchRows(dataset, { rows: [], text: 'box' })).toEqual([]);
  });

  it('tells what it finds as it goes, how far it is, and can be given up', async () => {
    const many = await files.open(cotFile(Array.from({ length: 3000 }, (_, n) => cotRow(n, 'long '.repeat(100)))));
    const told: number[][] = [];
    const shares: number[] = [];
    const found = await searchRows(
      many,
      { text: 'long' },
      { onFound: (rows) => told.push([...rows]), onProgress: (share) => shares.push(share) },
    );
    expect([found.length, told.flat(), told.length > 3, shares.at(-1)]).toEqual([3000, found, true, 1]);
    const abort = new AbortController();
    const before: number[] = [];
    const search = searchRows(
      many,
      { text: 'long' },
      {
        signal: abort.signal,
        onFound: (rows) => {
          before.push(...rows);
          abort.abort(new Error('given up'));
        },
      },
    );
    await expect(search).rejects.toThrow('given up');
    expect(before.length).toBeLessThan(3000);
  });

  it('asks a rule of the rows that have its ids alone, and finds what asking it of every row finds', async () => {
    const id = fc.constantFrom('1', '"1"', '1.0', '-0', '"x"', '"\\u0078"', 'null', '{}', '1e999', '"Infinity"', '');
    const sought = fc.uniqueArray(fc.constantFrom<string[]>('1', '1.0', '0', 'x', 'null', 'Infinity', '-Infinity', ''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(id, { minLength: 1, maxLength: 12 }),
        sought,
        fc.option(fc.nat(11)),
        async (ids, wanted, edited) => {
          const lines = ids.map((one) => (one === '' ? '{"n": 1}' : `{"problem_id": ${one}, "n": 1}`));
          const made = await files.open([...lines, 'no row'].join('\n'), 'made.jsonl');
          if (edited !== null && ids[edited]?.startsWith('"')) await made.edit(edited, 'problem_id', 'x');
          const asked: unknown[] = [];
          const holds = (value: Readonly<Record<string, unknown>> | null) => {
            asked.push(value);
            const own = value?.problem_id;
            return (typeof own === 'string' || typeof own === 'number') && wanted.includes(String(own));
          };
          const found = await searchRows(made, { rule: { ids: new Set(wanted), holds } });
          if (wanted.length === 0) expect(asked.length).toBeLessThanOrEqual(1);
          expect(found).toEqual(await searchRows(made, { rule: { ids: null, holds } }));
        },
      ),
      { numRuns: 300 },
    );
    const many = await files.open(cotFile(Array.from({ length: 3000 }, (_, n) => cotRow(n, 'long '.repeat(100)))));
    let asked = 0;
    const ids = new Set(['5', '2999']);
    const holds = () => ++asked > 0;
    expect([await searchRows(many, { rule: { ids, holds } }), asked]).toEqual([[5, 2999], 2]);
  });

  it('agrees with looking at every value, for any text', async () => {
    const letter = fc.constantFrom('a', 'A', 'é', 'É', 'ς', 'Σ', '\\', '"', '\n', 'u', '0', '/', '😀');
    const text = fc.string({ unit: letter, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 6 }),
        text,
        fc.boolean(),
        async (texts, sought, isEscaped) => {
          const written = texts
            .map((process) => JSON.stringify({ process }))
            .map((row) =>
              isEscaped
                ? row.replace(/[^\0-\x7f]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
                : row,
            );
          const made = await files.open(written.join('\n'), 'made.jsonl');
          const plain = (one: string) => one.toLowerCase().replaceAll('ς', 'σ');
          const expected = texts.flatMap((one, n) => (plain(one).includes(plain(sought)) ? [n] : []));
          expect(await searchRows(made, { text: sought })).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });
});
