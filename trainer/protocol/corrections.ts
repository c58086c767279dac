/**
 * What a person changes in the groups of a step between sampling and update: answers are left out of it, or put back, and scores are
 * given in place of those that scoring found. What was recorded when the answers were sampled stays beside it.
 */
import { z } from 'zod';
import { maskedAnswer } from './masked-answers.ts';

/** Why, in the person's words: it is kept with the answers. */
export const correctionWhy = z.string().trim().min(1, 'says why').max(1000);

/** Rewards of one answer, 0..1, in place of what scoring found; what is absent stays as it was found. */
export const givenScores = z
  .strictObject({ accuracy: z.number().min(0).max(1).optional(), format: z.number().min(0).max(1).optional() })
  .refine(({ accuracy, format }) => accuracy !== undefined || format !== undefined, {
    error: 'names accuracy or format',
  });
export type GivenScores = z.infer<typeof givenScores>;

/** `accuracy 1, format 0`. */
export const scoresWords = (scores: GivenScores) =>
  (['accuracy', 'format'] as const)
    .flatMap((name) => (scores[name] === undefined ? [] : [`${name} ${scores[name]}`]))
    .join(', ');

/** On an answer: who gave it other scores, and why. */
export const rescoredAnswer = z.object({
  accuracy: z.number().optional(),
  format: z.number().optional(),
  by: z.string(),
  why: z.string(),
});
export type RescoredAnswer = z.infer<typeof rescoredAnswer>;

/** An answer as it stands, beside its record; null where it stands as recorded. */
const standing = z.object({
  masked: maskedAnswer.nullable(),
  rescored: rescoredAnswer.nullable(),
  updatedReward: z.number().nullable(),
  updatedAdvantage: z.number().nullable(),
});

/** The receipt of one change. */
export const correction = z.object({
  step: z.number().int(),
  /** Id of the command that asked for it. */
  command: z.string(),
  by: z.string(),
  why: z.string(),
  /** All answers of the groups in which something is another now. */
  answers: z.array(
    z.object({
      rolloutId: z.string(),
      reward: z.object({ from: z.number(), to: z.number() }),
      /** Null where it is not in the update: left out, or on shuffled frames. */
      advantage: z.object({ from: z.number().nullable(), to: z.number().nullable() }),
      now: standing,
    }),
  ),
});
export type Correction = z.infer<typeof correction>;
export type CorrectedAnswer = Correction['answers'][number];

/** What such an event says of one answer; undefined takes back what was said before. */
export interface ToldOfCorrection {
  readonly masked: z.infer<typeof maskedAnswer> | undefined;
  readonly rescored: RescoredAnswer | undefined;
  readonly updatedReward: number | undefined;
  readonly updatedAdvantage: number | undefined;
}

/** By rollout id. */
export function toldByCorrection({ answers }: Correction): ReadonlyMap<string, ToldOfCorrection> {
  return new Map(
    answers.map(({ rolloutId, now }) => [
      rolloutId,
      {
        masked: now.masked ?? undefined,
        rescored: now.rescored ?? undefined,
        updatedReward: now.updatedReward ?? undefined,
        updatedAdvantage: now.updatedAdvantage ?? undefined,
      },
    ]),
  );
}

/** `3 advantages are others, by 0.61 at most; 1 reward is another`. */
export function correctionWords({ answers }: Pick<Correction, 'answers'>): string {
  const moved = answers.flatMap(({ advantage: { from, to } }) =>
    from !== null && to !== null && from !== to ? [Math.abs(to - from)] : [],
  );
  const rewards = answers.filter(({ reward }) => reward.from !== reward.to).length;
  const advantages =
    moved.length === 0
      ? 'no advantage changes'
      : `${moved.length} ${moved.length === 1 ? 'advantage changes' : 'advantages change'}, by ${Math.max(...moved).toFixed(3)} at most`;
  return rewards === 0
    ? advantages
    : `${rewards} ${rewards === 1 ? 'reward changes' : 'rewards change'}; ${advantages}`;
}
