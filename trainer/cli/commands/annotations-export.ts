/** `video-r1 annotations export`: labels of a project as a file for other programs and projects. */
import { authorMeant } from '../../annotations/export/choose-items.ts';
import { exportLabels, labelForms } from '../../annotations/export/export-labels.ts';
import type { Categories } from '../../protocol/annotations/categories.ts';
import type { LabelFilter } from '../../protocol/annotations/label-filter.ts';
import { verdict } from '../../protocol/records.ts';
import { exitCodes, oneOf, readOptions, usage } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { count, noticeLines, number, openLabels, projectOf } from './annotations-labels.ts';

const verdicts = [...verdict.options, 'disputed', 'none'] as const;
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
  const project = projectOf(values.folder);
  const line = new LiveLine(process.stderr);
  const words = { stopped: 'The export was stopped.', left: 'no file is left half written' };
  return interruptible(words, async (signal) => {
    try {
      const labels = await openLabels(project, signal, line);
      const filter: LabelFilter = {
        ...(author !== undefined && { author: authorMeant(labels.book, author) }),
        ...(category !== undefined && { category: categoryMeant(labels.categories, category) }),
        ...(given !== undefined && { verdict: given }),
      };
      const onProgress = (done: number, total: number) => {
        if (done > 0) line.show(`${number(done)} of ${count(total, 'item')}`);
      };
      const { items, written, notices } = await exportLabels(labels, filter, form, out, { signal, onProgress });
      line.clear();
      if (values.json) process.stdout.write(`${JSON.stringify({ out, form, items, written, notices }, null, 1)}\n`);
      else {
        const lines = [`${out}: ${count(written, nouns[form])} of ${count(items, 'item')}`, ...noticeLines(notices)];
        process.stdout.write(`${lines.join('\n')}\n`);
      }
      return exitCodes.done;
    } finally {
      line.clear();
    }
  });
}

/** By its id or its name. Flags may have one that is nowhere; it is meant by its id. */
function categoryMeant({ all }: Categories, said: string): string {
  return all.find(({ name }) => name === said)?.id ?? said;
}
