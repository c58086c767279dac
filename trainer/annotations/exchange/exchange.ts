/** Labels to and from other labelling tools: Label Studio's and Argilla's JSON. Told is what does not come along. */

import type { Entry } from '../../protocol/annotations/entries.ts';
import { readArgilla } from './argilla/read.ts';
import { argillaRecordsOf, type WrittenRecord } from './argilla/write.ts';
import { exchangedItems } from './from-entries.ts';
import { readLabelStudio } from './label-studio/read.ts';
import { labelStudioTasks, type WrittenTask } from './label-studio/write.ts';
import { type Notice, Notices } from './notices.ts';
import type { ReadOptions } from './read-options.ts';
import { entriesOf, type ImportContext } from './to-entries.ts';

/** What is written to a file as JSON, and what can't go along. */
export interface Exported<Form> {
  readonly content: readonly Form[];
  readonly notices: readonly Notice[];
}

export interface Imported {
  /** Lines for the label files of their authors; those that are there already among them. */
  readonly entries: readonly Entry[];
  readonly notices: readonly Notice[];
}

/** @param entries of all authors */
export function exportLabelStudio(entries: Iterable<Entry>): Exported<WrittenTask> {
  const notices = new Notices();
  const content = labelStudioTasks(exchangedItems(entries, notices));
  return { content, notices: notices.all() };
}

/** @param entries of all authors */
export function exportArgilla(entries: Iterable<Entry>): Exported<WrittenRecord> {
  const notices = new Notices();
  const content = argillaRecordsOf(exchangedItems(entries, notices));
  return { content, notices: notices.all() };
}

type Context = Omit<ImportContext, 'tool'>;

/** @param json the parsed file @throws StudioError `bad-input` where it is no export of Label Studio in JSON */
export function importLabelStudio(json: unknown, options: ReadOptions, context: Context): Imported {
  const notices = new Notices();
  const items = readLabelStudio(json, options, notices);
  const entries = entriesOf(items, { ...context, tool: 'Label Studio' }, notices);
  return { entries, notices: notices.all() };
}

/** @param json the parsed file @throws StudioError `bad-input` where it holds no records of Argilla */
export function importArgilla(json: unknown, options: ReadOptions, context: Context): Imported {
  const notices = new Notices();
  const items = readArgilla(json, options, notices);
  const entries = entriesOf(items, { ...context, tool: 'Argilla' }, notices);
  return { entries, notices: notices.all() };
}
