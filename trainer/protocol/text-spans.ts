/**
 * Spans of a text. Inside the program they count UTF-16 code units, as strings of JavaScript do; what leaves it counts Unicode
 * code points, as Python does. A span never ends inside a character.
 */
import type { Span } from './records.ts';

/** A span outside of the program: `text[start:end]` in Python. */
export interface CodePointSpan extends Span {
  readonly unit: 'code points';
}

/** @param span in UTF-16 code units, which splits no surrogate pair */
export function codePointSpan(text: string, { start, end }: Span): CodePointSpan {
  const before = lengthInCodePoints(text.slice(0, start));
  return { start: before, end: before + lengthInCodePoints(text.slice(start, end)), unit: 'code points' };
}

/** The other way round; null when it is not inside the text. @param span in code points */
export function spanOfCodePoints(text: string, { start, end }: Span): Span | null {
  if (start > end) return null;
  let [points, units] = [0, 0];
  let first: number | null = null;
  for (const point of text) {
    if (points === start) first = units;
    if (points === end) break;
    points += 1;
    units += point.length;
  }
  if (points === start) first = units;
  return first === null || points < end ? null : { start: first, end: units };
}

export function lengthInCodePoints(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** What keeps a span from being one of the text; null when nothing does. */
export function spanFault(text: string, { start, end }: Span): string | null {
  if (start >= end || end > text.length)
    return `The span ${start}..${end} is not inside the text, which has ${text.length} UTF-16 code units.`;
  const split = [start, end].find((at) => isInsidePair(text, at));
  return split === undefined ? null : `The span ${start}..${end} splits the character at ${split - 1} in two.`;
}

/** The span with whole surrogate pairs at both ends. */
export function withWholePairs(text: string, { start, end }: Span): Span {
  return { start: isInsidePair(text, start) ? start - 1 : start, end: isInsidePair(text, end) ? end + 1 : end };
}

/** Of all texts: making one takes longer than asking it. */
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The span with whole characters at both ends, as a reader sees them (grapheme clusters): an emoji of five parts is one. */
export function withWholeCharacters(text: string, { start, end }: Span): Span {
  const characters = graphemes.segment(text);
  const last = end > start ? characters.containing(end - 1) : undefined;
  return {
    start: characters.containing(start)?.index ?? start,
    end: last === undefined ? end : last.index + last.segment.length,
  };
}

/** @returns whether a place in code units, from 0 to the length, is between characters as a reader sees them */
export function characterBounds(text: string): (at: number) => boolean {
  const characters = graphemes.segment(text);
  return (at) => at === text.length || characters.containing(at)?.index === at;
}

function isInsidePair(text: string, at: number): boolean {
  const isHigh = (code: number) => code >= 0xd800 && code < 0xdc00;
  const isLow = (code: number) => code >= 0xdc00 && code < 0xe000;
  return at > 0 && at < text.length && isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at));
}
