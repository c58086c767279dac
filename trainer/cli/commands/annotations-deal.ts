/** `video-r1 annotations deal`: gives rows of a dataset to people to judge, a share of them to two. */
import { authorOfSetting, findAuthor } from '../../annotations/author.ts';
import { dealOut, dealtItems, waitingItems } from '../../annotations/dealing/deal.ts';
import { datasetName, itemOfRow } from '../../annotations/rows/row-item.ts';
import { type Described, describedBy } from '../../annotations/say.ts';
import { EditableDataset } from '../../data/editable/editable-dataset.ts';
import { type Item, itemKey } from '../../protocol/annotations/entries.ts';
import { exitCodes, readOptions, usage, wholeNumber } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { count, noChains, openLabels, projectOf, rowNumbers } from './annotations-labels.ts';

/** More than these nobody gives out at once. */
const mostDealt = 10_000;

export async function dealRows(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(
    args,
    {
      folder: { type: 'string', default: '.' },
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
  const project = projectOf(values.folder);
  const line = new LiveLine(process.stderr);
  return interruptible({ stopped: 'Stopped; nothing was written.', left: 'nothing is half dealt' }, async (signal) => {
    const { author } = await findAuthor(project, { setting: values.author, mayAskGit: true, signal });
    const labels = await openLabels(project, signal, line);
    const dataset = datasetName(project, file);
    const { known, without } = await rowsOf(file, dataset, numbers, signal);
    if (known.size === 0) throw noChains(file);
    const isOfDataset = (item: Item) => item.kind === 'row' && item.dataset === dataset;
    const before = dealtItems(labels.book, isOfDataset);
    const judged = Array.from(known.keys()).filter((key) => (labels.book.get(key)?.verdicts.length ?? 0) > 0);
    const passedOver = new Set([...judged, ...before.map(({ key }) => key)]);
    const { entries, items, shared } = await dealOut(labels, {
      ...{ before, annotators, overlap: percent / 100, seed: 1, by: author },
      fresh: Array.from(known.keys()).filter((key) => !passedOver.has(key)),
      describe: async (key) => {
        const row = known.get(key);
        return row ?? describedBy(await labels.readItem(key));
      },
    });
    await labels.append(entries, signal);
    const waiting = waitingItems(dealtItems(labels.book, isOfDataset));
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

/** By key, in the order of the numbers. `without` are those that have no chain of thought. */
async function rowsOf(file: string, name: string, numbers: readonly number[], signal: AbortSignal) {
  const known = new Map<string, Described>();
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
  } finally {
    dataset.dispose();
  }
  return { known, without };
}
