import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDataset } from '../../trainer/data/dataset-check.ts';
import { chooseGroups, type SplitOptions, splitDataset } from '../../trainer/data/split.ts';

let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-split-'));
  await mkdir(at('clips'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Row = { problem_id: number; path: string; [key: string]: unknown };
const row = (problem_id: number, name: string, change: Record<string, unknown> = {}): Row => ({
  problem_id,
  problem: 'How many?',
  data_type: 'video',
  problem_type: 'numerical',
  options: [],
  solution: '<answer>3</answer>',
  path: name,
  data_source: 'test',
  ...change,
});
const options = (change: Partial<SplitOptions> = {}): SplitOptions => ({
  evaluationShare: 0.3,
  seed: 1,
  replace: true,
  ...change,
});
const readRows = async (file: string): Promise<Row[]> => {
  const text = await readFile(file, 'utf8');
  return file.endsWith('l')
    ? text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Row)
    : (JSON.parse(text) as Row[]);
};
const write = (name: string, rows: readonly Row[]) =>
  writeFile(
    at(name),
    name.endsWith('l') ? rows.map((one) => JSON.stringify(one)).join('\n') : JSON.stringify(rows, null, 1),
  );

describe('splitDataset', () => {
  it('puts every row on one side, in its order, and no video on both, whatever leads to it', async () => {
    for (let i = 0; i < 20; i++) await writeFile(at('clips', `${i}.mp4`), `clip ${i}`);
    // The same content under another name, the same file through a link, and a chain of both.
    await writeFile(at('clips', 'copy-of-3.mp4'), 'clip 3');
    await symlink(at('clips', '4.mp4'), at('clips', 'link-to-4.mp4'));
    await symlink(at('clips', 'copy-of-3.mp4'), at('clips', 'link-to-copy.mp4'));
    const rows = Array.from({ length: 60 }, (_, i) => row(i, i % 2 ? `./clips/${i % 20}.mp4` : `clips\\${i % 20}.mp4`));
    rows.push(
      row(60, 'clips/copy-of-3.mp4'),
      row(61, 'clips/link-to-4.mp4'),
      row(62, 'clips/../clips/link-to-copy.mp4'),
    );
    const clip = (name: string) =>
      ({ 'copy-of-3': '3', 'link-to-4': '4', 'link-to-copy': '3' })[
        path.posix.basename(name.replaceAll('\\', '/'), '.mp4')
      ] ?? path.posix.basename(name.replaceAll('\\', '/'), '.mp4');
    await write('all.json', rows);
    for (let seed = 0; seed < 10; seed++) {
      const summary = await splitDataset(at('all.json'), options({ seed }));
      const [train, evaluation] = [await readRows(at('all.train.json')), await readRows(at('all.eval.json'))];
      expect(summary).toMatchObject({ groups: 20, largestGroup: 5, sameContent: 1, withoutMedia: 0, leftOut: 0 });
      const ids = (part: Row[]) => part.map(({ problem_id }) => problem_id);
      expect([...ids(train), ...ids(evaluation)].sort((a, b) => a - b)).toEqual(ids(rows));
      for (const part of [train, evaluation]) expect(ids(part)).toEqual([...ids(part)].sort((a, b) => a - b));
      const trained = new Set(train.map((one) => clip(one.path)));
      expect(evaluation.filter((one) => trained.has(clip(one.path)))).toEqual([]);
      expect(Math.abs(evaluation.length - 0.3 * rows.length)).toBeLessThan(3);
      const leaks = await checkDataset(at('all.train.json'), { against: at('all.eval.json') });
      expect(leaks.errors).toBe(0);
    }
  });

  it('keeps the share of each source and type to within one row where rows share nothing', async () => {
    const kinds = [
      { data_source: 'a', problem_type: 'numerical' },
      { data_source: 'a', problem_type: 'OCR' },
      { data_source: 'b', problem_type: 'free-form' },
    ];
    const rows = Array.from({ length: 300 }, (_, i) => row(i, `gone/${i}.mp4`, kinds[i % 7 === 0 ? 2 : i % 2]));
    await write('strata.jsonl', rows);
    const { strata, evaluation, withoutMedia } = await splitDataset(
      at('strata.jsonl'),
      options({ evaluationShare: 0.1 }),
    );
    expect(strata.length).toBe(3);
    for (const stratum of strata) expect(Math.abs(stratum.evaluation - 0.1 * stratum.rows)).toBeLessThan(1);
    expect([evaluation.rows, withoutMedia]).toEqual([30, 300]);
  });

  it('gives the same files for the same seed, and others for another', async () => {
    await write(
      'seed.jsonl',
      Array.from({ length: 40 }, (_, i) => row(i, `gone/${i}.mp4`)),
    );
    const evaluation = async (seed: number) => {
      await splitDataset(at('seed.jsonl'), options({ seed }));
      return readFile(at('seed.eval.jsonl'), 'utf8');
    };
    const first = await evaluation(5);
    expect(await evaluation(5)).toBe(first);
    expect(await evaluation(6)).not.toBe(first);
  });

  it('copies rows as they stand, and leaves those with a fault out and counts them', async () => {
    const odd =
      '{"problem_id" : 12345678901234567890,   "path":"x.mp4","problem":"caf\\u00e9?","data_type":"image", "problem_type":"OCR","solution":"<answer>a</answer>"}';
    const lines = [
      odd,
      ...[1, 2, 3].map((i) => JSON.stringify(row(i, `gone/${i}.mp4`))),
      JSON.stringify(row(4, '../x')),
    ];
    await writeFile(at('odd.jsonl'), lines.join('\r\n'));
    const summary = await splitDataset(at('odd.jsonl'), options({ evaluationShare: 0.5 }));
    expect(summary.leftOut).toBe(1);
    const written = `${await readFile(at('odd.train.jsonl'), 'utf8')}${await readFile(at('odd.eval.jsonl'), 'utf8')}`;
    expect(written.split('\n').slice(0, -1).sort()).toEqual(lines.slice(0, 4).sort());
  });

  it('writes paths anew for a folder above, and refuses one that media do not lie below', async () => {
    await mkdir(at('project/data/clips'), { recursive: true });
    for (const i of [1, 2]) await writeFile(at(`project/data/clips/${i}.mp4`), `clip ${i}`);
    await write('project/data/set.json', [row(1, './clips/1.mp4'), row(2, 'clips\\2.mp4')]);
    await splitDataset(at('project/data/set.json'), options({ evaluationShare: 0.5, out: at('project') }));
    const rows = [...(await readRows(at('project/set.train.json'))), ...(await readRows(at('project/set.eval.json')))];
    expect(rows.map((one) => one.path).sort()).toEqual(['./data/clips/1.mp4', './data/clips/2.mp4']);
    expect(await checkDataset(at('project/set.train.json'))).toMatchObject({ sound: 1, errors: 0 });
    await mkdir(at('elsewhere'));
    await expect(splitDataset(at('project/data/set.json'), options({ out: at('elsewhere') }))).rejects.toMatchObject({
      kind: 'bad-request',
    });
  });

  it('writes over nothing unasked, and leaves nothing behind when it is stopped or can not be done', async () => {
    await mkdir(at('safe'));
    await write('safe/set.jsonl', [row(1, 'a.mp4'), row(2, 'a.mp4')]);
    await write('safe/two.jsonl', [row(1, 'a.mp4'), row(2, 'b.mp4')]);
    const files = await readdir(at('safe'));
    await expect(splitDataset(at('safe/set.jsonl'), options())).rejects.toMatchObject({
      kind: 'bad-dataset',
      message: expect.stringContaining('form 1 groups'),
    });
    await expect(splitDataset(at('safe/two.jsonl'), options({ evaluationShare: 1 }))).rejects.toMatchObject({
      kind: 'bad-request',
    });
    const stop = new AbortController();
    let written = 0;
    const stopped = splitDataset(
      at('safe/two.jsonl'),
      options({
        evaluationShare: 0.5,
        signal: stop.signal,
        // Both files are whole by then, and neither has its name.
        onProgress: (phase) => phase === 'write' && ++written === 2 && stop.abort(),
      }),
    );
    await expect(stopped).rejects.toThrow('abort');
    expect(await readdir(at('safe'))).toEqual(files);
    await writeFile(at('safe/two.eval.jsonl'), 'mine');
    await expect(
      splitDataset(at('safe/two.jsonl'), options({ evaluationShare: 0.5, replace: false })),
    ).rejects.toMatchObject({ kind: 'conflict', place: at('safe/two.eval.jsonl') });
    expect(await readFile(at('safe/two.eval.jsonl'), 'utf8')).toBe('mine');
  });
});

describe('chooseGroups', () => {
  it('gives strata that are too small for a row of their own a row by turns, the larger ones first', () => {
    // Five strata of four rows and twenty of one; a tenth of all is four.
    const stratumOf = Int32Array.from({ length: 40 }, (_, i) => (i < 20 ? i % 5 : i - 15));
    const rows = { groupOf: Int32Array.from({ length: 40 }, (_, i) => i), stratumOf, groups: 40, strata: 25 };
    for (let seed = 0; seed < 20; seed++) {
      const chosen = chooseGroups(rows, 0.1, seed);
      const taken = [...stratumOf].filter((_, i) => chosen[i] === 1);
      expect(taken.length).toBe(4);
      expect(new Set(taken).size).toBe(4);
      expect(Math.max(...taken)).toBeLessThan(5);
    }
  });

  it('comes to within half the largest group of the share of the whole, or leaves only what would overshoot', () => {
    const drawn = fc.record({
      rows: fc.array(fc.tuple(fc.nat(12), fc.nat(3)), { minLength: 1, maxLength: 80 }),
      share: fc.constantFrom(0.05, 0.1, 0.3, 0.5),
      seed: fc.nat(1000),
    });
    fc.assert(
      fc.property(drawn, ({ rows, share, seed }) => {
        const names = [...new Set(rows.map(([group]) => group))];
        const groupOf = Int32Array.from(rows, ([group]) => names.indexOf(group));
        const grouped = { groupOf, stratumOf: Int32Array.from(rows, ([, s]) => s), groups: names.length, strata: 4 };
        const chosen = chooseGroups(grouped, share, seed);
        const sizes = names.map((_, group) => groupOf.filter((one) => one === group).length);
        const taken = groupOf.filter((group) => chosen[group] === 1).length;
        const missing = share * rows.length - taken;
        sizes.forEach((size, group) => {
          if (chosen[group] === 0) expect(Math.abs(missing - size)).toBeGreaterThanOrEqual(Math.abs(missing) - 1e-9);
        });
        expect(chooseGroups(grouped, share, seed)).toEqual(chosen);
      }),
      { numRuns: 1000 },
    );
  });
});
