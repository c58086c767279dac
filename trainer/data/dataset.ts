/**
 * A dataset file of Video-R1's form, opened for reading row by row. The file is read once as a stream to check every row
 * and to note where it stands; rows are then read from the file when asked for, so a large one costs little memory.
 */
import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import type { DatasetRow, DataType } from '../protocol/dataset.ts';
import { StudioError } from '../protocol/errors.ts';
import type { Question } from '../protocol/records.ts';
import { extractAnswer } from '../rewards/answer.ts';
import { type FileScan, parseRow, scanDatasetFile, stampOf } from './dataset-file.ts';
import type { RowBytes, RowsForm } from './json-rows.ts';
import { allowRemedy, findMedia, type MediaRoots, mediaRoots } from './media-place.ts';
import { checkRow, type RowCheck } from './row-check.ts';

/** A row that was left out, and why. */
export interface RowFault {
  /** Number of the row in the file, from 0. */
  readonly row: number;
  /** Line at which it begins, from 1. */
  readonly line: number;
  /** File, line, what is wrong and what to do. */
  readonly message: string;
}

/**
 * The rows of a dataset that can be trained on, numbered from 0 without those that have a fault.
 * The file stays open until `dispose`.
 */
export interface Dataset {
  readonly file: string;
  readonly folder: string;
  readonly form: RowsForm;
  readonly count: number;
  readonly faults: readonly RowFault[];
  /** @throws StudioError `bad-dataset` when the file has changed since it was opened. */
  row(index: number): DatasetRow;
  /** The row as it stands in the file. @throws as `row` */
  text(index: number): string;
  question(index: number): Question;
  /** Kept in memory: costs no reading. */
  dataType(index: number): DataType;
  /** The kinds of media that its rows have. */
  dataTypes(): DataType[];
  /** Whether the row has a chain of thought. Kept in memory. */
  hasProcess(index: number): boolean;
  /** The row's `data_source`. Kept in memory. */
  source(index: number): string;
  /** File and line, for messages. */
  place(index: number): string;
  /**
   * Absolute path of the row's video or image, symbolic links resolved.
   * @throws StudioError `bad-media` when it does not exist or leads out of the dataset's folder.
   */
  mediaPath(index: number): string;
  dispose(): void;
}

const isVideoBit = 1;
const hasProcessBit = 2;

/** Places of rows, growing; 8 bytes an offset would double for nothing as objects. */
class RowIndex {
  count = 0;
  private offsets = new Float64Array(1024);
  private lengths = new Uint32Array(1024);
  private lines = new Uint32Array(1024);
  private kinds = new Uint8Array(1024);
  private sources = new Uint32Array(1024);
  private readonly sourceNames: string[] = [];
  private readonly sourceNumbers = new Map<string, number>();

  add(offset: number, length: number, line: number, kind: number, source: string): void {
    if (this.count === this.kinds.length) this.grow();
    this.offsets[this.count] = offset;
    this.lengths[this.count] = length;
    this.lines[this.count] = line;
    this.kinds[this.count] = kind;
    this.sources[this.count] = this.sourceNumber(source);
    this.count++;
  }

  /** @throws RangeError for a row that does not exist. */
  at(index: number): { offset: number; length: number; line: number; kind: number } {
    if (!Number.isInteger(index) || index < 0 || index >= this.count) throw new RangeError(`There is no row ${index}.`);
    return {
      offset: this.offsets[index] as number,
      length: this.lengths[index] as number,
      line: this.lines[index] as number,
      kind: this.kinds[index] as number,
    };
  }

  /** @throws RangeError for a row that does not exist. */
  sourceAt(index: number): string {
    this.at(index);
    return this.sourceNames[this.sources[index] as number] as string;
  }

  private sourceNumber(source: string): number {
    let number = this.sourceNumbers.get(source);
    if (number === undefined) {
      number = this.sourceNames.push(source) - 1;
      this.sourceNumbers.set(source, number);
    }
    return number;
  }

  private grow(): void {
    const grown = <T extends Float64Array | Uint32Array | Uint8Array>(from: T, into: T): T => {
      into.set(from);
      return into;
    };
    const size = this.kinds.length * 2;
    this.offsets = grown(this.offsets, new Float64Array(size));
    this.lengths = grown(this.lengths, new Uint32Array(size));
    this.lines = grown(this.lines, new Uint32Array(size));
    this.kinds = grown(this.kinds, new Uint8Array(size));
    this.sources = grown(this.sources, new Uint32Array(size));
  }
}

class FileDataset implements Dataset {
  readonly file: string;
  readonly folder: string;
  readonly form: RowsForm;
  readonly faults: readonly RowFault[];
  private readonly index: RowIndex;
  private readonly roots: MediaRoots;
  private descriptor: number | null;
  private readonly stamp: string;

  constructor(
    file: string,
    index: RowIndex,
    faults: readonly RowFault[],
    scan: FileScan,
    allowedRoots: readonly string[],
  ) {
    this.file = file;
    this.folder = path.dirname(file);
    this.roots = mediaRoots(this.folder, allowedRoots);
    this.index = index;
    this.faults = faults;
    this.descriptor = openSync(file, 'r');
    this.form = scan.form;
    this.stamp = scan.stamp;
    this.checkUnchanged();
  }

  get count(): number {
    return this.index.count;
  }

  row(index: number): DatasetRow {
    let checked: RowCheck;
    const text = this.text(index);
    try {
      checked = checkRow(JSON.parse(text));
    } catch (cause) {
      throw this.changed(index, cause);
    }
    if ('fault' in checked) throw this.changed(index, undefined);
    return checked.row;
  }

  text(index: number): string {
    const { offset, length } = this.index.at(index);
    if (this.descriptor === null) throw new StudioError('internal', `${this.file} was closed.`);
    const bytes = Buffer.allocUnsafe(length);
    if (readSync(this.descriptor, bytes, 0, length, offset) !== length) throw this.changed(index, undefined);
    return bytes.toString('utf8');
  }

  question(index: number): Question {
    const row = this.row(index);
    return {
      row: index,
      dataset: this.file,
      problemId: String(row.problem_id),
      problem: row.problem,
      problemType: row.problem_type,
      dataType: row.data_type,
      options: row.options,
      solution: extractAnswer(row.solution) ?? '',
      path: row.path,
      source: row.data_source,
      family: row.family ?? null,
      needsOrder: row.needs_order ?? null,
    };
  }

  dataType(index: number): DataType {
    return this.index.at(index).kind & isVideoBit ? 'video' : 'image';
  }

  dataTypes(): DataType[] {
    const found = new Set<DataType>();
    for (let row = 0; row < this.count; row++) found.add(this.dataType(row));
    return [...found];
  }

  hasProcess(index: number): boolean {
    return (this.index.at(index).kind & hasProcessBit) !== 0;
  }

  source(index: number): string {
    return this.index.sourceAt(index);
  }

  place(index: number): string {
    return `${this.file}:${this.index.at(index).line}`;
  }

  mediaPath(index: number): string {
    const named = this.row(index).path;
    const found = findMedia(this.roots, named);
    switch (found.kind) {
      case 'file':
        return found.real;
      case 'missing':
        throw new StudioError('bad-media', `${named} ${found.reason}.`, {
          place: this.place(index),
          remedy: 'Paths are relative to the dataset’s folder. Put the file there, or correct the row.',
          cause: found.cause,
        });
      case 'outside':
        throw new StudioError(
          'bad-media',
          // With the remedy in it: a run keeps of a question that is passed over the message alone.
          `${named} leads out of the dataset’s folder, through a symbolic link to ${found.real}. ${allowRemedy(found.real)}`,
          { place: this.place(index) },
        );
    }
  }

  dispose(): void {
    if (this.descriptor !== null) closeSync(this.descriptor);
    this.descriptor = null;
  }

  private checkUnchanged(): void {
    const now = fstatSync(this.descriptor as number);
    if (stampOf(now) !== this.stamp) throw this.changed(0, undefined);
  }

  private changed(index: number, cause: unknown): StudioError {
    return new StudioError('bad-dataset', 'The dataset file was changed after it was opened.', {
      place: this.count > 0 ? this.place(index) : this.file,
      remedy: 'Start the run again, or resume it from its last checkpoint.',
      cause,
    });
  }
}

/**
 * Opens a dataset: a JSON array of rows, or one row as JSON on each line.
 *
 * Rows with a fault are left out and listed in `faults`. The file as a whole is refused when it can't be parsed, was cut
 * off, holds no row or holds none without a fault.
 *
 * @param allowedRoots folders outside of the dataset's own that links among its media may lead into
 * @throws StudioError `bad-dataset` with file and line; `not-found` when there is no such file; the signal's reason.
 */
export async function openDataset(
  file: string,
  signal?: AbortSignal,
  allowedRoots: readonly string[] = [],
): Promise<Dataset> {
  const full = path.resolve(file);
  const index = new RowIndex();
  const faults: RowFault[] = [];
  const take = (row: RowBytes, number: number, form: RowsForm) => {
    const left = (why: string) => faults.push({ row: number, line: row.line, message: `${full}:${row.line}: ${why}` });
    if (!isUtf8(row.bytes)) return left('The row is not UTF-8 text. Save the file as UTF-8.');
    const checked = checkRow(parseRow(full, row.bytes.toString('utf8'), row.line, number, form));
    if ('fault' in checked) return left(checked.fault);
    const { data_type, process, data_source } = checked.row;
    const kind = (data_type === 'video' ? isVideoBit : 0) | (process === undefined ? 0 : hasProcessBit);
    return index.add(row.offset, row.bytes.length, row.line, kind, data_source);
  };
  const scan = await scanDatasetFile(full, take, { signal });
  if (scan.rowCount === 0) {
    throw new StudioError('bad-dataset', 'The dataset holds no question.', { place: full, remedy: 'Add rows to it.' });
  }
  if (index.count === 0) {
    throw new StudioError(
      'bad-dataset',
      `None of the ${scan.rowCount} rows can be used. The first: ${faults[0]?.message ?? ''}`,
      { place: full, remedy: 'Correct the rows; each fault is named with its line.' },
    );
  }
  return new FileDataset(full, index, faults, scan, allowedRoots);
}
