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
