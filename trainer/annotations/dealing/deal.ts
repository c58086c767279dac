/** Items dealt out to people: who is to judge which, and what waits for whom. */
import {
  type AssignmentEntry,
  type Author,
  authorKey,
  authorLine,
  authorOf,
  type Entry,
  type Item,
} from '../../protocol/annotations/entries.ts';
import type { Assigned, ItemLabels, LabelBook } from '../../protocol/annotations/label-book.ts';
import { isWaitingFor } from '../../protocol/annotations/label-filter.ts';
import { StudioError } from '../../protocol/errors.ts';
import type { Dealt } from '../../protocol/review-queue.ts';
import { type Assignment, assign } from '../agreement/assignment.ts';
import { byKey } from '../agreement/judgements.ts';
import { authorOfSetting } from '../author.ts';
import type { LabelFolder } from '../label-folder.ts';
import { assignmentOf, type Described } from '../say.ts';

/** An item that was dealt out. */
export interface DealtItem {
  readonly key: string;
  readonly said: ItemLabels;
  readonly assignment: Assigned;
}

/** Those that `isMeant` is true of, in the order in which they were dealt out. */
export function dealtItems(book: LabelBook, isMeant: (item: Item) => boolean): DealtItem[] {
  const found = Array.from(book.keys()).flatMap((key): DealtItem[] => {
    const said = book.get(key);
    if (!said || said.assignment === null || !isMeant(said.item)) return [];
    return [{ key, said, assignment: said.assignment }];
  });
  return found.sort((a, b) => Date.parse(a.assignment.at) - Date.parse(b.assignment.at));
}

/** How many items wait for each to whom some were dealt out, in the order of their keys. */
export function waitingItems(items: readonly DealtItem[]): Dealt['waiting'] {
  const everyone = new Set(items.flatMap(({ assignment }) => assignment.annotators.map(authorKey)));
  return Array.from(everyone)
    .sort(byKey)
    .map((key) => ({
      annotator: authorLine(authorOf(key)),
      items: items.filter(({ said }) => isWaitingFor(key, said)).length,
    }));
}

/**
 * What stands of what an author said of who judges items that nobody has judged: it can be taken back without a loss. An item that
 * was given twice, to a second person later, has two of them: without the latest alone the one before it would hold again.
 */
export function ownDealings(
  items: readonly DealtItem[],
  author: Author,
): { readonly items: number; readonly entries: readonly AssignmentEntry[] } {
  const ofItems = items
    .filter(({ said }) => said.verdicts.length === 0)
    .map(({ said }) => said.history.flatMap(({ entry, stands }) => (stands && isDealingOf(author, entry) ? entry : [])))
    .filter((entries) => entries.length > 0);
  return { items: ofItems.length, entries: ofItems.flat() };
}

const isDealingOf = (author: Author, entry: Entry): entry is AssignmentEntry =>
  entry.kind === 'assignment' && authorKey(entry.author) === authorKey(author);

/**
 * To whom items are dealt out.
 * @param name one person's `NAME` or `NAME <E-MAIL>`
 * @throws StudioError `bad-input` for what is no name, or reads as a list of several
 */
export function annotatorOf(name: string): Author {
  const annotator = authorOfSetting(name);
  if (!annotator.name.includes(',')) return annotator;
  throw new StudioError('bad-input', 'A name with a comma would be one person who is called so.', {
    place: name.slice(0, 200),
    remedy: 'Name each person alone: on a line of their own, or on the command line with one --to for each person.',
  });
}

export interface Dealing {
  /** What was dealt out before, of which nothing is taken back. */
  readonly before: readonly DealtItem[];
  /** Keys of what may be dealt out, in the order in which it is worked. */
  readonly fresh: readonly string[];
  readonly annotators: readonly Author[];
  /** Share of all items, 0 … 1, that two people judge. */
  readonly overlap: number;
  readonly seed: number;
  /** Who deals. */
  readonly by: Author;
  /** What an item is. */
  describe(key: string): Described | Promise<Described>;
}

export interface DealtOut {
  /** What is to be written. */
  readonly entries: readonly Entry[];
  /** Of those that say who is to judge, which can be taken back. */
  readonly ids: readonly string[];
  /** Items that are new, and how many of them two people are to judge. */
  readonly items: number;
  readonly shared: number;
}

/** @throws StudioError as `assign` */
export async function dealOut(labels: LabelFolder, dealing: Dealing): Promise<DealtOut> {
  const { before, fresh, annotators, overlap, seed, by } = dealing;
  const given = before.map(
    ({ key, assignment }): Assignment => ({
      ...{ item: key, shared: assignment.shared, annotators: assignment.annotators.map(authorKey) },
    }),
  );
  const plan = assign({ given, items: fresh, annotators: annotators.map(authorKey), overlap, seed });
  const had = new Map(given.map((one) => [one.item, one.annotators.length]));
  const changed = plan.filter((one) => one.annotators.length !== had.get(one.item));
  const entries: Entry[] = [];
  const ids: string[] = [];
  for (const [place, { item, annotators: of, shared }] of changed.entries()) {
    const said = assignmentOf({ annotators: of.map(authorOf), shared }, await dealing.describe(item), by, labels);
    // One after the other, so that they are worked in this order.
    entries.push(...said.entries.map((entry) => ({ ...entry, at: laterBy(entry.at, place) })));
    ids.push(...said.ids);
  }
  const isNew = changed.filter(({ item }) => !had.has(item));
  return { entries, ids, items: isNew.length, shared: isNew.filter(({ annotators: of }) => of.length > 1).length };
}

const laterBy = (at: string, milliseconds: number) => new Date(Date.parse(at) + milliseconds).toISOString();
