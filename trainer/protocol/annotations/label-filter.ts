/** Which items and flags are shown: by who said it, what, and how grave it is. */
import type { Verdict } from '../records.ts';
import type { Severity } from './categories.ts';
import { type Author, authorKey, type FlagEntry } from './entries.ts';
import type { ItemLabels, Statement } from './label-book.ts';
import { outcomeOf } from './outcome.ts';

export interface LabelFilter {
  readonly author?: Author;
  readonly category?: string;
  readonly severity?: Severity;
  /** Given by the author, or by any where none is named; `disputed` and `none` are of the item as a whole. */
  readonly verdict?: Verdict | 'disputed' | 'none';
  /** Dealt out to this one, who has not judged it. */
  readonly waitingFor?: Author;
}

/** Those flags of an item that fit author, category and severity. */
export function flagsThatFit({ flags }: ItemLabels, { author, category, severity }: LabelFilter): readonly FlagEntry[] {
  return flags.filter(
    (flag) =>
      (author === undefined || authorKey(flag.author) === authorKey(author)) &&
      (category === undefined || flag.category === category) &&
      (severity === undefined || flag.severity === severity),
  );
}

/** Whether an item was dealt out to somebody who has not judged it. @param author key */
export function isWaitingFor(
  author: string,
  { assignment, verdicts }: Pick<ItemLabels, 'assignment' | 'verdicts'>,
): boolean {
  const isTheirs = (other: Author) => authorKey(other) === author;
  return (assignment?.annotators.some(isTheirs) ?? false) && !verdicts.some((verdict) => isTheirs(verdict.author));
}

/** What somebody may know of an item: of one that waits for their verdict what they said themselves. @param author key */
export function seenBy(author: string, labels: ItemLabels): ItemLabels {
  if (!isWaitingFor(author, labels)) return labels;
  const isOwn = (entry: Pick<Statement, 'author'>) => authorKey(entry.author) === author;
  const verdicts = labels.verdicts.filter(isOwn);
  const settlement = labels.settlement !== null && isOwn(labels.settlement) ? labels.settlement : null;
  return {
    ...labels,
    flags: labels.flags.filter(isOwn),
    verdicts,
    answers: labels.answers.filter(isOwn),
    settlement,
    outcome: outcomeOf(verdicts, settlement),
    history: labels.history.filter(({ entry }) => isOwn(entry)),
  };
}

/** Whether an item fits all that the filter says; one flag has to fit category and severity together. */
export function fits(labels: ItemLabels, filter: LabelFilter): boolean {
  const { author, category, severity, verdict, waitingFor } = filter;
  if (waitingFor !== undefined && !isWaitingFor(authorKey(waitingFor), labels)) return false;
  const isBy = (other: Author) => author === undefined || authorKey(other) === authorKey(author);
  if (author !== undefined && !labels.history.some(({ entry, stands }) => stands && isBy(entry.author))) return false;
  if ((category !== undefined || severity !== undefined) && flagsThatFit(labels, filter).length === 0) return false;
  if (verdict === undefined) return true;
  if (verdict === 'disputed') return labels.outcome.state === 'disputed';
  if (verdict === 'none') return !labels.verdicts.some((given) => isBy(given.author));
  return labels.verdicts.some((given) => given.verdict === verdict && isBy(given.author));
}
