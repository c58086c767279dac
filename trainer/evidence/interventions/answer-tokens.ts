/**
 * Which tokens of a completion are what: its answer, and what is left of it when the reasoning is cut. Everything is cut between
 * tokens as they were sampled; a token that reaches over a cut with more than spaces belongs to what stands behind it.
 */
import type { ParsedCompletion, Span } from '../../protocol/records.ts';
import { tokenSpans } from '../../protocol/token-spans.ts';
import { splitSentences } from '../../reasoning/sentences.ts';

/** A completion that has both reasoning and an answer behind it. */
export interface CutCompletion {
  /** First token of the reasoning, and the first behind it: the closing tag's. */
  readonly thinkFrom: number;
  readonly thinkTo: number;
  /**
   * What stands before the reasoning, where the first token of that holds a part of it too: an empty reasoning begins with other
   * tokens then, those of this text alone. Null where the tokens before `thinkFrom` are all of it.
   */
  readonly opening: string | null;
  /** Where the reasoning begins and where each of its sentences ends, in code units, and the first token behind that place. */
  readonly cuts: readonly { readonly end: number; readonly token: number }[];
  /** Tokens of the answer between its tags: first and end (exclusive). */
  readonly answerFrom: number;
  readonly answerTo: number;
}

/** @returns why the completion can't be cut, as a sentence, where it can't */
export function cutCompletion(
  text: string,
  pieces: readonly string[],
  parsed: Pick<ParsedCompletion, 'think' | 'answer'>,
  options: readonly string[] = [],
): CutCompletion | string {
  const { think, answer } = parsed;
  if (answer === null || text.slice(answer.start, answer.end).trim() === '')
    return 'It gives no answer between its tags.';
  if (think === null || think.end > answer.start) return 'It has no reasoning before its answer.';
  const starts = tokenStarts(text, pieces);
  const firstFrom = (place: number): number => starts.findIndex(({ end }) => end > place);
  const firstSaid = (place: number): number =>
    starts.findIndex(({ start, end }) => end > place && /\S/.test(text.slice(Math.max(start, place), end)));
  const content = trimmed(text, answer);
  const answerFrom = starts.findIndex(({ end }) => end > content.start);
  const answerTo = starts.findLastIndex(({ start }) => start < content.end) + 1;
  const thinkFrom = firstSaid(think.start);
  const thinkTo = firstFrom(think.end);
  const opening = (starts[thinkFrom]?.start ?? 0) < think.start ? text.slice(0, think.start) : null;
  if (thinkFrom < 0 || thinkTo < thinkFrom || answerFrom < thinkTo || answerTo <= answerFrom)
    return 'Its tags share tokens with what stands beside them.';
  // One token for the whole of a reasoning and a tag: nothing could be cut out of it.
  if (opening !== null && thinkTo === thinkFrom) return 'Its tags share tokens with what stands beside them.';
  const sentences = splitSentences(text, think, options);
  const cuts = [
    { end: think.start, token: thinkFrom },
    ...sentences.map(({ span: { end } }) => ({
      end,
      token: Math.min(thinkTo, firstSaid(end)),
    })),
  ].filter(({ token }) => token >= 0);
  return { thinkFrom, thinkTo, opening, cuts, answerFrom, answerTo };
}

/**
 * The tokens with the reasoning cut behind `token`, the tags and the answer forced after it, and how many places these moved up.
 * @param opening the tokens of the text of that name; null where there is none
 */
export function withReasoningCut(
  ids: Int32Array,
  { thinkFrom, thinkTo }: CutCompletion,
  token: number,
  opening: Int32Array | null,
): { tokens: Int32Array; shift: number } {
  const before = opening !== null && token === thinkFrom ? opening : ids.subarray(0, token);
  return { tokens: Int32Array.from([...before, ...ids.subarray(thinkTo)]), shift: thinkTo - before.length };
}

/** Place of each token in the text: special tokens stand where they are met, with no width. */
function tokenStarts(text: string, pieces: readonly string[]): Span[] {
  const places: Span[] = [];
  for (const { span, tokens } of tokenSpans(text, pieces)) for (const token of tokens) places[token] = span;
  let at = 0;
  for (let i = 0; i < pieces.length; i++) {
    places[i] ??= { start: at, end: at };
    at = (places[i] as Span).end;
  }
  return places;
}

function trimmed(text: string, { start, end }: Span): Span {
  const inner = text.slice(start, end);
  const lead = inner.length - inner.trimStart().length;
  return { start: start + lead, end: start + lead + inner.trim().length };
}
