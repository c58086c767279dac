/** How far two people mark the same stretches of text: pairwise F1 of spans, matched one to one. */
import { bootstrapInterval } from './bootstrap.ts';
import type { GivenJudgement, MarkedSpan } from './judgements.ts';
import { maximumMatching } from './matching.ts';
import { type Interval, type Measure, undefinedInterval, undefinedMeasure } from './measure.ts';

/** `exact`: both ends are the same. `overlapping`: they share a code point or more. The category is the same in either. */
export type SpanMatching = 'exact' | 'overlapping';

export interface SpanAgreement {
  /** Spans of both that are matched to each other; each is in one pair at most, and there are as many pairs as can be. */
  readonly both: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** 2 both / (2 both + onlyFirst + onlySecond): whoever is taken for the truth, it is the same. */
  readonly f1: Measure;
  /** Over items: spans of one item are drawn together. */
  readonly interval: Interval;
}

/** Spans of one item, counted. */
export interface SpanCounts {
  /** Pairs that are matched. */
  readonly both: number;
  /** All of the first one's, matched or not. */
  readonly first: number;
  readonly second: number;
}

/** A span that one person marked twice with a category says no more than once marked. */
function distinct(spans: readonly MarkedSpan[]): MarkedSpan[] {
  return Array.from(new Map(spans.map((span) => [`${span.start}-${span.end}`, span])).values());
}

/** @param one, other spans of one category in one text */
export function matchSpans(
  one: readonly MarkedSpan[],
  other: readonly MarkedSpan[],
  matching: SpanMatching,
): SpanCounts {
  const first = distinct(one);
  const second = distinct(other);
  const fits = (a: MarkedSpan, b: MarkedSpan) =>
    matching === 'exact' ? a.start === b.start && a.end === b.end : Math.max(a.start, b.start) < Math.min(a.end, b.end);
  const joins = first.map((a) => second.flatMap((b, place) => (fits(a, b) ? [place] : [])));
  return { both: maximumMatching(joins, second.length), first: first.length, second: second.length };
}

/** NaN where neither marked anything. */
const f1Of = (both: number, first: number, second: number): number =>
  first + second === 0 ? Number.NaN : (2 * both) / (first + second);

/**
 * @param items how many items both judged
 * @param marked counts of those in which somebody marked a span
 * @param seed of the resamples
 */
export function spanAgreement(items: number, marked: readonly SpanCounts[], seed: number): SpanAgreement {
  const unmarked = items - marked.length;
  const kinds = new Map([['', { both: 0, first: 0, second: 0, items: unmarked }]]);
  let both = 0;
  let first = 0;
  let second = 0;
  for (const item of marked) {
    both += item.both;
    first += item.first;
    second += item.second;
    const key = [item.both, item.first, item.second].join();
    const known = kinds.get(key);
    if (known) known.items++;
    else kinds.set(key, { ...item, items: 1 });
  }
  const counts = { both, onlyFirst: first - both, onlySecond: second - both };
  const why = items === 0 ? 'no-item-in-common' : first + second === 0 ? 'nothing-marked' : null;
  if (why) return { ...counts, f1: undefinedMeasure(why), interval: undefinedInterval(why) };
  const f1 = { value: f1Of(both, first, second) };
  if (items === 1) return { ...counts, f1, interval: undefinedInterval('one-item') };
  const sorted = Array.from(kinds)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, kind]) => kind);
  const statistic = (drawn: Float64Array) => {
    let [inBoth, inFirst, inSecond] = [0, 0, 0];
    for (let k = 0; k < sorted.length; k++) {
      const kind = sorted[k] as SpanCounts;
      const times = drawn[k] as number;
      inBoth += times * kind.both;
      inFirst += times * kind.first;
      inSecond += times * kind.second;
    }
    return f1Of(inBoth, inFirst, inSecond);
  };
  const interval = bootstrapInterval(
    sorted.map((kind) => kind.items),
    statistic,
    seed,
  );
  return { ...counts, f1, interval };
}

/** The spans that a judgement marks with a category. */
export const spansOf = ({ marks }: GivenJudgement, category: string): readonly MarkedSpan[] =>
  marks.flatMap((mark) => (mark.category === category && mark.span ? [mark.span] : []));
