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
