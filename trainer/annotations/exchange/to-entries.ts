/** From what was exchanged to lines of label files. */
import {
  type Author,
  authorKey,
  type Entry,
  entry,
  entryVersion,
  type Item,
  itemKey,
  readEntry,
} from '../../protocol/annotations/entries.ts';
import { textHash } from '../label-files.ts';
import type { ItemContent } from '../say.ts';
import { type ChangedLabels, changesOf } from './changes.ts';
import type { ExchangedAuthor, ExchangedItem, ExchangedJudgement } from './exchanged.ts';
import { authorOf } from './foreign-author.ts';
import type { Notices } from './notices.ts';
import { standingLabels } from './standing.ts';

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
  /** ISO 8601 in UTC, for what the file does not date. */
  readonly now: string;
  /** Told of each judgement whose it is, also where it is of no item of the project. */
  readonly onUser?: ((user: ExchangedAuthor) => void) | undefined;
  /** Told of each judgement that is taken in who its user is taken for. */
  readonly onAuthor?: ((user: ExchangedAuthor, author: Author) => void) | undefined;
}

/** The same words in the same place by the same person are the same entry. @param said all of it but its head and item */
export const entryIdOf = (author: Author, item: Item, said: object): string =>
  textHash(JSON.stringify([authorKey(author), item, said]));

/**
 * Entries of this project that travelled with the item come back as they are. What the tool's users said since is added: a
 * label that is not among them is a new entry, one of the same author that is gone is retracted. An id is made of what an entry
 * says, so that a file that is imported twice adds nothing the second time.
 */
export function entriesOf(of: ExchangedItem, context: ImportContext, notices: Notices): Entry[] {
  for (const { author } of of.judgements) context.onUser?.(author);
  const own = of.entries.flatMap((one) => travelled(one, of.place, notices));
  const known = own.find((one) => one.kind === 'item');
  const target: KnownItem | null = known ? { item: known.item, content: known } : foreignItem(of, context, notices);
  if (!target) return own;
  if (textHash(of.text) !== target.item.hash) {
    notices.tell('The text was changed in the tool, so what was said of it there is left out.', of.place);
    return own;
  }
  const standing = standingLabels(own, itemKey(target.item));
  const added: Entry[] = [];
  for (const judgement of of.judgements) {
    const author = authorOf(judgement, standing, context, notices);
    context.onAuthor?.(judgement.author, author);
    const changes = changesOf(judgement, author, target.content.text, standing, notices);
    if (changes.length === 0) continue;
    const at = instant(judgement, author, own, context, notices);
    const add = (body: ChangedLabels | ({ readonly kind: 'item' } & ItemContent)) => {
      const said = body.kind === 'retraction' ? body : { item: target.item, ...body };
      const id = entryIdOf(author, target.item, body);
      if (own.some((one) => one.id === id))
        notices.tell('What was taken back in this project is still in the file; it stays taken back.', judgement.place);
      else added.push(entry.parse({ v: entryVersion, id, at, author, ...said }));
    };
    if (![...own, ...added].some((one) => one.kind === 'item' && authorKey(one.author) === authorKey(author))) {
      const { question, options, problemType, text, solution, answer, media } = target.content;
      add({ kind: 'item', question, options, problemType, text, solution, answer, media });
    }
    for (const body of changes) add(body);
  }
  return [...own, ...added];
}

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

/** When it was said, but after all that the author had said before it was exported: clocks differ, and the later one counts. */
function instant(
  { at, place }: ExchangedJudgement,
  author: Author,
  own: readonly Entry[],
  { now }: ImportContext,
  notices: Notices,
): string {
  const read = at === null ? Number.NaN : Date.parse(at);
  if (at !== null && Number.isNaN(read))
    notices.tell('When something was said can not be read; it is dated by this import.', place);
  const said = Number.isNaN(read) ? Date.parse(now) : read;
  const before = own.filter((one) => authorKey(one.author) === authorKey(author)).map((one) => Date.parse(one.at) + 1);
  return new Date(before.reduce((last, each) => Math.max(last, each), said)).toISOString();
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
