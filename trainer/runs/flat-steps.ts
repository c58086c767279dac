/** Notices that a run has had nothing to learn from for a while: groups whose rewards are all equal have no advantage. */
import type { StepMetrics } from '../protocol/records.ts';

/** Steps after which it is said, once until a group differs again. */
export const flatStepsTold = 10;

export class FlatSteps {
  private count = 0;

  /** @returns what to tell a person after this step; null for nothing */
  take({ step, flatGroups }: Pick<StepMetrics, 'step' | 'flatGroups'>): string | null {
    this.count = flatGroups === 1 ? this.count + 1 : 0;
    if (this.count !== flatStepsTold) return null;
    return `In no group of the last ${flatStepsTold} steps, up to step ${step}, did the rewards differ: every advantage was 0, and nothing was learned. Look at some rollouts: answers that are all right call for harder questions, answers that are all wrong for easier ones, more answers a question or more SFT, and answers that are all alike for a higher temperature.`;
  }
}
