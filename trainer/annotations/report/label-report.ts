/** What the labels of a project amount to, as plain data: counts, agreement, what is to be settled, how good suggestions are. */
import type { Categories } from '../../protocol/annotations/categories.ts';
import { authorKey, authorLine, type Item, itemLine } from '../../protocol/annotations/entries.ts';
import type { ItemLabels, LabelBook } from '../../protocol/annotations/label-book.ts';
import { type Verdict, verdict } from '../../protocol/records.ts';
import { type Agreement, agreementOf, agreementSeed } from '../agreement/agreement.ts';
import { type Disagreement, disagreements } from '../agreement/disagreements.ts';
import { labelsForAgreement } from '../agreement/from-labels.ts';
import { detectorScores, type Score } from '../agreement/suggestions.ts';

type VerdictCounts = Readonly<Record<Verdict, number>>;

export interface CategoryCounts {
  readonly category: string;
  readonly name: string;
  readonly flags: number;
  readonly items: number;
  readonly major: number;
  readonly minor: number;
  /** Flags of a part of the text. */
  readonly spans: number;
}

export interface AuthorCounts extends VerdictCounts {
  readonly author: string;
  /** With a flag or a verdict of the author's that stands. */
  readonly items: number;
  readonly flags: number;
  /** Items that the author flagged and gave no verdict. */
  readonly drafts: number;
}

export interface SourceCounts {
  readonly kind: Item['kind'];
  /** A dataset's path in the project, or a run. */
  readonly source: string;
  readonly items: number;
  readonly flags: number;
  readonly verdicts: number;
}

export interface DayCounts {
  /** In UTC: 2026-01-31. */
  readonly day: string;
  readonly flags: number;
  readonly verdicts: number;
}

export interface DetectorPrecision {
  readonly detector: string;
  readonly accepted: number;
  readonly answered: number;
  readonly precision: Score;
}

/** Only what stands is counted. Authors are named as `authorLine` does. */
export interface LabelReport {
  readonly items: number;
  readonly flags: number;
  readonly verdicts: number;
  readonly settlements: number;
  /** What training obeys, by item: `disputed` where authors differ and nobody settled it, `none` without a verdict. */
  readonly outcomes: VerdictCounts & { readonly disputed: number; readonly none: number };
  readonly categories: readonly CategoryCounts[];
  readonly authors: readonly AuthorCounts[];
  readonly sources: readonly SourceCounts[];
  /** Null are those that people set by themselves; others came of an accepted suggestion. */
  readonly flagsFrom: readonly { readonly detector: string | null; readonly flags: number }[];
  readonly days: readonly DayCounts[];
  readonly agreement: Agreement;
  /** Worst first. */
  readonly disagreements: readonly (Disagreement & { readonly about: string })[];
  readonly detectors: readonly DetectorPrecision[];
}

class Counts<Key extends string> {
  private readonly of = new Map<string, Record<Key, number>>();
  private readonly keys: readonly Key[];

  constructor(...keys: readonly Key[]) {
    this.keys = keys;
  }

  add(name: string, key: Key, count = 1): void {
    const counts = this.of.get(name) ?? (Object.fromEntries(this.keys.map((each) => [each, 0])) as Record<Key, number>);
    counts[key] += count;
    this.of.set(name, counts);
  }

  entries(): [string, Readonly<Record<Key, number>>][] {
    return [...this.of];
  }
}

const byMost =
  <One>(count: (one: One) => number, name: (one: One) => string) =>
  (a: One, b: One) =>
    count(b) - count(a) || (name(a) < name(b) ? -1 : 1);

export function labelReport(book: LabelBook, categories: Categories): LabelReport {
  const names = new Map(book.authors.map((author) => [authorKey(author), authorLine(author)]));
  const nameOf = (key: string) => names.get(key) as string;
  const byCategory = new Counts('flags', 'items', 'major', 'minor', 'spans');
  const byAuthor = new Counts('items', 'flags', 'drafts', ...verdict.options);
  const bySource = new Counts('items', 'flags', 'verdicts');
  const byDay = new Counts('flags', 'verdicts');
  const byOrigin = new Counts('flags');
  const outcomes = { keep: 0, fix: 0, drop: 0, disputed: 0, none: 0 };
  const total = { items: 0, flags: 0, verdicts: 0, settlements: 0 };
  const settled = new Set<string>();
  const take = ({ item, flags, verdicts, settlement, outcome }: ItemLabels) => {
    if (flags.length + verdicts.length === 0 && settlement === null) return;
    const source = JSON.stringify([item.kind, item.kind === 'row' ? item.dataset : item.run]);
    total.items++;
    total.flags += flags.length;
    total.verdicts += verdicts.length;
    bySource.add(source, 'items');
    bySource.add(source, 'flags', flags.length);
    bySource.add(source, 'verdicts', verdicts.length);
    outcomes[outcome.state === 'none' || outcome.state === 'disputed' ? outcome.state : outcome.verdict]++;
    if (settlement) total.settlements++;
    const [judged, flaggers] = [new Set<string>(), new Set<string>()];
    for (const { author, verdict, at } of verdicts) {
      const key = authorKey(author);
      judged.add(key);
      byAuthor.add(key, verdict);
      byDay.add(dayOf(at), 'verdicts');
    }
    for (const { author, category, severity, span, from, at } of flags) {
      const key = authorKey(author);
      flaggers.add(key);
      byAuthor.add(key, 'flags');
      byCategory.add(category, 'flags');
      byCategory.add(category, severity);
      if (span) byCategory.add(category, 'spans');
      byDay.add(dayOf(at), 'flags');
      byOrigin.add(JSON.stringify(from), 'flags');
    }
    for (const key of new Set([...judged, ...flaggers])) byAuthor.add(key, 'items');
    for (const key of flaggers) if (!judged.has(key)) byAuthor.add(key, 'drafts');
    for (const category of new Set(flags.map((flag) => flag.category))) byCategory.add(category, 'items');
  };
  const items = new Map<string, Item>();
  for (const key of book.keys()) {
    const labels = book.get(key);
    if (!labels) continue;
    items.set(key, labels.item);
    if (labels.settlement) settled.add(key);
    take(labels);
  }
  const forAgreement = labelsForAgreement(book);
  return {
    ...total,
    outcomes,
    categories: byCategory
      .entries()
      .map(([category, counts]) => ({ category, name: categories.named(category).name, ...counts }))
      .sort(
        byMost(
          ({ flags }) => flags,
          ({ category }) => category,
        ),
      ),
    authors: byAuthor
      .entries()
      .map(([key, counts]) => ({ author: nameOf(key), ...counts }))
      .sort(
        byMost(
          ({ items }) => items,
          ({ author }) => author,
        ),
      ),
    sources: bySource
      .entries()
      .map(([key, counts]) => {
        const [kind, source] = JSON.parse(key) as [Item['kind'], string];
        return { kind, source, ...counts };
      })
      .sort(
        byMost(
          ({ items }) => items,
          ({ source }) => source,
        ),
      ),
    flagsFrom: byOrigin
      .entries()
      .map(([from, { flags }]) => ({ detector: JSON.parse(from) as string | null, flags }))
      .sort(
        byMost(
          ({ flags }) => flags,
          ({ detector }) => detector ?? '',
        ),
      ),
    days: byDay
      .entries()
      .map(([day, counts]) => ({ day, ...counts }))
      .sort((a, b) => (a.day < b.day ? -1 : 1)),
    agreement: named(agreementOf(forAgreement.judgements, [], agreementSeed), nameOf),
    disagreements: disagreements(forAgreement.judgements, settled).map((each) => ({
      about: itemLine(items.get(each.item) as Item),
      item: each.item,
      verdicts: each.verdicts.map(({ author, verdict }) => ({ author: nameOf(author), verdict })),
      verdictDispute: each.verdictDispute,
      textsDiffer: each.textsDiffer,
      categories: each.categories.map(({ category, flaggedBy, notFlaggedBy }) => ({
        category,
        flaggedBy: flaggedBy.map(nameOf),
        notFlaggedBy: notFlaggedBy.map(nameOf),
      })),
      categoryDispute: each.categoryDispute,
    })),
    // What a detector looked at is not in label files, so how much it finds is not said here.
    detectors: detectorScores([], forAgreement.answers, []).map(({ detector, accepted, answered, precision }) => ({
      detector,
      accepted,
      answered,
      precision,
    })),
  };
}

/** Times of entries are in UTC. */
const dayOf = (at: string): string => at.slice(0, '2026-01-31'.length);

/** Authors by name in place of their keys. */
function named(agreement: Agreement, nameOf: (key: string) => string): Agreement {
  const ofPair = <One extends { readonly first: string; readonly second: string }>(pair: One): One => ({
    ...pair,
    first: nameOf(pair.first),
    second: nameOf(pair.second),
  });
  return {
    ...agreement,
    authors: agreement.authors.map(nameOf),
    verdict: { ...agreement.verdict, pairs: agreement.verdict.pairs.map(ofPair) },
    categories: agreement.categories.map((one) => ({ ...one, pairs: one.pairs.map(ofPair) })),
    spans: agreement.spans.map(ofPair),
  };
}
