/** A dataset as its labels would have it: rows that are to be dropped left out, fixed texts in their place, all else as it is. */
import { setImmediate } from 'node:timers/promises';
import type { EditableDataset } from '../../data/editable/editable-dataset.ts';
import type { ItemLabels, LabelBook } from '../../protocol/annotations/label-book.ts';
import { textHash } from '../label-files.ts';
import { judgedRows } from './judged-rows.ts';
import { judgedField, judgedText, rowId } from './row-item.ts';

/** Rows by what became of them: each is in one of these. */
export interface Cleaned {
  /** Left out. */
  readonly dropped: number;
  /** With the text that somebody wrote in place of theirs. */
  readonly fixed: number;
  /** Kept, as their authors say. */
  readonly kept: number;
  /** To be fixed, and nobody has written how: kept as they are. */
  readonly unfixed: number;
  /** Their authors differ and nobody settled it: kept as they are. */
  readonly disputed: number;
  /** Without a verdict. */
  readonly unjudged: number;
  /** No JSON: kept as they are. */
  readonly faulty: number;
  /** Not rows, but verdicts on texts that no row has: it was edited since, or taken out. */
  readonly elsewhere: number;
}

export interface Cleaning {
  readonly signal: AbortSignal;
  readonly onProgress: (phase: 'rows read' | 'written', share: number) => void;
}

/**
 * @param dataset as it was opened, without edits
 * @param name as items name it
 * @param target may be the dataset's own file; the dataset must not be used any more then
 * @throws StudioError as `EditableDataset.saveWithout` does; the signal's reason. Nothing is written then
 */
export async function writeCleaned(
  dataset: EditableDataset,
  name: string,
  book: LabelBook,
  target: string,
  { signal, onProgress }: Cleaning,
): Promise<Cleaned> {
  const judged = judgedRows(book, new Set([name]));
  const found = new Set<ItemLabels>();
  const leftOut = new Set<number>();
  const counts = { dropped: 0, fixed: 0, kept: 0, unfixed: 0, disputed: 0, unjudged: 0, faulty: 0 };
  await dataset.indexed;
  for await (const rows of dataset.batches({ signal })) {
    for (const source of rows) {
      const row = dataset.read(source);
      if (row.fault) {
        counts.faulty++;
        continue;
      }
      const ofId = judged.get(rowId(row.value));
      const text = ofId ? judgedText(row.value) : null;
      const labels = text === null ? undefined : ofId?.get(textHash(text));
      if (!labels) {
        counts.unjudged++;
        continue;
      }
      found.add(labels);
      counts[await obey(labels, source.row)]++;
    }
    onProgress('rows read', ((rows.at(-1)?.row ?? 0) + 1) / dataset.rowCount);
    await setImmediate();
  }
  await dataset.saveWithout(leftOut, target, { signal, onProgress: (share) => onProgress('written', share) });
  const all = [...judged.values()].reduce((sum, ofId) => sum + ofId.size, 0);
  return { ...counts, elsewhere: all - found.size };

  async function obey({ outcome }: ItemLabels, row: number): Promise<keyof typeof counts> {
    if (outcome.state === 'none') return 'unjudged';
    if (outcome.state === 'disputed') return 'disputed';
    if (outcome.verdict === 'keep') return 'kept';
    if (outcome.verdict === 'drop') {
      leftOut.add(row);
      return 'dropped';
    }
    if (outcome.fixed === null) return 'unfixed';
    await dataset.edit(row, judgedField, outcome.fixed);
    return 'fixed';
  }
}
