/** Which texts rows have now, so that a label of one of them is not taken for one of a text that is gone. */
import type { EditableDataset } from '../../trainer/data/editable/editable-dataset.ts';
import { isUnnamed } from '../../trainer/protocol/annotations/entries.ts';
import { valuesOf } from './read-row.ts';
import type { RowLabels } from './row-labels.ts';

interface PresentWork {
  readonly signal: AbortSignal;
  /** Waits for all rows and reads those without `problem_id` too; else those that are known already and can be found by it. */
  readonly isThorough: boolean;
}

/** Keys of the items that rows with these ids are. @throws StudioError `conflict` when the file was changed outside; the signal's reason */
export async function presentItems(
  dataset: EditableDataset,
  labels: Pick<RowLabels, 'keyOf'>,
  ids: ReadonlySet<string>,
  { signal, isThorough }: PresentWork,
): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  if (ids.size === 0) return keys;
  const readsAll = isThorough && Array.from(ids).some(isUnnamed);
  const to = isThorough ? Number.POSITIVE_INFINITY : dataset.rowCount;
  for await (const rows of dataset.batches({ to, ids: readsAll ? undefined : ids, signal }))
    for (const row of rows) {
      const key = labels.keyOf(valuesOf(dataset.read(row)));
      if (key !== null) keys.add(key);
    }
  return keys;
}
