/** An evaluation of the weights that a run has in memory, from its questions to its record. */
import { evaluate } from '../evaluation/evaluate.ts';
import { requireReversedOf } from '../evaluation/sample-arms.ts';
import { Interrupted } from '../learning/training.ts';
import { StudioError } from '../protocol/errors.ts';
import { type EvaluationArm, evaluationArms } from '../protocol/evaluation-arms.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import { standingOf } from '../protocol/run-state.ts';
import { evaluationWords } from '../protocol/run-words.ts';
import type { RunStore } from '../store/run-store.ts';
import type { CheckpointShelf } from './checkpoint-shelf.ts';
import type { RunPlan } from './plan.ts';
import type { RunJournal } from './run-journal.ts';
import type { Workbench } from './workbench.ts';

export interface EvaluationOf {
  readonly plan: Pick<RunPlan, 'seed'>;
  readonly store: Pick<RunStore, 'evaluations'>;
  readonly journal: RunJournal;
  readonly shelf: Pick<CheckpointShelf, 'prune'>;
}

/** An evaluation that goes on for so long tells how long the rest will take. */
const tellingMs = 1000;

export class RunEvaluation {
  private readonly of: EvaluationOf;
  private readonly interrupt: AbortSignal;
  private readonly between: () => Promise<number>;
  private underWay: AbortController | null = null;

  /**
   * @param interrupt ends an evaluation with all else of its session
   * @param between between two batches of questions: a pause takes hold there. Returns the milliseconds that were held
   */
  constructor(of: EvaluationOf, interrupt: AbortSignal, between: () => Promise<number>) {
    this.of = of;
    this.interrupt = interrupt;
    this.between = between;
  }

  /**
   * @param besides what is asked besides; undefined: what the parameters say
   * @returns what to tell
   * @throws Interrupted when it was ended; StudioError `conflict` without questions, `bad-dataset` where it does not say what is right backwards
   */
  async run(
    { engine, policy, unseen, leak, template }: Workbench,
    besides?: readonly EvaluationArm[],
  ): Promise<string> {
    const { journal, plan, store } = this.of;
    if (!unseen)
      throw new StudioError('conflict', 'The run file names no evaluationDataset.', {
        remedy: 'Add one to the run file and create the run again.',
      });
    if (this.interrupt.aborted) throw new Interrupted();
    if (this.underWay) throw new StudioError('conflict', 'An evaluation is under way, and goes on when the run does.');
    const { step, parameters } = journal.summary;
    const arms = besides ?? armsOf(parameters);
    if (arms.includes('reversed')) requireReversedOf(unseen.dataset);
    const stop = new AbortController();
    this.underWay = stop;
    try {
      const evaluation = await evaluate({
        ...{ engine, model: policy, questions: unseen, template, parameters, step, arms },
        seed: plan.seed,
        leak: await leak(AbortSignal.any([this.interrupt, stop.signal])).catch((thrown: unknown) => {
          throw stop.signal.aborted || this.interrupt.aborted ? new Interrupted() : thrown;
        }),
        id: `e${store.evaluations().length}`,
        signal: AbortSignal.any([this.interrupt, stop.signal]),
        onGroups: (groups) => journal.recordGroups(groups),
        between: this.between,
        onProgress: ({ done, total, elapsedMs, part }) => {
          const leftMs = elapsedMs >= tellingMs && done > 0 ? (elapsedMs / done) * (total - done) : null;
          const words = evaluationWords(Math.floor(done), total, leftMs, part);
          if (part !== null) journal.tellPart(words);
          else journal.tellProgress(words);
        },
      });
      journal.record({ type: 'evaluation', evaluation });
      // Another checkpoint may be the best now.
      await this.of.shelf.prune();
      const { ordered, shuffled } = evaluation.needsOrder ?? evaluation.all;
      const [direct] = evaluation.direct?.slices ?? [];
      const [reversed] = evaluation.reversed?.slices ?? [];
      const more = [
        ...(direct ? [`, ${percent(direct.direct.mean)} without reasoning`] : []),
        ...(reversed ? [`, ${percent(reversed.pair.mean)} of ${reversed.count} clips right with their reversals`] : []),
      ].join('');
      return `${percent(ordered)} on ordered frames, ${shuffled === null ? 'none shuffled' : `${percent(shuffled)} on shuffled`}, ${evaluation.all.count} questions${more}`;
    } finally {
      this.underWay = null;
      journal.endProgress();
    }
  }

  /** As `run`, in a run that stands still in memory, and stands still there again afterwards. @throws StudioError `conflict` when it was stopped */
  async runHeld(bench: Workbench, besides?: readonly EvaluationArm[]): Promise<string> {
    const { journal } = this.of;
    const before = standingOf(journal.summary);
    journal.stand({ state: 'evaluating', doing: null });
    try {
      return await this.run(bench, besides);
    } catch (thrown) {
      if (!(thrown instanceof Interrupted) || this.interrupt.aborted) throw thrown;
      throw new StudioError('conflict', evaluationStopped);
    } finally {
      if (journal.summary.state === 'evaluating') journal.stand(before);
    }
  }

  /** Ends the evaluation that is under way, and nothing else. @returns whether there was one */
  stop(): boolean {
    this.underWay?.abort();
    return this.underWay !== null;
  }
}

export const evaluationStopped = 'The evaluation was stopped.';

const armsOf = (p: ParameterValues): EvaluationArm[] =>
  evaluationArms.filter((arm) => (arm === 'direct' ? p.evaluationDirect : p.evaluationReversed));

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
