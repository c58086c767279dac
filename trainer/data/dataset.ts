/**
 * A dataset, opened for reading row by row. It is read once to check every row and to note where it stands; rows are then
 * read from the file when asked for, so a large one costs little memory. What can't be read at any place, such as Parquet
 * and gzip, is set down as JSON in an unnamed file for that.
 */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { DatasetRow, DataType } from '../protocol/dataset.ts';
import { StudioError } from '../protocol/errors.ts';
import type { Question } from '../protocol/records.ts';
import { extractAnswer } from '../rewards/answer.ts';
import {
  type DatasetForm,
  type FileScan,
  parseRow,
  placeOf,
  type ScannedRow,
  scanDatasetFile,
  stampOf,
} from './dataset-file.ts';
import { EmbeddedMedia } from './embedded-media.ts';
import { findParts } from './forms/dataset-parts.ts';
import { parseRowText } from './json/row-text.ts';
import { allowRemedy, findMedia, type MediaRoots, mediaRoots } from './media-place.ts';
import { checkRow, climbsOut, type RowCheck } from './row-check.ts';
import { RowSpool } from './row-spool.ts';

/** A row that was left out, and why. */
export interface RowFault {
  /** Number of the row in the file, from 1. */
  readonly row: number;
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
  readonly form: DatasetForm;
  /** The files that it was read from. */
  readonly files: readonly string[];
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
  /** What is right of the row's video shown backwards, without tags; null where the row does not say. @throws as `row` */
  reversedSolution(index: number): string | null;
  /** Whether the row says what is right of its video shown backwards. Kept in memory. */
  hasReversed(index: number): boolean;
  /** The row's `data_source`. Kept in memory. */
  source(index: number): string;
  /** Number of the row in the file, from 1, those with a fault among them: what every face shows of it. */
  fileRow(index: number): number;
  /** File and line, or of a table file and row, for messages. */
  place(index: number): string;
  /**
   * Absolute path of the row's video or image, symbolic links resolved.
   * @throws StudioError `bad-media` when it does not exist or leads out of the dataset's folder.
   */
  mediaPath(index: number): string;
  /** Whether the video or image may lie in the row itself. */
  isEmbedded(index: number): boolean;
  /** SHA-256 of the video or image that lies in the row itself, in hex; null where it is a file. @throws as `medium` */
  embeddedContent(index: number): Promise<string | null>;
  /**
   * A file with the row's video or image, which is made where the row itself holds it, and goes with the dataset.
   * @throws as `mediaPath`; the system's error where the file can't be made
   */
  medium(index: number): Promise<string>;
  dispose(): void;
}

const isVideoBit = 1;
const hasProcessBit = 2;
const isEmbeddedBit = 4;
const hasReversedBit = 8;

/** Places of rows, growing; 8 bytes an offset would double for nothing as objects. */
class RowIndex {
  count = 0;
  private offsets = new Float64Array(1024);
  private lengths = new Uint32Array(1024);
  private lines = new Uint32Array(1024);
  private fileRows = new Uint32Array(1024);
  private kinds = new Uint8Array(1024);
  private sources = new Uint32Array(1024);
  private readonly sourceNames: string[] = [];
  private readonly sourceNumbers = new Map<string, number>();

  add(offset: number, length: number, line: number, fileRow: number, kind: number, source: string): void {
    if (this.count === this.kinds.length) this.grow();
    this.offsets[this.count] = offset;
    this.lengths[this.count] = length;
    this.lines[this.count] = line;
    this.fileRows[this.count] = fileRow;
    this.kinds[this.count] = kind;
    this.sources[this.count] = this.sourceNumber(source);
    this.count++;
  }

  /** @throws RangeError for a row that does not exist. */
  at(index: number): { offset: number; length: number; line: number; fileRow: number; kind: number } {
    if (!Number.isInteger(index) || index < 0 || index >= this.count) throw new RangeError(`There is no row ${index}.`);
    return {
      offset: this.offsets[index] as number,
      length: this.lengths[index] as number,
      line: this.lines[index] as number,
      fileRow: this.fileRows[index] as number,
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
    this.fileRows = grown(this.fileRows, new Uint32Array(size));
    this.kinds = grown(this.kinds, new Uint8Array(size));
    this.sources = grown(this.sources, new Uint32Array(size));
  }
}

class FileDataset implements Dataset {
  readonly file: string;
  readonly folder: string;
  readonly form: DatasetForm;
  readonly faults: readonly RowFault[];
  private readonly index: RowIndex;
  private readonly parts: FileScan['parts'];
  private readonly roots: MediaRoots;
  private readonly embedded: EmbeddedMedia;
  private descriptor: number | null;

  /** @param spool holds the rows where they can't be read in their own file, and is taken over */
  constructor(
    scan: FileScan,
    index: RowIndex,
    faults: readonly RowFault[],
    spool: RowSpool | null,
    allowedRoots: readonly string[],
  ) {
    this.file = scan.file;
    this.folder = scan.folder;
    this.roots = mediaRoots(this.folder, allowedRoots);
    this.index = index;
    this.faults = faults;
    this.form = scan.form;
    this.parts = scan.parts;
    this.embedded = new EmbeddedMedia(scan.parts);
    this.descriptor = spool?.descriptor ?? openSync(scan.parts[0]?.file ?? scan.file, 'r');
    const stamp = spool ? null : scan.parts[0]?.stamp;
    if (stamp !== null && stampOf(fstatSync(this.descriptor)) !== stamp) throw this.changed(0, undefined);
  }

  get files(): string[] {
    return this.parts.map(({ file }) => file);
  }

  get count(): number {
    return this.index.count;
  }

  row(index: number): DatasetRow {
    let checked: RowCheck;
    const text = this.text(index);
    try {
      checked = checkRow(parseRowText(text));
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
      fileRow: this.fileRow(index),
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

  reversedSolution(index: number): string | null {
    const { reversed_solution: solution } = this.row(index);
    return solution === undefined ? null : extractAnswer(solution);
  }

  hasReversed(index: number): boolean {
    return (this.index.at(index).kind & hasReversedBit) !== 0;
  }

  source(index: number): string {
    return this.index.sourceAt(index);
  }

  fileRow(index: number): number {
    return this.index.at(index).fileRow;
  }

  place(index: number): string {
    const { line, fileRow } = this.index.at(index);
    const part = this.parts.findLast(({ firstRow }) => firstRow < fileRow);
    return part ? placeOf(part, line, fileRow) : this.file;
  }

  isEmbedded(index: number): boolean {
    return (this.index.at(index).kind & isEmbeddedBit) !== 0;
  }

  async embeddedContent(index: number): Promise<string | null> {
    if (!this.isEmbedded(index)) return null;
    const { bytes } = await this.embedded.medium(this.fileRow(index) - 1);
    return bytes && createHash('sha256').update(bytes).digest('hex');
  }

  async medium(index: number): Promise<string> {
    if (!this.isEmbedded(index)) return this.mediaPath(index);
    const { bytes, path: named } = await this.embedded.medium(this.fileRow(index) - 1);
    if (bytes) return this.embedded.fileOf(bytes);
    if (named !== null && !climbsOut(named)) return this.locate(index, named);
    throw new StudioError('bad-media', `The row names ${named}, which leads out of the dataset’s folder.`, {
      place: this.place(index),
      remedy: 'Use a path below it.',
    });
  }

  mediaPath(index: number): string {
    return this.locate(index, this.row(index).path);
  }

  private locate(index: number, named: string): string {
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
    this.embedded.dispose();
  }

  private changed(index: number, cause: unknown): StudioError {
    return new StudioError('bad-dataset', 'The dataset file was changed after it was opened.', {
      place: this.count > 0 ? this.place(index) : this.file,
      remedy: 'Start the run again, or resume it from its last checkpoint.',
      cause,
    });
  }
}

export interface OpenOptions {
  /** Usable rows so far, and the share of the file that was read. */
  onProgress?(rows: number, share: number): void;
  /** Folders outside of the dataset's own that links among its media may lead into. */
  readonly allowedRoots?: readonly string[];
}

/**
 * Opens a dataset: a JSON array of rows, one row as JSON on each line, either in gzip; Parquet or Arrow; or a folder of such
 * files, as `findParts` takes them.
 *
 * Rows with a fault are left out and listed in `faults`. The dataset as a whole is refused when it can't be parsed, was cut
 * off, holds no row or holds none without a fault.
 *
 * @throws StudioError `bad-dataset` with file and line; `not-found` when there is no such file; the signal's reason.
 */
export async function openDataset(named: string, signal?: AbortSignal, options: OpenOptions = {}): Promise<Dataset> {
  const { onProgress, allowedRoots = [] } = options;
  const { file, parts } = findParts(named);
  const index = new RowIndex();
  const faults: RowFault[] = [];
  const spool = parts.length === 1 && parts[0]?.form === 'json' ? null : new RowSpool();
  const take = (row: ScannedRow, number: number, form: DatasetForm) => {
    const left = (why: string) => faults.push({ row: number + 1, message: `${row.place}: ${why}` });
    if (!isUtf8(row.bytes)) return left('The row is not UTF-8 text. Save the file as UTF-8.');
    const checked = checkRow(parseRow(row, number, form));
    if ('fault' in checked) return left(checked.fault);
    const { data_type, process, data_source, reversed_solution } = checked.row;
    const kind =
      (data_type === 'video' ? isVideoBit : 0) |
      (process === undefined ? 0 : hasProcessBit) |
      (row.isEmbedded ? isEmbeddedBit : 0) |
      (reversed_solution === undefined ? 0 : hasReversedBit);
    const offset = spool?.add(row.bytes) ?? row.offset;
    return index.add(offset, row.bytes.length, row.line, number + 1, kind, data_source);
  };
  try {
    const scan = await scanDatasetFile(named, take, {
      signal,
      onProgress: (share) => onProgress?.(index.count, share),
    });
    spool?.flush();
    if (scan.rowCount === 0)
      throw new StudioError('bad-dataset', 'The dataset holds no question.', {
        place: file,
        remedy: 'Add rows to it.',
      });
    if (index.count === 0)
      throw new StudioError(
        'bad-dataset',
        `None of the ${scan.rowCount} rows can be used. The first: ${faults[0]?.message ?? ''}`,
        { place: file, remedy: 'Correct the rows; each fault is named with its place.' },
      );
    return new FileDataset(scan, index, faults, spool, allowedRoots);
  } catch (thrown) {
    spool?.discard();
    throw thrown;
  }
}
