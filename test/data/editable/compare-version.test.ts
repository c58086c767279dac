import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  compareWithVersion,
  type FileVersion,
  readVersionRows,
} from '../../../trainer/data/editable/compare-version.ts';
import { cotFile, cotRow, DatasetFiles, refusal } from './dataset-files.ts';

let files: DatasetFiles;
beforeAll(async () => {
  files = await DatasetFiles.make();
});
afterAll(() => files.remove());

/** In pieces of a few bytes each, so that rows and letters are cut anywhere. */
async function* inPieces(text: string, pieceBytes = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += pieceBytes) yield bytes.subarray(from, from + pieceBytes);
}
const version = (text: string): FileVersion => ({ name: 'HEAD:rows.json', bytes: inPieces(text) });
const compared = async (before: readonly unknown[], now: readonly unknown[]) =>
  compareWithVersion(await files.open(cotFile(now)), version(cotFile(before)));
const [a, b, c, d] = [cotRow(0), cotRow(1), cotRow(2), cotRow(3)];
const other = (row: object) => ({ ...row, process: 'other' });

describe('compareWithVersion', () => {
  it.each([
    ['nothing', [a, b], [a, b], [], [], []],
    ['a changed row', [a, b, c], [a, other(b), c], [[1, 1]], [], []],
    ['an added row', [a, c], [a, b, c], [], [1], []],
    ['a removed row', [a, b, c], [a, c], [], [], [[1, 1]]],
    ['rows at both ends', [a, b], [c, a, b, d], [], [0, 3], []],
    [
      'removed ones at both ends',
      [c, a, b, d],
      [a, b],
      [],
      [],
      [
        [0, 0],
        [3, 2],
      ],
    ],
    ['a changed one after an added one', [a, b, c], [a, d, other(b), c], [[2, 1]], [1], []],
    ['one that was moved', [a, b, c], [c, a, b], [], [0], [[2, 3]]],
    ['one with another id', [a, b, c], [a, { ...b, problem_id: 9 }, c], [], [1], [[1, 1]]],
    ['rows without an id', [a, { process: 'x' }, c], [a, { process: 'y' }, { process: 'z' }, c], [[1, 1]], [2], []],
    ['no change in rows that are repeated', [c, b], [b, c, a, b, d], [], [0, 2, 4], []],
    [
      'all',
      [a, b],
      [c, d],
      [],
      [0, 1],
      [
        [0, 0],
        [1, 0],
      ],
    ],
  ])('finds %s', async (_, before, now, changed, added, removed) => {
    const found = await compared(before, now);
    expect([
      found.changed.map((one) => [one.row, one.before]),
      found.added,
      found.removed.map((one) => [one.before, one.row]),
    ]).toEqual([changed, added, removed]);
  });

  it('counts edits that are not saved, and forgets those that are undone', async () => {
    const dataset = await files.open(cotFile([a, b]));
    const edit = await dataset.edit(1, 'process', 'é');
    const text = cotFile([a, b]);
    expect((await compareWithVersion(dataset, version(text))).changed).toEqual([{ row: 1, before: 1 }]);
    const edited = cotFile([a, { ...b, process: 'é' }]).replace('é', '\\u00e9');
    expect((await compareWithVersion(dataset, version(edited))).changed).toEqual([]);
    await dataset.undo(edit as NonNullable<typeof edit>);
    expect((await compareWithVersion(dataset, version(text))).changed).toEqual([]);
  });

  it('does not count line ends and indentation, but does digits that JSON.parse would drop', async () => {
    const text = cotFile([a, b]);
    const dataset = await files.open(text.replaceAll('\n', '\r\n').replaceAll('  ', '\t'));
    expect(await compareWithVersion(dataset, version(text))).toEqual({ changed: [], added: [], removed: [] });
    const inText = await files.open('[{"a": "b\\" c"}]', 'in-text.json');
    expect((await compareWithVersion(inText, version('[{"a": "b\\"c"}]'))).changed).toHaveLength(1);
    const lines = await files.open('{"n": 12345678901234567890}\r\n{"n": 1}\r\n', 'rows.jsonl');
    const { changed } = await compareWithVersion(lines, version('{"n":12345678901234567891}\n{"n":1}\n'));
    expect(changed).toEqual([{ row: 0, before: 0 }]);
  });

  it('takes every row of both sides once, in order, whatever was changed', async () => {
    const side = fc.array(fc.record({ problem_id: fc.nat(5), process: fc.nat(2) }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(side, side, async (before, now) => {
        const { changed, added, removed } = await compared(before, now);
        const same = now.flatMap((_, row) =>
          added.includes(row) || changed.some((one) => one.row === row) ? [] : [row],
        );
        const gone = new Set([...removed, ...changed].map((one) => one.before));
        const stayed = before.flatMap((row, n) => (gone.has(n) ? [] : [row]));
        expect(stayed).toEqual(same.map((row) => now[row]));
        for (const { row, before: place } of changed) {
          expect(now[row]?.problem_id).toBe(before[place]?.problem_id);
          expect(now[row]).not.toEqual(before[place]);
        }
        expect(new Set(changed.map((one) => one.before)).size).toBe(changed.length);
      }),
      { numRuns: 300 },
    );
  });

  it('tells how far it is, once in a while', async () => {
    const many = cotFile(Array.from({ length: 3000 }, (_, n) => cotRow(n, 'long '.repeat(100))));
    const shares: number[] = [];
    const bytes = inPieces(many, 100_000);
    const dataset = await files.open(many);
    await compareWithVersion(dataset, { name: 'HEAD', bytes }, { onProgress: (share) => shares.push(share) });
    expect(shares).toEqual(shares.toSorted((one, two) => one - two));
    expect([shares.length > 3, shares.length < 20, shares.at(-1)]).toEqual([true, true, 1]);
  });

  it('says where either side stops being rows, and can be given up', async () => {
    const dataset = await files.open(cotFile([a, b]));
    const error = await refusal(compareWithVersion(dataset, version('[{"a": 1} {"a": 2}]')));
    expect([error.kind, error.place]).toEqual(['bad-dataset', 'HEAD:rows.json:1']);
    const broken = await files.open('[{"a": 1} {"a": 2}]', 'broken.json');
    expect((await refusal(compareWithVersion(broken, version('[{"a": 1}]')))).place).toBe(
      `${files.at('broken.json')}:1`,
    );
    const signal = AbortSignal.abort(new Error('given up'));
    await expect(compareWithVersion(dataset, version(cotFile([a])), { signal })).rejects.toThrow('given up');
  });

  it('reads what git shows', async () => {
    const git = (...given: string[]) =>
      promisify(execFile)('git', ['-C', files.folder, '-c', 'user.name=a', '-c', 'user.email=a@b.c', ...given]);
    const dataset = await files.open(cotFile([a, b, c]), 'tracked.json');
    await git('init', '-q');
    await git('add', 'tracked.json');
    await git('commit', '-qm', 'rows');
    await dataset.edit(1, 'solution', 'changed');
    await dataset.save();
    const shown = () => spawn('git', ['-C', files.folder, 'show', 'HEAD:tracked.json']).stdout;
    const { changed } = await compareWithVersion(dataset, { name: 'HEAD:tracked.json', bytes: shown() });
    expect(changed).toEqual([{ row: 1, before: 1 }]);
    const rows = await readVersionRows({ name: 'HEAD:tracked.json', bytes: shown() }, [1]);
    expect([...rows]).toMatchObject([[1, { value: b, fault: null }]]);
  });
});

describe('readVersionRows', () => {
  it('gives the rows that are asked for, with their places, and leaves the stream when it has them', async () => {
    const text = cotFile([a, b, c, d]);
    let given = 0;
    let isLeft = false;
    async function* bytes() {
      try {
        for await (const piece of inPieces(text)) {
          given += piece.length;
          yield piece;
        }
      } finally {
        isLeft = true;
      }
    }
    const rows = await readVersionRows({ name: 'HEAD:rows.json', bytes: bytes() }, [2, 0]);
    expect([...rows.keys()]).toEqual([0, 2]);
    for (const [row, { bytes: found, offset, line, value }] of rows as Map<
      number,
      { bytes: Buffer; offset: number; line: number; value: unknown }
    >) {
      expect([value, text.slice(offset, offset + found.length)]).toEqual([[a, b, c, d][row], found.toString()]);
      expect(line).toBe(text.slice(0, offset).split('\n').length);
    }
    expect([isLeft, given < text.length]).toEqual([true, true]);
    expect((await readVersionRows(version(text), [9])).size).toBe(0);
  });
});
