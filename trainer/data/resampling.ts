/** What every bootstrap here has in common: how often is drawn, and where the bounds of 95 % lie (Efron, 1979). */

export const resamples = 10_000;
const tail = 0.025;

/** Linear interpolation between order statistics, as numpy's default. @param sorted ascending, not empty */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (place - below) * (high - low);
}

/** The 2.5th and the 97.5th percentile. @param values not empty; put in ascending order in place */
export function percentileBounds(values: Float64Array): { readonly low: number; readonly high: number } {
  values.sort();
  return { low: quantile(values, tail), high: quantile(values, 1 - tail) };
}
