/** What each condition of a filter keeps by itself, and what its words may have been meant as where nothing has them. */
import type { Condition } from '../../../trainer/protocol/query/edit.ts';
import { termsMeant } from '../../../trainer/protocol/query/meant.ts';

export interface Counted {
  readonly matching: number;
  /** Rollouts that older rules have read, where it asks for what rules find. */
  readonly outdated: number;
}

export interface Causes {
  /** By condition. */
  readonly each: readonly Counted[];
  /** Terms that keep something, for words that keep nothing; the place is the condition's. */
  readonly meant: readonly { readonly place: number; readonly term: string; readonly matching: number }[];
}

/** @param countEach null where another count came between, and then so is the result */
export async function causesOf(
  conditions: readonly Condition[],
  countEach: (lines: readonly string[]) => Promise<readonly Counted[] | null>,
): Promise<Causes | null> {
  const each = await countEach(conditions.map(({ alone }) => alone));
  if (each === null) return null;
  const terms = conditions.flatMap((condition, place) =>
    each[place]?.matching === 0 ? termsMeant(condition).map((term) => ({ place, term })) : [],
  );
  const counted = await countEach(terms.map(({ term }) => term));
  if (counted === null) return null;
  const meant = terms.map((one, index) => ({ ...one, matching: counted[index]?.matching ?? 0 }));
  return { each, meant: meant.filter(({ matching }) => matching > 0) };
}
