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
  let total = 0;
  for (let j = 0; j < count; j++) total += weights[at + j] as number;
  if (topP >= 1) return pick(weights, at, count, u * total, null);
  // Tokens below this floor sum to less than 1 - topP, so the nucleus is among the others.
  const floor = ((1 - topP) * total) / count;
  const candidates: number[] = [];
  for (let j = 0; j < count; j++) if ((weights[at + j] as number) >= floor) candidates.push(j);
  candidates.sort((a, b) => (weights[at + b] as number) - (weights[at + a] as number) || a - b);
  const wanted = topP * total;
  let sum = 0;
  let size = 0;
  while (size < candidates.length && (size === 0 || sum < wanted))
    sum += weights[at + (candidates[size++] as number)] as number;
  return pick(weights, at, size, u * sum, candidates);
}

function pick(
  weights: Float32Array,
  at: number,
  count: number,
  target: number,
  candidates: readonly number[] | null,
): number {
  let rest = target;
  let last = -1;
  for (let k = 0; k < count; k++) {
    const j = candidates === null ? k : (candidates[k] as number);
    const weight = weights[at + j] as number;
    if (weight === 0) continue;
    last = j;
    rest -= weight;
    if (rest < 0) return j;
  }
  return last;
}
