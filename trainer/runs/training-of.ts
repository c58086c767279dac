/** What the loops are given of a run: its workbench, its questions in order, its parameters and safe points. */
import { hash32 } from '../data/random.ts';
import type { OpenGroups } from '../learning/open-groups.ts';
import type { Training } from '../learning/training.ts';
import type { RunSummary, SafePoint } from '../protocol/run-state.ts';
import type { SamplingHint } from './service.ts';
import type { Workbench } from './workbench.ts';

/** Where a run is in the order of its questions. */
export interface QuestionPlace {
  next: number;
}

export interface TrainingRun
  extends Pick<Training, 'seed' | 'signal' | 'recordGroups' | 'onUpdated' | 'flaggedOf' | 'onMasked' | 'onNotice'> {
  run(): RunSummary;
  at(point: SafePoint, open?: OpenGroups): Promise<number>;
  readonly sampling: Training['sampling'];
  /** Moved on by the questions that are taken. */
  readonly place: QuestionPlace;
  /** The media of the questions of a step are waited for, or are there. */
  onDecoding(isUnderWay: boolean): void;
  onSampling(hint: SamplingHint): void;
}

export function trainingOf(bench: Workbench, of: TrainingRun): Training {
  const { engine, policy, reference, template, questions, order, unseen } = bench;
  const { seed, signal, sampling, place } = of;
  return {
    ...{ engine, policy, reference, template, seed, signal, sampling },
    parameters: () => of.run().parameters,
    at: (point, open) => of.at(point, open),
    async nextQuestions(count) {
      const { imageShare } = of.run().parameters;
      const rowAt = (position: number) => order.at(position, imageShare);
      of.onDecoding(true);
      const { questions: taken, next } = await questions.take(rowAt, place.next, count);
      of.onDecoding(false);
      place.next = next;
      // The next step's media are decoded while this one computes; a fault is met again, and reported, when they are taken.
      for (let i = 0; i < count; i++) questions.prefetch(rowAt(next + i));
      return taken;
    },
    async probeQuestions(step, count) {
      const from = unseen ?? questions;
      const rowAt = (position: number) => hash32(seed, step, position) % from.dataset.count;
      return (await from.take(rowAt, 0, count)).questions;
    },
    recordGroups: (groups) => of.recordGroups(groups),
    onUpdated: (answers) => of.onUpdated(answers),
    flaggedOf: (rollouts) => of.flaggedOf(rollouts),
    onMasked: (masked) => of.onMasked(masked),
    onNotice: (message) => of.onNotice(message),
    onSampling: (hint) => of.onSampling({ runId: of.run().id, step: of.run().step + 1, ...hint }),
  };
}
