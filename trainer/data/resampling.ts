/** What every bootstrap here has in common: how often is drawn, and where the bounds of 95 % lie (Efron, 1979). */

export const resamples = 10_000;
const tail = 0.025;

/**
 * The value that would stand at a place were all in ascending order (Hoare, 1961, "Algorithm 65: find"): it is put there in
 * place, what is not greater before it, what is not less after it.
 */
function find(values: Float64Array, place: number): number {
  let [left, right] = [0, values.length - 1];
  while (left < right) {
    const pivot = values[(left + right) >>> 1] as number;
    let [i, j] = [left, right];
    while (i <= j) {
      while ((values[i] as number) < pivot) i++;
      while ((values[j] as number) > pivot) j--;
      if (i > j) break;
      const one = values[i] as number;
      values[i++] = values[j] as number;
      values[j--] = one;
    }
    if (place <= j) right = j;
    else if (place >= i) left = i;
    else break;
  }
  return values[place] as number;
}

/** Linear interpolation between order statistics, as numpy's default. */
function quantile(values: Float64Array, share: number): number {
  const place = share * (values.length - 1);
  const below = Math.floor(place);
  const low = find(values, below);
  let high = below + 1 < values.length ? Number.POSITIVE_INFINITY : low;
  for (let k = below + 1; k < values.length; k++) high = Math.min(high, values[k] as number);
  return low + (place - below) * (high - low);
}

/** The 2.5th and the 97.5th percentile. @param values finite, not empty; put in another order in place */
export function percentileBounds(values: Float64Array): { readonly low: number; readonly high: number } {
  return { low: quantile(values, tail), high: quantile(values, 1 - tail) };
}
