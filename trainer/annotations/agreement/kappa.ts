/** How far two raters agree beyond chance: Cohen's kappa (1960), with the share of items on which they agree beside it. */
import { bootstrapInterval } from './bootstrap.ts';
import { type Interval, type Measure, type Undefinedness, undefinedInterval, undefinedMeasure } from './measure.ts';
import { unrated } from './ratings.ts';

export interface PairAgreement {
  /** Items that both rated. All that follows is of them. */
  readonly items: number;
  /** Items that both gave the same value; the share is `agreeing / items`. */
  readonly agreeing: number;
  /** Items by the first one's value (row) and the second one's (column). */
  readonly table: readonly (readonly number[])[];
  readonly kappa: Measure;
  readonly interval: Interval;
}

/**
 * κ = (pₒ - pₑ) / (1 - pₑ) in whole numbers: pₒ = Σ n_kk / n, pₑ = Σ n_k· n_·k / n².
 * @param cells items by both values, row after row
 * @returns NaN where pₑ is 1
 */
function kappaOf(cells: ArrayLike<number>, values: number): number {
  let items = 0;
  let agreeing = 0;
  let byChance = 0;
  for (let k = 0; k < values; k++) {
    let row = 0;
    let column = 0;
    for (let other = 0; other < values; other++) {
      row += cells[k * values + other] as number;
      column += cells[other * values + k] as number;
    }
    items += row;
    agreeing += cells[k * values + k] as number;
    byChance += row * column;
  }
  const most = items * items;
  return byChance === most ? Number.NaN : (items * agreeing - byChance) / (most - byChance);
}

/** @param first ratings by item, as in a `RatingTable` @param values how many values there are @param seed of the resamples */
export function cohenKappa(first: Int16Array, second: Int16Array, values: number, seed: number): PairAgreement {
  if (first.length !== second.length) throw new RangeError('Both rate the same items, so there are as many places.');
  const cells = new Float64Array(values * values);
  let items = 0;
  let agreeing = 0;
  for (let item = 0; item < first.length; item++) {
    const one = first[item] as number;
    const other = second[item] as number;
    if (one === unrated || other === unrated) continue;
    const cell = one * values + other;
    cells[cell] = (cells[cell] as number) + 1;
    items++;
    if (one === other) agreeing++;
  }
  const table = Array.from({ length: values }, (_, k) => Array.from(cells.subarray(k * values, (k + 1) * values)));
  const value = kappaOf(cells, values);
  const why: Undefinedness | null =
    items === 0 ? 'no-item-in-common' : items === 1 ? 'one-item' : Number.isNaN(value) ? 'one-category' : null;
  if (why) return { items, agreeing, table, kappa: undefinedMeasure(why), interval: undefinedInterval(why) };
  const interval = bootstrapInterval(cells, (drawn) => kappaOf(drawn, values), seed);
  return { items, agreeing, table, kappa: { value }, interval };
}
