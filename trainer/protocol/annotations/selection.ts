/**
 * Choosing a span of a text by keyboard: to the next or previous word or sentence, and wider or narrower at either end. Words and
 * sentences are those of Unicode in any script, but that an abbreviation or the label of an item ends no sentence, and that a
 * number and its unit of time are one word. Spans are UTF-16 code units.
 */
import { abbreviations } from '../abbreviations.ts';
import type { Span } from '../records.ts';

export type SelectionUnit = 'word' | 'sentence';
/** The end of the span that moves. */
export type SelectionEdge = 'start' | 'end';

/** The first unit after the span, or of the text where there is no span. The span itself where none comes after it; null where there is none at all. */
export function nextUnit(text: string, span: Span | null, unit: SelectionUnit): Span | null {
  const from = span?.end ?? 0;
  return unitsOf(text, unit).find(({ start }) => start >= from) ?? span;
}

/** The last unit before the span, or of the text where there is no span. The span itself where none comes before it. */
export function previousUnit(text: string, span: Span | null, unit: SelectionUnit): Span | null {
  const to = span?.start ?? text.length;
  return unitsOf(text, unit).findLast(({ end }) => end <= to) ?? span;
}

/** The span with one unit more at an end; the rest of a unit that it holds in part. */
export function widen(text: string, span: Span, unit: SelectionUnit, edge: SelectionEdge = 'end'): Span {
  const units = unitsOf(text, unit);
  if (edge === 'end') return { ...span, end: units.find(({ end }) => end > span.end)?.end ?? span.end };
  return { ...span, start: units.findLast(({ start }) => start < span.start)?.start ?? span.start };
}

/** The span with one unit less at an end; what it holds of one in part. It never becomes empty: a single unit stays as it is. */
export function narrow(text: string, span: Span, unit: SelectionUnit, edge: SelectionEdge = 'end'): Span {
  const units = unitsOf(text, unit);
  if (edge === 'end') {
    const kept = units.findLast(({ end }) => end < span.end);
    return kept === undefined || kept.end <= span.start ? span : { ...span, end: kept.end };
  }
  const kept = units.find(({ start }) => start > span.start);
  return kept === undefined || kept.start >= span.end ? span : { ...span, start: kept.start };
}

const unitsOf = (text: string, unit: SelectionUnit): Span[] => (unit === 'word' ? wordsOf(text) : sentencesOf(text));

const wordSegments = new Intl.Segmenter(undefined, { granularity: 'word' });
const sentenceSegments = new Intl.Segmenter(undefined, { granularity: 'sentence' });

/** "0 s", "3.5 s", "0:05", "1:02.5" and "200 ms": one word each. */
const times = /\d+(?:[.,]\d+)?(?::\d{2}(?:[.,]\d+)?)*(?:[ \u00a0\u202f]?(?:ms|s|min|h)(?![\p{L}\p{N}]))?/gu;
/** The end of a sentence after which a time stands. */
const beforeTime = /[.!?]['")\]]*\s+(?=\d+(?:[.,:]\d+)?[ \u00a0\u202f]?(?:ms|s|min|h)(?![\p{L}\p{N}]))/gu;
/** A picture is a word; a sign of mathematics or of markup is not. */
const picture = /\p{Extended_Pictographic}|\p{Regional_Indicator}/u;

/** Words and pictures in order, without the marks between them. */
export function wordsOf(text: string): Span[] {
  const spans = [...text.matchAll(times)].map(({ index, 0: match }) => ({ start: index, end: index + match.length }));
  const words: Span[] = [];
  let next = 0;
  for (const { index, segment, isWordLike } of wordSegments.segment(text)) {
    if (isWordLike !== true && !picture.test(segment)) continue;
    const end = index + segment.length;
    while (next < spans.length && (spans[next] as Span).end <= index) next += 1;
    const time = spans[next];
    const isOfTime = time !== undefined && time.start < end;
    const word = isOfTime
      ? { start: Math.min(time.start, index), end: Math.max(time.end, end) }
      : { start: index, end };
    const last = words.at(-1);
    if (last !== undefined && word.start < last.end)
      words[words.length - 1] = { ...last, end: Math.max(last.end, end) };
    else words.push(word);
  }
  return words;
}

/** Sentences in order, with their marks and without the whitespace around them; a line break ends one. */
export function sentencesOf(text: string): Span[] {
  const sentences: Span[] = [];
  let begun: number | null = null;
  for (const { index, segment } of segmentsOf(text)) {
    const start: number = begun ?? index;
    const end = index + segment.length;
    begun = endsNothing(text.slice(start, end)) && end < text.length ? start : null;
    if (begun !== null) continue;
    const raw = text.slice(start, end);
    const trimmed = raw.trim();
    const lead = raw.length - raw.trimStart().length;
    if (trimmed !== '') sentences.push({ start: start + lead, end: start + lead + trimmed.length });
  }
  return sentences;
}

/** As Unicode has them, but that "0 s: dark. 1 s: light." are two: a time begins one though a digit is no capital letter. */
function* segmentsOf(text: string): Generator<{ readonly index: number; readonly segment: string }> {
  for (const { index, segment } of sentenceSegments.segment(text)) {
    let from = 0;
    for (const { index: at, 0: end } of segment.matchAll(beforeTime)) {
      yield { index: index + from, segment: segment.slice(from, at + end.length) };
      from = at + end.length;
    }
    if (from < segment.length) yield { index: index + from, segment: segment.slice(from) };
  }
}

/** Whether a piece that was cut off ends with an abbreviation, or is no more than the label of an item: "1. ", "- B. ". */
function endsNothing(piece: string): boolean {
  if (/[\n\r\u0085\u2028\u2029]\s*$/.test(piece)) return false;
  if (/^[\s*_•–-]*(?:\d{1,2}|[A-Z])[.)][*_]*\s+$/.test(piece)) return true;
  const [, word = ''] = /([\p{L}.]+)\.\s+$/u.exec(piece) ?? [];
  // "no." before a number, "etc." before a lower letter: the segmenter itself goes on there, and elsewhere they end a sentence.
  // "200 ms." is a time, not a lady.
  return abbreviations.has(word.toLowerCase()) && !/^(?:no|etc)$/i.test(word) && !/\d\s*ms\.\s+$/.test(piece);
}
