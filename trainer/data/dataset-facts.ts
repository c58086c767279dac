/** What a run's files say before it starts about what can be learned from them. */
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

/**
 * Reads every row once. What an evaluation shares with them is for `leakBetween`.
 *
 * @param rows those that are trained on
 * @throws the signal's reason; StudioError as `Dataset.row`
 */
export async function datasetFacts(
  dataset: Dataset,
  rows: readonly number[],
  signal: AbortSignal,
): Promise<Omit<DatasetFacts, 'evaluation'>> {
  let unpaid = 0;
  await eachRow(dataset, rows, signal, (row) => {
    if (neverPaid(row) !== null) unpaid++;
  });
  return {
    rows: rows.length,
    videos: rows.filter((row) => dataset.dataType(row) === 'video').length,
    neverPaid: unpaid,
  };
}
