/** The edits alone as JSON, for an editor that closes before they are saved, and what says which file they belong to. */
import { z } from 'zod';
import { StudioError } from '../../protocol/errors.ts';
import { faultLine } from '../../protocol/issues.ts';
import type { BaseFile } from './base-file.ts';
import type { Changes } from './row-changes.ts';

function isLiteral(text: string): boolean {
  try {
    return text.startsWith('"') && typeof JSON.parse(text) === 'string' && text.endsWith('"');
  } catch {
    return false;
  }
}

const literal = z.string().refine(isLiteral, 'must be a JSON string with its quotes');

export const datasetBackup = z.strictObject({
  v: z.literal(1),
  /** The file that was edited, as it was then; its time is in ISO 8601. */
  base: z.strictObject({ file: z.string(), sizeBytes: z.number().int().min(0), modified: z.string() }),
  rows: z.array(
    z.strictObject({
      /** From 0. */
      row: z.number().int().min(0),
      /** Content hash of the row as the file had it. */
      hash: z.string().regex(/^[0-9a-f]{32}$/),
      /** Texts by key, as they will be written. */
      fields: z.array(z.strictObject({ field: z.string(), text: literal })).min(1),
    }),
  ),
});
export type DatasetBackup = z.infer<typeof datasetBackup>;

export type BackedUpRow = DatasetBackup['rows'][number];

export function backupOf({ file, stamp }: BaseFile, changes: Changes): DatasetBackup {
  const modified = new Date(Number(stamp.mtimeNs / 1_000_000n)).toISOString();
  return {
    v: 1,
    base: { file, sizeBytes: stamp.sizeBytes, modified },
    rows: [...changes].map(([row, { hash, fields }]) => ({
      row,
      hash,
      fields: [...fields].map(([field, { now }]) => ({ field, text: now })),
    })),
  };
}

/** @throws StudioError `bad-input` for what is no backup */
export function readBackup(value: unknown, file: string): DatasetBackup {
  const checked = datasetBackup.safeParse(value);
  if (checked.success) return checked.data;
  throw new StudioError(
    'bad-input',
    `The backup of unsaved edits does not fit: ${faultLine(datasetBackup, value, checked.error, 'it')}.`,
    { place: file, remedy: 'The file itself is as it was last saved. Open it without the backup.' },
  );
}
