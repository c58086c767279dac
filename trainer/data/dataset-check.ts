/**
 * Looks a dataset over before anything is trained on it: every row and, as far as asked, every video and image. Finds
 * more than `openDataset` must, and goes on where that one stops. Printing is for `cli/check.ts`.
 */
import { isUtf8 } from 'node:buffer';
import { statSync } from 'node:fs';
import path from 'node:path';
import type { DatasetRow, DataType } from '../protocol/dataset.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { quote } from '../rewards/reward.ts';
import { openDataset } from './dataset.ts';
import {
  type DatasetForm,
  parseRow,
  placeOf,
  type ScannedPart,
  type ScannedRow,
  scanDatasetFile,
} from './dataset-file.ts';
import { type DatasetStatistics, StatisticsCounter } from './dataset-statistics.ts';
import { checkEmbedded, type MediaCheckOptions } from './embedded-check.ts';
import { type Finding, type FindingKind, findingKinds } from './finding.ts';
import { FirstSeen } from './first-seen.ts';
import { findParts } from './forms/dataset-parts.ts';
import { compareContent, type SizedFile } from './media-content.ts';
import { allowRemedy, findMedia, type MediaRoots, mediaRoots } from './media-place.ts';
import { decodeAll, probeAll } from './media-probe.ts';
import { checkRow } from './row-check.ts';
import { rowWarnings } from './row-warnings.ts';

export interface CheckOptions extends MediaCheckOptions {
  readonly onProgress?: (phase: 'rows' | 'content' | 'media' | 'frames', done: number, total: number) => void;
}

export interface DatasetReport {
  readonly file: string;
  readonly form: DatasetForm | null;
  /** Whole rows that were found. */
  readonly rows: number;
  /** Rows without an error. None can be trained on while `refused`. */
  readonly sound: number;
  /** Whether training refuses the file as a whole. */
  readonly refused: boolean;
  readonly errors: number;
  readonly warnings: number;
  /** In the order of lines. */
  readonly findings: readonly Finding[];
  /** Of the rows whose text has no error; their media may be missing. */
  readonly statistics: DatasetStatistics;
}

/** What a path of the dataset leads to, and the rows that use it. */
interface Medium {
  readonly named: string;
  readonly kind: DataType;
  readonly file: SizedFile | null;
  readonly fault: { readonly kind: FindingKind; readonly message: string } | null;
  readonly rows: { readonly row: number; readonly line: number }[];
}

function lookAt(roots: MediaRoots, named: string): Pick<Medium, 'file' | 'fault'> {
  const fault = (kind: FindingKind, message: string, remedy = '') => ({
    file: null,
    fault: { kind, message: `${quote(named)} ${message}.${remedy && ` ${remedy}`}` },
  });
  const found = findMedia(roots, named);
  if (found.kind === 'outside')
    return fault('media-outside', `is a link to ${found.real}, outside the dataset’s folder`, allowRemedy(found.real));
  if (found.kind === 'missing') return fault('media-missing', found.reason);
  const info = statSync(found.real, { throwIfNoEntry: false });
  if (info === undefined) return fault('media-missing', 'is not there');
  if (!info.isFile()) return fault('media-folder', info.isDirectory() ? 'is a folder' : 'is not a regular file');
  if (info.size === 0) return fault('media-empty', 'is empty (0 bytes)');
  return { file: { real: found.real, sizeBytes: info.size }, fault: null };
}

/** A finding while rows are met: rows from 0, and in a table the row's number from 1 in place of a line. */
type Met = Pick<Finding, 'kind' | 'message'> & { readonly line: number; readonly row: number | null };

const lineOf = (place: string | undefined): number => Number(/:(\d+)$/.exec(place ?? '')?.[1] ?? 1);

class Check {
  form: DatasetForm | null = null;
  rows = 0;
  /** Some rows hold their medium themselves. */
  embedded = false;
  readonly findings: Met[] = [];
  readonly media = new Map<string, Medium>();
  readonly counter = new StatisticsCounter();
  private readonly file: string;
  private readonly folder: string;
  private readonly allowedRoots: readonly string[];
  private roots: MediaRoots | null = null;
  /** By file, how a row named it first. */
  private readonly firstNames = new Map<string, { named: string; where: string }>();
  private readonly ids = new FirstSeen();
  private readonly questions = new FirstSeen();
  /** Files that rows were read from. */
  private readonly parts: ScannedPart[] = [];

  constructor(file: string, folder: string, allowedRoots: readonly string[]) {
    this.file = file;
    this.folder = folder;
    this.allowedRoots = allowedRoots;
  }

  add(kind: FindingKind, line: number, row: number | null, message: string): void {
    this.findings.push({ kind, line, row, message });
  }

  /** A row as other findings name it. @param row from 0 */
  rowName(line: number, row: number): string {
    if (this.form === 'table') return `row ${row + 1}`;
    return `line ${line}${line === row + 1 ? '' : `, row ${row + 1}`}`;
  }

  /** A finding as it is told: rows from 1, and no line where there are none. */
  told({ kind, message, line, row }: Met): Finding {
    const number = row === null ? null : row + 1;
    const isTable = this.form === 'table';
    const part = this.parts.findLast(({ firstRow }) => firstRow <= (row ?? 0));
    const file = part?.file ?? this.file;
    const inFile = isTable && number !== null ? number - (part?.firstRow ?? 0) : line;
    const whole = isTable ? file : `${file}:${line}`;
    const place = part && number !== null ? placeOf(part, inFile, number) : whole;
    return { kind, line: isTable ? null : line, row: number, place, message };
  }

  take(bytes: ScannedRow, row: number, form: DatasetForm): void {
    this.form = form;
    this.rows = row + 1;
    if (this.parts.at(-1) !== bytes.part) this.parts.push(bytes.part);
    const line = form === 'table' ? row + 1 : bytes.line;
    if (!isUtf8(bytes.bytes)) {
      this.add('not-utf8', line, row, 'The row is not UTF-8 text.');
      return;
    }
    const text = bytes.bytes.toString('utf8');
    let value: unknown;
    try {
      value = parseRow(bytes, row, form);
    } catch (thrown) {
      this.add('not-json', line, row, asStudioError(thrown).message);
      return;
    }
    const checked = checkRow(value);
    if ('fault' in checked) {
      this.add(checked.kind, line, row, checked.fault);
      return;
    }
    this.counter.add(checked.row);
    for (const { kind, message } of rowWarnings(checked.row, text)) this.add(kind, line, row, message);
    this.compare(checked.row, line, row);
    if (bytes.isEmbedded) this.embedded = true;
    else this.meetMedium(checked.row, line, row);
  }

  private compare(row: DatasetRow, line: number, number: number): void {
    const here = this.rowName(line, number);
    const id = this.ids.meet(String(row.problem_id), here);
    if (id !== null)
      this.add('repeated-id', line, number, `problem_id ${quote(String(row.problem_id))} is also that of ${id}.`);
    const question = JSON.stringify([row.problem, row.options, path.posix.normalize(row.path.replaceAll('\\', '/'))]);
    const asked = this.questions.meet(question, here);
    if (asked !== null) this.add('repeated-question', line, number, `The same question stands at ${asked}.`);
  }

  private meetMedium(row: DatasetRow, line: number, number: number): void {
    const key = `${row.data_type} ${row.path}`;
    let medium = this.media.get(key);
    if (!medium) {
      this.roots ??= mediaRoots(this.folder, this.allowedRoots);
      medium = { named: row.path, kind: row.data_type, ...lookAt(this.roots, row.path), rows: [] };
      this.media.set(key, medium);
      this.compareFile(medium, line, number);
    }
    medium.rows.push({ row: number, line });
    if (medium.fault) this.add(medium.fault.kind, line, number, medium.fault.message);
  }

  private compareFile({ named, file }: Medium, line: number, number: number): void {
    if (!file) return;
    const first = this.firstNames.get(file.real);
    if (!first) this.firstNames.set(file.real, { named, where: this.rowName(line, number) });
    else if (first.named !== named)
      this.add(
        'same-medium',
        line,
        number,
        `${quote(named)} is the same file as ${quote(first.named)} of ${first.where}.`,
      );
  }

  /** A finding for every row that uses a medium. */
  addForMedium(medium: Medium, kind: FindingKind, message: string): void {
    for (const { row, line } of medium.rows) this.add(kind, line, row, message);
  }

  /** Different files, in the order in which rows name them, each with the first medium that leads to it. */
  get files(): Map<string, Medium & { readonly file: SizedFile }> {
    const files = new Map<string, Medium & { readonly file: SizedFile }>();
    for (const medium of this.media.values()) {
      const { file } = medium;
      if (file && !files.has(file.real)) files.set(file.real, { ...medium, file });
    }
    return files;
  }
}

/** The other dataset's files with the line that names each first. */
async function filesOf(
  dataset: string,
  { signal, allowedRoots }: CheckOptions,
): Promise<Map<string, SizedFile & { place: string }>> {
  const other = await openDataset(dataset, signal);
  try {
    const roots = mediaRoots(other.folder, allowedRoots);
    const files = new Map<string, SizedFile & { place: string }>();
    for (let row = 0; row < other.count; row++) {
      if (other.isEmbedded(row)) continue;
      if (row % 1000 === 999) await new Promise(setImmediate);
      signal?.throwIfAborted();
      const { file } = lookAt(roots, other.row(row).path);
      if (file && !files.has(file.real)) files.set(file.real, { ...file, place: other.place(row) });
    }
    return files;
  } finally {
    other.dispose();
  }
}

async function findSameContent(check: Check, options: CheckOptions): Promise<void> {
  const { files } = check;
  const { same, unreadable } = await compareContent(
    [...files.values()].map(({ file }) => file),
    { signal: options.signal, onProgress: (done, total) => options.onProgress?.('content', done, total) },
  );
  for (const [real, earlier] of same) {
    const [one, other] = [files.get(real), files.get(earlier)];
    const [first, otherFirst] = [one?.rows[0], other?.rows[0]];
    if (one && other && first && otherFirst)
      check.add(
        'same-medium',
        first.line,
        first.row,
        `${quote(one.named)} has the same content as ${quote(other.named)} of ${check.rowName(otherFirst.line, otherFirst.row)}.`,
      );
  }
  for (const [real, why] of unreadable) {
    const medium = files.get(real);
    if (medium) check.addForMedium(medium, 'media-unusable', `${quote(medium.named)} can't be read (${why}).`);
  }
}

async function findLeaks(check: Check, against: string, options: CheckOptions): Promise<void> {
  const others = await filesOf(against, options);
  const { files } = check;
  // The other's files come first, so that those of this dataset are named as the same as one of them.
  const mine = [...files.values()].map(({ file }) => file).filter(({ real }) => !others.has(real));
  const sizes = new Set(mine.map(({ sizeBytes }) => sizeBytes));
  const { same, unreadable } = await compareContent(
    [...[...others.values()].filter(({ sizeBytes }) => sizes.has(sizeBytes)), ...mine],
    { signal: options.signal, onProgress: (done, total) => options.onProgress?.('content', done, total) },
  );
  for (const [real, why] of unreadable) {
    const place = others.get(real)?.place;
    if (place !== undefined)
      throw new StudioError('bad-media', `${real} can't be read (${why}), so that it can't be compared.`, {
        place,
        remedy: 'Make it readable, or take its questions out of that dataset.',
      });
    const medium = files.get(real);
    // The comparison of this dataset's own content has said so already.
    if (medium && !options.compareContent)
      check.addForMedium(medium, 'media-unusable', `${quote(medium.named)} can't be read (${why}).`);
  }
  for (const medium of check.media.values()) {
    const real = medium.file?.real ?? '';
    const other = others.get(real) ?? others.get(same.get(real) ?? '');
    if (other) check.addForMedium(medium, 'leak', `${quote(medium.named)} is also used at ${other.place}.`);
  }
}

/**
 * Checks a dataset. Each fault of a row is a finding, and nothing about rows or media is thrown.
 *
 * @throws StudioError `not-found` when there is no such file, `bad-dataset` when it is a folder or `against` can't be
 *   opened, `bad-media` for a file of `against` that can't be read, `ffmpeg-missing`; the signal's reason
 */
export async function checkDataset(file: string, options: CheckOptions = {}): Promise<DatasetReport> {
  const full = path.resolve(file);
  const check = new Check(full, findParts(full).folder, options.allowedRoots ?? []);
  try {
    await scanDatasetFile(full, (bytes, row, form) => check.take(bytes, row, form), {
      signal: options.signal,
      onProgress: (share) => options.onProgress?.('rows', Math.round(100 * share), 100),
    });
    if (check.rows === 0) check.add('cut-off', 1, null, 'The dataset holds no question.');
  } catch (thrown) {
    options.signal?.throwIfAborted();
    const fault = asStudioError(thrown);
    if (fault.kind !== 'bad-dataset') throw thrown;
    check.add('cut-off', lineOf(fault.place), null, fault.message);
  }
  if (options.compareContent) await findSameContent(check, options);
  if (options.against !== undefined) await findLeaks(check, options.against, options);
  if (options.lookWith) {
    const media = [...check.media.values()].filter((medium) => medium.file !== null);
    // One file may stand under several paths.
    const byFile = [...Map.groupBy(media, ({ file, kind }) => `${kind} ${file?.real}`).values()];
    const files = byFile.map(([first]) => ({ real: first?.file?.real ?? '', kind: first?.kind ?? 'video' }));
    const onFault = (index: number, fault: { kind: FindingKind; message: string }) => {
      for (const medium of byFile[index] ?? [])
        check.addForMedium(medium, fault.kind, `${quote(medium.named)}: ${fault.message}`);
    };
    const { lookWith: tools, decodeAs: limits, signal } = options;
    const onProgress = (done: number, total: number) => options.onProgress?.(limits ? 'frames' : 'media', done, total);
    if (limits) await decodeAll(tools, limits, files, onFault, { signal, onProgress });
    else await probeAll(tools, files, onFault, { signal, onProgress });
  }
  if (check.embedded && (options.lookWith || options.compareContent || options.against !== undefined))
    await checkEmbedded(full, options, (kind, row, message) => check.add(kind, row, row - 1, message));
  const findings = check.findings
    .sort((a, b) => a.line - b.line || (a.row ?? 0) - (b.row ?? 0))
    .map((met) => check.told(met));
  const isError = ({ kind }: Finding) => findingKinds[kind].severity === 'error';
  const errors = findings.filter(isError);
  const unsound = new Set(errors.filter(({ row, kind }) => row !== null && kind !== 'leak').map(({ row }) => row));
  const sound = check.rows - unsound.size;
  return {
    file: full,
    form: check.form,
    rows: check.rows,
    sound,
    refused: check.counter.rows === 0 || errors.some(({ kind }) => kind === 'cut-off' || kind === 'not-json'),
    errors: errors.length,
    warnings: findings.length - errors.length,
    findings,
    statistics: check.counter.statistics,
  };
}
