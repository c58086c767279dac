/**
 * Rollout–trainer mismatch: how far the log-probabilities of the program that sampled answers are from those of the one that trains on
 * them, with the same weights. The data alone; `learning/importance.ts` computes it.
 */
import { z } from 'zod';

export const rolloutMismatch = z.object({
  /** Mean over tokens of |log π_trainer − log π_sampler|, in nats. */
  difference: z.number(),
  /** Mean over tokens of k3 of KL(sampler || trainer), in nats. */
  k3: z.number(),
  /** The largest importance weight of a token, exp(log π_trainer − log π_sampler), before it is cut. */
  weight: z.number(),
});
export type RolloutMismatch = z.infer<typeof rolloutMismatch>;
