/** Answers that a rule left out of an update, and what that did to the others of their groups. */
import { z } from 'zod';

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
