/** Finds the rows of a backup in a file, as far as they are still those that were edited. */
import { StudioError } from '../../protocol/errors.ts';
import { writtenText } from '../json/keys.ts';
import type { BackedUpRow, DatasetBackup } from './backup.ts';
import { type IndexedFile, unlessAborted } from './indexed-file.ts';
import { type ChangedRow, type Changes, withField } from './row-changes.ts';
import { rowsNamed } from './row-edits.ts';
import { contentHash, shortHash } from './row-marks.ts';

/** `saved`: the file has the edits already. */
type Found = { readonly row: number; readonly changed: ChangedRow } | 'saved' | 'lost';

async function findRow(at: IndexedFile, { row, hash, fields }: BackedUpRow, signal?: AbortSignal): Promise<Found> {
  await at.untilRow(row, signal);
  if (row >= at.index.count || at.index.hash(row) !== shortHash(hash)) await unlessAborted(at.indexed, signal);
  const place = at.index.find(shortHash(hash), row) ?? row;
  const {
    rows: [found],
  } = await at.read(place, place + 1);
  if (!found || at.index.faulty.has(found.row)) return 'lost';
  const text = found.bytes.toString('utf8');
  const literals = fields.map(({ field, text: now }) => ({ field, base: writtenText(text, field), now }));
  if (contentHash(found.bytes) !== hash) return literals.every(({ base, now }) => base === now) ? 'saved' : 'lost';
  let changed: ChangedRow | null = null;
  for (const { field, base, now } of literals) {
    if (base === null) return 'lost';
    changed = withField(changed, hash, field, base, now);
  }
  return changed ? { row: found.row, changed } : 'saved';
}

/** @throws StudioError `conflict` when a row is no longer the one that was edited; the signal's reason */
export async function findBackedUp(
  at: IndexedFile,
  { base, rows }: DatasetBackup,
  signal: AbortSignal | undefined,
): Promise<Changes> {
  const changes = new Map<number, ChangedRow>();
  const lost: number[] = [];
  for (const one of rows) {
    signal?.throwIfAborted();
    const found = await findRow(at, one, signal);
    if (found === 'saved') continue;
    if (found === 'lost' || changes.has(found.row)) lost.push(one.row);
    else changes.set(found.row, found.changed);
  }
  if (lost.length === 0) return changes;
  throw new StudioError(
    'conflict',
    `The unsaved edits can't be put back: the file no longer has ${rowsNamed(lost)} as they were edited. It had ${base.sizeBytes} bytes then, and was last written at ${base.modified}.`,
    {
      place: at.base.file,
      remedy: 'Put that version of the file back and open it again, or open the file without the backup.',
    },
  );
}
