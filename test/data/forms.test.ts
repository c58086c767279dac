/** Every form of a dataset gives the same rows; what is no dataset is called by its name. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dataset, openDataset } from '../../trainer/data/dataset.ts';
import { checkDataset } from '../../trainer/data/dataset-check.ts';
import { splitDataset } from '../../trainer/data/split.ts';
import { jsonOf } from '../../trainer/protocol/json.ts';

const tables = path.resolve(import.meta.dirname, '../fixtures/tables');
/** What test/fidelity/tables.py calls PNG: the picture in its rows. */
const pixel = Buffer.from(
  '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f00050001ff56c72f0d0000000049454e44ae426082',
  'hex',
);

let folder: string;
const opened: Dataset[] = [];
const at = (...names: string[]) => path.join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-forms-'));
});
afterAll(async () => {
  for (const dataset of opened) dataset.dispose();
  await rm(folder, { recursive: true, force: true });
});
const open = async (file: string) => {
  const dataset = await openDataset(file);
  opened.push(dataset);
  return dataset;
};
const refusal = (file: string) =>
  openDataset(file).then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );

/** Row `i` as tables.py makes it, read from the file that it names. */
const made = (i: number) => ({
  problem_id: String(9007199254740993n + 2n * BigInt(i)),
  problem: `Which way? ${i} ü 北`,
  data_type: 'video',
  problem_type: 'multiple choice',
  options: ['A. Left', 'B. Right'],
  solution: '<answer>A</answer>',
  path: `./clips/${i}.mp4`,
  data_source: 'made',
  ...(i % 2 ? {} : { process: '<think>Left.</think>' }),
});
const rowsOf = (dataset: Dataset) => Array.from({ length: dataset.count }, (_, i) => dataset.row(i));

describe('a Parquet dataset', () => {
  it.each(['none', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4', 'pages-2', 'struct-options'])(
    'gives the rows that pyarrow wrote: %s',
    async (name) => {
      const dataset = await open(path.join(tables, `${name}.parquet`));
      expect(rowsOf(dataset)).toEqual([0, 1, 2].map(made));
      expect([dataset.form, dataset.faults, dataset.hasProcess(0), dataset.hasProcess(1)]).toEqual([
        'table',
        [],
        true,
        false,
      ]);
      expect(dataset.place(1)).toBe(`${path.join(tables, `${name}.parquet`)}, row 2`);
      expect(dataset.question(1)).toMatchObject({ problemId: '9007199254740995', row: 1, fileRow: 2 });
    },
  );

  it('keeps unsigned ids, large strings and categories', async () => {
    const dataset = await open(path.join(tables, 'wide-ids.parquet'));
    expect(rowsOf(dataset).map((row) => row.problem_id)).toEqual([
      '18446744073709551615',
      '18446744073709551614',
      '18446744073709551613',
    ]);
    expect(dataset.row(0)).toEqual({ ...made(0), problem_id: '18446744073709551615' });
  });

  it('is refused with its reason when it is cut off', async () => {
    const whole = await readFile(path.join(tables, 'snappy.parquet'));
    await writeFile(at('cut.parquet'), whole.subarray(0, 3000));
    expect(await refusal(at('cut.parquet'))).toMatchObject({
      kind: 'bad-dataset',
      message: expect.stringMatching(/^The Parquet file can't be read: /),
      place: at('cut.parquet'),
    });
  });
});

describe('media in the rows themselves', () => {
  it.each(['pictures.parquet', 'pictures-on-disk'])('are given as files with their bytes: %s', async (name) => {
    const dataset = await open(path.join(tables, name));
    expect(rowsOf(dataset).map((row) => row.problem_type)).toEqual(Array(3).fill('multiple choice'));
    const file = await dataset.medium(0);
    expect(await readFile(file)).toEqual(pixel);
    expect(await dataset.embeddedContent(0)).toBe(createHash('sha256').update(pixel).digest('hex'));
    dataset.dispose();
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });

  it('are looked for under their path where there are no bytes', async () => {
    await mkdir(at('clips'));
    await writeFile(at('clips', 'dog.png'), 'dog');
    await writeFile(at('pictures.parquet'), await readFile(path.join(tables, 'pictures.parquet')));
    const dataset = await open(at('pictures.parquet'));
    expect(await readFile(await dataset.medium(1), 'utf8')).toBe('dog');
    await expect(dataset.medium(2)).rejects.toThrow('clips/elk.png is not there');
  });

  it('keep rows of equal content together in a split, which has them as files', async () => {
    await writeFile(at('copy.jsonl'), '');
    const saved = at('saved');
    await mkdir(saved);
    for (const name of ['dataset_info.json', 'state.json', 'data-00000-of-00001.arrow'])
      await writeFile(path.join(saved, name), await readFile(path.join(tables, 'pictures-on-disk', name)));
    await expect(splitDataset(saved, { evaluationShare: 0.4, seed: 1 })).rejects.toThrow(
      'form 1 groups that share no video or image',
    );
  });
});

describe('a folder', () => {
  it('may be a snapshot of the Hub with shards, named with its split or without', async () => {
    for (const named of ['snapshot', 'snapshot/train']) {
      const dataset = await open(path.join(tables, named));
      expect(rowsOf(dataset)).toEqual([0, 1, 2, 3].map(made));
      expect(dataset.place(2)).toBe(
        `${path.join(tables, 'snapshot/data/train-00001-of-00002.parquet')}, row 1 (row 3 of the dataset)`,
      );
      expect(dataset.folder).toBe(path.join(tables, 'snapshot'));
    }
    expect(await refusal(path.join(tables, 'snapshot/test'))).toMatchObject({
      kind: 'not-found',
      remedy: expect.stringContaining('Beside it there are train'),
    });
  });

  it('may be Hugging Face’s cache, whose files are links', async () => {
    const revision = at('datasets--me--made', 'snapshots', 'abc123');
    await mkdir(path.join(revision, 'data'), { recursive: true });
    await mkdir(at('datasets--me--made', 'refs'), { recursive: true });
    await writeFile(at('datasets--me--made', 'refs', 'main'), 'abc123');
    for (const shard of ['train-00000-of-00002.parquet', 'train-00001-of-00002.parquet'])
      await symlink(path.join(tables, 'snapshot/data', shard), path.join(revision, 'data', shard));
    expect((await open(at('datasets--me--made'))).count).toBe(4);
    await rm(path.join(revision, 'data', 'train-00001-of-00002.parquet'));
    expect(await refusal(revision)).toMatchObject({
      message: 'The split train has 2 files, and 1 of them are not there: number 1.',
    });
  });

  it('may be what save_to_disk wrote, of which several splits are named', async () => {
    expect(rowsOf(await open(path.join(tables, 'on-disk')))).toEqual([0, 1, 2, 3].map(made));
    const splits = path.join(tables, 'splits-on-disk');
    expect(await refusal(splits)).toMatchObject({
      message: 'The folder holds several datasets: train, test.',
      remedy: `Name one of them: ${splits}/train, ${splits}/test.`,
    });
    expect((await open(path.join(splits, 'test'))).count).toBe(1);
  });
});

describe('JSON', () => {
  const lines = [0, 1].map((i) => JSON.stringify({ ...made(i), problem_id: i })).join('\n');

  it.each([
    ['lines in gzip', gzipSync(lines)],
    ['lines in gzip with a byte order mark', gzipSync(`\ufeff${lines}\r\n\r\n`)],
    ['an array in gzip', gzipSync(`[${lines.replace('\n', ',\n')}]`)],
    [
      'objects over several lines',
      lines
        .split('\n')
        .map((one) => JSON.stringify(JSON.parse(one), null, 2))
        .join('\n'),
    ],
  ])('is read as %s, whatever the file is called', async (_, bytes) => {
    await writeFile(at('rows.bin'), bytes);
    const dataset = await open(at('rows.bin'));
    expect(rowsOf(dataset)).toEqual([0, 1].map((i) => ({ ...made(i), problem_id: i })));
  });

  it('may be one object, over several lines', async () => {
    await writeFile(at('one.json'), JSON.stringify(made(0), null, 2));
    expect((await open(at('one.json'))).count).toBe(1);
    await writeFile(at('one.json'), JSON.stringify(made(0), null, 2).slice(0, -2));
    expect(await refusal(at('one.json'))).toMatchObject({ message: expect.stringContaining('in the middle of row 1') });
  });

  it('says of gzip that it was cut off, and how far', async () => {
    const packed = gzipSync(Array(5000).fill(lines).join('\n'));
    await writeFile(at('cut.gz'), packed.subarray(0, packed.length - 200));
    expect(await refusal(at('cut.gz'))).toMatchObject({
      message: expect.stringMatching(/^The gzip file is damaged or cut off after \d+ whole rows\.$/),
    });
  });

  it('keeps ids beyond 2^53 as they are written: four different ones are no repeated id', async () => {
    const ids = ['9007199254740993', '9007199254740995', '9007199254740997', '9007199254740999'];
    await writeFile(
      at('ids.json'),
      `[${ids.map((id) => JSON.stringify({ ...made(0), problem: id }).replace(/"problem_id":"\d+"/, `"problem_id": ${id}`)).join(',\n')}]`,
    );
    const dataset = await open(at('ids.json'));
    expect([0, 1, 2, 3].map((i) => dataset.question(i).problemId)).toEqual(ids);
    const report = await checkDataset(at('ids.json'));
    expect(report.findings.filter(({ kind }) => kind === 'repeated-id')).toEqual([]);
  });

  it('has a byte order mark passed over in every file, and UTF-16 named', () => {
    expect(jsonOf('\ufeff{"a": 1}')).toEqual({ a: 1 });
    expect(() => jsonOf(Buffer.from('\ufeff{"a": 1}', 'utf16le').toString('utf8'))).toThrow('UTF-16');
  });
});

it.each([
  [
    'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
    'a Git LFS pointer, not the file it stands for',
    'git lfs pull',
  ],
  ['<!DOCTYPE html><html></html>', 'an HTML page', 'Download'],
  ['PK\x03\x04', 'a zip archive', 'Unpack'],
  [Buffer.concat([Buffer.from('a.json'), Buffer.alloc(251), Buffer.from('ustar\0')]), 'a tar archive', 'Unpack'],
  [
    gzipSync(Buffer.concat([Buffer.from('a.json'), Buffer.alloc(251), Buffer.from('ustar\0')])),
    'a tar archive',
    'Unpack',
  ],
  ['problem_id,problem,solution\n1,What?,A\n', 'CSV', 'JSONL or Parquet'],
  ['problem_id\tproblem\tsolution\n1\tWhat?\tA\n', 'TSV', 'JSONL or Parquet'],
  ['\x80\x04\x95', 'a Python pickle, which can run code when it is read and is not opened', 'JSONL'],
  ['(\xb5/\xfd', 'compressed with zstd, which is read inside Parquet alone', 'unzstd'],
])('calls by its name what is no dataset', async (bytes, what, remedy) => {
  await writeFile(at('foreign.json'), typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  expect(await refusal(at('foreign.json'))).toMatchObject({
    kind: 'bad-dataset',
    message: `This is ${what}.`,
    remedy: expect.stringContaining(remedy),
  });
});

describe('check and split of tables', () => {
  const bytesOf = (name: string) => readFile(path.join(tables, name));

  it('name rows by file and number, and media in them by content', async () => {
    const file = path.join(tables, 'pictures-on-disk');
    const report = await checkDataset(file, { compareContent: true, against: path.join(tables, 'pictures.parquet') });
    const shard = path.join(file, 'data-00000-of-00001.arrow');
    expect(report).toMatchObject({ form: 'table', rows: 3, refused: false });
    expect(report.findings.map(({ kind, line, row, place }) => [kind, line, row, place])).toEqual([
      ['leak', null, 1, `${shard}, row 1`],
      ['same-medium', null, 2, `${shard}, row 2`],
      ['leak', null, 2, `${shard}, row 2`],
      ['same-medium', null, 3, `${shard}, row 3`],
      ['leak', null, 3, `${shard}, row 3`],
    ]);
    const missing = await checkDataset(path.join(tables, 'snapshot'));
    expect(missing.findings.map(({ kind, row }) => [kind, row])).toEqual(
      [1, 2, 3, 4].map((row) => ['media-missing', row]),
    );
    expect(missing.findings[2]?.place).toMatch(/train-00001-of-00002\.parquet, row 1 \(row 3 of the dataset\)$/);
  });

  it('write rows as JSONL with their ids, and the media that lie in them as files', async () => {
    const out = at('split');
    await mkdir(out);
    await writeFile(path.join(out, 'snap.parquet'), await bytesOf('zstd.parquet'));
    const made3 = await splitDataset(path.join(out, 'snap.parquet'), { evaluationShare: 0.3, seed: 1 });
    expect([made3.train, made3.evaluation]).toEqual([
      { file: path.join(out, 'snap.train.jsonl'), rows: 2 },
      { file: path.join(out, 'snap.eval.jsonl'), rows: 1 },
    ]);
    const text = (await readFile(made3.train.file, 'utf8')) + (await readFile(made3.evaluation.file, 'utf8'));
    expect([...text.matchAll(/"problem_id": (\d+)/g)].map(([, id]) => id).sort()).toEqual(
      [0, 1, 2].map((i) => made(i).problem_id),
    );
    await writeFile(path.join(out, 'pictures.parquet'), await bytesOf('pictures.parquet'));
    const pictured = await splitDataset(path.join(out, 'pictures.parquet'), { evaluationShare: 0.4, seed: 1 });
    expect(pictured.train.rows + pictured.evaluation.rows).toBe(3);
    const paths: string[] = [];
    for (const { file } of [pictured.train, pictured.evaluation]) {
      const side = await open(file);
      paths.push(...rowsOf(side).map((row) => row.path));
    }
    const hash = createHash('sha256').update(pixel).digest('hex');
    expect(paths).toContain(`./pictures.media/${hash}.png`);
    expect(await readFile(path.join(out, 'pictures.media', `${hash}.png`))).toEqual(pixel);
  });
});
