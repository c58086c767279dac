/** What one person says of one item, as far as agreement asks: the plain input of all that is counted here. */
import type { Verdict } from '../../protocol/records.ts';

/** A stretch of the item's text, in code points, end exclusive. */
export interface MarkedSpan {
  readonly start: number;
  readonly end: number;
}

export interface Mark {
  readonly category: string;
  /** Null marks the whole item. */
  readonly span: MarkedSpan | null;
}

export interface Judgement {
  /** The item's key: two are the same item exactly when their keys are the same text. */
  readonly item: string;
  /** The author's key. */
  readonly author: string;
  /**
   * Null is a draft: what is not marked yet may still be, so silence says nothing and the judgement is not counted. From the
   * verdict on, a category that is not marked is one that the author says is not there.
   */
  readonly verdict: Verdict | null;
  readonly marks: readonly Mark[];
  /** Of the verdict `fix`: the text that its author wrote; absent or null where there is none. */
  readonly fixed?: string | null;
}

/** A judgement that counts. */
export type GivenJudgement = Judgement & { readonly verdict: Verdict };

export const isGiven = (judgement: Judgement): judgement is GivenJudgement => judgement.verdict !== null;

/** In the order of their code units, which is the same on every machine. */
export const byKey = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The judgements that count, by item; of an item in the order of their authors' keys.
 * @throws RangeError where an author judges an item twice: the later verdict replaces the earlier one before anything is counted
 */
export function judgementsByItem(judgements: readonly Judgement[]): ReadonlyMap<string, readonly GivenJudgement[]> {
  const byItem = new Map<string, GivenJudgement[]>();
  for (const judgement of judgements) {
    if (!isGiven(judgement)) continue;
    const others = byItem.get(judgement.item);
    if (!others) byItem.set(judgement.item, [judgement]);
    else {
      const place = others.findIndex(({ author }) => author >= judgement.author);
      if (others[place]?.author === judgement.author) throw new RangeError(`An author judges ${judgement.item} twice.`);
      others.splice(place < 0 ? others.length : place, 0, judgement);
    }
  }
  return byItem;
}
