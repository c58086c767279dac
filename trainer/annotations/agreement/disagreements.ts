/** What is to be settled: items that their authors judge differently, with who says what. */
import { fixedTexts } from '../../protocol/annotations/outcome.ts';
import type { Verdict } from '../../protocol/records.ts';
import { byKey, type GivenJudgement, type Judgement, judgementsByItem } from './judgements.ts';

export interface DisputedCategory {
  readonly category: string;
  readonly flaggedBy: readonly string[];
  readonly notFlaggedBy: readonly string[];
}

export interface Disagreement {
  readonly item: string;
  /** Everyone's verdict, in the order of the authors' keys, also where they agree on it. */
  readonly verdicts: readonly { readonly author: string; readonly verdict: Verdict }[];
  /** Of all pairs of its authors, the share with different verdicts; 0 where only categories differ. */
  readonly verdictDispute: number;
  /** All say `fix`, and wrote different texts. */
  readonly textsDiffer: boolean;
  /** Only those that some flagged and others did not, most disputed first. */
  readonly categories: readonly DisputedCategory[];
  /** The same share for each category, added up. */
  readonly categoryDispute: number;
}

const textsOf = (given: readonly GivenJudgement[]) =>
  fixedTexts(given.map(({ verdict, fixed = null }) => ({ verdict, fixed })));

/** Pairs of authors that differ, as a share of all pairs. @param sizes how many authors said each thing */
function dispute(sizes: readonly number[]): number {
  const authors = sizes.reduce((sum, n) => sum + n, 0);
  return sizes.reduce((sum, n) => sum + n * (authors - n), 0) / (authors * (authors - 1));
}

const disputeOf = ({ flaggedBy, notFlaggedBy }: DisputedCategory) => dispute([flaggedBy.length, notFlaggedBy.length]);

/**
 * Items where verdicts, fixed texts or flagged categories differ. First where most pairs of authors differ in their verdict, then
 * where they differ in the text, which is what training hears; among these by what they flag; then where more have judged; then by key.
 * @param judgements one of each author and item at most; drafts are left out
 * @param settled items whose disagreement is settled, which are left out
 */
export function disagreements(judgements: readonly Judgement[], settled: ReadonlySet<string>): Disagreement[] {
  const found: Disagreement[] = [];
  for (const [item, given] of judgementsByItem(judgements)) {
    if (given.length < 2 || settled.has(item)) continue;
    const verdictSizes = new Map<Verdict, number>();
    for (const { verdict } of given) verdictSizes.set(verdict, (verdictSizes.get(verdict) ?? 0) + 1);
    const verdictDispute = dispute(Array.from(verdictSizes.values()));
    const flagged = new Set(given.flatMap(({ marks }) => marks.map(({ category }) => category)));
    const categories = Array.from(flagged)
      .map((category): DisputedCategory => {
        const hasFlagged = ({ marks }: Judgement) => marks.some((mark) => mark.category === category);
        return {
          category,
          flaggedBy: given.filter(hasFlagged).map(({ author }) => author),
          notFlaggedBy: given.filter((judgement) => !hasFlagged(judgement)).map(({ author }) => author),
        };
      })
      .filter(({ notFlaggedBy }) => notFlaggedBy.length > 0)
      .sort((a, b) => disputeOf(b) - disputeOf(a) || byKey(a.category, b.category));
    const textsDiffer = verdictSizes.size === 1 && textsOf(given).length > 1;
    if (verdictDispute === 0 && !textsDiffer && categories.length === 0) continue;
    found.push({
      item,
      verdicts: given.map(({ author, verdict }) => ({ author, verdict })),
      verdictDispute,
      textsDiffer,
      categories,
      categoryDispute: categories.reduce((sum, category) => sum + disputeOf(category), 0),
    });
  }
  return found.sort(
    (a, b) =>
      b.verdictDispute - a.verdictDispute ||
      Number(b.textsDiffer) - Number(a.textsDiffer) ||
      b.categoryDispute - a.categoryDispute ||
      b.verdicts.length - a.verdicts.length ||
      byKey(a.item, b.item),
  );
}
