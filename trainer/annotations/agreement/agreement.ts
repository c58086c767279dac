/** How far the authors of labels agree: by verdict, by category, by span; for each pair of them and over all. */
import { hash32 } from '../../data/random.ts';
import { verdict } from '../../protocol/records.ts';
import { krippendorffAlpha, type OverallAgreement } from './alpha.ts';
import { byKey, type GivenJudgement, type Judgement, judgementsByItem } from './judgements.ts';
import { cohenKappa, type PairAgreement } from './kappa.ts';
import { type RatingTable, unrated } from './ratings.ts';
import {
  matchSpans,
  type SpanAgreement,
  type SpanCounts,
  type SpanMatching,
  spanAgreement,
  spansOf,
} from './span-agreement.ts';

/** Of the resamples, wherever agreement is shown, so that the same labels have the same intervals. */
export const agreementSeed = 1;

/** Two authors, in the order of their keys. */
export interface Pair {
  readonly first: string;
  readonly second: string;
}

/** Agreement on one nominal question that all were asked of each item. */
export interface NominalAgreement {
  /** The values of tables, in the order of their rows and columns. */
  readonly values: readonly string[];
  readonly overall: OverallAgreement;
  readonly pairs: readonly (Pair & PairAgreement)[];
}

export interface PairSpanAgreement extends Pair {
  /** Items that both judged. */
  readonly items: number;
  readonly matching: SpanMatching;
  /** Categories added up: a span is matched only within its own. */
  readonly overall: SpanAgreement;
  readonly categories: readonly (SpanAgreement & { readonly category: string })[];
}

export interface Agreement {
  /** Items with a verdict of anybody. */
  readonly items: number;
  readonly authors: readonly string[];
  /** Judgements that are not counted because their verdict is not in. */
  readonly drafts: number;
  readonly verdict: NominalAgreement;
  /** Whether the item is flagged with it, by a span or as a whole. */
  readonly categories: readonly (NominalAgreement & { readonly category: string })[];
  /** Each pair of authors twice: exact and overlapping. */
  readonly spans: readonly PairSpanAgreement[];
}

function pairsOf(authors: readonly string[]): Pair[] {
  return authors.flatMap((first, k) => authors.slice(k + 1).map((second) => ({ first, second })));
}

function nominal(table: RatingTable, seed: number, subject: string): NominalAgreement {
  const ratingsOf = (author: string) => table.ratings[table.raters.indexOf(author)] as Int16Array;
  const pairs = pairsOf(table.raters).map((pair) => ({
    ...pair,
    ...cohenKappa(
      ratingsOf(pair.first),
      ratingsOf(pair.second),
      table.values.length,
      hash32(seed, 'kappa', subject, pair.first, pair.second),
    ),
  }));
  return { values: table.values, overall: krippendorffAlpha(table, hash32(seed, 'alpha', subject)), pairs };
}

/**
 * @param judgements one of each author and item at most
 * @param categories those that are asked for; others that somebody flagged come after them
 * @param seed of the resamples; what is asked of one category or pair does not move the interval of another
 */
export function agreementOf(judgements: readonly Judgement[], categories: readonly string[], seed: number): Agreement {
  const items = Array.from(judgementsByItem(judgements).values());
  const given = items.flat();
  const authors = Array.from(new Set(given.map(({ author }) => author))).sort(byKey);
  const place = new Map(authors.map((author, k) => [author, k]));
  const unratedBy = () => authors.map(() => new Int16Array(items.length).fill(unrated));
  const verdicts = verdict.options;
  const byVerdict = unratedBy();
  /** Where nobody flagged a thing: not flagged of each item that the author judged. */
  const unflagged = unratedBy();
  const flags = new Map<string, { author: number; item: number }[]>(categories.map((category) => [category, []]));
  for (const [item, judged] of items.entries()) {
    for (const { author: key, verdict, marks } of judged) {
      const author = place.get(key) as number;
      (byVerdict[author] as Int16Array)[item] = verdicts.indexOf(verdict);
      (unflagged[author] as Int16Array)[item] = 0;
      for (const { category } of marks) {
        const known = flags.get(category);
        if (known) known.push({ author, item });
        else flags.set(category, [{ author, item }]);
      }
    }
  }
  const named = new Set(categories);
  const others = Array.from(flags.keys()).filter((category) => !named.has(category));
  const all = [...named, ...others.sort(byKey)];
  const flagTable = (category: string): RatingTable => {
    const ratings = unflagged.map((row) => row.slice());
    for (const { author, item } of flags.get(category) ?? []) (ratings[author] as Int16Array)[item] = 1;
    return { values: ['not flagged', 'flagged'], raters: authors, ratings };
  };
  return {
    items: items.length,
    authors,
    drafts: judgements.length - given.length,
    verdict: nominal({ values: verdicts, raters: authors, ratings: byVerdict }, seed, 'verdict'),
    categories: all.map((category) => ({
      category,
      ...nominal(flagTable(category), seed, `category ${category}`),
    })),
    spans: pairsOf(authors).flatMap((pair) => {
      const shared = items.flatMap((judged) => {
        const one = judged.find(({ author }) => author === pair.first);
        const other = judged.find(({ author }) => author === pair.second);
        return one && other ? [{ one, other }] : [];
      });
      return (['exact', 'overlapping'] as const).map((matching) => spansOfPair(pair, shared, matching, all, seed));
    }),
  };
}

function spansOfPair(
  pair: Pair,
  shared: readonly { readonly one: GivenJudgement; readonly other: GivenJudgement }[],
  matching: SpanMatching,
  categories: readonly string[],
  seed: number,
): PairSpanAgreement {
  const added: SpanCounts[] = [];
  const byCategory = new Map<string, SpanCounts[]>(categories.map((category) => [category, []]));
  for (const { one, other } of shared) {
    const marked = new Set([...one.marks, ...other.marks].flatMap(({ category, span }) => (span ? [category] : [])));
    let sum: SpanCounts = { both: 0, first: 0, second: 0 };
    for (const category of marked) {
      const counts = matchSpans(spansOf(one, category), spansOf(other, category), matching);
      byCategory.get(category)?.push(counts);
      sum = { both: sum.both + counts.both, first: sum.first + counts.first, second: sum.second + counts.second };
    }
    if (marked.size > 0) added.push(sum);
  }
  const seedOf = (subject: string) => hash32(seed, 'spans', matching, subject, pair.first, pair.second);
  return {
    ...pair,
    items: shared.length,
    matching,
    overall: spanAgreement(shared.length, added, seedOf('overall')),
    categories: Array.from(byCategory, ([category, counts]) => ({
      category,
      ...spanAgreement(shared.length, counts, seedOf(`category ${category}`)),
    })),
  };
}
