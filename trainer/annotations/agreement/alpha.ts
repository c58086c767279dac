/** How far any number of raters agree beyond chance, not all of whom rated everything: Krippendorff's alpha for nominal values. */
import { bootstrapInterval } from './bootstrap.ts';
import { type Interval, type Measure, type Undefinedness, undefinedInterval, undefinedMeasure } from './measure.ts';
import { type RatingTable, unrated } from './ratings.ts';

export interface OverallAgreement {
  /** Items that two raters or more rated. All that follows is of them. */
  readonly items: number;
  readonly ratings: number;
  /**
   * 1 - Dₒ, the agreement that alpha sets against chance: of an item, the share of its pairs of ratings that are the same,
   * each item weighed by its ratings. Of two raters it is the share of items on which they agree.
   */
  readonly observed: Measure;
  readonly alpha: Measure;
  readonly interval: Interval;
}

/** Items whose ratings are the same but for who gave which. */
interface Kind {
  items: number;
  readonly ratings: number;
  /** How many gave each value. */
  readonly given: readonly number[];
  /** Σ_c n_c (m - n_c) / (m - 1) of m ratings: each rating's share of others that differ, added up. */
  readonly disagreement: number;
}

/** The kinds of items with two ratings or more, in an order that no order of items or raters changes. */
function kindsOf({ values, ratings }: RatingTable): readonly Kind[] {
  const kinds = new Map<string, Kind>();
  const items = ratings[0]?.length ?? 0;
  if (ratings.some(({ length }) => length !== items)) throw new RangeError('All rate the same items.');
  const given = new Array<number>(values.length).fill(0);
  for (let item = 0; item < items; item++) {
    given.fill(0);
    let count = 0;
    for (const of of ratings) {
      const value = of[item] as number;
      if (value === unrated) continue;
      given[value] = (given[value] as number) + 1;
      count++;
    }
    if (count < 2) continue;
    const key = given.join();
    const known = kinds.get(key);
    if (known) known.items++;
    else {
      const disagreement = given.reduce((sum, n) => sum + n * (count - n), 0) / (count - 1);
      kinds.set(key, { items: 1, ratings: count, given: [...given], disagreement });
    }
  }
  return Array.from(kinds)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, kind]) => kind);
}

/** α = 1 - (n - 1) Σ disagreement / Σ_c n_c (n - n_c), of n ratings in all. @returns NaN where all ratings are the same */
function alphaOf(kinds: readonly Kind[], counts: ArrayLike<number>, values: number): number {
  const given = new Array<number>(values).fill(0);
  let ratings = 0;
  let disagreement = 0;
  for (let k = 0; k < kinds.length; k++) {
    const kind = kinds[k] as Kind;
    const items = counts[k] as number;
    ratings += items * kind.ratings;
    disagreement += items * kind.disagreement;
    for (let value = 0; value < values; value++)
      given[value] = (given[value] as number) + items * (kind.given[value] as number);
  }
  let byChance = 0;
  for (const n of given) byChance += n * (ratings - n);
  return byChance === 0 ? Number.NaN : 1 - ((ratings - 1) * disagreement) / byChance;
}

/** @param seed of the resamples */
export function krippendorffAlpha(table: RatingTable, seed: number): OverallAgreement {
  const kinds = kindsOf(table);
  const counts = kinds.map((kind) => kind.items);
  const items = counts.reduce((sum, n) => sum + n, 0);
  const ratings = kinds.reduce((sum, kind) => sum + kind.items * kind.ratings, 0);
  const disagreement = kinds.reduce((sum, kind) => sum + kind.items * kind.disagreement, 0);
  const observed: Measure = items === 0 ? undefinedMeasure('no-item-in-common') : { value: 1 - disagreement / ratings };
  const value = alphaOf(kinds, counts, table.values.length);
  const why: Undefinedness | null =
    items === 0 ? 'no-item-in-common' : items === 1 ? 'one-item' : Number.isNaN(value) ? 'one-category' : null;
  if (why) return { items, ratings, observed, alpha: undefinedMeasure(why), interval: undefinedInterval(why) };
  const interval = bootstrapInterval(counts, (drawn) => alphaOf(kinds, drawn, table.values.length), seed);
  return { items, ratings, observed, alpha: { value }, interval };
}
