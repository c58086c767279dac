/** Points of the learning rate to draw: no more of them than a small chart has columns, however many steps there are. */
import { learningRateAt, type Schedule } from '../../trainer/protocol/learning-rate.ts';
import type { MetricColumns } from '../state/metric-columns.ts';

export interface StepRate {
  readonly step: number;
  readonly rate: number;
}

export const mostPoints = 240;

/** Every so many places of `count`, the first and the last among them. */
function places(count: number): number[] {
  if (count <= mostPoints) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: mostPoints }, (_, i) => Math.round((i * (count - 1)) / (mostPoints - 1)));
}

/** The rates that steps were made with. */
export function madeRates({ steps, columns }: Pick<MetricColumns, 'steps' | 'columns'>): StepRate[] {
  return places(steps.length).flatMap((i) => {
    const [step, rate] = [steps[i], columns.learningRate.mean[i]];
    return step === undefined || rate === null || rate === undefined ? [] : [{ step, rate }];
  });
}

/** The rates of the steps after `step`, by a schedule; none where it has no more. */
export function ratesAhead(by: Schedule, step: number): StepRate[] {
  const left = Math.max(0, by.steps - step);
  return places(left).map((i) => ({ step: step + 1 + i, rate: learningRateAt(step + 1 + i, by) }));
}
