/** What an evaluation's questions share with those that are trained on: the video or image, or the question itself. */
import { realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Dataset } from './dataset.ts';
import { compareContent, type SizedFile } from './media-content.ts';
import { findMedia } from './media-place.ts';

const shownExamples = 3;

export interface Leak {
  /** Questions of the evaluation. */
  readonly count: number;
  /** Those whose video or image is trained on, those that ask the very same of it among them. */
  readonly sameMedium: number;
  readonly sameQuestion: number;
  /** Places of the first few, with the place of what is trained on. */
  readonly examples: readonly { readonly evaluation: string; readonly training: string; readonly path: string }[];
}

interface Media {
  /** By row, what its medium is known by. */
  readonly keys: readonly string[];
  readonly files: ReadonlyMap<string, SizedFile>;
}

const holdsMedia = (dataset: Dataset, rows: readonly number[]) => rows.some((row) => dataset.isEmbedded(row));

/** @param readsBytes whether media that lie in the rows themselves are to be compared; else each is taken for another */
async function mediaOf(
  dataset: Dataset,
  rows: readonly number[],
  readsBytes: boolean,
  signal: AbortSignal | undefined,
): Promise<Media> {
  const realFolder = realpathSync(dataset.folder);
  const byName = new Map<string, string>();
  const files = new Map<string, SizedFile>();
  const keys: string[] = [];
  for (const [n, row] of rows.entries()) {
    if (n % 1000 === 999) await new Promise(setImmediate);
    signal?.throwIfAborted();
    if (dataset.isEmbedded(row)) {
      const content = readsBytes ? await dataset.embeddedContent(row) : null;
      keys.push(content === null ? dataset.place(row) : `bytes ${content}`);
      continue;
    }
    const named = dataset.row(row).path.replaceAll('\\', '/');
    let key = byName.get(named);
    if (key === undefined) {
      const found = findMedia(realFolder, named);
      key = found.kind === 'file' ? found.real : path.resolve(realFolder, named);
      byName.set(named, key);
      const info = found.kind === 'file' ? statSync(key, { throwIfNoEntry: false }) : undefined;
      if (info?.isFile()) files.set(key, { real: key, sizeBytes: info.size });
    }
    keys.push(key);
  }
  return { keys, files };
}

const asked = (dataset: Dataset, row: number, medium: string): string => {
  const { problem, options } = dataset.row(row);
  return JSON.stringify([problem, options, medium]);
};

/**
 * Compares media by the file they are, or by content where two files have the same size. A video that was encoded again is
 * another one here.
 * @param trained rows of the dataset that are trained on
 * @returns null where nothing is shared. @throws as `Dataset.row`; the signal's reason
 */
export async function leakBetween(
  training: Dataset,
  trained: readonly number[],
  evaluation: Dataset,
  signal?: AbortSignal,
): Promise<Leak | null> {
  const rows = Array.from({ length: evaluation.count }, (_, row) => row);
  const readsBytes = holdsMedia(evaluation, rows) && holdsMedia(training, trained);
  const ours = await mediaOf(evaluation, rows, readsBytes, signal);
  const theirs = await mediaOf(training, trained, readsBytes, signal);
  const others = [...ours.files.values()].filter(({ real }) => !theirs.files.has(real));
  const sizes = new Set(others.map(({ sizeBytes }) => sizeBytes));
  const alike = [...theirs.files.values()].filter(({ sizeBytes }) => sizes.has(sizeBytes));
  const known = new Set(alike.map(({ sizeBytes }) => sizeBytes));
  const candidates = others.filter(({ sizeBytes }) => known.has(sizeBytes));
  const { same } = await compareContent([...alike, ...candidates], { signal });
  const mediumOf = (key: string) => same.get(key) ?? key;
  const firstByMedium = new Map<string, number>();
  const questions = new Set<string>();
  for (const [n, key] of theirs.keys.entries()) {
    const medium = mediumOf(key);
    if (!firstByMedium.has(medium)) firstByMedium.set(medium, trained[n] as number);
  }
  const shared = rows.filter((row) => firstByMedium.has(mediumOf(ours.keys[row] as string)));
  if (shared.length === 0) return null;
  const media = new Set(shared.map((row) => mediumOf(ours.keys[row] as string)));
  for (const [n, key] of theirs.keys.entries())
    if (media.has(mediumOf(key))) questions.add(asked(training, trained[n] as number, mediumOf(key)));
  const sameQuestion = shared.filter((row) =>
    questions.has(asked(evaluation, row, mediumOf(ours.keys[row] as string))),
  ).length;
  return {
    count: evaluation.count,
    sameMedium: shared.length,
    sameQuestion,
    examples: shared.slice(0, shownExamples).map((row) => ({
      evaluation: evaluation.place(row),
      training: training.place(firstByMedium.get(mediumOf(ours.keys[row] as string)) as number),
      path: evaluation.row(row).path,
    })),
  };
}

/** The warning, with its remedy. */
export function describeLeak({ count, sameMedium, sameQuestion, examples }: Leak, dataset: string): string {
  const what =
    sameQuestion === count
      ? `All ${count} questions of the evaluation are trained on`
      : `Of the ${count} questions of the evaluation, ${sameMedium} show a video or image that is trained on${sameQuestion > 0 ? `, and ${sameQuestion} of them are the very questions` : ''}`;
  return [
    `${what}: its accuracy says little about questions that the model has not seen.`,
    ...examples.map((one) => `${one.evaluation}: ${one.path} is also used at ${one.training}`),
    `video-r1 split ${dataset} --eval 0.1 makes a training and an evaluation set that share no video or image.`,
  ].join('\n');
}
