/**
 * The weights of a run, for work beside its training: its own while it is in memory, else those of the checkpoint that is nearest to
 * a step, in an engine of their own that is let go when a run needs the machine.
 */
import { existsSync } from 'node:fs';
import type { CreateEngine, Engine, ModelHandle } from '../engines/engine.ts';
import { StudioError } from '../protocol/errors.ts';
import { isComputing, type RunSummary } from '../protocol/run-state.ts';
import { type PromptTemplate, readTemplate } from '../reasoning/template.ts';
import { type CheckpointsRead, nearestCheckpoint, type WholeCheckpoint } from './checkpoints.ts';
import type { RunPlan } from './plan.ts';
import type { Turns } from './turns.ts';

/** Weights that can be asked now. */
export interface WeightsAtHand {
  readonly template: PromptTemplate;
  readonly run: string;
  /** Updates that they hold; of a run that goes on it grows between pieces. */
  step(): number;
  /**
   * Whatever asks the engine is a piece: between two of them others have their turn, and the model may be another object.
   * @throws StudioError `conflict` when the weights are gone
   */
  piece<T>(work: (model: LoadedModel) => Promise<T>): Promise<T>;
}

export interface LoadedModel {
  readonly engine: Engine;
  readonly model: ModelHandle;
}

/** What a run in memory lends. */
export interface LentWeights extends LoadedModel {
  readonly template: PromptTemplate;
  readonly turns: Turns;
}

/** A run whose weights are wanted. */
export interface LendingRun {
  readonly folder: string;
  readonly plan: RunPlan;
  summary(): RunSummary;
  /** Null while nothing of it is in memory. */
  lend(): LentWeights | null;
}

/** Whose weights would be used for a step: known before anything is loaded. */
export type ChosenWeights =
  | { readonly kind: 'own'; readonly run: string; readonly step: number }
  | { readonly kind: 'checkpoint'; readonly run: string; readonly step: number; readonly checkpoint: WholeCheckpoint };

export interface DeskSurroundings {
  readonly createEngine: CreateEngine;
  runs(): readonly RunSummary[];
  log(line: string): void;
}

interface Loaded extends LoadedModel {
  readonly folder: string;
}

/** How long weights that nobody asks stay loaded. */
const keptMs = 60_000;

export class WeightsDesk {
  private readonly around: DeskSurroundings;
  private loaded: Loaded | null = null;
  private users = 0;
  private letGoAt: NodeJS.Timeout | null = null;
  /** Ends the use of loaded weights that is under way. */
  private using = new AbortController();
  /** Pieces, loading and letting go, one after the other. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(around: DeskSurroundings) {
    this.around = around;
  }

  /**
   * @param wantedStep of the weights that are best: those that answered
   * @param exact a checkpoint that a person named, whatever is in memory
   * @param known of the run, for who chooses several times
   * @throws StudioError `conflict` with a way on where none can be had now; `not-found` without a checkpoint
   */
  async choose(
    run: LendingRun,
    wantedStep: number,
    exact = false,
    known: CheckpointsRead = new Map(),
  ): Promise<ChosenWeights> {
    const summary = run.summary();
    const own = summary.state === 'paused' && summary.memory === 'held';
    if (!exact || (own && summary.step === wantedStep)) {
      if (own) return { kind: 'own', run: summary.id, step: summary.step };
      if (isComputing(summary.state)) {
        if (summary.parameters.evidenceShare > 0 && summary.state !== 'starting' && summary.state !== 'evaluating')
          return { kind: 'own', run: summary.id, step: summary.step };
        throw busy(summary, true);
      }
    }
    const computing = this.around.runs().find(({ state }) => isComputing(state));
    if (computing) throw busy(computing, false);
    const nearest = await nearestCheckpoint(run.folder, wantedStep, known);
    if (!nearest || (exact && nearest.state.step !== wantedStep))
      throw new StudioError(
        'not-found',
        exact ? `${summary.id} has no whole checkpoint of step ${wantedStep}.` : `${summary.id} has no checkpoint.`,
        {
          place: run.folder,
          remedy: nearest
            ? `The nearest that is kept is of step ${nearest.state.step}.`
            : 'Save one while the run is paused or goes on, or train it first.',
        },
      );
    return { kind: 'checkpoint', run: summary.id, step: nearest.state.step, checkpoint: nearest };
  }

  /**
   * Loads what was chosen where it has to be, and gives it back afterwards.
   * @param tell what is under way besides the work, for people
   * @throws StudioError `cancelled` by the signal; as the engine does
   */
  async use<T>(
    run: LendingRun,
    chosen: ChosenWeights,
    signal: AbortSignal,
    work: (weights: WeightsAtHand, signal: AbortSignal) => Promise<T>,
    tell: (doing: string) => void = () => undefined,
  ): Promise<T> {
    if (chosen.kind === 'own') {
      const lent = run.lend();
      if (!lent) throw new StudioError('conflict', `${chosen.run} is no longer in memory.`, { remedy: 'Ask again.' });
      const { turns, template, ...model } = lent;
      const step = (): number => run.summary().step;
      return work({ template, run: chosen.run, step, piece: (piece) => turns.take(() => piece(model)) }, signal);
    }
    this.users++;
    if (this.letGoAt) clearTimeout(this.letGoAt);
    const { signal: gone } = this.using;
    try {
      const template = await readTemplate(run.plan.promptTemplate ?? undefined);
      const piece = <P>(of: (model: LoadedModel) => Promise<P>): Promise<P> =>
        this.inTurn(async () => {
          gone.throwIfAborted();
          return of(await this.load(run, chosen.checkpoint, tell));
        });
      return await work({ template, run: chosen.run, step: () => chosen.step, piece }, AbortSignal.any([signal, gone]));
    } finally {
      this.users--;
      if (this.users === 0) {
        this.letGoAt = setTimeout(() => void this.letGo(), keptMs);
        this.letGoAt.unref();
      }
    }
  }

  /** Frees what is loaded, and ends what uses it. @param why a sentence for who is cut short */
  async letGo(why = 'The weights were let go.'): Promise<void> {
    this.using.abort(new StudioError('conflict', why, { remedy: 'What was done is kept; ask again for the rest.' }));
    this.using = new AbortController();
    await this.inTurn(async () => {
      const { loaded } = this;
      this.loaded = null;
      await loaded?.engine.dispose();
    });
  }

  private async load(run: LendingRun, { folder }: WholeCheckpoint, tell: (doing: string) => void): Promise<Loaded> {
    if (this.loaded?.folder === folder) return this.loaded;
    if (!existsSync(folder))
      throw new StudioError('not-found', 'The checkpoint is no longer there: it was removed, or its run was deleted.', {
        place: folder,
      });
    tell('loading the checkpoint');
    const { loaded: before } = this;
    this.loaded = null;
    await before?.engine.dispose();
    const engine = await this.around.createEngine(run.plan.engine);
    try {
      const model = await engine.createModel({ kind: 'folder', folder, optimizer: false }, 'policy');
      const loaded = { folder, engine, model };
      this.loaded = loaded;
      // Whoever asks next has it loaded anew.
      void engine.died.then(() => {
        if (this.loaded === loaded) this.loaded = null;
      });
      return loaded;
    } catch (thrown) {
      await engine.dispose();
      throw thrown;
    }
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }
}

/**
 * A model computes already.
 * @param own whether its own weights would do, which it could give some of its time for; others can't be loaded beside it
 */
function busy({ id, state, parameters }: RunSummary, own: boolean): StudioError {
  const share = own && parameters.evidenceShare === 0 ? ', or give evidence a share of its time (evidenceShare)' : '';
  const why = own ? 'its engine is in use' : 'no other weights are loaded meanwhile';
  return new StudioError('conflict', `${id} is ${state}, and ${why}.`, { remedy: `Pause ${id}${share}.` });
}
