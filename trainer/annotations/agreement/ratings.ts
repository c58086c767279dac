/** Who gave which item which of a few values: what kappa and alpha are computed from. */

/** Ratings on a nominal scale. */
export interface RatingTable {
  /** The values that can be given. Their order means nothing. */
  readonly values: readonly string[];
  readonly raters: readonly string[];
  /** By rater, then by item: the place of the value in `values`, or `unrated`. */
  readonly ratings: readonly Int16Array[];
}

/** The rater gave the item no value. */
export const unrated = -1;
