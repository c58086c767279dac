/** From what was exchanged to lines of label files. */
import { createHash } from 'node:crypto';
import { faultLine } from '../../protocol/issues.ts';
import { codePointSpan, spanOfCodePoints } from '../../protocol/text-spans.ts';
import { type Author, author, type Entry, entry, type ItemContent, type ItemReference } from './entry.ts';
import type {
  ExchangedAuthor,
  ExchangedFlag,
  ExchangedItem,
  ExchangedJudgement,
  ExchangedVerdict,
} from './exchanged.ts';
import type { Notices } from './notices.ts';
import { authorKey, type StandingLabels, standingLabels } from './standing.ts';

/** An item of the project that a foreign text may be. */
export interface KnownItem {
  readonly item: ItemReference;
  readonly content: ItemContent;
}

export interface ImportContext {
  /** The items of the project whose text has this hash. */
  readonly itemsWith: (hash: string) => readonly KnownItem[];
  /** Who the tool's users are, by their e-mail or by the tool's own name for them. */
  readonly authors: ReadonlyMap<string, Author>;
  /** What its users are called where only their number is known: `Label Studio user 7`. */
  readonly tool: string;
  /** ISO 8601, for what the file does not date. */
  readonly now: string;
}

/** The first 32 hexadecimal digits of the SHA-256 of the text in UTF-8. */
const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

type NewEntry = Entry extends infer Each
  ? Each extends Entry
    ? Omit<Each, 'v' | 'id' | 'at' | 'author'>
    : never
  : never;

/**
 * Entries of this project that travelled with the items come back as they are. What the tool's users said since is added: a
 * label that is not among them is a new entry, one of the same author that is gone is retracted. An id is made of what an entry
 * says, so that a file that is imported twice adds nothing the second time.
 */
export function entriesOf(items: readonly ExchangedItem[], context: ImportContext, notices: Notices): Entry[] {
  const entries = new Map<string, Entry>();
  for (const item of items)
    for (const one of itemEntries(item, context, notices)) entries.set(one.id, entries.get(one.id) ?? one);
  return Array.from(entries.values());
}

function itemEntries(of: ExchangedItem, context: ImportContext, notices: Notices): Entry[] {
  const own = of.entries.flatMap((one) => {
    const checked = entry.safeParse(one);
    if (checked.success) return [checked.data];
    notices.tell(
      `An entry of this project is damaged and left out: ${faultLine(entry, one, checked.error, 'it')}.`,
      of.place,
    );
    return [];
  });
  const known = own.find((one) => one.kind === 'item');
  const target = known ? { item: known.item, content: known } : foreignItem(of, context, notices);
  if (!target) return own;
  if (digest(of.text) !== target.item.hash) {
    notices.tell('The text was changed in the tool, so what was said of it there is left out.', of.place);
    return own;
  }
  const standing = standingLabels(own);
  const added: Entry[] = [];
  for (const judgement of of.judgements) {
    const by = authorOf(judgement, standing, context, notices);
    const add = (body: NewEntry, at: string) => {
      // The same words in the same place by the same person are the same entry.
      const id = digest(JSON.stringify([authorKey(by), body]));
      const made = entry.parse({ v: 1, id, at, author: by, ...body });
      if (!own.some((one) => one.id === id)) added.push(made);
      else
        notices.tell('What was taken back in this project is still in the file; it stays taken back.', judgement.place);
    };
    const at = instant(judgement, context, notices);
    const changes = changesOf(judgement, by, target, standing, notices);
    if (changes.length === 0) continue;
    const { question, options, text, solution, answer, media } = target.content;
    if (![...own, ...added].some((one) => one.kind === 'item' && authorKey(one.author) === authorKey(by)))
      add({ kind: 'item', item: target.item, question, options, text, solution, answer, media }, at);
    for (const body of changes) add(body, body.kind === 'retraction' ? context.now : at);
  }
  return [...own, ...added];
}

/** ISO 8601. */
function instant({ at, place }: ExchangedJudgement, { now }: ImportContext, notices: Notices): string {
  const read = at === null ? Number.NaN : Date.parse(at);
  if (!Number.isNaN(read)) return new Date(read).toISOString();
  if (at !== null) notices.tell('When something was said can not be read; it is dated by this import.', place);
  return now;
}

/** The project's item that has the text; by the row's id, where it is shown, when several have it. */
function foreignItem(
  { text, shown, place }: ExchangedItem,
  context: ImportContext,
  notices: Notices,
): KnownItem | null {
  const all = context.itemsWith(digest(text));
  const named = all.filter(({ item }) => item.kind === 'row' && item.row !== null && item.row === shown.problem_id);
  const [found, second] = all.length > 1 ? named : all;
  if (!found) {
    notices.tell(
      all.length > 1
        ? 'Left out: several items of the project have this text, and its "problem_id" names none of them.'
        : 'Left out: no item of the project has this text.',
      place,
    );
    return null;
  }
  if (second) notices.tell('Left out: several items of the project have this text and this "problem_id".', place);
  return second ? null : found;
}

const isSamePerson = (one: ExchangedAuthor, other: Author): boolean =>
  one.email !== null && other.email !== null ? one.email === other.email : one.name === other.name;

function authorOf(
  { author: by, place }: ExchangedJudgement,
  standing: readonly StandingLabels[],
  { authors, tool }: ImportContext,
  notices: Notices,
): Author {
  const named = authors.get(by.email ?? '') ?? authors.get(by.id ?? '');
  const known = named ?? standing.find((labels) => isSamePerson(by, labels.author))?.author;
  if (known) return known;
  const name = by.name ?? by.email;
  if (name !== null) return author.parse({ name, email: by.email });
  const made = `${tool} user ${by.id ?? 'unknown'}`;
  notices.tell(`Of a user the file has no name; it becomes the author "${made}". Say who it is to change that.`, place);
  return author.parse({ name: made, email: null });
}

/** What the judgement says that does not stand yet, and what stands that it no longer says. */
function changesOf(
  { flags, verdict, place }: ExchangedJudgement,
  by: Author,
  { item, content: { text } }: KnownItem,
  standing: readonly StandingLabels[],
  notices: Notices,
): NewEntry[] {
  const ownFlags = standing.flatMap((labels) => labels.flags);
  const mine = standing.find((labels) => authorKey(labels.author) === authorKey(by));
  const says = (flag: ExchangedFlag, own: StandingLabels['flags'][number]): boolean => {
    const span = own.span && spanOfCodePoints(text, own.span);
    return (
      (flag.id === own.id || authorKey(own.author) === authorKey(by)) &&
      flag.category === own.category &&
      flag.span?.start === span?.start &&
      flag.span?.end === span?.end &&
      (flag.severity === null || flag.severity === own.severity) &&
      (flag.note === null || flag.note === own.note)
    );
  };
  const changes: NewEntry[] = [];
  for (const flag of flags) {
    if (ownFlags.some((own) => says(flag, own))) continue;
    if (flag.severity === null)
      notices.tell('How grave a flag is, the file does not say; it is taken for major.', place);
    changes.push({
      kind: 'flag',
      item,
      category: flag.category,
      severity: flag.severity ?? 'major',
      note: flag.note ?? '',
      span: flag.span && anchorIn(text, flag.span),
      from: flag.from,
    });
  }
  for (const own of mine?.flags ?? []) {
    if (flags.some((flag) => says(flag, own))) continue;
    notices.tell('A flag that was exported is no longer there and is retracted.', place);
    changes.push({ kind: 'retraction', of: own.id });
  }
  changes.push(...verdictChanges(verdict, mine?.verdict ?? null, standing, item, place, notices));
  return changes;
}

function verdictChanges(
  said: ExchangedVerdict | null,
  mine: StandingLabels['verdict'],
  standing: readonly StandingLabels[],
  item: ItemReference,
  place: string,
  notices: Notices,
): NewEntry[] {
  if (said) {
    const stands = [mine, standing.find(({ verdict }) => verdict !== null && verdict.id === said.id)?.verdict].some(
      (own) => own?.verdict === said.verdict && own.fixed === said.fixed,
    );
    return stands ? [] : [{ kind: 'verdict', item, verdict: said.verdict, fixed: said.fixed }];
  }
  if (!mine) return [];
  notices.tell('A verdict that was exported is no longer there and is retracted.', place);
  return [{ kind: 'retraction', of: mine.id }];
}

/** Code points of the text on either side of a span that are kept with it. */
const contextLength = 48;

function anchorIn(text: string, span: { readonly start: number; readonly end: number }) {
  const { start, end } = codePointSpan(text, span);
  return {
    start,
    end,
    quote: text.slice(span.start, span.end),
    before: Array.from(text.slice(0, span.start)).slice(-contextLength).join(''),
    after: Array.from(text.slice(span.end)).slice(0, contextLength).join(''),
  };
}
