/**
 * What it costs to read and report the labels of a dataset as large as Video-R1's: three authors, who have all judged one row in
 * ten, with the text of each in each one's file.
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { labelFolderOf } from '../../trainer/annotations/label-files.ts';
import { LabelFolder } from '../../trainer/annotations/label-folder.ts';
import { appendEntries } from '../../trainer/annotations/label-writer.ts';
import { labelReport } from '../../trainer/annotations/report/label-report.ts';
import { reportSections } from '../../trainer/annotations/report/report-sections.ts';
import { reportText } from '../../trainer/annotations/report/report-text.ts';
import { itemOfRow } from '../../trainer/annotations/rows/row-item.ts';
import { randomFrom } from '../../trainer/data/random.ts';
import { anchorOf } from '../../trainer/protocol/annotations/anchors.ts';
import { builtInCategories } from '../../trainer/protocol/annotations/categories.ts';
import type { Author, Entry } from '../../trainer/protocol/annotations/entries.ts';
import { fits } from '../../trainer/protocol/annotations/label-filter.ts';
import { verdict } from '../../trainer/protocol/records.ts';
import { madeRow } from './made-dataset.ts';
import { type BenchFigure, median, timed } from './part.ts';

const rows = 165_000;
/** One row in so many is labelled: among them those with a chain of thought in the made dataset. */
const oneIn = 10;
const rounds = 3;
const limitMs = 2_000;
const rowsAtOnce = 5_000;
const { signal } = new AbortController();

const authors: readonly Author[] = ['Ann', 'Ben', 'Cem'].map((name) => ({
  name,
  email: `${name.toLowerCase()}@example.org`,
}));

/** What an author says of a row: the verdict that most give, or another; of every second row a flag of a part of it. */
function entriesOf(author: Author, n: number): Entry[] {
  const known = itemOfRow('data/cot.json', madeRow(n));
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
  const labelled = Array.from({ length: rows / oneIn }, (_, n) => n * oneIn);
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

export async function benchAnnotations(): Promise<BenchFigure[]> {
  const project = await mkdtemp(path.join(tmpdir(), 'video-r1-bench-'));
  try {
    const sizeBytes = await writeLabels(project);
    const [opens, reports, filters]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      let folder: LabelFolder | null = null;
      opens.push(
        await timed(async () => {
          folder = await LabelFolder.open(project, { signal });
        }),
      );
      const labels = folder as unknown as LabelFolder;
      reports.push(
        await timed(async () => {
          const report = labelReport(labels.book, labels.categories);
          if (report.items !== rows / oneIn) throw new Error(`${report.items} labelled items`);
          reportText(reportSections(report, labels.categories, 20));
        }),
      );
      filters.push(
        await timed(async () => {
          const [author] = authors as [Author];
          const filter = { author, category: 'wrong-order', verdict: 'drop' as const };
          let found = 0;
          for (const key of labels.book.keys()) {
            const of = labels.book.get(key);
            if (of && fits(of, filter)) found++;
          }
          if (found === 0) throw new Error('the filter found nothing');
        }),
      );
    }
    const wholes = opens.map((open, at) => open + (reports[at] as number));
    const slowest = Math.max(...wholes);
    const ms = (name: string, values: readonly number[], note: string): BenchFigure => ({
      name,
      value: median(values),
      unit: 'ms',
      note: `${note}; median of ${rounds}`,
    });
    return [
      {
        name: 'labels of three authors: read and reported',
        value: slowest,
        unit: 'ms',
        note: `${rows / oneIn} of ${rows} rows, each judged by all, ${(sizeBytes / 1e6).toFixed(0)} MB; slowest of ${rounds}; ${(slowest / limitMs).toFixed(2)} of the ${limitMs / 1000} s that it may take`,
      },
      ms('reading the label files', opens, 'every line parsed and checked'),
      ms('the report', reports, 'with all intervals, as text'),
      ms('filtering the items', filters, 'by author, category and verdict'),
    ];
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}
