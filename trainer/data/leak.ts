/** What an evaluation's questions share with those that are trained on: the video or image, or the question itself. */
import { hash } from 'node:crypto';
import { statSync } from 'node:fs';
import path from 'node:path';
import type { DatasetRow } from '../protocol/dataset.ts';
import type { DatasetFacts } from '../protocol/hindrances.ts';
import type { Dataset } from './dataset.ts';
import { compareContent, type SizedFile } from './media-content.ts';
import { findMedia, mediaRoots } from './media-place.ts';

const shownExamples = 3;

/** As the hindrances of a run take it. */
export type Leak = NonNullable<DatasetFacts['evaluation']>;

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
  const roots = mediaRoots(dataset.folder);
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
      const found = findMedia(roots, named);
      key = found.kind === 'missing' ? path.resolve(roots.folder, named) : found.real;
      byName.set(named, key);
      const info = found.kind === 'file' ? statSync(key, { throwIfNoEntry: false }) : undefined;
      if (info?.isFile()) files.set(key, { real: key, sizeBytes: info.size });
    }
    keys.push(key);
  }
  return { keys, files };
}

/**
 * Compares media by the file they are, or by content where two files have the same size, and questions by their medium or by
 * how they name it: a dataset that was copied elsewhere asks the same. A video that was encoded again is another one here.
 * @param trained rows of the dataset that are trained on
 * @throws StudioError as `Dataset.row`; the signal's reason
 */
export async function leakBetween(
  training: Dataset,
  trained: readonly number[],
  evaluation: Dataset,
  signal?: AbortSignal,
): Promise<Leak> {
  const rows = Array.from({ length: evaluation.count }, (_, row) => row);
  const readsBytes = holdsMedia(evaluation, rows) && holdsMedia(training, trained);
  const ours = await mediaOf(evaluation, rows, readsBytes, signal);
  const theirs = await mediaOf(training, trained, readsBytes, signal);
  const others = [...ours.files.values()].filter(({ real }) => !theirs.files.has(real));
  const sizes = new Set(others.map(({ sizeBytes }) => sizeBytes));
  const alike = [...theirs.files.values()].filter(({ sizeBytes }) => sizes.has(sizeBytes));
  const alikeSizes = new Set(alike.map(({ sizeBytes }) => sizeBytes));
  const candidates = others.filter(({ sizeBytes }) => alikeSizes.has(sizeBytes));
  const { same } = await compareContent([...alike, ...candidates], { signal });

  const firstByMedium = new Map<string, number>();
  const questions = new Set<string>();
  for (const [n, row] of trained.entries()) {
    if (n % 1000 === 999) await new Promise(setImmediate);
    signal?.throwIfAborted();
    const key = theirs.keys[n] as string;
    const medium = same.get(key) ?? key;
    if (!firstByMedium.has(medium)) firstByMedium.set(medium, row);
    for (const question of questionsOf(training.row(row), medium)) questions.add(question);
  }
  let [sameMedium, sameQuestion] = [0, 0];
  const examples: string[] = [];
  for (const row of rows) {
    if (row % 1000 === 999) await new Promise(setImmediate);
    signal?.throwIfAborted();
    const key = ours.keys[row] as string;
    const medium = same.get(key) ?? key;
    const first = firstByMedium.get(medium);
    const isAsked = questionsOf(evaluation.row(row), medium).some((question) => questions.has(question));
    if (first !== undefined) sameMedium++;
    if (isAsked) sameQuestion++;
    if ((first !== undefined || isAsked) && examples.length < shownExamples)
      examples.push(evaluation.place(row) + (first === undefined ? '' : ` and ${training.place(first)}`));
  }
  return { rows: evaluation.count, sameQuestion, sameMedium, examples };
}

/** What a question is known by: with its medium, and with the name that it has for it. A digest, as there are many. */
const questionsOf = ({ problem, options, path: named }: DatasetRow, medium: string): string[] =>
  [named, medium].map((about) => hash('sha1', JSON.stringify([problem, options, about]), 'base64'));
