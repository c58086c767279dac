/** What stands of an item's entries, by author, and what was taken back. */
import {
  type Author,
  authorKey,
  type Entry,
  type FlagEntry,
  type VerdictEntry,
} from '../../protocol/annotations/entries.ts';
import { LabelBook } from '../../protocol/annotations/label-book.ts';

export interface StandingLabels {
  readonly author: Author;
  readonly flags: readonly FlagEntry[];
  readonly verdict: VerdictEntry | null;
}

export interface OwnLabels {
  /** Of those of whom something stands. */
  readonly standing: readonly StandingLabels[];
  /** By id. */
  readonly takenBack: ReadonlyMap<string, FlagEntry | VerdictEntry>;
}

/** @param entries of the item with this key */
export function ownLabels(entries: readonly Entry[], key: string): OwnLabels {
  const labels = new LabelBook(entries.filter((entry) => entry.kind !== 'item')).get(key);
  if (!labels) return { standing: [], takenBack: new Map() };
  const flags = Map.groupBy(labels.flags, ({ author }) => authorKey(author));
  const verdicts = new Map(labels.verdicts.map((verdict) => [authorKey(verdict.author), verdict]));
  const authors = new Map([...labels.flags, ...labels.verdicts].map(({ author }) => [authorKey(author), author]));
  const gone = labels.history.flatMap(({ entry, stands }) =>
    !stands && (entry.kind === 'flag' || entry.kind === 'verdict') ? entry : [],
  );
  return {
    standing: Array.from(authors, ([name, author]) => ({
      author,
      flags: flags.get(name) ?? [],
      verdict: verdicts.get(name) ?? null,
    })),
    takenBack: new Map(gone.map((entry) => [entry.id, entry])),
  };
}
