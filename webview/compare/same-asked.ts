/** Whether two groups were asked the same way, and how an answer is shown where nobody marks it. Computes only. */
import type { Group, Rollout } from '../../trainer/protocol/records.ts';
import type { CompletionMarks } from '../rollout/completion-pieces.ts';

/** Null where both saw the same frames under the same prompt. */
export function whatDiffers(a: Group, b: Group): string | null {
  const seen = ({ media }: Group) =>
    JSON.stringify([media.kind, media.indices, media.times, media.width, media.height]);
  const frames = seen(a) !== seen(b);
  const prompt = a.prompt !== b.prompt;
  if (frames && prompt) return 'The two saw other frames, under another prompt.';
  if (frames) return 'The two saw other frames.';
  return prompt ? 'The two were asked by another prompt.' : null;
}

/** With what was found in it when it was recorded. */
export const asIs = (rollout: Rollout, tokens: CompletionMarks['tokens']): CompletionMarks => ({
  aha: rollout.aha,
  commitments: rollout.commitments ?? [],
  flags: [],
  mentions: [],
  tokens,
  hits: [],
});
