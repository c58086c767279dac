/** What differs between the rows as they are now and another version of the file, which comes as a stream of bytes. */
import { setImmediate as turn } from 'node:timers/promises';
import { RowScanner, type RowsForm } from '../json/row-scanner.ts';
import type { EditableDataset } from './editable-dataset.ts';
import type { LongWork } from './index-file.ts';
import { alone, gapsOf, matchInOrder, type Stretch } from './match-in-order.ts';
import { RowIndex } from './row-index.ts';
import { marksOf, type RowReading, readingOf } from './row-marks.ts';

/** Such as what `git show HEAD:rows.json` writes. */
export interface FileVersion {
  /** For messages, such as `HEAD:rows.json`. */
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Row numbers, from 0; `before` are those of the other version. */
export interface VersionComparison {
  /** With the same `problem_id`, or of rows without one in the same place, but not the same content. */
  readonly changed: readonly { readonly row: number; readonly before: number }[];
  readonly added: readonly number[];
  /** `row` is the one that it stood before, or what was added in its place; the number of rows where none follows. */
  readonly removed: readonly { readonly before: number; readonly row: number }[];
}

/** Bytes that are worked on at a time. */
const turnBytes = 256 * 1024;

interface VersionRow {
  readonly row: number;
  readonly bytes: Buffer;
  readonly offset: number;
  readonly line: number;
}

/** The rows of a version, one by one; their bytes are valid until the next is asked for. */
async function* rowsOf(
  { name, bytes }: FileVersion,
  signal: AbortSignal | undefined,
): AsyncGenerator<VersionRow & { readonly form: RowsForm }> {
  const scanner = new RowScanner(name);
  const formNow = () => scanner.form ?? 'array';
  let row = 0;
  let sinceTurn = 0;
  for await (const chunk of bytes) {
    for (let from = 0; from < chunk.length; from += turnBytes) {
      signal?.throwIfAborted();
      const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).subarray(from, from + turnBytes);
      for (const found of scanner.push(piece)) yield { ...found, row: row++, form: formNow() };
      sinceTurn += piece.length;
      if (sinceTurn < turnBytes) continue;
      sinceTurn = 0;
      await turn();
    }
  }
  for (const found of scanner.end()) yield { ...found, row: row++, form: formNow() };
}

/**
 * Compares with the rows as they are now, edits and what is not saved among them. Of the other version only 28 bytes a row are
 * kept. A row whose white space alone differs is the same; one that was moved is removed and added.
 * @param work progress is about, as nobody says how long the other version is
 * @throws StudioError `bad-dataset` when either stops being rows; what the stream throws; the signal's reason
 */
export async function compareWithVersion(
  dataset: EditableDataset,
  version: FileVersion,
  { signal, onProgress }: LongWork = {},
): Promise<VersionComparison> {
  const other = new RowIndex();
  let told = 0;
  for await (const { bytes, offset, line } of rowsOf(version, signal)) {
    other.add(offset, bytes.length, line, marksOf(bytes));
    if (offset - told < turnBytes) continue;
    told = offset;
    onProgress?.(Math.min(1, offset / dataset.sizeBytes));
  }
  const { hashes, ids } = await dataset.keys(signal);
  if (dataset.fault) throw dataset.fault;
  const whole: Stretch = { before: [0, other.count], after: [0, hashes.length] };
  const same = new Int32Array(hashes.length).fill(alone);
  matchInOrder(other.allHashes(), hashes, whole, same);
  const sameId = new Int32Array(hashes.length).fill(alone);
  const changed: { row: number; before: number }[] = [];
  const added: number[] = [];
  const removed: { before: number; row: number }[] = [];
  for (const gap of gapsOf(same, whole)) {
    matchInOrder(other.allIds(), ids, gap, sameId);
    for (let row = gap.after[0]; row < gap.after[1]; row++) {
      const before = sameId[row] as number;
      // Repeated rows may find each other by their id alone.
      if (before !== alone && other.hash(before) !== hashes[row]) changed.push({ row, before });
    }
    for (const { before, after } of gapsOf(sameId, gap)) {
      for (let row = before[0]; row < before[1]; row++) removed.push({ before: row, row: after[0] });
      for (let row = after[0]; row < after[1]; row++) added.push(row);
    }
  }
  onProgress?.(1);
  return { changed, added, removed };
}

/**
 * Reads some rows of another version, to show them; the stream is left as soon as all are found.
 * @returns by number; those that are not there are left out
 */
export async function readVersionRows(
  version: FileVersion,
  rows: readonly number[],
  signal?: AbortSignal,
): Promise<Map<number, VersionRow & RowReading>> {
  const wanted = new Set(rows);
  const found = new Map<number, VersionRow & RowReading>();
  if (wanted.size === 0) return found;
  for await (const { form, ...row } of rowsOf(version, signal)) {
    if (!wanted.has(row.row)) continue;
    const bytes = Buffer.from(row.bytes);
    const place = { file: version.name, line: row.line, row: row.row, form };
    found.set(row.row, { ...row, bytes, ...readingOf(bytes, place, row.offset) });
    if (found.size === wanted.size) break;
  }
  return found;
}
