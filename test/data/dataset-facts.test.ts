/** What a run's files say before it starts: counted by hand on a few rows. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Dataset, openDataset } from '../../trainer/data/dataset.ts';
import { datasetFacts } from '../../trainer/data/dataset-facts.ts';
import { leakBetween } from '../../trainer/data/leak.ts';

const row = (problem: string, named: string, given: object = {}) => ({
  ...{ problem_id: 1, problem, data_type: 'video', problem_type: 'numerical', options: [], data_source: 's' },
  ...{ solution: '<answer>1</answer>', path: named },
  ...given,
});

async function opened(folder: string, name: string, rows: readonly object[]): Promise<Dataset> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), JSON.stringify(rows));
  const dataset = await openDataset(path.join(folder, name));
  onTestFinished(() => dataset.dispose());
  return dataset;
}

function scratch(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-facts-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const never = new AbortController().signal;

test('rows that no answer is paid for are counted among those that are trained on', async () => {
  const dataset = await opened(scratch(), 'rl.json', [
    row('How long?', './a.mp4'),
    row('What?', './b.mp4', { problem_type: 'free-form', solution: '<answer>开门</answer>' }),
    row('Which share?', './c.png', { data_type: 'image', problem_type: 'regression', solution: '<answer>0</answer>' }),
  ]);
  expect(await datasetFacts(dataset, [0, 1, 2], never)).toEqual({
    ...{ rows: 3, videos: 2, neverPaid: 2 },
  });
  expect(await datasetFacts(dataset, [0], never)).toEqual({ rows: 1, videos: 1, neverPaid: 0 });
});

test('a question is the same by problem, options and path, in a copy elsewhere too; a medium by where it lies', async () => {
  const folder = scratch();
  const asked = [row('How long?', './a.mp4'), row('How many?', './b.mp4'), row('How far?', './c.mp4')];
  const dataset = await opened(folder, 'rl.json', asked);
  const beside = await opened(folder, 'eval.json', [
    ...[asked[0] as object, row('How many more?', 'b.mp4'), row('How far?', './d.mp4')],
  ]);
  const rows = [0, 1, 2];
  expect(await leakBetween(dataset, rows, beside, never)).toMatchObject({
    ...{ rows: 3, sameQuestion: 1, sameMedium: 2 },
  });
  // The row that is not trained on is an unseen question.
  expect(await leakBetween(dataset, [2], beside, never)).toMatchObject({
    sameQuestion: 0,
    sameMedium: 0,
  });
  const copy = await opened(path.join(folder, 'copy'), 'rl.json', asked);
  expect(await leakBetween(dataset, rows, copy, never)).toMatchObject({
    ...{ rows: 3, sameQuestion: 3, sameMedium: 0 },
  });
  expect(await leakBetween(dataset, rows, dataset, never)).toMatchObject({
    ...{ rows: 3, sameQuestion: 3, sameMedium: 3 },
  });
});

test('a long file is given up when nobody waits for it', async () => {
  const dataset = await opened(
    scratch(),
    'rl.json',
    Array.from({ length: 501 }, (_, i) => row(`Question ${i}?`, './a.mp4')),
  );
  await expect(datasetFacts(dataset, [...Array(501).keys()], AbortSignal.abort(new Error('over')))).rejects.toThrow(
    'over',
  );
});

test('a medium is the same under another name, and in the rows of two tables; the first places are named', async () => {
  const folder = scratch();
  for (const [name, content] of Object.entries({ 'a.mp4': 'one', 'copy.mp4': 'one', 'b.mp4': 'two' }))
    writeFileSync(path.join(folder, name), content);
  const dataset = await opened(folder, 'rl.json', [row('How long?', './a.mp4'), row('How many?', './a.mp4')]);
  const evaluation = await opened(folder, 'eval.json', [
    ...[row('How long?', './b.mp4'), row('How many?', './copy.mp4'), row('How far?', './copy.mp4')],
  ]);
  expect(await leakBetween(dataset, [0, 1], evaluation, never)).toEqual({
    ...{ rows: 3, sameMedium: 2, sameQuestion: 1 },
    examples: [2, 3].map((number) => `${evaluation.file}:1, row ${number} and ${dataset.file}:1`),
  });
  const tables = path.resolve(import.meta.dirname, '../fixtures/tables');
  const [saved, parquet] = await Promise.all(
    ['pictures-on-disk', 'pictures.parquet'].map((name) => openDataset(path.join(tables, name))),
  );
  // Of the Parquet file only the first row has its picture in it; all three are one picture on disk.
  expect(await leakBetween(saved as Dataset, [1], parquet as Dataset, never)).toMatchObject({
    ...{ rows: 3, sameMedium: 1, sameQuestion: 0 },
  });
  saved?.dispose();
  parquet?.dispose();
});
