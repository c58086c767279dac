/** Reads a dataset file as a stream, row by row, and parses a row. What a row must hold is for `row-check.ts`. */
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../protocol/errors.ts';
import { findJsonFault } from './json-fault.ts';
import { type RowBytes, RowScanner, type RowsForm } from './json-rows.ts';

const pieceBytes = 1024 * 1024;

export interface FileScan {
  readonly form: RowsForm;
  /** Rows of any kind, those with a fault among them. */
  readonly rowCount: number;
  /** Says whether the file is still the one that was read. */
  readonly stamp: string;
}

export interface ScanOptions {
  readonly signal?: AbortSignal | undefined;
  /** Share of the file that was read, 0..1. */
  readonly onProgress?: (share: number) => void;
}

export const stampOf = (info: { size: number; mtimeMs: number }) => `${info.size} ${info.mtimeMs}`;

/**
 * Hands each row's bytes to `take`, with its number from 0; they are valid until it returns.
 * @throws StudioError `bad-dataset` where the file stops being rows of JSON, after the rows before it were taken;
 *   `not-found` when there is no such file; the signal's reason.
 */
export async function scanDatasetFile(
  file: string,
  take: (row: RowBytes, number: number, form: RowsForm) => void,
  options: ScanOptions = {},
): Promise<FileScan> {
  const full = path.resolve(file);
  const info = await stat(full).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw cause;
    throw new StudioError('not-found', 'There is no such dataset.', {
      place: full,
      remedy: 'Check its name; in a run file "dataset" is relative to the run file’s folder.',
      cause,
    });
  });
  if (!info.isFile()) {
    throw new StudioError('bad-dataset', 'The dataset is not a file.', {
      place: full,
      remedy: 'Name the JSON or JSONL file in it.',
    });
  }
  const scanner = new RowScanner(full);
  const handAll = (rows: Iterable<RowBytes>) => {
    for (const row of rows) take(row, scanner.rowCount - 1, scanner.form as RowsForm);
  };
  const handle = await open(full, 'r');
  try {
    const piece = Buffer.allocUnsafe(pieceBytes);
    let done = 0;
    for (;;) {
      options.signal?.throwIfAborted();
      const { bytesRead } = await handle.read(piece, 0, pieceBytes, null);
      if (bytesRead === 0) break;
      handAll(scanner.push(piece.subarray(0, bytesRead)));
      done += bytesRead;
      options.onProgress?.(Math.min(1, done / info.size));
    }
    handAll(scanner.end());
  } finally {
    await handle.close();
  }
  return { form: scanner.form as RowsForm, rowCount: scanner.rowCount, stamp: stampOf(info) };
}

/** @throws StudioError `bad-dataset` with the line and column at which the row stops being JSON. */
export function parseRow(file: string, text: string, firstLine: number, number: number, form: RowsForm): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const fault = findJsonFault(text);
    const before = text.slice(0, fault?.offset ?? 0).split('\n');
    const line = firstLine + before.length - 1;
    const column = (before.at(-1)?.length ?? 0) + 1;
    const isLine = form === 'lines';
    const where = before.length === 1 && !isLine ? `${column} characters into the row` : `column ${column}`;
    throw new StudioError(
      'bad-dataset',
      `Row ${number + 1} is not JSON: ${fault?.reason ?? (cause as Error).message}, at line ${line}, ${where}.`,
      {
        place: `${file}:${line}`,
        remedy: isLine ? 'Every line must hold one whole row.' : 'Correct the row there.',
        cause,
      },
    );
  }
}
