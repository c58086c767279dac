/**
 * Which checkpoints of a run stay, and why: one rule, by which the trainer deletes what nothing keeps and every list says what
 * keeps the rest.
 */
import type { ParameterValues } from './parameters.ts';
import type { Checkpoint, CheckpointPin, CheckpointReason, Evaluation, StepMetrics } from './records.ts';

export type KeepBest = ParameterValues['keepBest'];
type Best = Exclude<KeepBest, 'none'>;

/** What keeps a checkpoint. */
export type KeptBecause =
  /** It is among the last `of` that were saved by schedule. */
  | { readonly kind: 'last'; readonly of: number }
  | { readonly kind: 'best'; readonly by: Best; readonly value: number }
  | { readonly kind: 'pinned'; readonly pin: CheckpointPin }
  /** No schedule saved it: only a person deletes it. */
  | { readonly kind: 'saved'; readonly reason: Exclude<CheckpointReason, 'schedule'> };

/** Steps that a metric of training is a mean over, the checkpoint's own the last. */
export const keepBestSteps = 10;

/** What is known of a run's steps. */
export interface MeasuredRun {
  readonly evaluations: readonly Evaluation[];
  /** A step's metric; null where it has none. */
  metric(name: 'reward' | 'accuracy', step: number): number | null;
}

/** What a checkpoint of a step is worth by a rule; null where nothing is known of it. */
export function measureOf(by: KeepBest, step: number, { evaluations, metric }: MeasuredRun): number | null {
  switch (by) {
    case 'none':
      return null;
    case 'evaluation':
    case 'evaluation-order': {
      const evaluation = evaluationOf(step, evaluations);
      return (by === 'evaluation' ? evaluation?.all : evaluation?.needsOrder)?.ordered ?? null;
    }
    case 'reward':
    case 'accuracy': {
      const values = Array.from({ length: keepBestSteps }, (_, i) => metric(by, step - i)).filter(
        (value) => value !== null,
      );
      return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
    }
  }
}

/** The newest evaluation of the weights of a step. */
export function evaluationOf(step: number, evaluations: readonly Evaluation[]): Evaluation | null {
  const own = evaluations.filter((evaluation) => evaluation.step === step);
  return own.reduce<Evaluation | null>((newest, each) => (newest && newest.at > each.at ? newest : each), null);
}

/** Why each checkpoint is kept, by its id; nothing for one that the next save deletes. */
export function keptBecause(
  checkpoints: readonly Checkpoint[],
  { checkpointsKept, keepBest }: Pick<ParameterValues, 'checkpointsKept' | 'keepBest'>,
  run: MeasuredRun,
): ReadonlyMap<string, readonly KeptBecause[]> {
  const scheduled = checkpoints.filter(({ reason }) => reason === 'schedule').sort((a, b) => b.step - a.step);
  const last = new Set(scheduled.slice(0, checkpointsKept).map(({ id }) => id));
  const best = bestOf(checkpoints, keepBest, run);
  return new Map(
    checkpoints.map(({ id, reason, pin }): [string, KeptBecause[]] => [
      id,
      [
        ...(last.has(id) ? [{ kind: 'last', of: checkpointsKept } as const] : []),
        ...(best?.id === id ? [{ kind: 'best', by: best.by, value: best.value } as const] : []),
        ...(pin ? [{ kind: 'pinned', pin } as const] : []),
        ...(reason === 'schedule' ? [] : [{ kind: 'saved', reason } as const]),
      ],
    ]),
  );
}

/** Of equal ones the newest. */
function bestOf(
  checkpoints: readonly Checkpoint[],
  by: KeepBest,
  run: MeasuredRun,
): { readonly id: string; readonly by: Best; readonly value: number } | null {
  if (by === 'none') return null;
  const measured = checkpoints.flatMap(({ id, step }) => {
    const value = measureOf(by, step, run);
    return value === null ? [] : [{ id, step, value }];
  });
  const [best] = measured.sort((a, b) => b.value - a.value || b.step - a.step);
  return best ? { id: best.id, by, value: best.value } : null;
}

const savedWords: Readonly<Record<Exclude<CheckpointReason, 'schedule'>, string>> = {
  command: 'saved by hand',
  pause: 'at a pause',
  stop: 'at a stop',
  end: 'at the end',
  start: 'where the run began',
};

export const bestWords: Readonly<Record<Best, string>> = {
  evaluation: 'evaluation accuracy',
  'evaluation-order': 'evaluation order accuracy',
  reward: 'reward',
  accuracy: 'accuracy reward',
};

/** What keeps a checkpoint: `last 3, best by reward`. The note of a pin is as somebody typed it. */
export function keptWords(reasons: readonly KeptBecause[]): string {
  return reasons.length === 0 ? 'nothing; the next save deletes it' : reasons.map(reasonWords).join(', ');
}

function reasonWords(reason: KeptBecause): string {
  switch (reason.kind) {
    case 'last':
      return reason.of === 1 ? 'last' : `last ${reason.of}`;
    case 'best':
      return `best by ${bestWords[reason.by]}`;
    case 'pinned':
      return reason.pin.note === '' ? 'pinned' : `pinned: ${reason.pin.note}`;
    case 'saved':
      return savedWords[reason.reason];
  }
}

/** The rules in words: `keeps the last 3, the best by reward, pinned ones and those saved by hand`. */
export function ruleWords({
  checkpointsKept,
  keepBest,
}: Pick<ParameterValues, 'checkpointsKept' | 'keepBest'>): string {
  const best = keepBest === 'none' ? '' : `, the best by ${bestWords[keepBest]}`;
  return `keeps the last ${checkpointsKept}${best}, pinned ones and those saved by hand`;
}

/** `metric` over records of steps, for `MeasuredRun`. */
export function metricsByStep(steps: readonly StepMetrics[]): MeasuredRun['metric'] {
  const byStep = new Map(steps.map((metrics) => [metrics.step, metrics]));
  return (name, step) => byStep.get(step)?.[name] ?? null;
}
