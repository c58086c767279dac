/** From the rewards of a group to its advantages (Video-R1 eq. 3). Here, so that what follows from a recorded group can use it. */
import { z } from 'zod';

/** The parameters that decide it. */
export const normalisation = z.object({
  stdDegrees: z.enum(['n', 'n-1']),
  stdEpsilon: z.number(),
  divideByStd: z.boolean(),
});
export type Normalisation = z.infer<typeof normalisation>;

export interface Normalised {
  readonly mean: number;
  readonly std: number;
  /** True when all rewards are equal, so that no answer has an advantage. */
  readonly flat: boolean;
  /** One per reward. */
  readonly advantages: number[];
}

/** Advantages of a group from its answers' rewards; all 0 where the rewards are alike. */
export function normalise(totals: readonly number[], p: Normalisation): Normalised {
  const mean = totals.length === 0 ? 0 : totals.reduce((sum, value) => sum + value, 0) / totals.length;
  const squares = totals.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const degrees = p.stdDegrees === 'n-1' ? totals.length - 1 : totals.length;
  const flat = Math.max(...totals) - Math.min(...totals) < 1e-9;
  const std = flat || degrees < 1 ? 0 : Math.sqrt(squares / degrees);
  const scale = p.divideByStd ? std + p.stdEpsilon : 1;
  return { mean, std, flat, advantages: totals.map((value) => (flat ? 0 : (value - mean) / scale)) };
}
