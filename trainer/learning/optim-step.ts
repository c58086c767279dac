/** What the optimizer is told. The learning rate of a step is in `protocol/learning-rate.ts`. */
import type { OptimStep } from '../engines/engine.ts';
import type { ParameterValues } from '../protocol/parameters.ts';

/** The optimizer's numbers for a step that learns at this rate. */
export function optimStepAt(
  learningRate: number,
  p: Pick<ParameterValues, 'beta1' | 'beta2' | 'weightDecay' | 'gradClipNorm'>,
): OptimStep {
  const { beta1, beta2, weightDecay, gradClipNorm } = p;
  return { learningRate, beta1, beta2, epsilon: 1e-8, weightDecay, gradClipNorm };
}
