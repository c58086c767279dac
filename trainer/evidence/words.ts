/** The words of an answer, each with its tokens, so that numbers of tokens can be said of words. */
import { unspaced } from '../protocol/query/words.ts';
import type { Span } from '../protocol/records.ts';
import { tokenSpans } from '../protocol/token-spans.ts';

export interface Word {
  /** In the completion's text. */
  readonly span: Span;
  readonly text: string;
  readonly tokens: readonly number[];
}

/** A character of a script without spaces is a word of its own; a run of others, with what joins them, is one. */
const run = `(?:(?![${unspaced}])[\\p{L}\\p{N}\\p{M}])+`;
const words = new RegExp(`[${unspaced}]\\p{M}*|${run}(?:['’.,:-]${run})*`, 'gu');
const letter = /[\p{L}\p{N}\p{Extended_Pictographic}]/u;

/**
 * Words in their order. A token belongs to the word in which its first letter or digit stands; tokens without one, as spaces and
 * tags have, belong to none.
 * @param pieces one per token, which concatenate to the text; see `tokenSpans`
 */
export function wordsOf(text: string, pieces: readonly string[]): Word[] {
  const found = [...text.matchAll(words)].map((match) => ({
    span: { start: match.index, end: match.index + match[0].length },
    text: match[0],
    tokens: [] as number[],
  }));
  let at = 0;
  for (const { span, tokens } of tokenSpans(text, pieces)) {
    const lead = text.slice(span.start, span.end).search(letter);
    if (lead < 0) continue;
    const start = span.start + lead;
    while (at < found.length && (found[at]?.span.end ?? 0) <= start) at++;
    const word = found[at];
    if (word && word.span.start <= start) word.tokens.push(...tokens);
  }
  return found.filter(({ tokens }) => tokens.length > 0);
}

/** Words that begin inside a span. */
export const wordsIn = (all: readonly Word[], { start, end }: Span): Word[] =>
  all.filter(({ span }) => span.start >= start && span.start < end);
