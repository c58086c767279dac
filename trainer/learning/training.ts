/**
 * What a training loop is given: the engine with its models, the questions, the present parameters, the safe points and the
 * record. The loops own the algorithm; everything that lasts longer than a step belongs to `runs`.
 */
import type { LoadedQuestion } from '../data/questions.ts';
import type { Engine, ModelHandle } from '../engines/engine.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { GroupWithRollouts, RolloutTokens, StepMetrics } from '../protocol/records.ts';
import type { SafePoint } from '../protocol/run-state.ts';
import type { PromptTemplate } from '../reasoning/template.ts';

export interface Models {
  readonly engine: Engine;
  readonly policy: ModelHandle;
  /** Frozen weights of the start, for the KL term; null for SFT, which has none. */
  readonly reference: ModelHandle | null;
}

export interface Training extends Models {
  readonly seed: number;
  readonly template: PromptTemplate;
  /** Values in force now; they change at `before-step` alone. */
  parameters(): ParameterValues;
  /** Goes on when the run may. Throws `Interrupted` when the run is to end here. */
  at(point: SafePoint): Promise<void>;
  /** Ends sampling early. */
  readonly signal: AbortSignal;
  /** The next `count` readable questions of the run's order; unreadable ones are recorded and passed over. */
  nextQuestions(count: number): Promise<LoadedQuestion[]>;
  /** Readable questions to look at, chosen by the step, that the run does not train on where it can be helped. */
  probeQuestions(step: number, count: number): Promise<LoadedQuestion[]>;
  recordGroups(groups: readonly ScoredGroup[]): Promise<void>;
  onSampling(hint: { done: number; total: number; text: string; problem: string }): void;
}

/** A group with the token details of its answers, by rollout id. */
export interface ScoredGroup {
  readonly group: GroupWithRollouts;
  readonly tokens: ReadonlyMap<string, RolloutTokens>;
}

/** Thrown by `at` and by aborted sampling: the step under way is given up and leaves no trace in the weights. */
export class Interrupted extends Error {
  constructor() {
    super('The step was interrupted.');
    this.name = 'Interrupted';
  }
}

/** A step's numbers while they are gathered; what a method does not have stays null. */
export function emptyMetrics(step: number, learningRate: number): StepMetrics {
  return {
    step,
    at: 0,
    loss: null,
    gradNorm: null,
    learningRate,
    kl: null,
    entropy: null,
    accuracy: null,
    accuracyShuffled: null,
    format: null,
    temporal: null,
    reward: null,
    length: null,
    flatGroups: null,
    clipped: null,
    questions: 0,
    skipped: 0,
    trainedTokens: 0,
    sampledTokens: 0,
    durations: { decode: 0, sample: 0, score: 0, update: 0, store: 0, total: 0 },
  };
}

/** Adds the time that `work` takes to one of a step's durations. */
export async function timed<T>(
  durations: StepMetrics['durations'],
  part: keyof StepMetrics['durations'],
  work: () => T | Promise<T>,
): Promise<T> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    durations[part] += performance.now() - start;
  }
}

export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
