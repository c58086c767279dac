/** Which elements of two sequences belong together, in order: what a comparison calls unchanged. Values in, values out. */

export type Sequence = Float64Array | Uint32Array;

/** Part of both sequences; the ends are not in it. */
export interface Stretch {
  readonly before: readonly [from: number, to: number];
  readonly after: readonly [from: number, to: number];
}

/** Stands for an element that has no partner. */
export const alone = -1;

/** Of pairs in the order of the one side, the longest choice that is in order on the other side too (patience sorting). */
function inOrder(partners: Int32Array): void {
  const { length } = partners;
  /** For each length of a choice, where the one ends whose end lies lowest. */
  const ends: number[] = [];
  const previous = new Int32Array(length).fill(alone);
  for (let at = 0; at < length; at++) {
    const partner = partners[at] as number;
    if (partner === alone) continue;
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((partners[ends[middle] as number] as number) < partner) low = middle + 1;
      else high = middle;
    }
    if (low > 0) previous[at] = ends[low - 1] as number;
    ends[low] = at;
  }
  let kept = ends.at(-1) ?? alone;
  for (let at = length - 1; at >= 0; at--) {
    if (at === kept) kept = previous[at] as number;
    else partners[at] = alone;
  }
}

/**
 * Writes to `partners`, for elements of `after`, the place of an equal one of `before`. Equal ones are taken in the order in
 * which they come, so the time grows with the length alone (and its logarithm); with many repetitions fewer may be matched
 * than could be.
 */
export function matchInOrder(before: Sequence, after: Sequence, stretch: Stretch, partners: Int32Array): void {
  let [beforeFrom, beforeTo] = stretch.before;
  let [afterFrom, afterTo] = stretch.after;
  while (beforeFrom < beforeTo && afterFrom < afterTo && before[beforeFrom] === after[afterFrom])
    partners[afterFrom++] = beforeFrom++;
  while (beforeFrom < beforeTo && afterFrom < afterTo && before[beforeTo - 1] === after[afterTo - 1])
    partners[--afterTo] = --beforeTo;
  if (beforeFrom === beforeTo || afterFrom === afterTo) return;
  /** For each value the first place that has it, and from there the next. */
  const first = new Map<number, number>();
  const next = new Int32Array(beforeTo - beforeFrom).fill(alone);
  for (let at = beforeTo - 1; at >= beforeFrom; at--) {
    const value = before[at] as number;
    next[at - beforeFrom] = first.get(value) ?? alone;
    first.set(value, at);
  }
  const found = new Int32Array(afterTo - afterFrom).fill(alone);
  for (let at = afterFrom; at < afterTo; at++) {
    const value = after[at] as number;
    const place = first.get(value) ?? alone;
    if (place === alone) continue;
    found[at - afterFrom] = place;
    first.set(value, next[place - beforeFrom] as number);
  }
  inOrder(found);
  if (found.every((place) => place === alone)) return;
  partners.set(found, afterFrom);
  const within: Stretch = { before: [beforeFrom, beforeTo], after: [afterFrom, afterTo] };
  // What lies between two pairs may begin or end alike.
  for (const gap of gapsOf(partners, within)) {
    let [from, to] = gap.before;
    let [at, end] = gap.after;
    while (from < to && at < end && before[from] === after[at]) partners[at++] = from++;
    while (from < to && at < end && before[to - 1] === after[end - 1]) partners[--end] = --to;
  }
}

/** What lies between the pairs of a stretch, where either side has something. */
export function gapsOf(partners: Int32Array, { before, after }: Stretch): Stretch[] {
  const gaps: Stretch[] = [];
  let [from, at] = [before[0], after[0]];
  const close = (to: number, end: number) => {
    if (from < to || at < end) gaps.push({ before: [from, to], after: [at, end] });
  };
  for (let place = after[0]; place < after[1]; place++) {
    const partner = partners[place] as number;
    if (partner === alone) continue;
    close(partner, place);
    [from, at] = [partner + 1, place + 1];
  }
  close(before[1], after[1]);
  return gaps;
}
