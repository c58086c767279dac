/** From what was exchanged to lines of label files. */
import {
  type Author,
  authorKey,
  compareEntries,
  type Entry,
  entry,
  entryVersion,
  type Item,
  isFarAhead,
  itemKey,
  readEntry,
} from '../../protocol/annotations/entries.ts';
import type { ItemLabels } from '../../protocol/annotations/label-book.ts';
import { textHash } from '../label-files.ts';
import type { ItemContent } from '../say.ts';
import { type ChangedLabels, changesOf } from './changes.ts';
import type { ExchangedAuthor, ExchangedItem, ExchangedJudgement } from './exchanged.ts';
import { authorOf } from './foreign-author.ts';
import { Notices } from './notices.ts';
import { isAfter, isImported, isOneTime, laterWord, type Word, wordInPlace } from './said-again.ts';
import { type OwnLabels, ownLabels, type StandingLabels } from './standing.ts';

/** An item of the project that a foreign text may be. */
export interface KnownItem {
  readonly item: Item;
  readonly content: ItemContent;
}

export interface ImportContext {
  /** The items of the project whose text has this hash. */
  readonly itemsWith: (hash: string) => readonly KnownItem[];
  /** Who the tool's users are, by their e-mail or by the tool's own name for them. */
  readonly authors: ReadonlyMap<string, Author>;
  /** What its users are called where only their number is known: `Label Studio user 7`. */
  readonly tool: string;
  /** What the project says of an item, by its key. */
  readonly said: (key: string) => ItemLabels | undefined;
  /** ISO 8601 in UTC, for what the file does not date. */
  readonly now: string;
  /** Told of each judgement whose it is, also where it is of no item of the project. */
  readonly onUser?: ((user: ExchangedAuthor) => void) | undefined;
  /** Told of each judgement that is taken in who its user is taken for. */
  readonly onAuthor?: ((user: ExchangedAuthor, author: Author) => void) | undefined;
}

/**
 * The same words in the same place by the same person are the same entry.
 * @param said all of it but its head and item
 * @param after the word that it comes after, where it was said before that one too
 */
export const entryIdOf = (author: Author, item: Item, said: object, after: string | null = null): string =>
  textHash(JSON.stringify([authorKey(author), item, said, ...(after === null ? [] : [after])]));

/** A word that was said before, and that another one has taken the place of. Where the file has both it says nothing new. */
export interface SaidAgain {
  /** Null where the file is the older one. */
  readonly entry: Entry | null;
  /** The word that took its place. */
  readonly after: string;
  readonly place: string;
}

/** What an item of a file amounts to. */
export interface ItemEntries {
  readonly entries: readonly Entry[];
  readonly again: readonly SaidAgain[];
}

/**
 * Entries of this project that travelled with the item come back as they are. What the tool's users said since is added: a
 * label that is not among them is a new entry, one of the same author that is gone is retracted. An id is made of what an entry
 * says, so that a file that is imported twice adds nothing the second time; of what was said before, and of what took its place,
 * where it is said again.
 */
export function entriesOf(of: ExchangedItem, context: ImportContext, notices: Notices): ItemEntries {
  for (const { author } of of.judgements) context.onUser?.(author);
  const own = of.entries.flatMap((one) => travelled(one, of.place, notices));
  const known = own.find((one) => one.kind === 'item');
  const target: KnownItem | null = known ? { item: known.item, content: known } : foreignItem(of, context, notices);
  if (!target) return { entries: own, again: [] };
  if (textHash(of.text) !== target.item.hash) {
    notices.tell('The text was changed in the tool, so what was said of it there is left out.', of.place);
    return { entries: own, again: [] };
  }
  const { item, content } = target;
  const labels = ownLabels(own, itemKey(item));
  const inProject = context.said(itemKey(item));
  const people = own.map(({ author }) => author);
  const added: Entry[] = [];
  const again: SaidAgain[] = [];
  const describe = (author: Author, at: string) => {
    if ([...own, ...added].some((one) => one.kind === 'item' && authorKey(one.author) === authorKey(author))) return;
    const { question, options, problemType, text, solution, answer, media } = content;
    const said = { kind: 'item', question, options, problemType, text, solution, answer, media };
    added.push(entry.parse({ v: entryVersion, id: entryIdOf(author, item, said), at, author, item, ...said }));
  };
  const heard = new Set<string>();
  for (const judgement of of.judgements) {
    const author = authorOf(judgement, people, context, notices);
    heard.add(authorKey(author));
    context.onAuthor?.(judgement.author, author);
    const changes = changesOf(judgement, author, content.text, labels, notices);
    const theirs = own.filter((one) => authorKey(one.author) === authorKey(author));
    const at = instant(judgement, theirs, context, notices);
    if (changes.length > 0) describe(author, at.counted);
    for (const body of changes) {
      const id = freshId(author, item, body, theirs);
      added.push(entryWith(id, counted(id, body, author, at), author, item, body));
      if (body.kind !== 'retraction') sayAgain(id, body, author, judgement, at);
    }
    const mine = labels.standing.find((one) => authorKey(one.author) === authorKey(author))?.verdict;
    const { verdict } = judgement;
    if (mine && verdict && changes.every(({ kind }) => kind !== 'verdict'))
      sayAgain(mine.id, { kind: 'verdict', verdict: verdict.verdict, fixed: verdict.fixed }, author, judgement, at);
  }
  for (const by of of.silent)
    heard.add(authorKey(authorOf({ author: by, place: of.place }, people, context, new Notices())));
  for (const { author, flags, verdict } of unheard(of, labels, heard)) {
    if (!mayRetract(of, people, heard)) {
      notices.tell(
        `What "${author.name}" had said was exported and is no longer there. Whether it was deleted the file does not say, so it stays; take it back in the project to be rid of it.`,
        of.place,
      );
      continue;
    }
    notices.tell(`What "${author.name}" had said was exported and is no longer there, and is retracted.`, of.place);
    const theirs = own.filter((one) => authorKey(one.author) === authorKey(author));
    const at = instant({ at: null, place: of.place }, theirs, context, notices);
    for (const { id } of [...flags, ...(verdict ? [verdict] : [])])
      added.push(
        entryWith(freshId(author, item, { kind: 'retraction', of: id }, theirs), at.counted, author, item, {
          kind: 'retraction',
          of: id,
        }),
      );
  }
  return { entries: [...own, ...added], again };

  /** Of two files with one time the one that is imported later has the later word. */
  function counted(id: string, body: ChangedLabels, author: Author, at: Instant): string {
    const here = body.kind === 'retraction' || !inProject ? undefined : wordInPlace(body, author, inProject);
    if (here === undefined || here.id === id || !isImported(here)) return at.counted;
    const [hereMs, atMs] = [Date.parse(here.at), Date.parse(at.counted)];
    return hereMs >= atMs && isOneTime(hereMs, atMs) ? next(here.at) : at.counted;
  }

  function sayAgain(id: string, word: Word, author: Author, { place }: ExchangedJudgement, at: Instant): void {
    const later = inProject ? laterWord(id, word, author, inProject) : null;
    if (later === null) return;
    const isOwn = own.length > 0;
    if (isAfter(later, at.saidMs, isOwn)) {
      const returned = Date.parse(at.counted) > Date.parse(later.at) ? at.counted : next(later.at);
      const said = entryWith(entryIdOf(author, item, word, later.id), returned, author, item, word);
      again.push({ entry: said, after: later.id, place });
    } else if (!isOwn || (at.saidMs === null && isImported(later))) again.push({ entry: null, after: later.id, place });
  }
}

export const staysReplaced =
  'The file says what its author has taken back or said otherwise since; the later word stands. Say it again in the project where the file is right.';

/** Also where the file has the same word with what took its place, and says it all the same. @param theirs what travelled of the author's */
function freshId(author: Author, item: Item, body: ChangedLabels, theirs: readonly Entry[]): string {
  const base = entryIdOf(author, item, body);
  if (!theirs.some(({ id }) => id === base)) return base;
  return entryIdOf(author, item, body, theirs.toSorted(compareEntries).at(-1)?.id);
}

/** Those of whom something stood when the item was exported, and of whom nothing is there. @param heard keys of authors */
function unheard(
  { judgements }: ExchangedItem,
  { standing }: OwnLabels,
  heard: ReadonlySet<string>,
): readonly StandingLabels[] {
  // A tool that does not know an author has their labels under whoever imported them, with their ids.
  const ids = new Set(
    judgements.flatMap(({ flags, verdict }) => [...flags, ...(verdict ? [verdict] : [])]).map(({ id }) => id),
  );
  return standing.filter(
    ({ author, flags, verdict }) =>
      !heard.has(authorKey(author)) && ![...flags, ...(verdict ? [verdict] : [])].some(({ id }) => ids.has(id)),
  );
}

/** Not where somebody else is there: flags of a whole text have no ids in a tool, and may be those of who is missing. */
function mayRetract({ isWhole }: ExchangedItem, people: readonly Author[], heard: ReadonlySet<string>): boolean {
  const known = new Set(people.map(authorKey));
  return isWhole && Array.from(heard).every((key) => known.has(key));
}

const next = (at: string): string => new Date(Date.parse(at) + 1).toISOString();

const entryWith = (id: string, at: string, author: Author, item: Item, body: ChangedLabels): Entry =>
  entry.parse({ v: entryVersion, id, at, author, ...(body.kind === 'retraction' ? body : { item, ...body }) });

/** An entry of this project out of a foreign file; none where it is damaged or of a later version, which is told. */
function travelled(value: unknown, place: string, notices: Notices): Entry[] {
  const read = readEntry(value);
  if (read.state === 'read') return [read.entry];
  notices.tell(
    read.state === 'newer'
      ? `An entry of a later version of this program is left out: ${read.why}.`
      : `An entry of this project is damaged and left out: ${read.fault}.`,
    place,
  );
  return [];
}

interface Instant {
  /** ISO 8601: when it was said, but after all that the author had said before it was exported. */
  readonly counted: string;
  /** By the tool's clock; null where the file does not say. */
  readonly saidMs: number | null;
}

/** Clocks differ, and the later word counts. A time far ahead, there or here, dates nothing. @param theirs what travelled of the author's */
function instant(
  { at, place }: Pick<ExchangedJudgement, 'at' | 'place'>,
  theirs: readonly Entry[],
  { now }: ImportContext,
  notices: Notices,
): Instant {
  const nowMs = Date.parse(now);
  const isFit = at !== null && !isFarAhead(at, nowMs);
  if (at !== null && !isFit)
    notices.tell(
      Number.isNaN(Date.parse(at))
        ? 'When something was said can not be read; it is dated by this import.'
        : 'Something was said more than a day from now, by its clock; it is dated by this import.',
      place,
    );
  const saidMs = isFit ? Date.parse(at) : null;
  const before = theirs.filter((one) => !isFarAhead(one.at, nowMs)).map((one) => Date.parse(one.at) + 1);
  const counted = before.reduce((last, each) => Math.max(last, each), saidMs ?? nowMs);
  return { counted: new Date(counted).toISOString(), saidMs };
}

/** The project's item that has the text; by the row's id, where it is shown, when several have it. */
function foreignItem(
  { text, shown, place }: ExchangedItem,
  context: ImportContext,
  notices: Notices,
): KnownItem | null {
  const all = context.itemsWith(textHash(text));
  const named = all.filter(({ item }) => item.kind === 'row' && item.row !== null && item.row === shown.problem_id);
  const [found, second] = all.length > 1 ? named : all;
  if (found && !second) return found;
  notices.tell(
    all.length === 0
      ? 'Left out: no item of the project has this text.'
      : 'Left out: several items of the project have this text, and its "problem_id" does not name one of them.',
    place,
  );
  return null;
}
