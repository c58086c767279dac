/** What stands of an item's entries: flags that are not taken back, and of each author the last verdict that is not. */
import type { Author, Entry } from './entry.ts';

type FlagEntry = Extract<Entry, { kind: 'flag' }>;
type VerdictEntry = Extract<Entry, { kind: 'verdict' }>;

export interface StandingLabels {
  readonly author: Author;
  readonly flags: readonly FlagEntry[];
  readonly verdict: VerdictEntry | null;
}

export const authorKey = ({ name, email }: Author): string => JSON.stringify([name, email]);

/** @param entries of one item. @returns those of whom something stands, in the order of their first such entry */
export function standingLabels(entries: readonly Entry[]): StandingLabels[] {
  const retracted = new Set(
    entries.flatMap((entry) => (entry.kind === 'retraction' ? [`${authorKey(entry.author)} ${entry.of}`] : [])),
  );
  const byAuthor = new Map<string, { author: Author; flags: FlagEntry[]; verdict: VerdictEntry | null }>();
  for (const entry of entries) {
    if (entry.kind !== 'flag' && entry.kind !== 'verdict') continue;
    const key = authorKey(entry.author);
    if (retracted.has(`${key} ${entry.id}`)) continue;
    const labels = byAuthor.get(key) ?? { author: entry.author, flags: [], verdict: null };
    if (entry.kind === 'flag') labels.flags.push(entry);
    else if (!labels.verdict || isLater(entry, labels.verdict)) labels.verdict = entry;
    byAuthor.set(key, labels);
  }
  return Array.from(byAuthor.values());
}

/** Of two at the same instant the one with the greater id, so that no order of lines matters. */
function isLater(one: Entry, other: Entry): boolean {
  const difference = Date.parse(one.at) - Date.parse(other.at);
  return difference === 0 ? one.id > other.id : difference > 0;
}
