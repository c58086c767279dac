import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { exportCommand } from '../../trainer/cli/commands/export.ts';
import { recoverCommand } from '../../trainer/cli/commands/recover.ts';
import { writeFileList } from '../../trainer/runs/checkpoint-files.ts';
import { findCheckpoint } from '../../trainer/runs/find-checkpoint.ts';
import { type RunPlan, writePlan } from '../../trainer/runs/plan.ts';
import { ProjectPaths } from '../../trainer/runs/project-paths.ts';
import { Trainer } from '../../trainer/runs/trainer.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from '../store/folders.ts';
import { aRun } from '../store/records.ts';

const plan: RunPlan = {
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
  allowedRoots: [],
  paths: new ProjectPaths('/data'),
};

test('a run that can not be opened is named with what is in its way, the others open, and it can be deleted', async () => {
  const projectFolder = temporaryFolder();
  const runs = path.join(projectFolder, '.video-r1', 'runs');
  for (const id of ['good', 'broken']) {
    mkdirSync(path.join(runs, id), { recursive: true });
    await writePlan(path.join(runs, id), plan);
    RunStore.create(path.join(runs, id), aRun({ id, state: 'stopped' })).dispose();
  }
  cpSync(path.join(runs, 'good'), path.join(runs, 'copy of good'), { recursive: true });
  mkdirSync(path.join(runs, 'without-plan'));
  mkdirSync(path.join(runs, 'torn-plan'));
  writeFileSync(path.join(runs, 'torn-plan', 'plan.json'), '{');
  writeFileSync(path.join(runs, 'broken', storeFile), 'harm');
  writeFileSync(path.join(runs, '.DS_Store'), '');
  const checkpoint = path.join(runs, 'broken', 'checkpoints', 'step-000040');
  mkdirSync(checkpoint, { recursive: true });
  const { parameters } = aRun();
  const state = {
    version: 1,
    run: 'broken',
    name: 'tgrpo',
    method: 'tgrpo',
    step: 40,
    position: 80,
    seed: 1,
    parameters,
  };
  writeFileSync(path.join(checkpoint, 'controller.json'), JSON.stringify(state));
  await writeFileList(checkpoint);
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
      remedy: expect.stringMatching(/delete the run.*weights of step 40 can be used: .*step-000040/),
    },
    {
      id: 'copy of good',
      message: 'This folder holds the run good.',
      place: path.join(runs, 'copy of good'),
      remedy: expect.stringMatching(/move it away/),
    },
    {
      id: 'torn-plan',
      message: expect.stringMatching(/^The run's plan is not JSON: /),
      place: path.join(runs, 'torn-plan', 'plan.json'),
      remedy: expect.stringMatching(/delete the run/),
    },
    {
      id: 'without-plan',
      message: 'The plan of this run is missing.',
      place: path.join(runs, 'without-plan', 'plan.json'),
      remedy: expect.stringMatching(/delete the run/),
    },
  ]);
  expect(lines).toHaveLength(4);

  // Whoever names it is told why, and an older run of its name does not take its place.
  expect(() => trainer.store('broken')).toThrow(
    expect.objectContaining({
      message: "The run broken can't be read. This file is not a database.",
      remedy: expect.stringMatching(/video-r1 recover broken --folder .*weights of step 40/),
    }),
  );
  expect(() => trainer.resumption('torn-plan', undefined)).toThrow(/^The run torn-plan can't be read. The run's plan/);
  expect(() => trainer.store('gone')).toThrow('There is no run gone.');

  await trainer.delete('broken');
  expect(trainer.unreadable().map(({ id }) => id)).not.toContain('broken');
  expect(existsSync(path.join(runs, 'broken'))).toBe(false);
  await expect(trainer.delete('../runs/good')).rejects.toMatchObject({ kind: 'not-found' });
});

test('a folder that was renamed is named where its run is asked for', async () => {
  const projectFolder = temporaryFolder();
  const runs = path.join(projectFolder, '.video-r1', 'runs');
  const folder = path.join(runs, 'old');
  mkdirSync(folder, { recursive: true });
  await writePlan(folder, plan);
  RunStore.create(folder, aRun({ id: 'tgrpo-1', state: 'stopped' })).dispose();
  const trainer = await Trainer.open({
    projectFolder,
    version: '1.0.0',
    createEngine: () => Promise.reject(new Error('Nothing computes here.')),
    log: () => {},
  });
  onTestFinished(() => trainer.shutdown());
  const fault = expect.objectContaining({
    message: 'No folder is called tgrpo-1, but the folder old holds the run tgrpo-1.',
    place: folder,
    remedy: 'Call the folder tgrpo-1 again.',
  });
  expect(() => trainer.store('tgrpo-1')).toThrow(fault);
  await expect(findCheckpoint('tgrpo-1', projectFolder)).rejects.toEqual(fault);
  await expect(exportCommand.run(['tgrpo-1', '--folder', projectFolder])).rejects.toEqual(fault);
  await expect(recoverCommand.run(['tgrpo-1', '--folder', projectFolder])).rejects.toEqual(fault);
});
