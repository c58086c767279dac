/** The place from which the model goes on, moved by words of the original. Computes only. */
import { cutOf, type Original, restFrom } from './draft.ts';

/** A word of the original with the space before it, which belongs to the same token more often than not. */
export interface RestWord {
  readonly start: number;
  readonly end: number;
}

export function restWords(text: string, from: number): RestWord[] {
  return [...text.slice(from).matchAll(/\s*\S+|\s+$/g)].map((match) => ({
    start: from + match.index,
    end: from + match.index + match[0].length,
  }));
}

/** The given text a word longer, or shorter; what was typed goes first. */
export function wordCut(given: string, original: Pick<Original, 'rollout' | 'tokens'>, by: 1 | -1): string {
  const { text } = original.rollout;
  const from = restFrom(given, original);
  if (by === 1) return text.slice(0, restWords(text, from)[0]?.end ?? text.length);
  if (cutOf(given, original).typed !== '' && given !== text.slice(0, given.length)) return text.slice(0, from);
  return given.slice(0, restWords(given, 0).at(-1)?.start ?? 0);
}
