/**
 * The labels that a run obeys, in its own folder: what people say later changes nothing in it until it is told to read them
 * again, so that a run that was resumed trains on the rows of one that never stopped.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { parseJson } from '../protocol/json.ts';

const rowLabel = z.strictObject({
  /** `problem_id` as text; null where there is none. */
  row: z.string().nullable(),
  /** Of the text that was judged. */
  hash: z.string(),
  state: z.enum(['leftOut', 'fixed', 'disputed', 'unfixed']),
  /** The text to train in place of the row's. */
  fixed: z.string().nullable(),
});
/** What is said of a row, as far as training heeds it. */
export type RowLabel = z.infer<typeof rowLabel>;

const labelFile = z.strictObject({ version: z.literal(1), labels: z.array(rowLabel) });

const placeOf = (folder: string, hash: string): string => path.join(folder, `labels-${hash}.json`);

/** The same for the same rows left out and the same fixed texts, in whatever order they stand. */
export function hashOfLabels(labels: readonly RowLabel[]): string {
  const lines = labels
    .filter(({ state }) => state === 'leftOut' || state === 'fixed')
    .map(({ row, hash, state, fixed }) => JSON.stringify([row, hash, state, fixed]));
  return createHash('sha256').update(lines.sort().join('\n'), 'utf8').digest('hex').slice(0, 32);
}

/** Whole on the disk when it ends, or not there. */
export async function writeLabels(folder: string, labels: readonly RowLabel[]): Promise<void> {
  const file = placeOf(folder, hashOfLabels(labels));
  const content: z.infer<typeof labelFile> = { version: 1, labels: [...labels] };
  await writeFile(`${file}.new`, `${JSON.stringify(content)}\n`, { flush: true });
  await rename(`${file}.new`, file);
}

/** Null where they are not there any more, or are others than were written. */
export async function readLabels(folder: string, hash: string): Promise<RowLabel[] | null> {
  const text = await readFile(placeOf(folder, hash), 'utf8').catch(() => '');
  const read = labelFile.safeParse(parseJson(text));
  return read.success && hashOfLabels(read.data.labels) === hash ? read.data.labels : null;
}

/** For a run that goes on from another one's checkpoint, which says so itself where there is nothing to copy. @throws the system's error */
export async function copyLabels(from: string, to: string, hash: string): Promise<void> {
  if (existsSync(placeOf(from, hash))) await copyFile(placeOf(from, hash), placeOf(to, hash));
}
