/** The learning rate of a step, and what the optimizer is told. */
import type { OptimStep } from '../engines/engine.ts';
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

/** The optimizer's numbers for a step that learns at this rate. */
export function optimStepAt(
  learningRate: number,
  p: Pick<ParameterValues, 'beta1' | 'beta2' | 'weightDecay' | 'gradClipNorm'>,
): OptimStep {
  const { beta1, beta2, weightDecay, gradClipNorm } = p;
  return { learningRate, beta1, beta2, epsilon: 1e-8, weightDecay, gradClipNorm };
}
