/** A run's curves as TensorBoard shows them: which number stands under which tag. The tags are those of the field's trainers. */
import type { Evaluation, StepMetrics } from '../protocol/records.ts';
import { armRecords } from './arm-records.ts';
import { fileVersion, scalars } from './event-file.ts';
import { slicesOf } from './tables.ts';

/** In the order of TensorBoard's groups. Durations are in seconds. */
const stepTags: Readonly<Record<string, (m: StepMetrics) => number | null | undefined>> = {
  'train/loss': (m) => m.loss,
  'train/grad_norm': (m) => m.gradNorm,
  'train/learning_rate': (m) => m.learningRate,
  'train/kl': (m) => m.kl,
  'train/entropy': (m) => m.entropy,
  'train/reward': (m) => m.reward,
  'train/rewards/accuracy': (m) => m.accuracy,
  'train/rewards/accuracy_shuffled': (m) => m.accuracyShuffled,
  'train/rewards/format': (m) => m.format,
  'train/rewards/temporal': (m) => m.temporal,
  'train/completions/mean_length': (m) => m.length,
  'train/flat_groups': (m) => m.flatGroups,
  'train/clipped': (m) => m.clipped,
  'train/mismatch': (m) => m.mismatch?.difference,
  'train/mismatch_k3': (m) => m.mismatch?.k3,
  'train/importance_weight_max': (m) => m.mismatch?.weight,
  'train/questions': (m) => m.questions,
  'train/skipped': (m) => m.skipped,
  'train/trained_tokens': (m) => m.trainedTokens,
  'train/sampled_tokens': (m) => m.sampledTokens,
  'time/decode_s': (m) => m.durations.decode / 1000,
  'time/sample_s': (m) => m.durations.sample / 1000,
  'time/score_s': (m) => m.durations.score / 1000,
  'time/credit_s': (m) => m.durations.credit / 1000,
  'time/old_logprobs_s': (m) => m.durations.oldLogprobs / 1000,
  'time/update_s': (m) => m.durations.update / 1000,
  'time/step_s': (m) => m.durations.total / 1000,
};

/** `eval/accuracy/all`, `eval/accuracy/problem type/numerical`, the same under `eval/accuracy_shuffled`; of what was asked besides, all. */
function evaluationScalars(evaluation: Evaluation): [string, number][] {
  const ofSlices = slicesOf(evaluation).flatMap(({ slice, name, ordered, shuffled }): [string, number][] => {
    const tag = slice === 'all' || slice === 'needs order' ? slice : `${slice}/${name}`;
    return [
      [`eval/accuracy/${tag}`, ordered],
      ...(shuffled === null ? [] : [[`eval/accuracy_shuffled/${tag}`, shuffled] as [string, number]]),
    ];
  });
  const ofArms = armRecords(evaluation)
    .filter(({ slice }) => slice === 'all')
    .map(({ arm, second, pair }): [string, number] =>
      arm === 'direct' ? ['eval/accuracy_direct/all', second.mean] : ['eval/accuracy_pair/all', pair?.mean ?? 0],
    );
  return [...ofSlices, ...ofArms];
}

/** The records of an event file, one after the other. @param createdAt milliseconds since 1970 */
export function* eventRecords(
  createdAt: number,
  steps: readonly StepMetrics[],
  evaluations: readonly Evaluation[],
): Generator<Buffer> {
  yield fileVersion(createdAt);
  for (const metrics of steps) {
    const values = Object.entries(stepTags).flatMap(([tag, of]): [string, number][] => {
      const value = of(metrics);
      return value === null || value === undefined ? [] : [[tag, value]];
    });
    yield scalars(metrics.at, metrics.step, values);
  }
  for (const evaluation of evaluations) yield scalars(evaluation.at, evaluation.step, evaluationScalars(evaluation));
}
