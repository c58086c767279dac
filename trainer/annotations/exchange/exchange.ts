/** Labels to and from other labelling tools: Label Studio's and Argilla's JSON. What does not come along is told. */
import { setImmediate } from 'node:timers/promises';
import type { Entry } from '../../protocol/annotations/entries.ts';
import { readRecord } from './argilla/read.ts';
import { argillaRecords } from './argilla/records.ts';
import { argillaRecord, type WrittenRecord } from './argilla/write.ts';
import type { ExchangedItem } from './exchanged.ts';
import { exchangedItem, itemGroups } from './from-entries.ts';
import { labelStudioTasks, readTask } from './label-studio/read.ts';
import { labelStudioTask, type WrittenTask } from './label-studio/write.ts';
import { type Notice, Notices } from './notices.ts';
import type { ReadOptions } from './read-options.ts';
import { entriesOf, type ImportContext, type SaidAgain, staysReplaced } from './to-entries.ts';

export interface Course {
  readonly signal?: AbortSignal | undefined;
  /** Items done, and how many there are. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface Imported {
  /** Lines for the label files of their authors; those that are there already among them. */
  readonly entries: readonly Entry[];
  readonly notices: readonly Notice[];
}

type Write<Form> = (content: Form) => void | Promise<void>;
type Context = Omit<ImportContext, 'tool'>;

/** Between two looks at the signal. */
const itemsAtOnce = 200;
/** Whoever else is served in this thread waits no longer. */
const turnMs = 10;

/** @throws the signal's reason */
async function each<One>(
  list: readonly One[],
  { signal, onProgress }: Course,
  take: (one: One, at: number) => void | Promise<void>,
): Promise<void> {
  let turned = 0;
  for (const [at, one] of list.entries()) {
    if (at % itemsAtOnce === 0 || performance.now() - turned > turnMs) {
      // A signal is heard between two turns of the event loop.
      await setImmediate();
      turned = performance.now();
      signal?.throwIfAborted();
      onProgress?.(at, list.length);
    }
    await take(one, at);
  }
}

/**
 * @param entries of all authors
 * @param write is given task after task, which together are the file's list
 * @throws the signal's reason
 */
export async function exportLabelStudio(
  entries: Iterable<Entry>,
  write: Write<WrittenTask>,
  course: Course = {},
): Promise<readonly Notice[]> {
  const notices = new Notices();
  await each(itemGroups(entries, notices), course, (group) => write(labelStudioTask(exchangedItem(group, notices))));
  return notices.all();
}

/** The same, record after record. */
export async function exportArgilla(
  entries: Iterable<Entry>,
  write: Write<WrittenRecord>,
  course: Course = {},
): Promise<readonly Notice[]> {
  const notices = new Notices();
  await each(itemGroups(entries, notices), course, (group) => write(argillaRecord(exchangedItem(group, notices))));
  return notices.all();
}

/**
 * @param json the parsed file
 * @throws StudioError `bad-input` where it is no export of Label Studio in JSON; the signal's reason
 */
export function importLabelStudio(
  json: unknown,
  options: ReadOptions,
  context: Context,
  course: Course = {},
): Promise<Imported> {
  return imported(() => labelStudioTasks(json), readTask, options, { ...context, tool: 'Label Studio' }, course);
}

/**
 * @param json the parsed file
 * @throws StudioError `bad-input` where it holds no records of Argilla; the signal's reason
 */
export function importArgilla(
  json: unknown,
  options: ReadOptions,
  context: Context,
  course: Course = {},
): Promise<Imported> {
  return imported(() => argillaRecords(json), readRecord, options, { ...context, tool: 'Argilla' }, course);
}

async function imported(
  list: () => readonly unknown[],
  read: (one: unknown, at: number, options: ReadOptions, notices: Notices) => ExchangedItem | null,
  options: ReadOptions,
  context: ImportContext,
  course: Course,
): Promise<Imported> {
  const notices = new Notices();
  const entries = new Map<string, Entry>();
  const again: SaidAgain[] = [];
  const keep = (one: Entry) => {
    if (!entries.has(one.id)) entries.set(one.id, one);
  };
  await each(list(), course, (one, at) => {
    const item = read(one, at, options, notices);
    if (!item) return;
    const of = entriesOf(item, context, notices);
    for (const entry of of.entries) keep(entry);
    again.push(...of.again);
  });
  for (const { entry, after, place } of again)
    if (entries.has(after)) continue;
    else if (entry === null) notices.tell(staysReplaced, place);
    else keep(entry);
  return { entries: Array.from(entries.values()), notices: notices.all() };
}
