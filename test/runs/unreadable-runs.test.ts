import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type RunPlan, writePlan } from '../../trainer/runs/plan.ts';
import { Trainer } from '../../trainer/runs/trainer.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from '../store/folders.ts';
import { aRun } from '../store/records.ts';

const plan: RunPlan = {
  version: 1,
  name: 'tgrpo',
  method: 'tgrpo',
  preset: 'sample',
  dataset: '/data/rl.json',
  evaluationDataset: null,
  promptTemplate: null,
  runFile: '/data/tgrpo.run.json',
  model: { checkpoint: '/data/checkpoint' },
  engine: { name: 'tfjs', backend: 'wasm', threads: 1 },
  seed: 1,
  sourceWeights: null,
};

test('a run that can not be opened is named with what is in its way, the others open, and it can be deleted', async () => {
  const projectFolder = temporaryFolder();
  const runs = path.join(projectFolder, '.video-r1', 'runs');
  for (const id of ['good', 'broken']) {
    mkdirSync(path.join(runs, id), { recursive: true });
    await writePlan(path.join(runs, id), plan);
    RunStore.create(path.join(runs, id), aRun({ id, state: 'stopped' })).dispose();
  }
  mkdirSync(path.join(runs, 'without-plan'));
  writeFileSync(path.join(runs, 'broken', storeFile), 'harm');
  writeFileSync(path.join(runs, '.DS_Store'), '');
  const lines: string[] = [];
  const trainer = await Trainer.open({
    projectFolder,
    version: '1.0.0',
    createEngine: () => Promise.reject(new Error('Nothing computes here.')),
    log: (line) => lines.push(line),
  });
  onTestFinished(() => trainer.shutdown());

  expect(trainer.runs().map(({ id }) => id)).toEqual(['good']);
  expect(trainer.unreadable()).toEqual([
    {
      id: 'broken',
      message: 'This file is not a database.',
      place: path.join(runs, 'broken', storeFile),
      remedy: expect.stringMatching(/delete the run/),
    },
    expect.objectContaining({ id: 'without-plan', message: expect.stringMatching(/plan\.json/) }),
  ]);
  expect(lines).toHaveLength(2);

  await trainer.delete('broken');
  expect(trainer.unreadable().map(({ id }) => id)).toEqual(['without-plan']);
  expect(existsSync(path.join(runs, 'broken'))).toBe(false);
  await expect(trainer.delete('../runs/good')).rejects.toMatchObject({ kind: 'not-found' });
});
