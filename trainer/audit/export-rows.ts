/** The rows of a dataset of which an audit says something, as a dataset of their own. */
import { realpathSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Dataset } from '../data/dataset.ts';
import { findParts } from '../data/forms/dataset-parts.ts';
import { pathRewriter } from '../data/media-place.ts';
import { writeRows } from '../data/write-rows.ts';
import type { AuditLine } from '../protocol/audit.ts';
import { StudioError } from '../protocol/errors.ts';
import { needsOf, type RowNeed } from './results.ts';

export interface RowsWanted {
  readonly need: RowNeed;
  /** Absolute. */
  readonly file: string;
}

/**
 * Looked at before anything is asked.
 * @param dataset as it was named
 * @throws StudioError `not-found` for a folder that is not there, `conflict` for a file that is; `bad-request` for a folder from which
 *   the media do not lie below, a folder in the file's place, or the dataset itself
 */
export function requireRowsFile({ file }: RowsWanted, dataset: string, replace: boolean): void {
  const { folder, parts } = findParts(dataset);
  const out = path.dirname(file);
  if (!statSync(out, { throwIfNoEntry: false })?.isDirectory())
    throw new StudioError('not-found', 'There is no such folder.', { place: out, remedy: 'Make it first.' });
  pathRewriter(folder, out);
  const there = statSync(file, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (there.isDirectory())
    throw new StudioError('bad-request', 'This is a folder, and a file is written.', {
      place: file,
      remedy: 'Name a file.',
    });
  if (parts.some((part) => realpathSync(part.file) === realpathSync(file)))
    throw new StudioError('bad-request', 'This is the dataset itself.', { place: file, remedy: 'Name another file.' });
  if (!replace)
    throw new StudioError('conflict', 'The file is there already.', {
      place: file,
      remedy: 'Move it away, or say --replace.',
    });
}

/**
 * Rows as they stand in the dataset, in its order; nothing is written where there is none.
 * @param lines of this dataset
 * @returns how many were written
 * @throws StudioError as `writeRows` does; the signal's reason
 */
export async function exportRows(
  dataset: Dataset,
  lines: readonly AuditLine[],
  { need, file }: RowsWanted,
  signal: AbortSignal,
): Promise<number> {
  const rows = lines
    .flatMap((line) => (line.outcome === 'audited' && needsOf(line).includes(need) ? [line.row] : []))
    .sort((a, b) => a - b);
  if (rows.length === 0) return 0;
  const folder = path.dirname(file);
  const partial = `${file}.partial`;
  const media = path.join(folder, `${path.basename(file, path.extname(file))}.media`);
  try {
    await writeRows(dataset, rows, partial, pathRewriter(dataset.folder, folder), media, { signal });
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
  return rows.length;
}
