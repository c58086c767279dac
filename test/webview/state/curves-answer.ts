/** What a trainer answers that has these steps, each with a point of its own. */
import { type CurvesAnswer, curveNames, curveValue, recentSteps } from '../../../trainer/protocol/curves.ts';
import type { StepMetrics } from '../../../trainer/protocol/records.ts';

export const curvesOf = (records: readonly StepMetrics[], given: Partial<CurvesAnswer> = {}): CurvesAnswer => ({
  size: 1,
  steps: records.map(({ step }) => step),
  columns: Object.fromEntries(
    curveNames.map((name) => [name, { mean: records.map((record) => curveValue(record, name)) }]),
  ),
  total: records.length,
  firstStep: records[0]?.step ?? null,
  lastStep: records.at(-1)?.step ?? null,
  recent: records.slice(-recentSteps),
  attempts: [],
  ...given,
});
