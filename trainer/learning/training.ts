/**
 * What a training loop is given: the engine with its models, the questions, the present parameters, the safe points and the
 * record. The loops own the algorithm; everything that lasts longer than a step belongs to `runs`.
 */
import type { LoadedQuestion } from '../data/questions.ts';
import type { Engine, ModelHandle } from '../engines/engine.ts';
import type { MaskedAnswers } from '../protocol/masked-answers.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { Rollout, StepMetrics } from '../protocol/records.ts';
import type { SafePoint } from '../protocol/run-state.ts';
import type { PromptTemplate } from '../reasoning/template.ts';
import type { ScoredGroup, UpdatedAnswer } from './groups.ts';
import type { OpenGroups } from './open-groups.ts';

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
  /**
   * Goes on when the run may.
   * @param open what may still be changed at `after-sampling` and `before-update`; the update is made of what it is afterwards
   * @returns milliseconds for which the run was held there
   * @throws Interrupted when the run is to end here
   */
  at(point: SafePoint, open?: OpenGroups): Promise<number>;
  /** Where sampling stands still between two tokens. @returns as `at` */
  readonly sampling: { begin(): AbortSignal; hold(): Promise<number> };
  /** Ends sampling early. */
  readonly signal: AbortSignal;
  /** The next `count` readable questions of the run's order; unreadable ones are recorded and passed over. */
  nextQuestions(count: number): Promise<LoadedQuestion[]>;
  /** Readable questions to look at, chosen by the step, that the run does not train on where it can be helped. */
  probeQuestions(step: number, count: number): Promise<LoadedQuestion[]>;
  recordGroups(groups: readonly ScoredGroup[]): Promise<void>;
  /** Those of them, by id, that are flagged by now. */
  flaggedOf(rollouts: readonly Pick<Rollout, 'id' | 'text'>[]): Promise<ReadonlySet<string>>;
  /** Answers were left out of the update that is to be made. */
  onMasked(masked: MaskedAnswers): void;
  /** What people are to know of a step: less is learned in it than was meant. */
  onNotice(message: string): void;
  /** The update is made: what it computed of the step's ordered answers is written down with the step. */
  onUpdated(answers: readonly UpdatedAnswer[]): void;
  onSampling(hint: { done: number; total: number; text: string; problem: string }): void;
}

/** Lets sampling stand still between two tokens. */
export interface SamplingGate {
  /** For the stretch of sampling that begins: aborted when the run is to stand still. */
  begin(): AbortSignal;
  /** Stands still until the run may go on. @throws Interrupted when it ends here */
  hold(): Promise<void>;
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
    durations: { decode: 0, sample: 0, score: 0, credit: 0, oldLogprobs: 0, update: 0, store: 0, held: 0, total: 0 },
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

/** A step's safe points and its clock: time for which the run is held at them is kept apart from the work. */
export class StepClock {
  private readonly training: Pick<Training, 'at' | 'sampling'>;
  private startedMs = 0;
  private heldBeforeMs = 0;
  private heldInsideMs = 0;

  constructor(training: Pick<Training, 'at' | 'sampling'>) {
    this.training = training;
  }

  /** Passes `before-step`; the work begins after it. @throws Interrupted */
  async start(): Promise<void> {
    this.heldBeforeMs = await this.training.at('before-step');
    this.startedMs = performance.now();
  }

  /** Passes a safe point inside the step. @throws Interrupted */
  async pass(point: 'after-sampling' | 'before-update', open?: OpenGroups): Promise<void> {
    this.heldInsideMs += await this.training.at(point, open);
  }

  /** For sampling inside the step. */
  get gate(): SamplingGate {
    const { sampling } = this.training;
    return {
      begin: () => sampling.begin(),
      hold: async () => {
        this.heldInsideMs += await sampling.hold();
      },
    };
  }

  /** Writes down what the step took. */
  stop(metrics: StepMetrics): void {
    metrics.durations.held = this.heldBeforeMs + this.heldInsideMs;
    metrics.durations.total = performance.now() - this.startedMs - this.heldInsideMs;
    metrics.at = Date.now();
    metrics.memoryBytes = process.memoryUsage.rss();
  }
}

export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
