/** Intervals and tests of evaluations: how sure a mean is, and whether two of them differ. Computes only; seeds fix the resamples. */
import { fastRandom } from '../data/random.ts';
import { percentileBounds, resamples } from '../data/resampling.ts';

/** A mean with the bounds between which it lies with 95 % confidence. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Percentile bootstrap of a mean (Efron, 1979): the mean of n values drawn with replacement, `resamples` times over; the
 * bounds are the 2.5th and the 97.5th percentile of those means.
 * @returns null for no values
 */
export function bootstrapMean(values: ArrayLike<number>, seed: number): Interval | null {
  const n = values.length;
  if (n === 0) return null;
  const from = Float64Array.from(values);
  const random = fastRandom(seed);
  const scale = n / 0x100000000;
  const means = new Float64Array(resamples);
  for (let k = 0; k < resamples; k++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += from[Math.floor(random() * scale)] as number;
    means[k] = sum / n;
  }
  let sum = 0;
  for (const value of from) sum += value;
  return { mean: sum / n, ...percentileBounds(means) };
}

/**
 * Paired bootstrap of mean(first) - mean(second): pairs are drawn, not single values, so what makes a question hard for both
 * cancels. The same as the bootstrap of the mean difference within pairs.
 * @throws RangeError when the two differ in length
 */
export function pairedBootstrap(first: ArrayLike<number>, second: ArrayLike<number>, seed: number): Interval | null {
  if (first.length !== second.length) throw new RangeError('Pairs need as many first values as second ones.');
  const differences = Float64Array.from(
    { length: first.length },
    (_, i) => (first[i] as number) - (second[i] as number),
  );
  return bootstrapMean(differences, seed);
}

/**
 * McNemar's exact test, two-sided: of n = b + c pairs that disagree, each side is as likely under the null, so
 * p = min(1, 2 · Σ_{i ≤ min(b, c)} C(n, i) / 2^n). Pairs that agree say nothing. Summed in logarithms, so that n may be large.
 * @param b pairs where only the first is right
 * @param c pairs where only the second is right
 */
export function mcnemarExact(b: number, c: number): number {
  const n = b + c;
  let logTerm = -n * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= Math.min(b, c); i++) {
    logTerm += Math.log((n - i + 1) / i);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, 2 * sum);
}

/** Student's t at 0.975 for 1 … 30 degrees of freedom. */
const t975 = [
  12.706204736, 4.30265273, 3.182446305, 2.776445105, 2.570581836, 2.446911851, 2.364624252, 2.306004135, 2.262157163,
  2.228138852, 2.20098516, 2.17881283, 2.160368656, 2.144786688, 2.131449546, 2.119905299, 2.109815578, 2.10092204,
  2.093024054, 2.085963447, 2.079613845, 2.073873068, 2.06865761, 2.063898562, 2.059538553, 2.055529439, 2.051830516,
  2.048407142, 2.045229642, 2.042272456,
];

/**
 * Mean over a few runs with Student's interval: mean ± t(0.975, n - 1) · s / √n, s with n - 1 below. Few seeds make it wide.
 * @returns null for no values; bounds are null for one value, which says nothing of how much seeds differ
 */
export function meanOverSeeds(
  values: readonly number[],
): { mean: number; low: number | null; high: number | null } | null {
  const n = values.length;
  if (n === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  return studentInterval(
    n,
    mean,
    values.reduce((sum, value) => sum + (value - mean) ** 2, 0),
  );
}

/**
 * Student's interval of a mean: mean ± t(0.975, n - 1) · s / √n.
 * @param squares sum of squared deviations from the mean
 * @returns bounds are null for one value, which says nothing of the spread
 */
export function studentInterval(
  n: number,
  mean: number,
  squares: number,
): { mean: number; low: number | null; high: number | null } {
  if (n === 1) return { mean, low: null, high: null };
  const variance = squares / (n - 1);
  const half = studentQuantile(n - 1) * Math.sqrt(variance / n);
  return { mean, low: mean - half, high: mean + half };
}

/** Student's t at 0.975. Beyond the table the normal's quantile with two terms of its expansion in 1 / df (Cornish and Fisher), right to 1e-4. */
const studentQuantile = (df: number): number => t975[df - 1] ?? 1.959963985 + 2.37227 / df + 2.8225 / df ** 2;

/**
 * Least-squares slope of values at x = 0, 1 … n - 1 with its 95 % interval: b ± t(0.975, n - 2) · √(SSE / (n - 2) / Sxx), where
 * Sxx = n (n² - 1) / 12. In the values' own unit for each step of one.
 * @param values oldest first, finite
 * @returns null for fewer than three values, which leave no degree of freedom
 */
export function slopeInterval(values: readonly number[]): { slope: number; low: number; high: number } | null {
  const n = values.length;
  if (n < 3) return null;
  const middle = (n - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const sxx = (n * (n * n - 1)) / 12;
  const slope = values.reduce((sum, value, x) => sum + (x - middle) * (value - mean), 0) / sxx;
  const squares = values.reduce((sum, value, x) => sum + (value - mean - slope * (x - middle)) ** 2, 0);
  const half = studentQuantile(n - 2) * Math.sqrt(squares / (n - 2) / sxx);
  return { slope, low: slope - half, high: slope + half };
}

/**
 * The true mean difference, in standard deviations of a difference, that a two-sided t test at 5 % finds four times in five:
 * for 3 … 30 pairs, from the noncentral t distribution.
 */
const detectable80 = [
  3.264, 2.1279, 1.682, 1.4345, 1.2726, 1.156, 1.067, 0.996, 0.9377, 0.8887, 0.8467, 0.8101, 0.778, 0.7495, 0.7239,
  0.7007, 0.6797, 0.6604, 0.6428, 0.6264, 0.6113, 0.5972, 0.584, 0.5717, 0.5601, 0.5492, 0.539, 0.5292,
];

/** As `detectable80` has it, beyond the table by the normal's quantiles with one term in 1 / df; null for fewer than three pairs. */
export function detectableDifference(pairs: number): number | null {
  if (pairs < 3) return null;
  return detectable80[pairs - 3] ?? (2.801585218 + 2.77 / (pairs - 1)) / Math.sqrt(pairs);
}

export interface PairedDifference {
  readonly mean: number;
  /** Null for one pair, as in `meanOverSeeds`. */
  readonly low: number | null;
  readonly high: number | null;
  /** The true difference that as many pairs, spread like these, find four times in five; null for fewer than three. */
  readonly detectable: number | null;
}

/**
 * Mean of first - second over seeds with the paired t test's interval: what a seed does to both cancels.
 * @returns null for no pairs
 * @throws RangeError when the two differ in length
 */
export function pairedOverSeeds(first: readonly number[], second: readonly number[]): PairedDifference | null {
  if (first.length !== second.length) throw new RangeError('Pairs need as many first values as second ones.');
  const differences = first.map((value, i) => value - (second[i] as number));
  const found = meanOverSeeds(differences);
  if (!found) return null;
  const units = detectableDifference(differences.length);
  const squares = differences.reduce((sum, difference) => sum + (difference - found.mean) ** 2, 0);
  const detectable = units === null ? null : units * Math.sqrt(squares / (differences.length - 1));
  return { ...found, detectable };
}
