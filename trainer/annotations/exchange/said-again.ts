/** Words of a file that the project has already: whether they still stand there, and whether the file says them once more. */
import { type Author, authorKey, type FlagEntry, type VerdictEntry } from '../../protocol/annotations/entries.ts';
import type { ItemLabels, Statement } from '../../protocol/annotations/label-book.ts';
import type { ChangedLabels } from './changes.ts';

/** What says something. */
export type Word = Exclude<ChangedLabels, { readonly kind: 'retraction' }>;

/** What stands of an author where a word would. @param labels of its item in the project */
export function wordInPlace(word: Word, author: Author, labels: ItemLabels): FlagEntry | VerdictEntry | undefined {
  const isTheirs = (entry: Statement) => authorKey(entry.author) === authorKey(author);
  if (word.kind === 'verdict') return labels.verdicts.find(isTheirs);
  return labels.flags.find((flag) => isTheirs(flag) && isSamePlace(flag, word));
}

/**
 * What took the place of an author's word: the word that stands in its place and says something else, or what took it back.
 * @param id of the word
 * @param labels of its item in the project
 * @returns null where the project does not have the word, or what stands says the same
 */
export function laterWord(id: string, word: Word, author: Author, labels: ItemLabels): Statement | null {
  if (!labels.history.some(({ entry }) => entry.id === id)) return null;
  const now = wordInPlace(word, author, labels);
  if (now) return now.id === id || saysTheSame(now, word) ? null : now;
  const back = labels.history.findLast(
    ({ entry, stands }) =>
      stands && entry.kind === 'retraction' && entry.of === id && authorKey(entry.author) === authorKey(author),
  );
  return back?.entry ?? null;
}

const isSamePlace = (flag: FlagEntry, word: Word): boolean =>
  word.kind === 'flag' &&
  flag.category === word.category &&
  flag.span?.start === word.span?.start &&
  flag.span?.end === word.span?.end;

function saysTheSame(now: FlagEntry | VerdictEntry, word: Word): boolean {
  if (now.kind === 'verdict')
    return word.kind === 'verdict' && now.verdict === word.verdict && now.fixed === word.fixed;
  return word.kind === 'flag' && now.severity === word.severity && now.note === word.note;
}

/** Ids of what an import made are hashes; those of what people say here are not. */
export const isImported = ({ id }: Statement): boolean => /^[0-9a-f]{32}$/.test(id);

/** Nearer to each other than this, times are one: what one file after the other says at one time is dated a millisecond apart. */
const oneTimeMs = 1000;

export const isOneTime = (oneMs: number, otherMs: number): boolean => Math.abs(oneMs - otherMs) < oneTimeMs;

/**
 * Whether a file says a word after what took its place, and not before. What has no time, or the same, is later where both came
 * by imports of other tools' own work.
 * @param saidMs when, by the file; null where it does not say
 * @param isOwn whether the file was exported here
 */
export function isAfter(later: Statement, saidMs: number | null, isOwn: boolean): boolean {
  const laterMs = Date.parse(later.at);
  if (saidMs === null || isOneTime(saidMs, laterMs)) return !isOwn && isImported(later);
  return saidMs > laterMs;
}
