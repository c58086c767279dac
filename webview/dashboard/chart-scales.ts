/** How far the scales of a chart reach, what is marked on them, and what lies inside. */

type Ends = readonly [number, number];

/** The least and the most of columns at the steps inside `shown`; null where there is no value. */
export function drawnExtent(
  steps: readonly number[],
  shown: Ends,
  columns: readonly (readonly (number | null)[])[],
): { low: number; high: number } | null {
  let [low, high] = [Infinity, -Infinity];
  steps.forEach((step, at) => {
    if (step < shown[0] || step > shown[1]) return;
    for (const column of columns) {
      const value = column[at] ?? null;
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  });
  return low > high ? null : { low, high };
}

/** Labels of the horizontal axis: the first and the last step that are drawn, and round numbers between them with room for both. */
export function stepSplits(from: number, to: number, increment: number): number[] {
  const [first, last] = [Math.ceil(from), Math.floor(to)];
  if (last <= first) return [first];
  const splits = [first];
  for (let at = (Math.floor(first / increment) + 1) * increment; at < last; at += increment)
    if (at - first >= increment * 0.6 && last - at >= increment * 0.6) splits.push(at);
  return [...splits, last];
}

interface Vertical {
  readonly range?: Ends;
  readonly band?: Ends;
  readonly fromZero?: boolean;
}

/** A band's end is drawn where it makes the scale at most this many times as long. */
const mostLonger = 2;

/** Ends of the vertical scale for values between `low` and `high`; null where there are none. */
export function verticalRange(
  { range, band, fromZero }: Vertical,
  low: number | null,
  high: number | null,
): [number, number] {
  /* Half a line's width at an end would be cut off. */
  const edge = range ? (range[1] - range[0]) * 0.02 : 0;
  if (range) return [range[0] - edge, range[1] + edge];
  if (low === null || high === null) return [0, 1];
  const least = fromZero ? Math.min(0, low) : low;
  const spread = high - least;
  const pad = spread > 0 ? spread * 0.06 : Math.abs(high) * 0.1 || 1;
  /* What is never below zero is not drawn as if it could be. */
  let [from, to] = [least >= 0 ? Math.max(0, least - pad) : least - pad, high + pad];
  const longest = (to - from) * mostLonger;
  if (band && band[1] > to && band[1] + pad - from <= longest) to = band[1] + pad;
  if (band && band[0] < from && to - band[0] + pad <= longest) from = Math.max(0, band[0] - pad);
  return [from, to];
}

interface BandEdge {
  readonly at: number;
  readonly words: string;
  /** Where the words stand when the end lies beyond the scale; null where its line is drawn. */
  readonly edge: 'top' | 'bottom' | null;
}

/** What is drawn of a band's two ends on a scale: a line inside it, words at the edge beyond which it lies. */
export function bandEdges(band: Ends, [min, max]: Ends): BandEdge[] {
  const [from, to] = band;
  if (from > max) return [{ at: from, words: `${from}–${to} ↑`, edge: 'top' }];
  if (to < min) return [{ at: to, words: `${from}–${to} ↓`, edge: 'bottom' }];
  return [
    from < min ? { at: from, words: `from ${from} ↓`, edge: 'bottom' } : { at: from, words: '', edge: null },
    to > max ? { at: to, words: `to ${to} ↑`, edge: 'top' } : { at: to, words: '', edge: null },
  ];
}
