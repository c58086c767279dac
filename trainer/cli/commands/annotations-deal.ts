/** `video-r1 annotations deal`: gives rows of a dataset to people to judge, a share of them to two, or takes them back. */
import { findAuthor } from '../../annotations/author.ts';
import {
  annotatorOf,
  type DealtItem,
  dealOut,
  dealtItems,
  ownDealings,
  waitingItems,
} from '../../annotations/dealing/deal.ts';
import type { LabelFolder } from '../../annotations/label-folder.ts';
import { datasetName, itemOfRow } from '../../annotations/rows/row-item.ts';
import { type Described, retractionOf } from '../../annotations/say.ts';
import { EditableDataset } from '../../data/editable/editable-dataset.ts';
import { searchRows } from '../../data/editable/search-rows.ts';
import { type Author, authorLine, itemKey } from '../../protocol/annotations/entries.ts';
import type { Dealt } from '../../protocol/review-queue.ts';
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
      overlap: { type: 'string' },
      'take-back': { type: 'boolean', default: false },
      author: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
    },
    1,
  );
  const [file] = positionals;
  const { rows, to, overlap, author: setting, json: isJson } = values;
  if (file === undefined) throw usage('Name a dataset.');
  const asked = values['take-back'] ? null : askedOf(rows, to, overlap);
  if (asked === null && (rows !== undefined || to.length > 0 || overlap !== undefined))
    throw usage(
      '--take-back takes back all that you dealt out of the dataset: it goes without --rows, --to and --overlap.',
    );
  const project = projectToWrite(values.folder);
  const line = new LiveLine(process.stderr);
  return interruptible({ stopped: 'Stopped; nothing was written.', left: 'nothing is half dealt' }, async (signal) => {
    const { author } = await findAuthor(project, { setting, mayAskGit: true, signal });
    const labels = await openLabels(project, signal, line);
    const dataset = datasetName(project, file);
    const at = { file, dataset, author, labels, signal };
    const told = asked === null ? await takeBack(at) : await deal(at, asked);
    line.clear();
    process.stdout.write(`${isJson ? JSON.stringify(told.json, null, 1) : told.lines.join('\n')}\n`);
    return exitCodes.done;
  });
}

interface Asked {
  /** Of rows, from 1. */
  readonly numbers: readonly number[];
  readonly annotators: readonly Author[];
  /** 0 … 1. */
  readonly overlap: number;
}

/** @throws StudioError `bad-request` for what is missing or can't be read, `bad-input` for a name that is none */
function askedOf(rows: string | undefined, to: readonly string[], overlap = '30'): Asked {
  if (rows === undefined) throw usage('Say with --rows which rows to give out.');
  if (to.length === 0) throw usage('Say with --to who judges them, once for each person.');
  return {
    overlap: wholeNumber('overlap', overlap, 0, 100) / 100,
    numbers: rowNumbers(rows, mostDealt),
    annotators: to.map(annotatorOf),
  };
}

interface DealingOf {
  readonly file: string;
  /** As labels name it. */
  readonly dataset: string;
  /** Who deals, or takes back. */
  readonly author: Author;
  readonly labels: LabelFolder;
  readonly signal: AbortSignal;
}

interface Told {
  readonly json: object;
  readonly lines: readonly string[];
}

const dealtOf = ({ labels, dataset }: DealingOf) =>
  dealtItems(labels.book, (item) => item.kind === 'row' && item.dataset === dataset);

const waitingLines = (waiting: Dealt['waiting']) =>
  waiting.map(({ annotator, items }) => `  ${annotator}: ${count(items, 'row')} to judge`);

async function deal(at: DealingOf, { numbers, annotators, overlap }: Asked): Promise<Told> {
  const { file, dataset, author, labels, signal } = at;
  const { known, without, here } = await rowsOf(file, dataset, { numbers, dealt: dealtOf(at), signal });
  if (known.size === 0) throw noChains(file);
  // Rows that are gone, or have another text now, wait for nobody.
  const before = dealtOf(at).filter(({ key }) => here.has(key));
  const judged = Array.from(known.keys()).filter((key) => (labels.book.get(key)?.verdicts.length ?? 0) > 0);
  const passedOver = new Set([...judged, ...before.map(({ key }) => key)]);
  const { entries, items, shared } = await dealOut(labels, {
    ...{ before, annotators, overlap, seed: 1, by: author },
    fresh: Array.from(known.keys()).filter((key) => !passedOver.has(key)),
    describe: (key) => known.get(key) ?? (here.get(key) as Described),
  });
  await labels.append(entries, signal);
  const waiting = waitingItems(dealtOf(at).filter(({ key }) => here.has(key) || known.has(key)));
  const lines = [
    `${count(items, 'row')} dealt out, ${shared} of them to two people`,
    ...waitingLines(waiting),
    ...(without.length > 0 ? [`  passed over, as they have no chain of thought: rows ${without.join(', ')}`] : []),
  ];
  return { json: { items, shared, waiting, without }, lines };
}

/** All that the author dealt out of the dataset and nobody has judged, rows that are gone too. */
async function takeBack(at: DealingOf): Promise<Told> {
  const { author, labels, signal } = at;
  const { items: takenBack, entries } = ownDealings(dealtOf(at), author);
  const retractions = entries.map(({ id }) => retractionOf(id, author, labels));
  await labels.append(retractions, signal);
  const waiting = waitingItems(dealtOf(at));
  return {
    json: { takenBack, waiting },
    lines: [
      `${count(takenBack, 'row')} taken back that ${authorLine(author)} dealt out and nobody has judged`,
      ...waitingLines(waiting),
    ],
  };
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
