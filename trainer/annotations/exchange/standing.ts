/** What stands of an item's entries, by author. */
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

/** @param entries of the item with this key. @returns those of whom something stands */
export function standingLabels(entries: readonly Entry[], key: string): StandingLabels[] {
  const labels = new LabelBook(entries.filter((entry) => entry.kind !== 'item')).get(key);
  if (!labels) return [];
  const flags = Map.groupBy(labels.flags, ({ author }) => authorKey(author));
  const verdicts = new Map(labels.verdicts.map((verdict) => [authorKey(verdict.author), verdict]));
  const authors = new Map([...labels.flags, ...labels.verdicts].map(({ author }) => [authorKey(author), author]));
  return Array.from(authors, ([name, author]) => ({
    author,
    flags: flags.get(name) ?? [],
    verdict: verdicts.get(name) ?? null,
  }));
}
