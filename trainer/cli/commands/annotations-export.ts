/** `video-r1 annotations export`: labels of a project as a file for other programs and projects. */
import { authorMeant } from '../../annotations/export/choose-items.ts';
import { exportLabels, labelForms } from '../../annotations/export/export-labels.ts';
import type { LabelFolder } from '../../annotations/label-folder.ts';
import type { LabelFilter } from '../../protocol/annotations/label-filter.ts';
import { nearestClause } from '../../protocol/nearest.ts';
import { verdict } from '../../protocol/records.ts';
import { exitCodes, oneOf, readOptions, usage } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { count, noLabels, noticeLines, number, openLabels, projectOf } from './annotations-labels.ts';
import { requireRoom } from './require-room.ts';

const verdicts = [...verdict.options, 'disputed', 'none'] as const;
const endings = { jsonl: 'jsonl', parquet: 'parquet', 'label-studio': 'json', argilla: 'json' } as const;
const nouns = { jsonl: 'line', parquet: 'row', 'label-studio': 'task', argilla: 'record' } as const;

export async function exportProjectLabels(args: readonly string[]): Promise<number> {
  const { values } = readOptions(
    args,
    {
      folder: { type: 'string', default: '.' },
      form: { type: 'string' },
      out: { type: 'string' },
      author: { type: 'string' },
      category: { type: 'string' },
      verdict: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
    0,
  );
  const { out, author, category } = values;
  if (values.form === undefined) throw usage(`Say --form ${labelForms.join(', ')}.`);
  if (out === undefined) throw usage('Say with --out which file to write.');
  const form = oneOf('--form', values.form, labelForms);
  const given = values.verdict === undefined ? undefined : oneOf('--verdict', values.verdict, verdicts);
  requireRoom(out, false, `labels.${endings[form]}`);
  const project = projectOf(values.folder);
  const line = new LiveLine(process.stderr);
  const words = { stopped: 'The export was stopped.', left: 'no file is left half written' };
  return interruptible(words, async (signal) => {
    try {
      const labels = await openLabels(project, signal, line);
      const filter: LabelFilter = {
        ...(author !== undefined && { author: authorMeant(labels.book, author) }),
        ...(category !== undefined && { category: categoryMeant(labels, category) }),
        ...(given !== undefined && { verdict: given }),
      };
      const onProgress = (done: number, total: number) => {
        if (done > 0) line.show(`${number(done)} of ${count(total, 'item')}`);
      };
      const { items, written, notices } = await exportLabels(labels, filter, form, out, { signal, onProgress });
      line.clear();
      if (values.json) process.stdout.write(`${JSON.stringify({ out, form, items, written, notices }, null, 1)}\n`);
      else {
        const lines = [
          `${out}: ${count(written, nouns[form])} of ${count(items, 'item')}`,
          ...noneLines(labels, items),
          ...noticeLines(notices),
        ];
        process.stdout.write(`${lines.join('\n')}\n`);
      }
      return exitCodes.done;
    } finally {
      line.clear();
    }
  });
}

function noneLines({ book }: LabelFolder, items: number): string[] {
  if (items > 0) return [];
  return book.authors.length === 0 ? [`  ${noLabels}`] : ['  No labels fit what was asked for.'];
}

/**
 * By its id or its name; flags may have one that the project no longer has.
 * @throws StudioError `bad-request` for what is neither
 */
function categoryMeant({ book, categories: { all } }: LabelFolder, said: string): string {
  const named = all.find(({ id, name }) => said === id || said === name);
  if (named !== undefined) return named.id;
  const known = new Set(all.map(({ id }) => id));
  for (const key of book.keys()) for (const { category } of book.get(key)?.flags ?? []) known.add(category);
  if (known.has(said)) return said;
  throw usage(`There is no category ${said}${nearestClause(said, [...known])}.`);
}
