/** `video-r1 export`: what a run holds, as files for other programs, without a trainer running. */
import path from 'node:path';
import {
  exportAll,
  exportTable,
  exportTensorboard,
  type TableForm,
  tableForms,
  writeText,
} from '../../export/export-run.ts';
import { mostOnPage } from '../../export/rollout-page.ts';
import { type TableName, tableNames } from '../../export/tables.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import { sentError } from '../../protocol/errors.ts';
import { type ExportForm, exportForms } from '../../protocol/messages.ts';
import { exportRollouts, type RolloutExport } from '../../runs/export-rollouts.ts';
import { formerProject, readPlan } from '../../runs/plan.ts';
import { runsFolder } from '../../runs/project-paths.ts';
import { framesOfRun } from '../../runs/run-frames.ts';
import { RolloutReader } from '../../store/rollout-reader.ts';
import { RunStore } from '../../store/run-store.ts';
import { findFfmpeg } from '../../video/ffmpeg.ts';
import { MediaLoader } from '../../video/load.ts';
import { type CliCommand, exitCodeOf, exitCodes, oneOf, readOptions, usage, wholeNumber } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { queryOption, sortOption } from '../terminal/rollout-options.ts';
import { requireRoom } from './require-room.ts';
import { requireRun } from './require-run.ts';

const forms = [...tableForms, 'html', 'tensorboard'] as const;
type Form = (typeof forms)[number];

const frameCacheBytes = 2e9;
const wholes = [...tableNames, 'all'] as const;

export const exportCommand: CliCommand = {
  name: 'export',
  summary: 'write what a run holds as JSONL, CSV, Parquet, a page to read, or TensorBoard events',
  help: `
video-r1 export RUN [WHAT] [--out PATH] [--format FORM] [--folder DIR] [--json-progress]
video-r1 export RUN [--query FILTER] [--sort FIELD] [--limit N] [--out PATH] [--format html|jsonl|parquet] …

WHAT is ${wholes.slice(0, -1).join(', ')}, or all: every one of them in the folder that --out names.
Without it the annotations: one JSON object for every flag, with its rollout and question. What a resume from an earlier
checkpoint left out of lists and curves is in superseded (the rollouts), superseded-steps and superseded-evaluations; in
events "rewound" stands in its place. tokens holds the rollouts token by token: ids, log-probabilities by sampler, trainer and
reference, entropy, alternatives, and why one of them is missing; prompts the ids of the prompts; evidence what answers stood on, a
record for each intervention; evaluation-arms what evaluations asked besides. experiments are questions that were asked again, which all leaves out.
FORM is ${forms.join(', ')}. Without --format it goes by the ending of --out, and is jsonl where that has none.
--query, --sort and --limit choose rollouts as the list of the pages does: what the filter keeps, by a field (a - before it: the
largest first; else the newest first), the first so many. html is one page of them with their frames, without script, that
fetches nothing; it holds at most ${mostOnPage}.
--json-progress writes the progress as JSON lines, for programs.
jsonl holds the records whole, as the run has them; csv and parquet hold columns. tensorboard writes the curves of steps and
evaluations into a folder of the run's name below --out, which is the --logdir of TensorBoard.
Without --out, jsonl and csv go to the standard output. Paths in records start at the project's folder; absolute ones lie outside.
In CSV a text that begins with = + - @, a tab or a line break gets an apostrophe before it: a spreadsheet would run it as a formula.
"span" of an annotation counts code points of "text", as its "unit" says: text[start:end] in Python is the flagged text, which "quote"
holds too. A flag of an older version that ends inside a character is widened to the whole of it, and "spanNote" says so. Spans in
rollouts and events are as the run has them, in UTF-16 code units.

  video-r1 export tgrpo-1 --folder sample --out flags.jsonl
  video-r1 export tgrpo-1 rollouts --folder sample --out rollouts.parquet
  video-r1 export tgrpo-1 --folder sample --query correct:false --sort reward --limit 20 --out worst.html
  video-r1 export tgrpo-1 steps --folder sample --out steps.csv
  video-r1 export tgrpo-1 all --folder sample --format parquet --out tgrpo-1
  video-r1 export tgrpo-1 --folder sample --format tensorboard --out logs`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        folder: { type: 'string', default: '.' },
        out: { type: 'string' },
        format: { type: 'string' },
        query: { type: 'string' },
        sort: { type: 'string' },
        limit: { type: 'string' },
        'json-progress': { type: 'boolean', default: false },
      },
      2,
    );
    const [run, named] = positionals;
    if (run === undefined || path.basename(run) !== run) throw usage('Name a run.');
    const { out } = values;
    const form = formOf(values.format, out);
    const project = path.resolve(values.folder);
    const folder = path.join(runsFolder(project), run);
    const chosen = chosenRollouts(values, form);
    const what = oneOf('WHAT', named ?? (chosen ? 'rollouts' : 'annotations'), wholes);
    if (chosen && what !== 'rollouts')
      throw usage(`html, --query, --sort and --limit are of rollouts, and not of ${what}.`);
    if (chosen && (form === 'csv' || form === 'tensorboard'))
      throw usage(`Chosen rollouts are written as ${exportForms.join(', ')}, and not as ${form}.`);
    if (chosen && out === undefined) throw usage('Chosen rollouts need --out.');
    const asJson = values['json-progress'];
    if (asJson && out === undefined) throw usage('--json-progress needs --out: the standard output holds one of them.');
    if (out === undefined && (what === 'all' || form === 'parquet' || form === 'tensorboard'))
      throw usage(`${what === 'all' ? 'all' : form} needs --out.`);
    if (form === 'tensorboard' && named !== undefined)
      throw usage(`tensorboard holds steps and evaluations; leave ${named} out.`);
    requireRun(project, run);
    if (out !== undefined) requireRoom(out, what === 'all' || form === 'tensorboard', `${what}.${form}`);
    const words = { stopped: 'The export was stopped.', left: 'no file is left half written' };
    return interruptible(words, async (signal) => {
      // Runs of earlier versions hold absolute paths; this finds out where their project stood.
      const former = await formerProject(folder);
      const store = RunStore.open(folder);
      try {
        if (former !== null) store.writeRelative(former);
        const told =
          chosen && out !== undefined
            ? await writeChosen(store, chosen, { project, out, signal, asJson })
            : await write(store, { what, form: form as Exclude<Form, 'html'>, out, signal, asJson });
        if (asJson) report({ type: 'done' });
        else if (told !== null) process.stdout.write(`${told}\n`);
        return exitCodes.done;
      } catch (thrown) {
        if (!asJson || signal.aborted) throw thrown;
        const fault = sentError(thrown);
        report({ type: 'error', ...fault });
        return exitCodeOf(fault);
      } finally {
        store.dispose();
      }
    });
  },
};

interface Wanted {
  readonly what: (typeof wholes)[number];
  readonly form: Exclude<Form, 'html'>;
  readonly out: string | undefined;
  readonly signal: AbortSignal;
  /** Progress as JSON, for the editor. */
  readonly asJson: boolean;
}

/** @returns what to tell of it; null where the standard output holds the records */
async function write(store: RunStore, { what, form, out, signal, asJson }: Wanted): Promise<string | null> {
  const line = new LiveLine(process.stderr);
  const onProgress = (table: TableName, done: number, total: number) => tellProgress(line, asJson, table, done, total);
  const options = { signal, onProgress };
  try {
    if (form === 'tensorboard') return await exportTensorboard(store, out as string, options);
    if (what === 'all') {
      const counts = Object.entries(await exportAll(store, form, out as string, options));
      return `${counts.map(([name, count]) => `${count} ${name}`).join(', ')} in ${out}`;
    }
    if (out !== undefined) return `${await exportTable(store, what, form, out, options)} ${what} in ${out}`;
    await writeText(store, what, form as Exclude<TableForm, 'parquet'>, process.stdout, options);
    return null;
  } finally {
    line.clear();
  }
}

/** Null where nothing chooses among the rollouts. @throws StudioError `bad-request` for a filter with a fault, or no such field */
function chosenRollouts(
  { query, sort, limit }: { readonly query?: string; readonly sort?: string; readonly limit?: string },
  form: Form,
): RolloutExport | null {
  if (query === undefined && sort === undefined && limit === undefined && form !== 'html') return null;
  return {
    expression: queryOption(query ?? ''),
    query: query ?? '',
    sort: sort === undefined ? null : sortOption(sort),
    limit: limit === undefined ? null : wholeNumber('limit', limit, 1),
    form: form as ExportForm,
  };
}

/** @returns what to tell of it */
async function writeChosen(
  store: RunStore,
  asked: RolloutExport,
  {
    project,
    out,
    signal,
    asJson,
  }: Pick<Wanted, 'signal' | 'asJson'> & { readonly project: string; readonly out: string },
): Promise<string> {
  const line = new LiveLine(process.stderr);
  const onProgress = (done: number, total: number) => tellProgress(line, asJson, 'rollouts', done, total);
  const reader = new RolloutReader();
  let loader: Promise<MediaLoader> | null = null;
  const frames = async (key: string) => {
    loader ??= findFfmpeg().then(
      (tools) => new MediaLoader(tools, path.join(project, trainerFolder, 'cache'), frameCacheBytes),
    );
    return framesOfRun(store, await readPlan(store.folder), await loader, key);
  };
  try {
    const count = await exportRollouts(store, asked, out, { project, reader, frames }, { signal, onProgress });
    return `${count} rollouts in ${out}`;
  } finally {
    line.clear();
    await reader.dispose();
    await (loader as Promise<MediaLoader> | null)?.then((held) => held.dispose()).catch(() => {});
  }
}

function tellProgress(line: LiveLine, asJson: boolean, what: string, done: number, total: number): void {
  if (asJson) report({ type: 'progress', done, total, what });
  else if (done > 0) line.show(`${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} ${what}`);
}

function formOf(format: string | undefined, out: string | undefined): Form {
  if (format !== undefined) return oneOf('--format', format, forms);
  const ending = path.extname(out ?? '').toLowerCase();
  const form = {
    '.html': 'html',
    '.jsonl': 'jsonl',
    '.json': 'jsonl',
    '.csv': 'csv',
    '.parquet': 'parquet',
    '': 'jsonl',
  } as const;
  if (ending in form) return form[ending as keyof typeof form];
  throw usage(`The ending ${ending} tells no form; say --format ${forms.join(', ')}.`);
}

function report(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
