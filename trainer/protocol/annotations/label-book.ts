/**
 * What label files amount to: by item the flags that stand, each author's verdict, and the whole history. It is the same whatever
 * the order in which entries come, so that merged files and disagreeing clocks give every machine the same labels.
 */
import { StudioError } from '../errors.ts';
import type { Anchor } from './anchors.ts';
import {
  type AnswerEntry,
  type AssignmentEntry,
  type Author,
  authorKey,
  authorOf,
  compareEntries,
  type Entry,
  entryVersion,
  type FlagEntry,
  type Item,
  type ItemEntry,
  isFarAhead,
  itemKey,
  type RetractionEntry,
  type SettlementEntry,
  type VerdictEntry,
} from './entries.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/** What is said of an item; entries that only describe one are not. */
export type Statement = Exclude<Entry, ItemEntry>;
type ItemStatement = Exclude<Statement, RetractionEntry>;

/** To whom an item was dealt out, by all who dealt it out: where two did, it is for all whom they named. */
export interface Assigned extends Pick<AssignmentEntry, 'at' | 'author' | 'annotators' | 'shared'> {
  /** The latest that stands of each who dealt it out. */
  readonly entries: readonly AssignmentEntry[];
}

export interface ItemLabels {
  readonly item: Item;
  /** The latest that stands of each author, category and place: to flag the same again changes severity and note. */
  readonly flags: readonly FlagEntry[];
  /** The latest that stands of each author. */
  readonly verdicts: readonly VerdictEntry[];
  /** To suggestions: the latest that stands of each author, detector and place. */
  readonly answers: readonly AnswerEntry[];
  readonly settlement: SettlementEntry | null;
  /** Who is to judge it; null where everyone may. */
  readonly assignment: Assigned | null;
  /** What training obeys. */
  readonly outcome: Outcome;
  /** All that was ever said of it, in order, with what was taken back and what took it back. */
  readonly history: readonly { readonly entry: Statement; readonly stands: boolean }[];
}

export interface IdleRetraction {
  readonly entry: RetractionEntry;
  readonly why: 'of another author' | 'of nothing here';
}

export class LabelBook {
  private readonly byId = new Map<string, Statement>();
  private readonly ofItem = new Map<string, ItemStatement[]>();
  /** By the entry that they retract, which may not have come yet. */
  private readonly retractions = new Map<string, RetractionEntry[]>();
  private readonly ofAuthor = new Map<string, Statement[]>();
  private readonly folded = new Map<string, ItemLabels>();

  constructor(entries: Iterable<Statement> = []) {
    this.add(entries);
  }

  /** An entry whose id is there already is passed over. @returns keys of the items of which something is new */
  add(entries: Iterable<Statement>): ReadonlySet<string> {
    const changed = new Set<string>();
    for (const entry of entries) {
      if (this.byId.has(entry.id)) continue;
      this.byId.set(entry.id, entry);
      push(this.ofAuthor, authorKey(entry.author), entry);
      const key = this.itemOf(entry);
      if (entry.kind === 'retraction') push(this.retractions, entry.of, entry);
      else push(this.ofItem, key as string, entry);
      if (key !== null) changed.add(key);
    }
    for (const key of changed) this.folded.delete(key);
    return changed;
  }

  /** Keys of all items of which anything was said, and of those that were dealt out. */
  keys(): IterableIterator<string> {
    return this.ofItem.keys();
  }

  /** In the order of their names. */
  get authors(): readonly Author[] {
    return [...this.ofAuthor.keys()].sort().map(authorOf);
  }

  /** Undefined for an item of which nothing was said. */
  get(key: string): ItemLabels | undefined {
    const statements = this.ofItem.get(key);
    if (statements === undefined) return undefined;
    const known = this.folded.get(key) ?? this.fold(statements);
    this.folded.set(key, known);
    return known;
  }

  /** Retractions without effect: of another's entry, and of one that is not there, which may still come with another file. */
  idleRetractions(): IdleRetraction[] {
    return [...this.retractions.values()].flat().flatMap((entry): IdleRetraction[] => {
      const target = this.byId.get(entry.of);
      if (target === undefined) return [{ entry, why: 'of nothing here' }];
      return isOwn(entry, target) ? [] : [{ entry, why: 'of another author' }];
    });
  }

  /** What undo takes back: the author's latest entry that stands. Null where there is none. */
  latestOf(author: Author): ItemStatement | null {
    const own = (this.ofAuthor.get(authorKey(author)) ?? []).toSorted(compareEntries);
    const latest = own.findLast((entry) => entry.kind !== 'retraction' && this.stands(entry));
    return (latest as ItemStatement | undefined) ?? null;
  }

  /**
   * The entry that takes another one back; of a retraction, that brings back what it took.
   * @throws StudioError `not-found` for what is not there, `conflict` for what is another's or is taken back already
   */
  retract(of: string, by: { readonly id: string; readonly at: string; readonly author: Author }): RetractionEntry {
    const target = this.byId.get(of);
    if (target === undefined)
      throw new StudioError('not-found', 'There is no such label.', {
        place: of,
        remedy: 'Read the label files again: it may have been removed from them.',
      });
    const entry: RetractionEntry = { v: entryVersion, ...by, kind: 'retraction', of };
    if (!isOwn(entry, target))
      throw new StudioError(
        'conflict',
        `This label is ${target.author.name}'s, and only its author can take it back.`,
        {
          place: of,
          remedy: 'Give a verdict of your own, or settle the disagreement.',
        },
      );
    if (!this.stands(target))
      throw new StudioError('conflict', 'This label is taken back already.', {
        place: of,
        remedy: 'Take back the entry that did so to have it again.',
      });
    return entry;
  }

  /**
   * The time for an author's next entry, in ISO 8601: now, but after all that the author has said, so that it is the later one
   * also where another of the author's machines has a clock that is ahead. What is far ahead does not count.
   */
  timeFor(author: Author, nowMs: number): string {
    const own = (this.ofAuthor.get(authorKey(author)) ?? []).filter(({ at }) => !isFarAhead(at, nowMs));
    const latest = own.reduce((last, { at }) => Math.max(last, Date.parse(at) + 1), nowMs);
    return new Date(latest).toISOString();
  }

  private itemOf(entry: Statement): string | null {
    const seen = new Set<string>();
    for (let at: Statement | undefined = entry; at !== undefined && !seen.has(at.id); ) {
      if (at.kind !== 'retraction') return itemKey(at.item);
      seen.add(at.id);
      at = this.byId.get(at.of);
    }
    return null;
  }

  private stands(entry: Statement): boolean {
    const key = this.itemOf(entry);
    const labels = key === null ? undefined : this.get(key);
    return labels?.history.some((line) => line.entry.id === entry.id && line.stands) ?? false;
  }

  private fold(statements: readonly ItemStatement[]): ItemLabels {
    // What retracts comes after what it retracts, so that backwards each is met when all is known that may retract it.
    const all: Statement[] = [...statements];
    for (const entry of all) all.push(...(this.retractions.get(entry.id) ?? []));
    const retracted = new Set<string>();
    for (const entry of all.toReversed()) {
      const target = entry.kind === 'retraction' ? this.byId.get(entry.of) : undefined;
      if (target !== undefined && isOwn(entry, target) && !retracted.has(entry.id)) retracted.add(target.id);
    }
    all.sort(compareEntries);
    const standing = all.filter(({ id }) => !retracted.has(id));
    const verdicts = latest(ofKind(standing, 'verdict'), () => '');
    const settlement = ofKind(standing, 'settlement').at(-1) ?? null;
    return {
      item: (statements[0] as ItemStatement).item,
      flags: latest(ofKind(standing, 'flag'), ({ category, span }) => `${category} ${placeKey(span)}`),
      verdicts,
      answers: latest(ofKind(standing, 'answer'), ({ detector, span }) => `${detector} ${placeKey(span)}`),
      settlement,
      assignment: united(latest(ofKind(standing, 'assignment'), () => '')),
      outcome: outcomeOf(verdicts, settlement),
      history: all.map((entry) => ({ entry, stands: !retracted.has(entry.id) })),
    };
  }
}

function united(entries: readonly AssignmentEntry[]): Assigned | null {
  const [first] = entries;
  if (first === undefined) return null;
  const annotators = new Map(entries.flatMap((entry) => entry.annotators.map((one) => [authorKey(one), one])));
  const shared = annotators.size > 1 || entries.some((entry) => entry.shared);
  return { at: first.at, author: first.author, annotators: [...annotators.values()], shared, entries };
}

const isOwn = (a: Statement, b: Statement): boolean => authorKey(a.author) === authorKey(b.author);

const placeKey = (span: Anchor | null): string => (span === null ? 'all' : `${span.start}..${span.end}`);

function ofKind<K extends Statement['kind']>(
  entries: readonly Statement[],
  kind: K,
): Extract<Statement, { kind: K }>[] {
  return entries.filter((entry): entry is Extract<Statement, { kind: K }> => entry.kind === kind);
}

/** Of each author and of what else `key` tells apart the last, in the order in which they were made. */
function latest<E extends Statement>(entries: readonly E[], key: (entry: E) => string): E[] {
  const last = new Map<string, E>();
  for (const entry of entries) {
    const name = `${authorKey(entry.author)} ${key(entry)}`;
    last.delete(name);
    last.set(name, entry);
  }
  return [...last.values()];
}

function push<V>(lists: Map<string, V[]>, key: string, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
