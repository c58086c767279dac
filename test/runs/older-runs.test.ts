/** A run of an older version is there at once, and indexed anew in the background. */
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sumsOf } from '../../trainer/protocol/step-counts.ts';
import { writePlan } from '../../trainer/runs/plan.ts';
import { ProjectPaths } from '../../trainer/runs/project-paths.ts';
import { Trainer } from '../../trainer/runs/trainer.ts';
import { storeFile } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from '../store/folders.ts';

test('a run of an older version is listed at once, found by every word when it has been indexed, and counted by step', async () => {
  const projectFolder = temporaryFolder();
  const folder = path.join(projectFolder, '.video-r1', 'runs', 'old-1');
  mkdirSync(folder, { recursive: true });
  await writePlan(folder, {
    name: 'old',
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
    allowedRoots: [],
    paths: new ProjectPaths(projectFolder),
  });
  copyFileSync(path.join(import.meta.dirname, '../fixtures/store-schema-1.db'), path.join(folder, storeFile));
  const trainer = await Trainer.open({
    projectFolder,
    version: '1.0.0',
    createEngine: () => Promise.reject(new Error('Nothing computes here.')),
    log: () => {},
  });
  onTestFinished(() => trainer.shutdown());
  const { promise: indexed, resolve } = Promise.withResolvers<void>();
  trainer.listen({
    onEvent: () => {},
    onSampling: () => {},
    onRunsChanged: () => trainer.store('old-1').countedShare() === 1 && resolve(),
  });
  expect(trainer.runs().map(({ id }) => id)).toEqual(['old-1']);
  expect(trainer.store('old-1').filledShare()).toBeLessThan(1);
  await indexed;
  expect(trainer.store('old-1').filledShare()).toBe(1);
  const { counts, counted } = trainer.store('old-1').counts();
  expect(counted).toBe(1);
  const groups = counts.flatMap((own) => [...sumsOf(own, 'groups')]).reduce((sum, count) => sum + count, 0);
  expect(groups).toBe([...trainer.store('old-1').groups()].length);
});
