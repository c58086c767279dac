/**
 * What it costs to open a dataset as large as Video-R1's of chains of thought with its labels, to filter by them and to report
 * them, and to list the labelled rows in the editor: three authors have all judged one row in ten, and the file of each has the
 * text of each.
 */
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { labelFolderOf } from '../../trainer/annotations/label-files.ts';
import { LabelFolder } from '../../trainer/annotations/label-folder.ts';
import { appendEntries } from '../../trainer/annotations/label-writer.ts';
import { labelReport } from '../../trainer/annotations/report/label-report.ts';
import { reportSections } from '../../trainer/annotations/report/report-sections.ts';
import { reportText } from '../../trainer/annotations/report/report-text.ts';
import { itemOfRow } from '../../trainer/annotations/rows/row-item.ts';
import { EditableDataset } from '../../trainer/data/editable/editable-dataset.ts';
import { randomFrom } from '../../trainer/data/random.ts';
import { anchorOf } from '../../trainer/protocol/annotations/anchors.ts';
import { builtInCategories } from '../../trainer/protocol/annotations/categories.ts';
import { type Author, authorLine, type Entry } from '../../trainer/protocol/annotations/entries.ts';
import { fits } from '../../trainer/protocol/annotations/label-filter.ts';
import { verdict } from '../../trainer/protocol/records.ts';
import { reasoningRow, reasoningRows, writeReasoning } from './made-reasoning.ts';
import { openedInEditor } from './open-in-editor.ts';
import { type BenchFigure, median, timed } from './part.ts';

/** One row in so many is labelled. */
const oneIn = 10;
const datasetPath = 'data/cot.json';
/** What an editor shows at once. */
const firstRows = 50;
const rounds = 3;
const limitMs = 2_000;
/** What the filter asks for beside the author. */
const category = 'wrong-order';
const rowsAtOnce = 5_000;
const { signal } = new AbortController();

const authors: readonly Author[] = ['Ann', 'Ben', 'Cem'].map((name) => ({
  name,
  email: `${name.toLowerCase()}@example.org`,
}));

/** What an author says of a row: the verdict that most give, or another; of every second row a flag of a part of it. */
function entriesOf(author: Author, n: number): Entry[] {
  const known = itemOfRow(datasetPath, reasoningRow(n));
  if (known === null) throw new Error(`row ${n} has no chain of thought`);
  const { item, content } = known;
  const random = randomFrom(`labels of ${author.name}`, n);
  const head = (kind: string, second: number) => ({
    v: 1 as const,
    id: `${author.name}-${n}-${kind}`,
    at: new Date(Date.UTC(2026, 0, 1 + (n % 60), 9, 0, second)).toISOString(),
    author,
  });
  const at = Math.floor(random() < 0.8 ? randomFrom('verdicts', n)() * 3 : random() * 3);
  const category = builtInCategories[Math.floor(random() * builtInCategories.length)]?.id ?? 'other';
  const span = random() < 0.5 ? anchorOf(content.text, { start: 10, end: 40 }) : null;
  return [
    { ...head('item', 0), kind: 'item', item, ...content },
    ...(random() < 0.5
      ? [{ ...head('flag', 1), kind: 'flag', item, category, severity: 'major', note: '', span, from: null } as const]
      : []),
    { ...head('verdict', 2), kind: 'verdict', item, verdict: verdict.options[at] ?? 'keep', fixed: null },
  ];
}

async function writeLabels(project: string): Promise<number> {
  const labelled = Array.from({ length: reasoningRows / oneIn }, (_, n) => n * oneIn);
  for (const author of authors)
    for (let from = 0; from < labelled.length; from += rowsAtOnce)
      await appendEntries(
        project,
        labelled.slice(from, from + rowsAtOnce).flatMap((n) => entriesOf(author, n)),
        signal,
      );
  const folder = labelFolderOf(project);
  const sizes = await Promise.all((await readdir(folder)).map((name) => stat(path.join(folder, name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

/** All that is asked of the labels of a project, in milliseconds. */
async function used(project: string) {
  let labels: LabelFolder | null = null;
  // The index is completed behind the first rows, and not waited for.
  const firstRowsMs = await timed(async () => {
    const dataset = await EditableDataset.open(path.join(project, datasetPath), { signal });
    await dataset.rows(0, firstRows);
    dataset.dispose();
  });
  const openMs = await timed(async () => {
    labels = await LabelFolder.open(project, { signal });
  });
  const { book, categories, troubles } = labels as unknown as LabelFolder;
  if (troubles.length > 0) throw new Error(troubles[0]?.message);
  const filterMs = await timed(async () => {
    const [author] = authors as [Author];
    const filter = { author, category, verdict: 'drop' as const };
    let found = 0;
    for (const key of book.keys()) {
      const of = book.get(key);
      if (of && fits(of, filter)) found++;
    }
    if (found === 0) throw new Error('the filter found nothing');
  });
  const reportMs = await timed(async () => {
    const report = labelReport(book, categories);
    if (report.items !== reasoningRows / oneIn) throw new Error(`${report.items} labelled items`);
    reportText(reportSections(report, categories, 20));
  });
  return { firstRowsMs, openMs, filterMs, reportMs, wholeMs: firstRowsMs + openMs + filterMs + reportMs };
}

export async function benchAnnotations(): Promise<BenchFigure[]> {
  const project = await mkdtemp(path.join(tmpdir(), 'video-r1-bench-'));
  try {
    await mkdir(path.dirname(path.join(project, datasetPath)));
    await writeReasoning(path.join(project, datasetPath));
    const sizeBytes = await writeLabels(project);
    const runs: Awaited<ReturnType<typeof used>>[] = [];
    for (let round = 0; round < rounds; round++) runs.push(await used(project));
    const edited: Awaited<ReturnType<typeof openedInEditor>>[] = [];
    const [author] = authors as [Author];
    for (let round = 0; round < rounds; round++)
      edited.push(
        await openedInEditor(project, path.join(project, datasetPath), { author: authorLine(author), category }),
      );
    const inEditor = (key: keyof (typeof edited)[number]) => Math.max(...edited.map((run) => run[key]));
    const editorMs = (name: string, key: keyof (typeof edited)[number], note: string): BenchFigure => ({
      name,
      value: inEditor(key),
      unit: 'ms',
      note: `${note}; slowest of ${rounds}`,
    });
    const ofLimit = (key: keyof (typeof edited)[number]) =>
      `${(inEditor(key) / limitMs).toFixed(2)} of the ${limitMs / 1000} s that it may take`;
    const slowest = Math.max(...runs.map(({ wholeMs }) => wholeMs));
    const ms = (name: string, key: keyof (typeof runs)[number], note: string): BenchFigure => ({
      name,
      value: median(runs.map((run) => run[key])),
      unit: 'ms',
      note: `${note}; median of ${rounds}`,
    });
    return [
      {
        name: 'a dataset and its labels: opened to reported',
        value: slowest,
        unit: 'ms',
        note: `${reasoningRows / oneIn} of ${reasoningRows} rows, each judged by three, ${(sizeBytes / 1e6).toFixed(0)} MB of labels; slowest of ${rounds}; ${(slowest / limitMs).toFixed(2)} of the ${limitMs / 1000} s that it may take`,
      },
      ms('its first rows', 'firstRowsMs', `${firstRows} of them, without the index that is completed behind them`),
      ms('reading the label files', 'openMs', 'every line checked'),
      ms('filtering the items', 'filterMs', 'by author, category and verdict, each folded for the first time'),
      ms('the report', 'reportMs', 'with all intervals, as text'),
      editorMs(
        'in the editor: labelled rows listed',
        'labelledMs',
        `${inEditor('labelledRows')} of ${inEditor('rows')} rows, once all are known; ${ofLimit('labelledMs')}`,
      ),
      editorMs(
        'the same by author and category',
        'filteredMs',
        `${inEditor('filteredRows')} rows; ${ofLimit('filteredMs')}`,
      ),
      editorMs('asked for at once: from opening to the first', 'earlyFirstMs', 'with the label files read'),
      editorMs('from opening to the last of them', 'earlyAllMs', 'with the whole index, which is made meanwhile'),
      {
        name: 'peak memory of the editor with labels',
        value: inEditor('peakBytes') / 1e6,
        unit: 'MB',
        note: 'the whole process',
      },
    ];
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}
