/** Draws one token from a row of weights. */

/** Index of the largest allowed logit; the first of equals. */
export function likeliest(logits: Float32Array, at: number, allowed: Float32Array): number {
  let best = -1;
  for (let j = 0; j < allowed.length; j++) {
    if (allowed[j] === 0) continue;
    if (best < 0 || (logits[at + j] as number) > (logits[at + best] as number)) best = j;
  }
  return best;
}

/**
 * Draws in proportion to weights[at .. at + count), from the likeliest tokens alone that sum to at least `topP` of the whole
 * (the nucleus; equals in order of their numbers). `u` is uniform in [0, 1).
 */
export function drawToken(weights: Float32Array, at: number, count: number, topP: number, u: number): number {
  const row = weights.subarray(at, at + count);
  let total = 0;
  for (let j = 0; j < count; j++) total += row[j] as number;
  if (topP >= 1) return pick(row, 0, 0, u * total);
  const { least, equals, sum } = nucleus(row, total, topP);
  return pick(row, least, equals, u * sum);
}

/** Leaves the weights of the `most` likeliest tokens of weights[at .. at + count), of equals the first, and makes the others 0. */
export function keepLikeliest(weights: Float32Array, at: number, count: number, most: number): void {
  const row = weights.subarray(at, at + count);
  if (most >= count) return;
  const least = row.slice().sort()[count - most] as number;
  let equals = most;
  for (let j = 0; j < count; j++) if ((row[j] as number) > least) equals--;
  for (let j = 0; j < count; j++) {
    const weight = row[j] as number;
    if (weight < least || (weight === least && equals-- <= 0)) row[j] = 0;
  }
}

/** The `most` largest of logits[at .. at + count), the largest first, of equals the first. */
export function largestLogits(logits: Float32Array, at: number, count: number, most: number): Int32Array {
  const wanted = Math.min(most, count);
  const found = new Int32Array(wanted);
  const logitOf = (place: number): number => logits[at + (found[place] as number)] as number;
  let held = 0;
  let least = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < count; j++) {
    const logit = logits[at + j] as number;
    if (held === wanted && logit <= least) continue;
    let place = held === wanted ? held - 1 : held++;
    for (; place > 0 && logit > logitOf(place - 1); place--) found[place] = found[place - 1] as number;
    found[place] = j;
    if (held === wanted) least = logitOf(held - 1);
  }
  return found;
}

const bucketBits = 8;

/**
 * The smallest weight in the nucleus, how many of those with just that weight belong to it, and the sum of all that do. Sorts no
 * more than the bucket of weights in which the nucleus ends.
 */
function nucleus(row: Float32Array, total: number, topP: number): { least: number; equals: number; sum: number } {
  let largest = 0;
  for (let j = 0; j < row.length; j++) largest = Math.max(largest, row[j] as number);
  // Tokens below this floor sum to less than 1 - topP, so the nucleus is among the others.
  const floor = Math.min(largest, ((1 - topP) * total) / row.length);
  // The bits of positive numbers are in the order of the numbers.
  const bits = new Int32Array(row.buffer, row.byteOffset, row.length);
  const [lowest, highest] = new Int32Array(Float32Array.of(floor, largest).buffer) as unknown as [number, number];
  const shift = Math.max(0, 32 - Math.clz32(highest - lowest) - bucketBits);
  const sums = new Float64Array(1 << bucketBits);
  for (let j = 0; j < row.length; j++) {
    const above = (bits[j] as number) - lowest;
    if (above >= 0) (sums[above >> shift] as number) += row[j] as number;
  }
  const wanted = topP * total;
  let bucket = (highest - lowest) >> shift;
  let sum = 0;
  while (bucket > 0 && sum + (sums[bucket] as number) < wanted) sum += sums[bucket--] as number;
  const ending: number[] = [];
  for (let j = 0; j < row.length; j++) {
    const above = (bits[j] as number) - lowest;
    if (above >= 0 && above >> shift === bucket) ending.push(row[j] as number);
  }
  const sorted = ending.sort((a, b) => a - b);
  let first = sorted.length;
  while (first > 0 && (first === sorted.length || sum < wanted)) sum += sorted[--first] as number;
  const least = sorted[first] as number;
  let equals = 0;
  while (sorted[first + equals] === least) equals++;
  return { least, equals, sum };
}

/** Walks over the tokens with a weight above `least`, and the first `equals` of those with just that, until `target` is used up. */
function pick(row: Float32Array, least: number, equals: number, target: number): number {
  let rest = target;
  let left = equals;
  let last = -1;
  for (let j = 0; j < row.length; j++) {
    const weight = row[j] as number;
    if (weight < least || weight === 0 || (weight === least && left-- <= 0)) continue;
    last = j;
    rest -= weight;
    if (rest < 0) return j;
  }
  return last;
}
