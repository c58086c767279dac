/**
 * Where a span of another tool lies. Tools disagree with themselves on what an offset counts: Label Studio counts code points
 * since its editor takes emoji into account and counted UTF-16 code units before; Argilla's Python side counts code points
 * and its page UTF-16 code units. Up to the first character beyond the Basic Multilingual Plane they are the same; after it,
 * the flagged words, where the file has them, say which it is.
 */
import type { Span } from '../../protocol/records.ts';
import { spanFault, spanOfCodePoints } from '../../protocol/text-spans.ts';

export type PlacedSpan =
  | {
      /** In UTF-16 code units. */
      readonly span: Span;
      /**
       * `sure`: the words are there, or there is only one reading. `assumed`: there are two, no words to tell them apart, and
       * the first was taken. `found`: its offsets hold other words, and this is the only place of its own.
       */
      readonly state: 'sure' | 'assumed' | 'found';
    }
  /** No reading of the offsets is a span of the text, or none holds the words and they have no place or several. */
  | { readonly span: null };

/**
 * @param offsets as the tool has them; code points are tried first
 * @param quote the words there, where the tool tells them
 */
export function placeSpan(text: string, { start, end }: Span, quote: string | null): PlacedSpan {
  const inCodePoints = start < end ? spanOfCodePoints(text, { start, end }) : null;
  const inUnits = start < end && spanFault(text, { start, end }) === null ? { start, end } : null;
  const readings = [inCodePoints, inUnits].filter((span) => span !== null);
  const [first, second] = readings;
  if (quote !== null) {
    const held = readings.find((span) => sameWords(text.slice(span.start, span.end), quote));
    if (held) return { span: held, state: 'sure' };
    const at = quote === '' ? -1 : text.indexOf(quote);
    if (at < 0 || text.indexOf(quote, at + 1) >= 0) return { span: null };
    const found = { start: at, end: at + quote.length };
    return spanFault(text, found) === null ? { span: found, state: 'found' } : { span: null };
  }
  if (!first) return { span: null };
  const isOne = !second || (first.start === second.start && first.end === second.end);
  return { span: first, state: isOne ? 'sure' : 'assumed' };
}

/** White space aside: line breaks are kept, dropped or written as `\n` depending on the tool's version. */
function sameWords(one: string, other: string): boolean {
  const plain = (words: string) => words.replace(/\\n|\s+/gu, '');
  return one === other || plain(one) === plain(other);
}
