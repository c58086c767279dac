/** How sure a share of counts is: one interval for charts and tables of shares. */

/** A share with the bounds between which it lies with 95 % confidence. */
export interface Proportion {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** The normal quantile of 97.5 %. */
const z = 1.959963984540054;

/**
 * `count` of `total` with the score interval (Wilson, 1927), which stays inside 0..1 and is of use for few and for extreme
 * counts. Answers of one group are alike, so over groups of several answers it is narrower than it should be.
 * @returns null for a total of 0
 */
export function proportion(count: number, total: number): Proportion | null {
  if (total === 0) return null;
  const share = count / total;
  const scale = 1 + z ** 2 / total;
  const middle = (share + z ** 2 / (2 * total)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / total + z ** 2 / (4 * total ** 2));
  return {
    share,
    low: count === 0 ? 0 : Math.max(0, middle - half),
    high: count === total ? 1 : Math.min(1, middle + half),
  };
}

/**
 * Fisher's exact test, two-sided, of two shares: among all tables with the same sums, how likely are those that are no likelier than
 * this one (Fisher, 1935). Summed in logarithms, so that counts may be large.
 * @param first right and total of one, `second` of the other; whole numbers, right at most total
 * @returns 1 where one of them is empty
 */
export function fisherExact(first: readonly [number, number], second: readonly [number, number]): number {
  const [a, n] = first;
  const [c, m] = second;
  const right = a + c;
  const logTable = (x: number) => logChoose(n, x) + logChoose(m, right - x);
  const seen = logTable(a);
  const logAll = logChoose(n + m, right);
  let sum = 0;
  for (let x = Math.max(0, right - m); x <= Math.min(n, right); x++) {
    const log = logTable(x);
    // Tables that are as likely as this one differ from it by rounding alone.
    if (log <= seen + 1e-9) sum += Math.exp(log - logAll);
  }
  return Math.min(1, sum);
}

function logChoose(n: number, k: number): number {
  let log = 0;
  for (let i = 1; i <= k; i++) log += Math.log((n - k + i) / i);
  return log;
}
