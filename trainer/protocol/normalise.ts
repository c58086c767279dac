/** From the rewards of a group to its advantages (Video-R1 eq. 3). Here, so that what follows from a recorded group can use it. */
import { z } from 'zod';
import { readingFormerNames } from './former-names.ts';
import { parameters } from './parameters.ts';

/** What decides it. */
export const normalisation = readingFormerNames(
  z.object({
    stdDegrees: parameters.stdDegrees.schema,
    stdEpsilon: z.number(),
    advantageScale: parameters.advantageScale.schema,
    /** `batchStd` of the groups that were made advantages of together; absent where it was not kept, or the group stands alone. */
    batchStd: z.number().min(0).optional(),
  }),
);
export type Normalisation = z.infer<typeof normalisation>;

export interface Normalised {
  readonly mean: number;
  readonly std: number;
  /** True when all rewards are equal, so that no answer has an advantage. */
  readonly flat: boolean;
  /** One per reward. */
  readonly advantages: number[];
}

const meanOf = (totals: readonly number[]) =>
  totals.length === 0 ? 0 : totals.reduce((sum, value) => sum + value, 0) / totals.length;
const squaresOf = (totals: readonly number[], mean: number) =>
  totals.reduce((sum, value) => sum + (value - mean) ** 2, 0);
const degreesOf = (count: number, degrees: Normalisation['stdDegrees']) => (degrees === 'n-1' ? count - 1 : count);

/**
 * Standard deviation of all rewards of a batch from the means of their own groups, whose mean is 0: what REINFORCE++-baseline
 * divides by (arXiv 2501.03262; as verl's `reinforce_plus_plus_baseline`, over answers instead of tokens). TRL's
 * `scale_rewards="batch"` takes that of the rewards themselves, which holds what groups differ by, too.
 * @param groups rewards of each group's answers; 0 where fewer than two are there under n - 1
 */
export function batchStd(groups: readonly (readonly number[])[], degrees: Normalisation['stdDegrees']): number {
  const count = groups.reduce((sum, totals) => sum + totals.length, 0);
  const squares = groups.reduce((sum, totals) => sum + squaresOf(totals, meanOf(totals)), 0);
  const divisor = degreesOf(count, degrees);
  return divisor < 1 ? 0 : Math.sqrt(squares / divisor);
}

/** What a reward's distance from the mean is divided by, without epsilon; null where it is left as it is. */
export function spreadOf(std: number, p: Pick<Normalisation, 'advantageScale' | 'batchStd'>): number | null {
  switch (p.advantageScale) {
    case 'none':
      return null;
    case 'group':
      return std;
    case 'batch':
      // All rewards of the batch were alike: of one in which these differ, as where a reward is tried, this group is all that is known.
      return p.batchStd || std;
  }
}

/** Advantages of a group from its answers' rewards; all 0 where the rewards are alike. */
export function normalise(totals: readonly number[], p: Normalisation): Normalised {
  const mean = meanOf(totals);
  const degrees = degreesOf(totals.length, p.stdDegrees);
  const flat = Math.max(...totals) - Math.min(...totals) < 1e-9;
  const std = flat || degrees < 1 ? 0 : Math.sqrt(squaresOf(totals, mean) / degrees);
  const spread = spreadOf(std, p);
  const scale = spread === null ? 1 : spread + p.stdEpsilon;
  return { mean, std, flat, advantages: totals.map((value) => (flat ? 0 : (value - mean) / scale)) };
}
