/** Rows that somebody gave a verdict on, to be met again by whoever goes through a dataset. */
import type { ItemLabels, LabelBook } from '../../protocol/annotations/label-book.ts';

/** By the row's id, then by the hash of its text. */
export type JudgedRows = ReadonlyMap<string | null, ReadonlyMap<string, ItemLabels>>;

/** @param datasets as items name them */
export function judgedRows(book: LabelBook, datasets: ReadonlySet<string>): JudgedRows {
  const items = new Map<string | null, Map<string, ItemLabels>>();
  for (const key of book.keys()) {
    const labels = book.get(key);
    if (labels?.item.kind !== 'row' || !datasets.has(labels.item.dataset) || labels.outcome.state === 'none') continue;
    const { row, hash } = labels.item;
    const ofId = items.get(row) ?? new Map<string, ItemLabels>();
    ofId.set(hash, labels);
    items.set(row, ofId);
  }
  return items;
}
