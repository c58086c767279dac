import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { textHash } from '../../trainer/annotations/label-files.ts';
import { LabelFolder } from '../../trainer/annotations/label-folder.ts';
import { appendEntries } from '../../trainer/annotations/label-writer.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import type { Item } from '../../trainer/protocol/annotations/entries.ts';
import type { DatasetRow } from '../../trainer/protocol/dataset.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { type RunPlan, writePlan } from '../../trainer/runs/plan.ts';
import { ProjectPaths, runsFolder } from '../../trainer/runs/project-paths.ts';
import { heedingOf } from '../../trainer/runs/said-of-dataset.ts';
import { signal, temporaryProject } from '../annotations/projects.ts';
import { ann, itemEntry, verdictOf } from '../protocol/annotations/made-entries.ts';

const question = 'What color is it?';
const picture = './media/0001.png';
const hash = textHash('red');

/** A project with datasets in two folders and above them, and a run on the second folder's. */
async function project() {
  const folder = temporaryProject();
  for (const name of ['data/rl.json', 'data/unseen.json', 'old/b.json', 'all.json']) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), '[]');
  }
  const paths = new ProjectPaths(folder);
  const run = path.join(runsFolder(folder), 'old-1');
  mkdirSync(run, { recursive: true });
  await writePlan(run, {
    ...{ name: 'old', method: 'tgrpo', preset: 'sample', promptTemplate: null, seed: 1, sourceWeights: null },
    ...{ allowedRoots: [], paths, runFile: path.join(folder, 'old.run.json'), model: { checkpoint: folder } },
    dataset: path.join(folder, 'old/b.json'),
    evaluationDataset: path.join(folder, 'data/unseen.json'),
    engine: { name: 'tfjs', backend: 'wasm', threads: 1 },
  } as RunPlan);
  return { folder, plan: { dataset: path.join(folder, 'data/rl.json'), paths } };
}

const row = (dataset: string): Item => ({ kind: 'row', dataset, row: '1', hash });
const rollout = (run: string, id: string): Item => ({ kind: 'rollout', run, rollout: id, hash });

/** Whether training on `data/rl.json` leaves out a question of the picture where an item with this path is dropped. */
async function isHeeded(item: Item, named: string): Promise<boolean> {
  const { folder, plan } = await project();
  const described = itemEntry(ann, 1, { item, text: 'red', question, options: [], media: [named] });
  await appendEntries(folder, [described, verdictOf(ann, 2, 'drop', { item })], signal);
  const parameters = { ...presetParameters('sample', 'tgrpo'), leaveOutDropped: true };
  const heeding = heedingOf(plan, { method: 'tgrpo', parameters } as RunSummary);
  const subject = heeding.subjectOf({ problem: question, options: [] as string[], path: picture } as DatasetRow);
  const { labels, troubles } = await heeding.said(await LabelFolder.open(folder, { signal }), {} as never);
  expect([labels.map(({ state }) => state), troubles]).toEqual([['leftOut'], []]);
  return labels[0]?.hash === subject?.hash;
}

describe('a label reaches a question of reinforcement learning', () => {
  it.each([
    ['of a row of the same dataset', row('data/rl.json'), picture],
    ['however the path is written', row('data/rl.json'), 'media/0001.png'],
    ['of a row of a dataset that names the same file from another folder', row('all.json'), 'data/media/0001.png'],
    ['of a row of a dataset in the same folder that is gone', row('data/gone.json'), picture],
    ['of an evaluation’s answer whose dataset is in the same folder', rollout('old-1', 'e0-0-1-o0'), picture],
    ['of an answer of a run that is not here, by the path alone', rollout('gone-1', 's1-2-o0'), picture],
    ['of an answer of a run whose name is no folder’s', rollout('../runs/old-1', 's1-2-o0'), picture],
  ])('%s', async (_, item, named) => {
    expect(await isHeeded(item, named)).toBe(true);
  });
});

describe('a label does not reach a question of another picture', () => {
  it.each([
    ['that has the same path in another folder’s dataset', row('old/b.json'), picture],
    ['that has it in the dataset of another run', rollout('old-1', 's1-2-o0'), picture],
    ['that has it in a dataset above', row('all.json'), picture],
  ])('%s', async (_, item, named) => {
    expect(await isHeeded(item, named)).toBe(false);
  });
});
