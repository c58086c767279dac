/**
 * Writes what a run holds to files, record by record: a table in one of the forms, all tables in a folder, or TensorBoard's
 * event file. A file is written beside its place and renamed, so that one that is there is whole.
 */
import { randomUUID } from 'node:crypto';
import { createWriteStream, statSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { asStudioError, StudioError, withPlace } from '../protocol/errors.ts';
import type { RunStore } from '../store/run-store.ts';
import { ParquetFile } from './parquet.ts';
import { type TableName, tables, tablesOfRun } from './tables.ts';
import { eventRecords } from './tensorboard.ts';
import { csv, jsonLines } from './text-forms.ts';

/** Forms of a table, which are also the endings of its file. */
export const tableForms = ['jsonl', 'csv', 'parquet'] as const;
export type TableForm = (typeof tableForms)[number];

/** Records in the place of all that a table has. */
export interface Chosen {
  readonly records: AsyncIterable<unknown>;
  /** How many those will be, as far as it is known before. */
  readonly count: number;
}

export interface ExportOptions {
  readonly chosen?: Chosen | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((table: TableName, done: number, total: number) => void) | undefined;
}

/** Between two looks at the signal. */
const recordsAtOnce = 200;
/** Whoever else is served in this thread waits no longer. */
const turnMs = 10;

/**
 * @returns how many records were written
 * @throws StudioError `not-found` when the file's folder is not there; the signal's reason: nothing is left then
 */
export async function exportTable(
  store: RunStore,
  name: TableName,
  form: TableForm,
  file: string,
  options: ExportOptions = {},
): Promise<number> {
  requireFolder(path.dirname(path.resolve(file)));
  return beside(file, async (partial) => {
    if (form !== 'parquet') return writeText(store, name, form, createWriteStream(partial), options);
    const parquet = new ParquetFile(partial, tables[name]);
    const count = await eachRecord(store, name, options, (record) => parquet.write(record));
    parquet.end();
    return count;
  });
}

/** As text, into a stream that is ended. @throws the signal's reason */
export async function writeText(
  store: RunStore,
  name: TableName,
  form: Exclude<TableForm, 'parquet'>,
  out: Writable,
  options: ExportOptions = {},
): Promise<number> {
  const [table, text] = [tables[name], form === 'csv' ? csv : jsonLines];
  let written = 0;
  const ended = finished(out);
  ended.catch(() => {});
  try {
    const head = text.head(table);
    if (head !== '') out.write(head);
    await eachRecord(store, name, options, async (record) => {
      if (!out.write(text.line(table, record))) await Promise.race([drained(out), ended]);
      written++;
    });
    out.end();
    await ended;
    return written;
  } catch (thrown) {
    out.destroy();
    // Who reads the output has read enough, as `head` does.
    if ((thrown as NodeJS.ErrnoException).code === 'EPIPE') return written;
    throw thrown;
  }
}

/** All tables of a run, one file each, in a folder; experiments are no part of it. @returns how many records of each were written. @throws as `exportTable` */
export async function exportAll(
  store: RunStore,
  form: TableForm,
  folder: string,
  options: ExportOptions = {},
): Promise<Readonly<Record<TableName, number>>> {
  await makeFolder(folder);
  const counts = {} as Record<TableName, number>;
  for (const name of tablesOfRun)
    counts[name] = await exportTable(store, name, form, path.join(folder, `${name}.${form}`), options);
  return counts;
}

/**
 * Steps and evaluations as an event file in a folder of the run's name, as TensorBoard tells runs apart. Written again, it
 * takes the place of the one before.
 * @returns the file
 */
export async function exportTensorboard(store: RunStore, logdir: string, options: ExportOptions = {}): Promise<string> {
  await makeFolder(logdir);
  const { id, createdAt } = store.summary();
  const folder = path.join(logdir, id);
  await makeFolder(folder);
  const [steps, evaluations] = [store.metrics(), store.evaluations()];
  options.signal?.throwIfAborted();
  const records = [...eventRecords(createdAt, steps, evaluations)];
  const file = path.join(folder, `events.out.tfevents.${Math.floor(createdAt / 1000)}.${id}`);
  await beside(file, (partial) => writeFile(partial, Buffer.concat(records)));
  return file;
}

async function eachRecord(
  store: RunStore,
  name: TableName,
  { chosen, signal, onProgress }: ExportOptions,
  write: (record: unknown) => void | Promise<void>,
): Promise<number> {
  let count = 0;
  let turned = 0;
  const total = chosen ? chosen.count : tables[name].count(store);
  for await (const record of chosen ? chosen.records : tables[name].records(store)) {
    if (count % recordsAtOnce === 0 || performance.now() - turned > turnMs) {
      // A signal is heard between two turns of the event loop.
      await setImmediate();
      turned = performance.now();
      signal?.throwIfAborted();
      onProgress?.(name, count, total);
    }
    await write(record);
    count++;
  }
  return count;
}

const drained = (out: Writable) => new Promise<void>((resolve) => out.once('drain', resolve));

/** @param write is given the name to write to; what it leaves there takes its place when all went well */
export async function beside<T>(file: string, write: (partial: string) => Promise<T>): Promise<T> {
  // Without "tfevents" in its name: TensorBoard reads whatever has it.
  const partial = path.join(path.dirname(file), `.export-${randomUUID()}.partial`);
  try {
    const written = await write(partial);
    await rename(partial, file);
    return written;
  } catch (thrown) {
    await rm(partial, { force: true });
    throw asStudioError(thrown).kind === 'disk-full' ? withPlace(thrown, file) : thrown;
  }
}

export function requireFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new StudioError('not-found', 'There is no such folder.', { place: folder, remedy: 'Make it first.' });
}

async function makeFolder(folder: string): Promise<void> {
  requireFolder(path.dirname(path.resolve(folder)));
  await mkdir(folder, { recursive: true });
}
