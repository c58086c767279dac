/** The queue of answers that people judge, and what detectors suggest of them. */
import { z } from 'zod';
import { categoryId } from './annotations/categories.ts';
import { frameOrder, span } from './records.ts';

/**
 * `newest`: as the list has them. `random`: seeded, each of all that match as likely. `disagreed`: those over which authors differ
 * most. `informative`: right answers whose reasoning contradicts them, then other patterns. `training`: what training gives back:
 * groups without spread, temporal tests that flip, jumps of the KL, flagged words that came back.
 */
export const queueOrders = ['informative', 'training', 'disagreed', 'random', 'newest'] as const;
export const queueOrder = z.enum(queueOrders);
export type QueueOrder = z.infer<typeof queueOrder>;

export const queueItem = z.object({
  groupId: z.string(),
  rolloutId: z.string(),
  step: z.number().int(),
  /** Number of the answer inside its half, from 0. */
  index: z.number().int(),
  half: frameOrder,
  /** Its beginning. */
  problem: z.string(),
  answer: z.string(),
  correct: z.boolean().nullable(),
  /** Why it was chosen, in a few words. */
  why: z.string(),
});
export type QueueItem = z.infer<typeof queueItem>;

export const suggestion = z.object({
  detector: z.string(),
  category: categoryId,
  /** Null is the whole answer. */
  span: span.nullable(),
  says: z.string(),
  /** What who asks has answered; null before. */
  answered: z.object({ accepted: z.boolean(), id: z.string() }).nullable(),
  /** How often people agreed with the detector, in the project; null while nobody has answered it. */
  precision: z.object({ accepted: z.number().int(), answered: z.number().int() }).nullable(),
});
export type Suggestion = z.infer<typeof suggestion>;
