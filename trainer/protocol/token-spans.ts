/** Where the tokens of an answer stand in its text. */
import type { Span } from './records.ts';

/** A stretch of the text with the tokens that make it: one, or those that share a character. */
export interface TokenSpan {
  readonly span: Span;
  readonly tokens: readonly number[];
}

/**
 * Where each token stands in the text. Pieces concatenate to the text but for special tokens, which the text leaves out,
 * and for characters that are split over several tokens: those tokens share the span up to the next one that is found.
 */
export function tokenSpans(text: string, pieces: readonly string[]): TokenSpan[] {
  const spans: TokenSpan[] = [];
  let offset = 0;
  let unplaced: number[] = [];
  const place = (end: number) => {
    if (unplaced.length > 0 && end > offset) spans.push({ span: { start: offset, end }, tokens: unplaced });
    unplaced = [];
  };
  for (const [index, piece] of pieces.entries()) {
    if (piece === '') continue;
    const found = text.startsWith(piece, offset) ? offset : unplaced.length > 0 ? text.indexOf(piece, offset) : -1;
    if (found >= 0 && found - offset <= 8 && !piece.includes('\ufffd')) {
      place(found);
      spans.push({ span: { start: found, end: found + piece.length }, tokens: [index] });
      offset = found + piece.length;
    } else if (!/^<\|.*\|>$/s.test(piece)) {
      unplaced.push(index);
    }
  }
  place(Math.min(text.length, offset + unplaced.length * 2));
  return spans;
}
