/** What a person says of an item as entries of a label file, and what is said of one as pages show it. */
import { randomUUID } from 'node:crypto';
import { anchorOf, spanInSameText } from '../protocol/annotations/anchors.ts';
import type { Severity } from '../protocol/annotations/categories.ts';
import {
  type Author,
  authorKey,
  authorLine,
  type Entry,
  entryVersion,
  type FlagEntry,
  type Item,
  type ItemEntry,
  isFarAhead,
  itemKey,
  type VerdictEntry,
} from '../protocol/annotations/entries.ts';
import { fixedTexts } from '../protocol/annotations/outcome.ts';
import { StudioError } from '../protocol/errors.ts';
import type { Label, Saying, Span, Verdict } from '../protocol/records.ts';
import type { LabelFolder } from './label-folder.ts';

/** What an item is, so that its labels read without it. */
export type ItemContent = Omit<ItemEntry, 'v' | 'id' | 'at' | 'author' | 'kind' | 'item'>;

/** An item with what it is: its text is the one that is judged. */
export interface Described {
  readonly item: Item;
  readonly content: ItemContent;
}

export interface Said {
  /** In the order in which they are to be written. */
  readonly entries: readonly Entry[];
  /** Of those that say something, which can be taken back. */
  readonly ids: readonly string[];
}

/**
 * @param flag its span is in the text of the item
 * @throws StudioError `bad-request` for a span that is not inside the text, or splits a character, and for a fixed text without
 *   the verdict `fix`
 */
export function entriesOf(
  { flag, verdict, fixed }: Saying,
  { item, content }: Described,
  author: Author,
  labels: LabelFolder,
): Said {
  requireFix(verdict, fixed);
  const span = flag?.span ? anchorOf(content.text, flag.span) : null;
  const head = () => headOf(author, labels);
  const said: Entry[] = [];
  if (flag !== null) {
    const { category, severity, note } = flag;
    said.push({ ...head(), kind: 'flag', item, category, severity, note, span, from: null });
  }
  if (verdict !== null) said.push({ ...head(), kind: 'verdict', item, verdict, fixed });
  return described(said, { item, content }, author, labels);
}

/** What is said, after what the item is where the author's file does not say that yet. */
function described(said: readonly Entry[], { item, content }: Described, author: Author, labels: LabelFolder): Said {
  const ids = said.map(({ id }) => id);
  if (labels.hasItem(author, itemKey(item))) return { entries: said, ids };
  return { entries: [{ ...headOf(author, labels), kind: 'item', item, ...content }, ...said], ids };
}

/** A suggestion of a detector with what a person says to it. */
export interface AnsweredSuggestion {
  readonly detector: string;
  /** In UTF-16 code units; null is the whole. */
  readonly span: Span | null;
  readonly category: string;
  readonly severity: Severity;
  readonly accepted: boolean;
}

/** The answer; with it a flag where it is accepted, and where it is not, the taking back of the flag that came of accepting it. */
export function answerOf(
  { detector, span: place, category, severity, accepted }: AnsweredSuggestion,
  { item, content }: Described,
  author: Author,
  labels: LabelFolder,
): Said {
  const span = place && anchorOf(content.text, place);
  const head = () => headOf(author, labels);
  const said: Entry[] = [{ ...head(), kind: 'answer', item, detector, span, accepted }];
  const flag = labels.book
    .get(itemKey(item))
    ?.flags.find(
      (held) =>
        held.category === category &&
        authorKey(held.author) === authorKey(author) &&
        held.span?.start === span?.start &&
        held.span?.end === span?.end,
    );
  // What its author said there already stays said.
  const as = { severity: flag?.severity ?? severity, note: flag?.note ?? '' };
  if (accepted) said.push({ ...head(), kind: 'flag', item, category, ...as, span, from: detector });
  else if (flag?.from === detector) said.push(retractionOf(flag.id, author, labels));
  return described(said, { item, content }, author, labels);
}

/** What is said instead of all that differs, so that training obeys it. */
export function settlementOf(
  { verdict, fixed }: { readonly verdict: Verdict; readonly fixed: string | null },
  about: Described,
  author: Author,
  labels: LabelFolder,
): Said {
  requireFix(verdict, fixed);
  const written = fixedTexts(labels.book.get(itemKey(about.item))?.verdicts ?? []);
  if (verdict === 'fix' && fixed === null && written.length > 1)
    throw new StudioError(
      'bad-request',
      `People wrote ${written.length} different texts, so a fix alone settles nothing.`,
      {
        remedy: 'Settle it with the text that is to count.',
      },
    );
  const entry: Entry = {
    ...headAfter(about.item, author, labels),
    kind: 'settlement',
    item: about.item,
    verdict,
    fixed,
  };
  return described([entry], about, author, labels);
}

/** Who is to judge an item, two where it is shared. */
export function assignmentOf(
  { annotators, shared }: { readonly annotators: readonly Author[]; readonly shared: boolean },
  about: Described,
  author: Author,
  labels: LabelFolder,
): Said {
  const entry: Entry = {
    ...headAfter(about.item, author, labels),
    ...{ kind: 'assignment', item: about.item, annotators: [...annotators], shared },
  };
  return described([entry], about, author, labels);
}

/** The entry that takes another one back. @throws StudioError as `LabelBook.retract` does */
export function retractionOf(of: string, author: Author, { book }: LabelFolder): Entry {
  return book.retract(of, { id: randomUUID(), at: book.timeFor(author, Date.now()), author });
}

function requireFix(verdict: Verdict | null, fixed: string | null): void {
  if (fixed !== null && verdict !== 'fix')
    throw new StudioError('bad-request', 'A fixed text goes with the verdict fix alone, so nothing was said.', {
      remedy: 'Give the verdict fix, or leave the text out.',
    });
}

const headOf = (author: Author, { book }: LabelFolder) => ({
  ...{ v: entryVersion, id: randomUUID(), at: book.timeFor(author, Date.now()), author },
});

/** Later than all that was said of the item, whatever the clocks of those who said it, but for those far ahead. */
function headAfter(item: Item, author: Author, labels: LabelFolder) {
  const head = headOf(author, labels);
  const now = Date.now();
  const history = (labels.book.get(itemKey(item))?.history ?? []).filter(({ entry }) => !isFarAhead(entry.at, now));
  const last = Math.max(0, ...history.map(({ entry }) => Date.parse(entry.at)));
  return { ...head, at: new Date(Math.max(Date.parse(head.at), last + 1)).toISOString() };
}

/** @param text of the item that the entry is about */
export function labelOf(entry: FlagEntry | VerdictEntry, text: string): Label {
  const head = { id: entry.id, author: authorLine(entry.author), at: Date.parse(entry.at) };
  if (entry.kind === 'verdict') {
    const { verdict, fixed } = entry;
    const none = { span: null, category: null, severity: 'major', note: '', quote: '' } as const;
    return { ...head, ...none, verdict, ...(fixed !== null && { fixed }) };
  }
  const { category, severity, note } = entry;
  // A place that is not in the text, which only a hand can have written, flags the whole.
  const span = entry.span && spanInSameText(text, entry.span);
  const quote = span === null ? '' : text.slice(span.start, span.end);
  return { ...head, span, category, severity, verdict: null, note, quote };
}
