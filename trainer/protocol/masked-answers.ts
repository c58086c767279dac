/** Answers that a rule left out of an update, and what that did to the others of their groups. */
import { z } from 'zod';

/** Of an answer that was left out of the update. */
export const maskedAnswer = z.object({
  /** Those that it holds of what people flagged; none where the answer itself was flagged while its group was open. */
  words: z.array(z.string()),
  /** What it would have been in the update. */
  advantage: z.number(),
  /** The person who left it out, and why; absent where a rule did. */
  by: z.string().optional(),
  why: z.string().optional(),
});
export type MaskedAnswer = z.infer<typeof maskedAnswer>;

export const maskedAnswers = z.object({
  step: z.number().int(),
  rollouts: z.array(
    z.object({
      id: z.string(),
      /** Those that it holds of what people flagged; none where the answer itself was flagged while its group was open. */
      words: z.array(z.string()),
    }),
  ),
  /** Advantages that are others than they were, those of the answers left out among them; null where there is none any more. */
  advantages: z.array(z.object({ rolloutId: z.string(), from: z.number(), to: z.number().nullable() })),
});
export type MaskedAnswers = z.infer<typeof maskedAnswers>;

/** What such an event says of one answer. */
export interface ToldOfMask {
  readonly masked?: MaskedAnswer;
  readonly updatedAdvantage?: number;
}

/** By rollout id, of every answer of which something is said. */
export function toldByMask({ rollouts, advantages }: MaskedAnswers): ReadonlyMap<string, ToldOfMask> {
  const from = new Map(advantages.map((change) => [change.rolloutId, change.from]));
  return new Map<string, ToldOfMask>([
    ...advantages.flatMap(({ rolloutId, to }) => (to === null ? [] : [[rolloutId, { updatedAdvantage: to }] as const])),
    ...rollouts.map(({ id, words }) => [id, { masked: { words, advantage: from.get(id) ?? 0 } }] as const),
  ]);
}

export function maskedSentence({ step, rollouts, advantages }: MaskedAnswers): string {
  const kept = advantages.flatMap(({ from, to }) => (to === null ? [] : [Math.abs(to - from)]));
  const most = Math.max(0, ...kept).toFixed(3);
  const [first] = rollouts;
  const why = first && first.words.length > 0 ? `holds “${first.words[0]}”` : 'was flagged';
  const answers = rollouts.length === 1 ? '1 answer is' : `${rollouts.length} answers are`;
  const others =
    kept.length === 0
      ? 'no other advantage changes'
      : `${kept.length} other ${kept.length === 1 ? 'advantage changes' : 'advantages change'}, by ${most} at most`;
  return `Step ${step}: ${answers} left out of the update (${first?.id} ${why}${rollouts.length > 1 ? ', …' : ''}); ${others}.`;
}
