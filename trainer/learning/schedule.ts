/** The learning rate of a step. */
import type { ParameterValues } from '../protocol/parameters.ts';

/**
 * Learning rate of `step` (from 1): linear warm-up over `warmupSteps`, then constant, or a half cosine from the peak to
 * `scheduleFloor` of it at the last of `steps`.
 */
export function learningRateAt(
  step: number,
  p: Pick<ParameterValues, 'learningRate' | 'schedule' | 'scheduleFloor' | 'warmupSteps' | 'steps'>,
): number {
  const warm = p.warmupSteps > 0 ? Math.min(1, step / p.warmupSteps) : 1;
  if (p.schedule === 'constant') return p.learningRate * warm;
  const progress = Math.min(1, step / p.steps);
  const cosine = 0.5 * (1 + Math.cos(Math.PI * progress));
  return p.learningRate * warm * (p.scheduleFloor + (1 - p.scheduleFloor) * cosine);
}
