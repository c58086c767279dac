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

export const labelStates = ['leftOut', 'fixed', 'disputed', 'unfixed', 'flagged'] as const;
export type LabelState = (typeof labelStates)[number];

const rowLabel = z.strictObject({
  /** `problem_id` as text; null where there is none, and for what is said of a question. */
  row: z.string().nullable(),
  /** Of the text that was judged, or of the question. */
  hash: z.string(),
  state: z.enum(labelStates),
  /** The text to train in place of the row's, or the words that were flagged. */
  text: z.string().nullable(),
});
/** What is said of a row, as far as training heeds it. */
export type RowLabel = z.infer<typeof rowLabel>;

const labelFile = z.strictObject({ version: z.literal(1), labels: z.array(rowLabel) });

const placeOf = (folder: string, hash: string): string => path.join(folder, `labels-${hash}.json`);

/** The same for the same rows left out, the same fixed texts and the same flagged words, in whatever order they stand. */
export function hashOfLabels(labels: readonly RowLabel[]): string {
  const lines = labels
    .filter(({ state }) => state !== 'disputed' && state !== 'unfixed')
    .map(({ row, hash, state, text }) => JSON.stringify([row, hash, state, text]));
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
