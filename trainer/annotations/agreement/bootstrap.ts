/** Intervals of what is computed from how many items of each kind there are: percentile bootstrap over items (Efron, 1979). */
import { fastRandom } from '../../data/random.ts';
import { percentileBounds, resamples } from '../../data/resampling.ts';
import { type Interval, undefinedInterval } from './measure.ts';
import { drawCounts } from './multinomial.ts';

/**
 * @param counts items of each kind, two items or more in all; an item's kind is all that the statistic sees of it
 * @param statistic of such counts; NaN where it is undefined. It must not keep the array, which is drawn into again.
 */
export function bootstrapInterval(
  counts: ArrayLike<number>,
  statistic: (counts: Float64Array) => number,
  seed: number,
): Interval {
  const random = fastRandom(seed);
  const drawn = new Float64Array(counts.length);
  const values = new Float64Array(resamples);
  let defined = 0;
  for (let k = 0; k < resamples; k++) {
    drawCounts(counts, drawn, random);
    const value = statistic(drawn);
    if (!Number.isNaN(value)) values[defined++] = value;
  }
  if (defined === 0) return undefinedInterval('no-resample');
  const kept = values.subarray(0, defined);
  if (kept.every((value) => value === kept[0])) return undefinedInterval('no-spread');
  return { ...percentileBounds(kept), resamples: defined, undefinedResamples: resamples - defined };
}
