/**
 * Where a flag stands in a text, written so that it is found again when the text was edited around it. A place counts as found
 * only on evidence that no edit forges but one that copies its surroundings, or puts its words right beside it: what is less is
 * said, and never taken.
 *
 * Each side's context is as long as it takes to tell its place from every other in the text, whatever stands there, and `margin`
 * more; a context that ends where the text does has the text's end as its last character. So either side tells the place by
 * itself: an edit before the span leaves the one after it, and the other way round, and the quote put in elsewhere is no match.
 */
import { z } from 'zod';
import { StudioError } from '../errors.ts';
import type { Span } from '../records.ts';
import {
  characterBounds,
  codePointSpan,
  lengthInCodePoints,
  spanFault,
  spanOfCodePoints,
  withWholeCharacters,
} from '../text-spans.ts';
import { sharedAfter, sharedBefore } from './shared-context.ts';

/** Code points of context beyond those that tell its place from all others. */
const margin = 48;
/** Of those, what may differ at the far end of a place that is taken. */
const slack = 16;
/** The same for a place against which no other is taken. */
const slackOfRival = 40;
/** Code points; a text that repeats itself for longer is not told apart. */
const longestContext = 2000;
/** Code points of either context that the only place of words needs, when they were there only once before. */
const leastContext = 8;
/** Code points of a quote that needs no context for that. */
const longQuote = 32;

const count = z.number().int().min(0);

/** All numbers in code points. */
export const anchor = z
  .strictObject({
    start: count,
    end: count,
    /** Of the whole text. */
    length: count,
    /** How often the quote was in the text. */
    places: z.number().int().min(1),
    quote: z.string().min(1),
    before: z.string(),
    after: z.string(),
  })
  .refine(
    ({ start, end, length, quote }) => start < end && end <= length && lengthInCodePoints(quote) === end - start,
    {
      error: 'its start, end and length do not fit its quote',
    },
  )
  .refine(
    ({ start, end, length, before, after }) =>
      lengthInCodePoints(before) <= start && lengthInCodePoints(after) <= length - end,
    { error: 'its contexts are longer than the text around it' },
  );
export type Anchor = z.infer<typeof anchor>;

/** Spans in UTF-16 code units of the text as it is now. */
export type Located =
  | { readonly state: 'exact' | 'moved'; readonly span: Span }
  /** The words are there, once or more, and what is around them does not tell which of them was meant. */
  | { readonly state: 'ambiguous'; readonly spans: readonly Span[] }
  /** The words themselves are no longer there. */
  | { readonly state: 'gone' };

/**
 * @param span in UTF-16 code units; widened to whole characters, as a reader sees them
 * @throws StudioError `bad-request` when it is not inside the text, or splits a surrogate pair
 */
export function anchorOf(text: string, span: Span): Anchor {
  const fault = spanFault(text, span);
  if (fault !== null)
    throw new StudioError('bad-request', fault, { remedy: 'Give a span of this text, in UTF-16 code units.' });
  const whole = withWholeCharacters(text, span);
  const { start, end } = codePointSpan(text, whole);
  const points = [...text];
  const all = {
    before: sharedBefore(points.slice(Math.max(0, start - longestContext), start), points),
    after: sharedAfter(points.slice(end, end + longestContext), points),
  };
  let [before, after] = [0, 0];
  for (let place = 0; place <= points.length; place++) {
    if (place !== start) before = Math.max(before, (all.before[place] as number) + 1);
    if (place !== end) after = Math.max(after, (all.after[place] as number) + 1);
  }
  return {
    start,
    end,
    length: points.length,
    places: placesOf(points, points.slice(start, end)).length,
    quote: text.slice(whole.start, whole.end),
    before: points.slice(Math.max(0, start - contextLength(before)), start).join(''),
    after: points.slice(end, end + contextLength(after)).join(''),
  };
}

/** Where it is in a text that is still the same: its item's hash says so. Null where the text is another one all the same. */
export function spanInSameText(text: string, { start, end, quote }: Anchor): Span | null {
  const span = spanOfCodePoints(text, { start, end });
  return span !== null && text.slice(span.start, span.end) === quote ? span : null;
}

/** Finds the words of an anchor in a text that may have been edited. */
export function locate(text: string, anchor: Anchor): Located {
  const points = [...text];
  const size = anchor.end - anchor.start;
  const offsets: number[] = [];
  for (let i = 0, units = 0; i < points.length; units += (points[i++] as string).length) offsets.push(units);
  const spanAt = (place: number): Span => {
    const start = offsets[place] as number;
    return { start, end: start + anchor.quote.length };
  };
  const quote = [...anchor.quote];
  const isBound = characterBounds(text);
  // "e" is not in "é", which is an e with an accent.
  const candidates = placesOf(points, quote).filter((place) => {
    const { start, end } = spanAt(place);
    return isBound(start) && isBound(end);
  });
  if (candidates.length === 0) return { state: 'gone' };

  const before = [...anchor.before];
  const after = [...anchor.after];
  const all = { before: sharedBefore(before, points), after: sharedAfter(after, points) };
  const reachesStart = before.length === anchor.start;
  const reachesEnd = anchor.end + after.length === anchor.length;
  const found = candidates.map((place) => {
    const shared = { before: all.before[place] as number, after: all.after[place + size] as number };
    const tells = (most: number) =>
      (reachesStart
        ? shared.before === before.length && place === before.length
        : before.length < longestContext && shared.before >= before.length - most) ||
      (reachesEnd
        ? shared.after === after.length && place + size + after.length === points.length
        : after.length < longestContext && shared.after >= after.length - most);
    return { place, shared, tells, isWhole: holdsWholeWords(points, place, { quote, before, after }) };
  });

  const told = found.filter(({ isWhole, tells }) => isWhole && tells(slackOfRival));
  const [first] = told.length > 0 ? told : found;
  const isSame =
    first !== undefined &&
    ((told.length === 1 && first.tells(slack)) ||
      (found.length === 1 &&
        first.isWhole &&
        anchor.places === 1 &&
        (size >= longQuote || Math.max(first.shared.before, first.shared.after) >= leastContext)));
  if (isSame) return { state: first.place === anchor.start ? 'exact' : 'moved', span: spanAt(first.place) };
  return { state: 'ambiguous', spans: (told.length > 0 ? told : found).map(({ place }) => spanAt(place)) };
}

/** @param telling code points that no other place of the text has before it, or after it */
const contextLength = (telling: number): number => Math.min(telling + margin, longestContext);

/** All places of a quote, also those that overlap, in code points. */
function placesOf(points: readonly string[], quote: readonly string[]): number[] {
  const places: number[] = [];
  for (const [place, shared] of sharedAfter(quote, points).entries()) if (shared === quote.length) places.push(place);
  return places;
}

/** "the" is not in "then", where it was a word by itself. Of scripts without spaces nothing can be said by this. */
function holdsWholeWords(
  points: readonly string[],
  place: number,
  { quote, before, after }: Record<'quote' | 'before' | 'after', readonly string[]>,
): boolean {
  const joins = (left: string | undefined, right: string | undefined) => isOfWord(left) && isOfWord(right);
  const [first, last] = [points[place], points[place + quote.length - 1]];
  const joinsBefore = joins(points[place - 1], first) && !joins(before.at(-1), first);
  const joinsAfter = joins(last, points[place + quote.length]) && !joins(last, after[0]);
  return !joinsBefore && !joinsAfter;
}

const isOfWord = (point: string | undefined): boolean => point !== undefined && /[\p{L}\p{N}]/u.test(point);
