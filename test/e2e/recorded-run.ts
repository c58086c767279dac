/** Projects with runs that are over: one of a real T-GRPO run on the sample, with the figures that it had, or given ones. */
import { mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MaskedAnswers } from '../../trainer/protocol/masked-answers.ts';
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import type {
  Evaluation,
  GroupWithRollouts,
  Rollout,
  RolloutTokens,
  RunEventBody,
  StepMetrics,
} from '../../trainer/protocol/records.ts';
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

export interface RunThatIsOver {
  readonly id: string;
  readonly groups: readonly GroupWithRollouts[];
  readonly parameters: ParameterValues;
  readonly evaluations?: readonly Evaluation[];
  readonly seed?: number;
  readonly tokensOf?: (rollout: Rollout) => RolloutTokens;
  /** What was left out of updates. */
  readonly masked?: readonly MaskedAnswers[];
  /** Steps that were done; those of the groups without it. */
  readonly steps?: number;
  /** Numbers of a step that are not those of all. */
  readonly metricsOf?: (step: number) => Partial<StepMetrics>;
  /** What else is recorded of a step, before its numbers. */
  readonly also?: (step: number) => readonly RunEventBody[];
}

/** A project with runs that are over, each with its groups step by step, as if it had been trained. */
export async function projectWithRuns(
  runs: readonly RunThatIsOver[],
): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'video-r1-recorded-'));
  for (const run of runs) await recordRun(folder, run);
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

async function recordRun(folder: string, run: RunThatIsOver): Promise<void> {
  const { id, groups, parameters, evaluations = [], seed = 1, tokensOf, masked = [], metricsOf, also } = run;
  const runFolder = path.join(folder, '.video-r1', 'runs', id);
  const name = id.replace(/-\d+$/, '');
  mkdirSync(runFolder, { recursive: true });
  await writePlan(runFolder, {
    name,
    method: 'tgrpo',
    preset: 'sample',
    dataset: path.join(folder, 'rl.json'),
    evaluationDataset: null,
    promptTemplate: null,
    runFile: path.join(folder, 'tgrpo.run.json'),
    model: { checkpoint: path.join(folder, 'checkpoint') },
    engine: { name: 'tfjs', backend: 'wasm', threads: 1 },
    seed,
    sourceWeights: null,
    allowedRoots: [],
    paths: new ProjectPaths(folder),
  });
  const last = run.steps ?? Math.max(...groups.map(({ step }) => step));
  const store = RunStore.create(
    runFolder,
    aRunThat({ state: 'completed' }, { id, name, step: last, steps: last, parameters, evaluationDataset: null }),
  );
  /* Many steps are stored in few goes. */
  const waiting: RunEventBody[] = [];
  const flush = () => store.appendAll(waiting.splice(0));
  for (let step = 0; step <= last; step++) {
    const own = groups.filter((group) => group.step === step);
    if (own.length > 0 || waiting.length >= 500) flush();
    for (const group of own) {
      const tokens = new Map(tokensOf ? group.rollouts.map((one) => [one.id, tokensOf(one)]) : []);
      store.append({ type: 'group', group }, { tokens });
    }
    for (const one of masked.filter((told) => told.step === step)) waiting.push({ type: 'masked', masked: one });
    if (also && step > 0) waiting.push(...also(step));
    if (step > 0) waiting.push({ type: 'step', metrics: someMetrics(step, metricsOf?.(step)) });
    for (const evaluation of evaluations.filter((one) => one.step === step))
      waiting.push({ type: 'evaluation', evaluation });
  }
  flush();
  store.dispose();
}

export async function projectWithRecordedRun(): Promise<{ folder: string; remove(): Promise<void> }> {
  return projectWithRuns([{ id: recordedRun, ...recordedGroups() }]);
}
