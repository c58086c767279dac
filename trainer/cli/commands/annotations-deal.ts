/** `video-r1 annotations deal`: gives rows of a dataset to people to judge, a share of them to two. */
import { authorOfSetting, findAuthor } from '../../annotations/author.ts';
import { type DealtItem, dealOut, dealtItems, waitingItems } from '../../annotations/dealing/deal.ts';
import { datasetName, itemOfRow } from '../../annotations/rows/row-item.ts';
import type { Described } from '../../annotations/say.ts';
import { EditableDataset } from '../../data/editable/editable-dataset.ts';
import { searchRows } from '../../data/editable/search-rows.ts';
import { type Item, itemKey } from '../../protocol/annotations/entries.ts';
import { exitCodes, readOptions, usage, wholeNumber } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { count, noChains, openLabels, projectToWrite, rowNumbers } from './annotations-labels.ts';

/** More than these nobody gives out at once. */
const mostDealt = 10_000;

export async function dealRows(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(
    args,
    {
      folder: { type: 'string' },
      rows: { type: 'string' },
      to: { type: 'string', multiple: true, default: [] },
      overlap: { type: 'string', default: '30' },
      author: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
    },
    1,
  );
  const [file] = positionals;
  if (file === undefined) throw usage('Name a dataset.');
  if (values.rows === undefined) throw usage('Say with --rows which rows to give out.');
  if (values.to.length === 0) throw usage('Say with --to who judges them, once for each person.');
  const percent = wholeNumber('overlap', values.overlap, 0, 100);
  const numbers = rowNumbers(values.rows, mostDealt);
  const annotators = values.to.map(authorOfSetting);
  const project = projectToWrite(values.folder);
  const line = new LiveLine(process.stderr);
  return interruptible({ stopped: 'Stopped; nothing was written.', left: 'nothing is half dealt' }, async (signal) => {
    const { author } = await findAuthor(project, { setting: values.author, mayAskGit: true, signal });
    const labels = await openLabels(project, signal, line);
    const dataset = datasetName(project, file);
    const isOfDataset = (item: Item) => item.kind === 'row' && item.dataset === dataset;
    const dealt = () => dealtItems(labels.book, isOfDataset);
    const { known, without, here } = await rowsOf(file, dataset, { numbers, dealt: dealt(), signal });
    if (known.size === 0) throw noChains(file);
    // Rows that are gone, or have another text now, wait for nobody.
    const before = dealt().filter(({ key }) => here.has(key));
    const judged = Array.from(known.keys()).filter((key) => (labels.book.get(key)?.verdicts.length ?? 0) > 0);
    const passedOver = new Set([...judged, ...before.map(({ key }) => key)]);
    const { entries, items, shared } = await dealOut(labels, {
      ...{ before, annotators, overlap: percent / 100, seed: 1, by: author },
      fresh: Array.from(known.keys()).filter((key) => !passedOver.has(key)),
      describe: (key) => known.get(key) ?? (here.get(key) as Described),
    });
    await labels.append(entries, signal);
    const waiting = waitingItems(dealt().filter(({ key }) => here.has(key) || known.has(key)));
    line.clear();
    if (values.json) process.stdout.write(`${JSON.stringify({ items, shared, waiting, without }, null, 1)}\n`);
    else {
      const lines = [
        `${count(items, 'row')} dealt out, ${shared} of them to two people`,
        ...waiting.map(({ annotator, items: many }) => `  ${annotator}: ${count(many, 'row')} to judge`),
        ...(without.length > 0 ? [`  passed over, as they have no chain of thought: rows ${without.join(', ')}`] : []),
      ];
      process.stdout.write(`${lines.join('\n')}\n`);
    }
    return exitCodes.done;
  });
}

interface RowsAsked {
  /** From 1. */
  readonly numbers: readonly number[];
  /** Rows that were dealt out before. */
  readonly dealt: readonly DealtItem[];
  readonly signal: AbortSignal;
}

/** `known` are those of the numbers by key, in their order, `without` have no chain of thought; `here` are dealt rows that are still there. */
async function rowsOf(file: string, name: string, { numbers, dealt, signal }: RowsAsked) {
  const known = new Map<string, Described>();
  const here = new Map<string, Described>();
  const without: number[] = [];
  const dataset = await EditableDataset.open(file, { signal });
  try {
    for (const row of numbers) {
      const read = await dataset.row(row - 1);
      if (read.fault) throw read.fault.error;
      const found = itemOfRow(name, read.value);
      if (found === null) without.push(row);
      else known.set(itemKey(found.item), found);
    }
    const keys = new Set(dealt.map(({ key }) => key));
    const ids = new Set(
      dealt.flatMap(({ said: { item } }) => (item.kind === 'row' && item.row !== null ? item.row : [])),
    );
    const holds = (values: Readonly<Record<string, unknown>> | null) => {
      const found = itemOfRow(name, values);
      const isDealt = found !== null && keys.has(itemKey(found.item));
      if (isDealt) here.set(itemKey(found.item), found);
      return isDealt;
    };
    const isByIds = dealt.every(({ said: { item } }) => item.kind === 'row' && item.row !== null);
    if (keys.size > 0) await searchRows(dataset, { rule: { ids: isByIds ? ids : null, holds } }, { signal });
  } finally {
    dataset.dispose();
  }
  return { known, without, here };
}
