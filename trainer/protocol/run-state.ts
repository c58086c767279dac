/**
 * How a run stands. What can be worked out from that (the time left, whether it computes) is worked out here and nowhere
 * else; `reduce-run.ts` has how events change it.
 */
import { z } from 'zod';
import { advisory } from './advisories.ts';
import { breakpointHit, breakpointList } from './breakpoints/breakpoint.ts';

import { engineCapabilities } from './engine.ts';
import { errorData } from './errors.ts';
import { method, parameterValues } from './parameters.ts';
import { presetName } from './runfile.ts';
import { runPlace, safePoint } from './safe-points.ts';

export { type RunPlace, type RunPoint, runPlace, runPoint, type SafePoint, safePoint } from './safe-points.ts';

/** `log`: the last lines of the trainer's log before it, where the engine died. */
export const runFault = errorData.extend({ message: z.string(), log: z.array(z.string()).optional() });
export type RunFault = z.infer<typeof runFault>;

/** `doing`: what is under way, for people, such as "opening the model"; null where the state says all. */
const doing = z.string().nullable();
/** What a command waits for, told while it waits and never stored. */
const waitsFor = { doing: doing.optional() };

const created = z.object({ state: z.literal('created') });
/**
 * `why` is null where a person paused it and there is no more to say. `held`: the model is in memory and the step can go on;
 * `released`: it goes on from its last checkpoint.
 */
const paused = z.object({
  state: z.literal('paused'),
  at: runPlace,
  why: z.string().nullable(),
  fault: runFault.nullable(),
  memory: z.enum(['held', 'released']),
  /** The breakpoint that it was paused by; absent where it was none. */
  hit: breakpointHit.optional(),
});
const stopped = z.object({ state: z.literal('stopped') });
const completed = z.object({ state: z.literal('completed') });
const failed = z.object({ state: z.literal('failed'), fault: runFault });

/** How a run rests that nothing makes go on by itself. */
const resting = z.discriminatedUnion('state', [created, paused, stopped, completed, failed]);
export type RestingStanding = z.infer<typeof resting>;

/** A run's state with what belongs to it. */
export const standing = z.discriminatedUnion('state', [
  created,
  /** Begins by itself when its turn comes. `since` orders the queue, in milliseconds; `before` is how it rests when taken off. */
  z.object({ state: z.literal('queued'), since: z.number(), before: resting }),
  z.object({ state: z.literal('starting'), doing }),
  z.object({ state: z.literal('running'), doing }),
  /** `release`: it will save and free the memory at the end of the step, instead of holding at the next token or safe point, or the next point called `at`. */
  z.object({ state: z.literal('pausing'), release: z.boolean(), at: safePoint.optional(), ...waitsFor }),
  paused,
  z.object({ state: z.literal('stopping'), when: z.enum(['after-step', 'now']), ...waitsFor }),
  stopped,
  /** A run that was at rest answers its evaluation questions; then it rests again. */
  z.object({ state: z.literal('evaluating'), doing }),
  completed,
  failed,
]);
export type Standing = z.infer<typeof standing>;
export type RunState = Standing['state'];

/** In the order of a run's life. */
export const runStates = standing.options.map((option) => option.shape.state.value) as RunState[];

export const engineStatus = z.object({
  name: z.string(),
  backend: z.string(),
  threads: z.number().int(),
  parameters: z.number().int(),
  /** Why this backend was picked. */
  why: z.string(),
  /** Processes that share every batch; absent where threads of the trainer do. */
  ranks: z.number().int().optional(),
  /** What they compute on, one each; absent where the engine does not tell. `memoryBytes` is null where it is the machine's. */
  devices: z.array(z.object({ name: z.string(), memoryBytes: z.number().nullable() })).optional(),
  /** Path of a log of its own; absent where all that it says is in the trainer's. */
  log: z.string().optional(),
  /** Null in the records of runs that are older than this. */
  capabilities: engineCapabilities.nullable().default(null),
});
export type EngineStatus = z.infer<typeof engineStatus>;

/** Steps whose pace says how long the rest will take. */
export const paceSteps = 20;

const facts = z.object({
  id: z.string(),
  name: z.string(),
  method,
  preset: presetName,
  /** Updates done. */
  step: z.number().int(),
  steps: z.number().int(),
  createdAt: z.number(),
  updatedAt: z.number(),
  /** What the newest steps took, in milliseconds, newest last, `paceSteps` at most: without the time that was held. */
  pace: z.array(z.number()),
  parameters: parameterValues,
  presetParameters: parameterValues,
  engine: engineStatus.nullable(),
  dataset: z.string(),
  evaluationDataset: z.string().nullable(),
  questions: z.number().int(),
  /** Questions left out because their media could not be read. */
  skipped: z.number().int(),
  /** Rows of the dataset, by number from 0, that people had it skip; absent where they had it skip none. */
  skippedRows: z.array(z.number().int()).optional(),
  /** Shares of the sources that people gave in place of the run file's; null: as the dataset has them; absent: as the run file says. */
  sourceWeights: z.record(z.string(), z.number()).nullable().optional(),
  /** Where the weights came from, in words. */
  from: z.string(),
  runFile: z.string().nullable(),
  /** The run that this one was forked from, by id, and the step of the checkpoint that it goes on from. */
  parent: z.object({ run: z.string(), step: z.number().int() }).optional(),
  /** Of the labels that the run obeys (see `obeyedLabels`); absent where it obeys none. */
  labelsHash: z.string().optional(),
  /** Absent where none was ever set. */
  breakpoints: breakpointList.optional(),
  /** What it is told that needs a person, and the keys of what is not to be told again; absent where there never was any. */
  advisories: z.array(advisory).optional(),
  muted: z.array(z.string()).optional(),
  /** Highest event number. */
  seq: z.number().int(),
});

export const runSummary = z.intersection(facts, standing);
export type RunSummary = z.infer<typeof runSummary>;

export type RunFacts = z.infer<typeof facts>;

/** The part of a summary that is its state with what belongs to it. */
export function standingOf(run: RunSummary): Standing {
  return standing.parse(run);
}

/** How a run rests that may be queued. @throws ZodError for one that computes or waits already */
export function restingStandingOf(run: RunSummary): RestingStanding {
  return resting.parse(run);
}

/** How it stands when its turn in a queue is taken away. */
export function standingBeforeQueue(run: RunSummary): Standing {
  return run.state === 'queued' ? run.before : standingOf(run);
}

/** Whether it uses the machine now, so that no other run can. */
export function isComputing(state: RunState): boolean {
  switch (state) {
    case 'starting':
    case 'running':
    case 'pausing':
    case 'stopping':
    case 'evaluating':
      return true;
    case 'created':
    case 'queued':
    case 'paused':
    case 'stopped':
    case 'completed':
    case 'failed':
      return false;
  }
}

/** Why a run can't be done again by its log now, as a clause; null where it can. */
export function replayRefusal({ state, step, parent }: RunSummary): string | null {
  if ((state === 'created' || state === 'queued') && step === (parent?.step ?? 0)) return 'the run was never begun';
  return isComputing(state) ? `the run is ${state}; pause or stop it first` : null;
}

/** Its model is in memory: the step under way can go on. */
export function isInMemory(run: RunSummary): boolean {
  return isComputing(run.state) || (run.state === 'paused' && run.memory === 'held');
}

export type QueuedRun = RunSummary & { readonly state: 'queued' };

/** The runs that wait for their turn, the next one first. */
export function queueOf(runs: readonly RunSummary[]): QueuedRun[] {
  return runs.filter((run) => run.state === 'queued').sort((a, b) => a.since - b.since);
}

/** What the queue waits for: a run that computes, or one that stands still in memory; undefined where nothing is in the way. */
export function inTheWay(runs: readonly RunSummary[]): RunSummary | undefined {
  return (
    runs.find(({ state }) => isComputing(state)) ?? runs.find((run) => run.state === 'paused' && run.memory === 'held')
  );
}

/** The fault that a person should know of; null for none. */
export function faultOf(standing: Standing): RunFault | null {
  return standing.state === 'paused' || standing.state === 'failed' ? standing.fault : null;
}

/** Milliseconds of work left, as the newest steps suggest; null when it does not go on by itself or nothing is known. */
export function remainingMs(run: RunSummary): number | null {
  if (run.state === 'completed') return 0;
  if ((run.state !== 'running' && run.state !== 'pausing') || run.pace.length === 0) return null;
  const perStep = run.pace.reduce((sum, ms) => sum + ms, 0) / run.pace.length;
  return Math.round(perStep * Math.max(0, run.steps - run.step));
}

/** The run with another state; what belonged to the one before is gone. */
export function withStanding(run: RunSummary, now: Standing, at: number): RunSummary {
  const kept = facts.parse(run);
  return { ...kept, ...now, updatedAt: at };
}
