/**
 * One line of a label file: what an author says of an item, and when. Entries are only ever added. What a later version of the
 * program wrote is kept as it is: of an entry of a known kind what is known is read, and all else is told.
 */
import { z } from 'zod';
import { problemType } from '../dataset.ts';
import { faultLine } from '../issues.ts';
import { verdict } from '../records.ts';
import { anchor } from './anchors.ts';
import { categoryId, severity } from './categories.ts';
import { oneLine } from './one-line.ts';

/** Of the lines that are written here. */
export const entryVersion = 1 as const;

/** Two authors are one when name and e-mail are the same. */
export const author = z.strictObject({ name: oneLine(200), email: oneLine(320).nullable() });
export type Author = z.infer<typeof author>;

/** Of exactly one author. A name that is written with other code points for the same letters is the same name. */
export const authorKey = ({ name, email }: Author): string => JSON.stringify([name.normalize('NFC'), email]);

/** `Ann Example <ann@example.org>`, or the name alone. */
export const authorLine = ({ name, email }: Author): string => (email === null ? name : `${name} <${email}>`);

/** The author that a key is of. */
export function authorOf(key: string): Author {
  const [name, email] = JSON.parse(key) as [string, string | null];
  return { name, email };
}

/** First 32 hexadecimal digits of the SHA-256 of a text in UTF-8. */
const textHash = z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits in lower case');

const projectPath = z
  .string()
  .min(1)
  .refine((path) => !/^\/|\\|^[A-Za-z]:/.test(path), { error: 'must be relative to the project, with /' });

/** What is annotated, by the exact text that is judged: a changed text is another item. */
export const item = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('row'),
    dataset: projectPath,
    /**
     * The row's `problem_id` as text. Of a row that has none `~` and the first 16 hexadecimal digits of the SHA-256 of its
     * question, options and media path; older entries have null there, which names no one row.
     */
    row: z.string().nullable(),
    hash: textHash,
  }),
  z.strictObject({ kind: z.literal('rollout'), run: z.string().min(1), rollout: z.string().min(1), hash: textHash }),
]);
export type Item = z.infer<typeof item>;

/** The same for the same items, and for no others. */
export const itemKey = (item: Item): string =>
  JSON.stringify(
    item.kind === 'row'
      ? [item.kind, item.dataset, item.row, item.hash]
      : [item.kind, item.run, item.rollout, item.hash],
  );

/** Whether what an item has as its row is no `problem_id`. */
export const isUnnamed = (row: string | null): boolean => row === null || /^~[0-9a-f]{16}$/.test(row);

/** `data/cot.json, row 12`: an item for people. */
export function itemLine(item: Item): string {
  if (item.kind === 'rollout') return `run ${item.run}, rollout ${item.rollout}`;
  return isUnnamed(item.row) ? `${item.dataset}, a row without problem_id` : `${item.dataset}, row ${item.row}`;
}

const entryId = z.string().min(1).max(100);
const note = z.string().max(10_000);
const detector = z.string().min(1).max(200);
/** The text that is to stand in place of the item's; null where it only says that there should be one. */
const fixed = z.string().nullable();

/** To whom items can be dealt out at once. */
export const mostAnnotators = 50;

const head = {
  v: z.literal(entryVersion),
  id: entryId,
  /** ISO 8601, in UTC. */
  at: z.iso.datetime(),
  author,
};

/** What an item was, so that a label reads without its run or dataset. */
const itemEntry = z.strictObject({
  ...head,
  kind: z.literal('item'),
  item,
  question: z.string(),
  options: z.array(z.string()),
  problemType: problemType.nullable(),
  text: z.string(),
  solution: z.string(),
  /** What stands between the answer tags; null where nothing does. */
  answer: z.string().nullable(),
  /** As the dataset names them, relative to its folder. */
  media: z.array(z.string()),
});

/** The checks of an item's entry, key by key. */
export const itemShape = itemEntry.shape;

const flagEntry = z.strictObject({
  ...head,
  kind: z.literal('flag'),
  item,
  category: categoryId,
  severity,
  note,
  /** Null flags the whole item. */
  span: anchor.nullable(),
  /** The detector whose suggestion was accepted. */
  from: detector.nullable(),
  /** Of a flag that was moved here out of a run's database: which it was, and the category that it had there. */
  moved: z.strictObject({ annotation: z.number().int(), category: z.string() }).optional(),
});

const verdictEntry = z.strictObject({ ...head, kind: z.literal('verdict'), item, verdict, fixed });

const answerEntry = z.strictObject({
  ...head,
  kind: z.literal('answer'),
  item,
  detector,
  span: anchor.nullable(),
  accepted: z.boolean(),
});

const settlementEntry = z.strictObject({ ...head, kind: z.literal('settlement'), item, verdict, fixed });

/** Who is to judge the item. The author of the entry is who dealt it out. */
const assignmentEntry = z.strictObject({
  ...head,
  kind: z.literal('assignment'),
  item,
  annotators: z.array(author).min(1).max(mostAnnotators),
  /** It is for two annotators, though there may be only one as yet. */
  shared: z.boolean(),
});

const retractionEntry = z.strictObject({ ...head, kind: z.literal('retraction'), of: entryId });

export const entry = z.discriminatedUnion('kind', [
  itemEntry,
  flagEntry,
  verdictEntry,
  answerEntry,
  settlementEntry,
  assignmentEntry,
  retractionEntry,
]);
export type Entry = z.infer<typeof entry>;
export type EntryKind = Entry['kind'];
type OfKind<K extends EntryKind> = Extract<Entry, { kind: K }>;
export type ItemEntry = OfKind<'item'>;
export type FlagEntry = OfKind<'flag'>;
export type VerdictEntry = OfKind<'verdict'>;
export type AnswerEntry = OfKind<'answer'>;
export type SettlementEntry = OfKind<'settlement'>;
export type AssignmentEntry = OfKind<'assignment'>;
export type RetractionEntry = OfKind<'retraction'>;

const kinds: ReadonlySet<string> = new Set(entry.options.map(({ shape }) => shape.kind.value));

export type ReadEntry =
  /** `unknown` says which keys this version does not know; they are still in `entry`. */
  | { readonly state: 'read'; readonly entry: Entry; readonly unknown: string | null }
  /** Of a later version, and not to be understood by this one. */
  | { readonly state: 'newer'; readonly why: string }
  | { readonly state: 'fault'; readonly fault: string };

/** How deep what this version does not know may be nested; known keys reach three. */
const deepest = 100;

/** Whether a value is nested deeper, found without descending into it. */
function isDeeper(value: unknown, than: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= than && level.length > 0; depth++)
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  return level.length > 0;
}

/** A line's value as an entry. */
export function readEntry(value: unknown): ReadEntry {
  const read = entry.safeParse(value);
  if (read.success) return { state: 'read', entry: read.data, unknown: null };
  const { v, kind } = (typeof value === 'object' && value !== null ? value : {}) as { v?: unknown; kind?: unknown };
  const isLater = typeof v === 'number' && Number.isInteger(v) && v > entryVersion;
  if (typeof kind === 'string' && !kinds.has(kind) && (isLater || v === entryVersion))
    return { state: 'newer', why: `its kind ${JSON.stringify(kind.slice(0, 60))} is not known` };
  // A later version may have more keys. What is known of it has to be as it is now.
  const known = isLater ? entry.safeParse({ ...(value as object), v: entryVersion }) : read;
  const isMoreOnly = known.success || known.error.issues.every(({ code }) => code === 'unrecognized_keys');
  if (isMoreOnly) {
    if (isDeeper(value, deepest)) return { state: 'fault', fault: `what it holds is nested more than ${deepest} deep` };
    const unknown = known.success ? `version ${v}` : faultLine(entry, value, known.error, 'the entry');
    return { state: 'read', entry: value as Entry, unknown };
  }
  const fault = faultLine(entry, value, known.error, 'the entry');
  return isLater ? { state: 'newer', why: `of version ${v}, in which ${fault}` } : { state: 'fault', fault };
}

const dayMs = 86_400_000;

/**
 * Whether a time is that of a broken clock, or forged: more than a day ahead. It dates nothing else, or all that is said later
 * would be dated after it.
 * @param at ISO 8601
 */
export const isFarAhead = (at: string, nowMs: number): boolean => !(Date.parse(at) <= nowMs + dayMs);

const atMilliseconds = '2026-01-31T00:00:00.000Z'.length;

/** The order of a history: by time, then by id, so that it is the same whatever the order of the lines. */
export function compareEntries(a: Entry, b: Entry): number {
  // Times in UTC of one length, to the millisecond at most, are written in one form, and sort as they are written.
  if (a.at.length === b.at.length && a.at.length <= atMilliseconds) {
    if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  } else {
    const later = Date.parse(a.at) - Date.parse(b.at);
    if (later !== 0) return later;
  }
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
