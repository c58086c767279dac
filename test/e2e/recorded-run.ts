/** A project with one run that is over: groups of a real T-GRPO run on the sample, with the figures that they had. */
import { mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import type { GroupWithRollouts } from '../../trainer/protocol/records.ts';
import { writePlan } from '../../trainer/runs/plan.ts';
import { ProjectPaths } from '../../trainer/runs/project-paths.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { aRunThat } from '../protocol/every-standing.ts';
import { aGroup, aRollout, someMetrics } from '../store/records.ts';

export const recordedRun = 'recorded-1';

/** The groups of the run, whole: question, media and texts are made up. */
export function recordedGroups(): { groups: GroupWithRollouts[]; parameters: ParameterValues } {
  const fixture = path.resolve(import.meta.dirname, '../fixtures/recorded-groups.json');
  const { groups, parameters } = JSON.parse(readFileSync(fixture, 'utf8')) as {
    groups: GroupWithRollouts[];
    parameters: ParameterValues;
  };
  const whole = groups.map((group) => {
    const { step, rollouts } = group;
    return aGroup(step, {
      ...group,
      rollouts: rollouts.map((rollout) => aRollout({ ...rollout, groupId: group.id, step })),
    });
  });
  return { groups: whole, parameters };
}

export async function projectWithRecordedRun(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'video-r1-recorded-'));
  const runFolder = path.join(folder, '.video-r1', 'runs', recordedRun);
  mkdirSync(runFolder, { recursive: true });
  await writePlan(runFolder, {
    name: 'recorded',
    method: 'tgrpo',
    preset: 'sample',
    dataset: path.join(folder, 'rl.json'),
    evaluationDataset: null,
    promptTemplate: null,
    runFile: path.join(folder, 'tgrpo.run.json'),
    model: { checkpoint: path.join(folder, 'checkpoint') },
    engine: { name: 'tfjs', backend: 'wasm', threads: 1 },
    seed: 1,
    sourceWeights: null,
    allowedRoots: [],
    paths: new ProjectPaths(folder),
  });
  const { groups, parameters } = recordedGroups();
  const last = Math.max(...groups.map(({ step }) => step));
  const store = RunStore.create(
    runFolder,
    aRunThat(
      { state: 'completed' },
      { id: recordedRun, name: 'recorded', step: last, steps: last, parameters, evaluationDataset: null },
    ),
  );
  for (let step = 0; step <= last; step++) {
    const own = groups.filter((group) => group.step === step);
    store.appendAll(own.map((group) => ({ type: 'group', group })));
    if (step > 0) store.append({ type: 'step', metrics: someMetrics(step) });
  }
  store.dispose();
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) };
}
