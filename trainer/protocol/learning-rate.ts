/** The learning rate of a step: for the loops that take it, and for pages that draw the rest of a schedule ahead. */
import type { ParameterValues } from './parameters.ts';

/** The parameters that a schedule is made of. */
export const scheduleParameters = ['learningRate', 'schedule', 'scheduleFloor', 'warmupSteps', 'steps'] as const;
export type Schedule = Pick<ParameterValues, (typeof scheduleParameters)[number]>;

/**
 * Learning rate of `step` (from 1): a linear warm-up over `warmupSteps`, times the peak for `constant`; for `cosine` and `linear`
 * times what is left after `step` of `steps` updates, which falls to `scheduleFloor` at the last along half a cosine or a straight
 * line. Without warm-up and floor that is what transformers' schedulers of these names have after `step` updates; theirs begin to
 * fall when the warm-up is over, these at once.
 */
export function learningRateAt(step: number, p: Schedule): number {
  const warm = p.warmupSteps > 0 ? Math.min(1, step / p.warmupSteps) : 1;
  return p.learningRate * warm * shareLeft(Math.min(1, step / p.steps), p);
}

function shareLeft(progress: number, { schedule, scheduleFloor }: Schedule): number {
  switch (schedule) {
    case 'constant':
      return 1;
    case 'cosine':
      return scheduleFloor + (1 - scheduleFloor) * (0.5 * (1 + Math.cos(Math.PI * progress)));
    case 'linear':
      return scheduleFloor + (1 - scheduleFloor) * (1 - progress);
  }
}
