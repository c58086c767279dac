/** Items of the project by the hash of their text: those with labels, and the rows of datasets. */
import { EditableDataset } from '../../data/editable/editable-dataset.ts';
import { itemKey } from '../../protocol/annotations/entries.ts';
import type { KnownItem } from '../exchange/to-entries.ts';
import type { LabelFolder } from '../label-folder.ts';
import { datasetName, itemOfRow } from './row-item.ts';

export interface KnownItems {
  readonly projectFolder: string;
  readonly labels: LabelFolder;
  /** Files of the project. */
  readonly datasets: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress: (rows: number) => void;
}

/**
 * Rows that are no JSON are passed over.
 * @param hashes of the texts that are looked for
 * @throws StudioError as `EditableDataset.open` and `datasetName` do; the signal's reason
 */
export async function knownItems(
  hashes: ReadonlySet<string>,
  { projectFolder, labels, datasets, signal, onProgress }: KnownItems,
): Promise<ReadonlyMap<string, readonly KnownItem[]>> {
  const found = new Map<string, Map<string, KnownItem>>();
  const take = (known: KnownItem) => {
    const { hash } = known.item;
    if (!hashes.has(hash)) return;
    const ofHash = found.get(hash) ?? new Map<string, KnownItem>();
    ofHash.set(itemKey(known.item), known);
    found.set(hash, ofHash);
  };
  for (const key of labels.describedItems) {
    // A key ends with the hash.
    if (!hashes.has((JSON.parse(key) as string[]).at(-1) as string)) continue;
    const { item, question, options, problemType, text, solution, answer, media } = await labels.readItem(key);
    take({ item, content: { question, options, problemType, text, solution, answer, media } });
  }
  for (const file of datasets) {
    const name = datasetName(projectFolder, file);
    const dataset = await EditableDataset.open(file, { signal });
    try {
      for await (const rows of dataset.batches({ signal })) {
        for (const source of rows) {
          const row = dataset.read(source);
          const known = row.fault ? null : itemOfRow(name, row.value);
          if (known) take(known);
        }
        onProgress((rows.at(-1)?.row ?? 0) + 1);
      }
    } finally {
      dataset.dispose();
    }
  }
  return new Map([...found].map(([hash, items]) => [hash, [...items.values()]]));
}
