/**
 * Reads a dataset once, row by row, whatever its form: JSON as a stream, also through gzip; tables batch by batch, each row as
 * the JSON it would be. What a row must hold is for `row-check.ts`.
 */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { createGunzip } from 'node:zlib';
import { StudioError } from '../protocol/errors.ts';
import { ArrowFile } from './forms/arrow-file.ts';
import { type DatasetPart, findParts, refuseForeign } from './forms/dataset-parts.ts';
import { ParquetFile } from './forms/parquet-file.ts';
import { type TableFile, tableRow } from './forms/table-row.ts';
import { type RowBytes, RowScanner, type RowsForm } from './json/row-scanner.ts';
import { parseRowText, rowTextFault } from './json/row-text.ts';

const pieceBytes = 1024 * 1024;

/** How the rows stand: as JSON, or in a table. */
export type DatasetForm = RowsForm | 'table';

/** A row's JSON. In a table `line` is the row's number in its file, from 1; `offset` is of use in a JSON file alone. */
export interface ScannedRow extends RowBytes {
  readonly part: ScannedPart;
  /** Its video or image may lie in the row itself. */
  readonly isEmbedded: boolean;
  /** File and line, or file and row, for messages. */
  readonly place: string;
}

/** A file of the dataset with the rows that it holds. */
export interface ScannedPart extends DatasetPart {
  /** Number of its first row in the dataset, from 0. */
  readonly firstRow: number;
  /** Says whether the file is still the one that was read. */
  readonly stamp: string;
}

export interface FileScan {
  /** Absolute path as it was named, and the folder that the rows' paths start from. */
  readonly file: string;
  readonly folder: string;
  readonly form: DatasetForm;
  /** Rows of any kind, those with a fault among them. */
  readonly rowCount: number;
  readonly parts: readonly ScannedPart[];
}

export interface ScanOptions {
  readonly signal?: AbortSignal | undefined;
  /** Share of the dataset that was read, 0..1. */
  readonly onProgress?: (share: number) => void;
}

export const stampOf = (info: { size: number; mtimeMs: number }) => `${info.size} ${info.mtimeMs}`;

/**
 * A row's place: file and line, with the row's number where that is another; in a table file and row, of several tables with
 * its number among the rows of all.
 * @param line in a table the row's number in its file, from 1
 * @param row number in the dataset, from 1
 */
export function placeOf({ file, form }: Pick<ScannedPart, 'file' | 'form'>, line: number, row: number): string {
  if (form === 'json' || form === 'gzip') return `${file}:${line}${line === row ? '' : `, row ${row}`}`;
  return `${file}, row ${line}${line === row ? '' : ` (row ${row} of the dataset)`}`;
}

/** @throws StudioError `bad-dataset` for a damaged file */
export const openTable = (file: string, form: 'parquet' | 'arrow'): Promise<TableFile> =>
  form === 'parquet' ? ParquetFile.open(file) : ArrowFile.open(file);

type Take = (row: ScannedRow, form: DatasetForm) => void;

async function scanJson(part: ScannedPart, take: Take, onBytes: (share: number) => void, signal?: AbortSignal) {
  const { file, form } = part;
  const { size } = await stat(file);
  const scanner = new RowScanner(file);
  const handAll = (rows: Iterable<RowBytes>) => {
    for (const row of rows)
      take(
        { ...row, part, isEmbedded: false, place: placeOf(part, row.line, part.firstRow + scanner.rowCount) },
        scanner.form as RowsForm,
      );
  };
  if (form === 'gzip') {
    const packed = createReadStream(file, { highWaterMark: pieceBytes });
    const stream = packed.pipe(createGunzip());
    packed.on('error', (cause) => stream.destroy(cause));
    let isFirst = true;
    try {
      for await (const piece of stream) {
        signal?.throwIfAborted();
        if (isFirst) refuseForeign(file, piece as Buffer);
        isFirst = false;
        handAll(scanner.push(piece as Buffer));
        onBytes(packed.bytesRead / size);
      }
    } catch (cause) {
      if (!/^(Z_|ERR_Z)/.test((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
      const rows = scanner.rowCount;
      throw new StudioError('bad-dataset', `The gzip file is damaged or cut off after ${rows} whole rows.`, {
        place: file,
        remedy: 'Copy or download the file again.',
        cause,
      });
    } finally {
      packed.destroy();
    }
  } else {
    const handle = await open(file, 'r');
    try {
      const piece = Buffer.allocUnsafe(pieceBytes);
      let done = 0;
      for (;;) {
        signal?.throwIfAborted();
        const { bytesRead } = await handle.read(piece, 0, pieceBytes, null);
        if (bytesRead === 0) break;
        handAll(scanner.push(piece.subarray(0, bytesRead)));
        done += bytesRead;
        onBytes(Math.min(1, done / size));
      }
    } finally {
      await handle.close();
    }
  }
  handAll(scanner.end());
  return scanner.form as RowsForm;
}

async function scanTable(part: ScannedPart, take: Take, onRows: (share: number) => void, signal?: AbortSignal) {
  const { file, form } = part;
  const table = await openTable(file, form as 'parquet' | 'arrow');
  let line = 0;
  for await (const batch of table.batches()) {
    signal?.throwIfAborted();
    for (const record of batch) {
      line++;
      const { text, isEmbedded } = tableRow(record, `${path.basename(file)}/row ${line}`, table.labels);
      take(
        {
          bytes: Buffer.from(text),
          part,
          offset: 0,
          line,
          isEmbedded,
          place: placeOf(part, line, part.firstRow + line),
        },
        'table',
      );
    }
    onRows(line / table.rowCount);
    await new Promise(setImmediate);
  }
}

/**
 * Hands each row to `take`, with its number from 0; its bytes are valid until it returns.
 * @throws StudioError `bad-dataset` where a file stops being rows, after the rows before it were taken, and for what is no
 *   dataset; `not-found` when there is no such file; the signal's reason.
 */
export async function scanDatasetFile(
  named: string,
  take: (row: ScannedRow, number: number, form: DatasetForm) => void,
  options: ScanOptions = {},
): Promise<FileScan> {
  const { file, folder, parts } = findParts(named);
  const scanned: ScannedPart[] = [];
  let rowCount = 0;
  let form: DatasetForm = 'table';
  for (const [number, part] of parts.entries()) {
    options.signal?.throwIfAborted();
    const one = { ...part, firstRow: rowCount, stamp: stampOf(await stat(part.file)) };
    scanned.push(one);
    const takeOne: Take = (row, rowForm) => take(row, rowCount++, rowForm);
    const onShare = (share: number) => options.onProgress?.((number + share) / parts.length);
    if (part.form === 'json' || part.form === 'gzip') form = await scanJson(one, takeOne, onShare, options.signal);
    else await scanTable(one, takeOne, onShare, options.signal);
  }
  return { file, folder, form, rowCount, parts: scanned };
}

/** @throws StudioError `bad-dataset` with the line and column at which the row stops being JSON. */
export function parseRow({ part: { file }, bytes, line }: ScannedRow, row: number, form: DatasetForm): unknown {
  const text = bytes.toString('utf8');
  try {
    return parseRowText(text);
  } catch (cause) {
    throw rowTextFault(text, { file, line, row, form }, cause).error;
  }
}
