/** What a run's files say before it starts about what can be learned from them: rows that are never paid, questions of both files. */
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { DatasetRow } from '../protocol/dataset.ts';
import type { DatasetFacts } from '../protocol/hindrances.ts';
import type { Dataset } from './dataset.ts';
import { neverPaid } from './row-warnings.ts';

/** Between two looks at what else there is to do. */
const rowsAtOnce = 500;

async function eachRow(
  dataset: Pick<Dataset, 'row'>,
  rows: Iterable<number>,
  signal: AbortSignal,
  take: (row: DatasetRow) => void,
): Promise<void> {
  let read = 0;
  for (const row of rows) {
    take(dataset.row(row));
    if (++read % rowsAtOnce !== 0) continue;
    await setImmediate();
    signal.throwIfAborted();
  }
}

/** As it is written: a question that was copied with its file names its medium alike. */
const questionKey = ({ problem, options, path: named }: DatasetRow) => JSON.stringify([problem, options, named]);

/**
 * Reads every row once. Media are compared by their paths; whether two files have the same content is for `check`.
 *
 * @param rows those that are trained on
 * @param evaluation what the run is evaluated on; null for nothing
 * @throws the signal's reason; StudioError as `Dataset.row`
 */
export async function datasetFacts(
  dataset: Dataset,
  rows: readonly number[],
  evaluation: Dataset | null,
  signal: AbortSignal,
): Promise<DatasetFacts> {
  const questions = new Set<string>();
  const media = new Set<string>();
  let unpaid = 0;
  await eachRow(dataset, rows, signal, (row) => {
    if (neverPaid(row) !== null) unpaid++;
    if (evaluation === null) return;
    questions.add(questionKey(row));
    media.add(path.resolve(dataset.folder, row.path));
  });
  const facts = {
    rows: rows.length,
    videos: rows.filter((row) => dataset.dataType(row) === 'video').length,
    neverPaid: unpaid,
  };
  if (evaluation === null) return { ...facts, evaluation: null };
  let [sameQuestion, sameMedium] = [0, 0];
  await eachRow(evaluation, Array(evaluation.count).keys(), signal, (row) => {
    if (questions.has(questionKey(row))) sameQuestion++;
    if (media.has(path.resolve(evaluation.folder, row.path))) sameMedium++;
  });
  return { ...facts, evaluation: { rows: evaluation.count, sameQuestion, sameMedium } };
}
