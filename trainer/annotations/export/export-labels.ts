/** Labels of a project as a file: in our own form, as Parquet, or as another tool imports them. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { beside, requireFolder } from '../../export/export-run.ts';
import { ParquetFile } from '../../export/parquet.ts';
import { type Author, authorKey, type Entry, type ItemEntry } from '../../protocol/annotations/entries.ts';
import type { ItemLabels } from '../../protocol/annotations/label-book.ts';
import type { LabelFilter } from '../../protocol/annotations/label-filter.ts';
import { exportArgilla, exportLabelStudio } from '../exchange/exchange.ts';
import type { Notice } from '../exchange/notices.ts';
import type { LabelFolder } from '../label-folder.ts';
import { type ChosenItem, chooseItems } from './choose-items.ts';
import { type LabelRow, labelTable } from './label-table.ts';

export const labelForms = ['jsonl', 'parquet', 'label-studio', 'argilla'] as const;
export type LabelForm = (typeof labelForms)[number];

export interface LabelExport {
  readonly items: number;
  /** Entries, of Parquet rows, of the other forms tasks or records. */
  readonly written: number;
  /** What does not come along. */
  readonly notices: readonly Notice[];
}

export interface ExportWork {
  readonly signal: AbortSignal;
  /** Items done, and how many there are. */
  readonly onProgress: (done: number, total: number) => void;
}

/** Between two looks at the signal. */
const itemsAtOnce = 200;

/**
 * jsonl: the entries as label files have them, history included, with what each item was; imported again it is the same.
 * @throws StudioError `not-found` when the file's folder is not there, `conflict` for a label file that was changed meanwhile;
 *   the signal's reason: nothing is left then
 */
export async function exportLabels(
  folder: LabelFolder,
  filter: LabelFilter,
  form: LabelForm,
  file: string,
  work: ExportWork,
): Promise<LabelExport> {
  requireFolder(path.dirname(path.resolve(file)));
  const items = chooseItems(folder.book, filter);
  return beside(file, (partial) => {
    switch (form) {
      case 'jsonl':
        return writeJsonLines(folder, items, filter.author, partial, work);
      case 'parquet':
        return writeParquet(folder, items, filter.author, partial, work);
      case 'label-studio':
      case 'argilla':
        return writeForeign(folder, items, filter.author, form, partial, work);
    }
  });
}

async function* itemsWithContents(
  folder: LabelFolder,
  items: readonly ChosenItem[],
  author: Author | undefined,
  { signal, onProgress }: ExportWork,
): AsyncGenerator<{ readonly item: ChosenItem; readonly contents: readonly ItemEntry[] }> {
  for (const [at, item] of items.entries()) {
    if (at % itemsAtOnce === 0) {
      await setImmediate();
      signal.throwIfAborted();
      onProgress(at, items.length);
    }
    const all = await folder.readItems(item.key);
    const own = all.filter((content) => author === undefined || authorKey(content.author) === authorKey(author));
    // Whoever says what the item was: without it the labels could not be read.
    yield { item, contents: own.length > 0 ? own : all.slice(0, 1) };
  }
}

class TextFile {
  private readonly out;
  private readonly ended: Promise<void>;

  constructor(file: string) {
    this.out = createWriteStream(file);
    this.ended = finished(this.out);
    this.ended.catch(() => {});
  }

  async write(text: string): Promise<void> {
    if (!this.out.write(text)) await Promise.race([once(this.out, 'drain'), this.ended]);
  }

  async end(): Promise<void> {
    this.out.end();
    await this.ended;
  }

  /** After a fault. */
  destroy(): void {
    this.out.destroy();
  }
}

async function written<T>(file: string, write: (out: TextFile) => Promise<T>): Promise<T> {
  const out = new TextFile(file);
  try {
    const result = await write(out);
    await out.end();
    return result;
  } catch (thrown) {
    out.destroy();
    throw thrown;
  }
}

function writeJsonLines(
  folder: LabelFolder,
  items: readonly ChosenItem[],
  author: Author | undefined,
  file: string,
  work: ExportWork,
): Promise<LabelExport> {
  return written(file, async (out) => {
    let count = 0;
    for await (const { item, contents } of itemsWithContents(folder, items, author, work))
      for (const { v, ...rest } of [...contents, ...item.history] satisfies Entry[]) {
        await out.write(`${JSON.stringify({ v, ...rest })}\n`);
        count++;
      }
    return { items: items.length, written: count, notices: [] };
  });
}

async function writeParquet(
  folder: LabelFolder,
  items: readonly ChosenItem[],
  author: Author | undefined,
  file: string,
  work: ExportWork,
): Promise<LabelExport> {
  const parquet = new ParquetFile(file, labelTable);
  let count = 0;
  for await (const { item, contents } of itemsWithContents(folder, items, author, work)) {
    const { flags, verdicts, settlement, outcome } = folder.book.get(item.key) as ItemLabels;
    const standing = [...flags, ...verdicts, ...(settlement ? [settlement] : [])].filter(
      (entry) => author === undefined || authorKey(entry.author) === authorKey(author),
    );
    for (const entry of standing) {
      const row: LabelRow = {
        entry,
        content: contents[0] ?? null,
        outcome: outcome.state === 'none' || outcome.state === 'disputed' ? outcome.state : outcome.verdict,
      };
      parquet.write(row);
      count++;
    }
  }
  parquet.end();
  return { items: items.length, written: count, notices: [] };
}

/** Both tools take a list in JSON. */
function writeForeign(
  folder: LabelFolder,
  items: readonly ChosenItem[],
  author: Author | undefined,
  form: 'label-studio' | 'argilla',
  file: string,
  work: ExportWork,
): Promise<LabelExport> {
  return written(file, async (out) => {
    const entries: Entry[] = [];
    for await (const { item, contents } of itemsWithContents(folder, items, author, work))
      entries.push(...contents, ...item.history);
    let count = 0;
    const write = (one: object) => out.write(`${count++ === 0 ? '[\n' : ',\n'}${JSON.stringify(one)}`);
    const { signal } = work;
    const notices =
      form === 'label-studio'
        ? await exportLabelStudio(entries, write, { signal })
        : await exportArgilla(entries, write, { signal });
    await out.write(count === 0 ? '[]\n' : '\n]\n');
    return { items: items.length, written: count, notices };
  });
}
