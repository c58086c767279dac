/** The table at the end of the main job: what the model could do before, between and after, on unseen videos. */
import { mean } from '../../learning/training.ts';
import {
  askedTheSame,
  type Evaluation,
  type EvaluationSlice,
  gapOf,
  questionsOf,
  type StepMetrics,
} from '../../protocol/records.ts';
import type { RunSummary } from '../../protocol/run-state.ts';
import type { RunStore } from '../../store/run-store.ts';

const two = (value: number | null | undefined) => (value === null || value === undefined ? '  -  ' : value.toFixed(3));

/** Mean of a number over the first and the last fifth of the steps. */
function fifths(
  steps: readonly StepMetrics[],
  pick: (metrics: StepMetrics) => number | null,
): { first: number | null; last: number | null } {
  const size = Math.max(1, Math.floor(steps.length / 5));
  const of = (part: readonly StepMetrics[]) => mean(part.map(pick).filter((value) => value !== null));
  return { first: of(steps.slice(0, size)), last: of(steps.slice(-size)) };
}

/** Whether a fifth of the steps goes through all questions a whole number of times, so that the first and the last asked the same. */
function fifthsAlike({ questions, parameters }: RunSummary, steps: number): boolean {
  const asked = Math.max(1, Math.floor(steps / 5)) * parameters.questionsPerStep;
  return questions > 0 && asked % questions === 0;
}

export function summarize(sft: RunStore, tgrpo: RunStore): string {
  const before = sft.evaluations()[0];
  const afterSft = sft.evaluations().at(-1);
  const afterTgrpo = tgrpo.evaluations().at(-1);
  const columns = [
    ['before SFT', before],
    ['after SFT', afterSft],
    ['after T-GRPO', afterTgrpo],
  ] as const;
  const counted = afterTgrpo ?? afterSft;
  const isOther = (evaluation: Evaluation | undefined) =>
    evaluation !== undefined && counted !== undefined && !askedTheSame(evaluation, counted);
  const row = (name: string, pick: (evaluation: Evaluation) => number | null | undefined) =>
    `${name.padEnd(44)}${columns.map(([, evaluation]) => `${two(evaluation && pick(evaluation))}${isOther(evaluation) ? '*' : ''}`.padStart(14)).join('')}`;
  const lines = [
    `Accuracy on ${counted?.all.count ?? 0} ${questionsOf(counted ?? {})}, ${counted?.needsOrder?.count ?? 0} of which need the order of frames`,
    `${''.padEnd(44)}${columns.map(([name]) => name.padStart(14)).join('')}`,
    row('order questions, frames in order', (e) => e.needsOrder?.ordered),
    row('order questions, frames shuffled', (e) => e.needsOrder?.shuffled),
    row('  difference: what order is worth', (e) => e.needsOrder && gapOf(e.needsOrder)),
    row('all questions, frames in order', (e) => e.all.ordered),
    ...(counted?.byFamily ?? []).map((slice: EvaluationSlice) =>
      row(`  ${slice.name} (${slice.count})`, (e) => e.byFamily.find((same) => same.name === slice.name)?.ordered),
    ),
  ];
  for (const [name, evaluation] of columns)
    if (isOther(evaluation))
      lines.push(
        `* ${name}: over ${evaluation?.all.count} questions of ${evaluation?.dataset}, ${evaluation?.skipped} left out, so not to be compared with the rest`,
      );
  const steps = tgrpo.metrics(0);
  const accuracy = fifths(steps, (m) => m.accuracy);
  const temporal = fifths(steps, (m) => m.temporal);
  const length = fifths(steps, (m) => m.length);
  lines.push(
    '',
    `T-GRPO, ${steps.length} steps: mean of the first fifth and of the last${fifthsAlike(tgrpo.summary(), steps.length) ? '' : ', which are over different questions'}`,
    `${'accuracy reward'.padEnd(44)}${two(accuracy.first).padStart(14)}${two(accuracy.last).padStart(14)}`,
    `${'temporal reward, share of videos paid'.padEnd(44)}${two(temporal.first).padStart(14)}${two(temporal.last).padStart(14)}`,
    `${'response length, tokens'.padEnd(44)}${(length.first?.toFixed(1) ?? '-').padStart(14)}${(length.last?.toFixed(1) ?? '-').padStart(14)}`,
  );
  return lines.join('\n');
}
