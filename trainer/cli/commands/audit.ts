/** `video-r1 audit`: which questions of a dataset a model answers without what they seem to ask for. */
import path from 'node:path';
import { type RowsWanted, requireRowsFile } from '../../audit/export-rows.ts';
import { auditReport } from '../../audit/report.ts';
import { rowNeeds } from '../../audit/results.ts';
import type { WalkProgress } from '../../evaluation/question-walk.ts';
import { reportText } from '../../evaluation/table.ts';
import { auditFiles } from '../../protocol/audit.ts';
import { asStudioError, sentError } from '../../protocol/errors.ts';
import { auditDataset, auditShuffles, auditsFolderOf } from '../experiments/audit-dataset.ts';
import { workName } from '../experiments/kept-work.ts';
import { type CliCommand, exitCodes, readOptions, usage, wholeNumber } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { evaluationOptionLines, evaluationOptions, workWanted } from './evaluation-options.ts';

export const auditCommand: CliCommand = {
  name: 'audit',
  summary: 'find the questions of a dataset that are answered without the video or its order',
  help: `
video-r1 audit DATASET … --checkpoint MODEL [options]

Every question is asked as it is, without the video or image, with blank frames, with the middle frame alone, with reversed frames, with
the frames in ${auditShuffles} other orders, and without its text; and it is weighed what the order of the frames is worth to each right answer. The table
says, by family (by source where the dataset names none), what is right without what, and which families have a shortcut.

DATASET is a dataset file, or a folder with Video-R1's evaluation files (eval_mvbench.json, …). MODEL is a checkpoint's folder, or with
--folder the id or the name of a run: then its newest checkpoint. Every question is kept in ${auditFiles.answers} as soon as it is
answered. Ctrl-C stops; the same command goes on and asks nothing twice. The results are over all questions in that file: a table here,
${auditFiles.results}, results.md and ${auditFiles.page} beside it. The page Audits of the project shows them too.

${evaluationOptionLines}
  --samples N       answers of each kind to a question, at the run's temperature where N is above 1 (1)
  --out DIR         default: .video-r1/audits/MODEL-DATASETS-frames in the project

Rows of one dataset as a file of their own, in its form, byte for byte but for paths where the file lies above the dataset's folder. A
row is judged by its own answers, so a lucky guess counts: with more --samples fewer do.

  --needs-video FILE    right as seen, and wrong without the video or image
  --without-video FILE  right without it, or with blank frames
  --needs-order FILE    right as seen, wrong under a shuffle, and order is worth something to the answer
  --replace             write over files that are there
  --json-progress       write one JSON object a line, for programs, in place of the table

  video-r1 audit sample/data/eval.json --checkpoint tgrpo-1 --folder sample
  video-r1 audit data/all.json --checkpoint sft-1 --folder . --limit 500 --needs-order data/order.json`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        ...evaluationOptions,
        checkpoint: { type: 'string' },
        samples: { type: 'string', default: '1' },
        'needs-video': { type: 'string' },
        'without-video': { type: 'string' },
        'needs-order': { type: 'string' },
        replace: { type: 'boolean', default: false },
        'json-progress': { type: 'boolean', default: false },
      },
      Number.POSITIVE_INFINITY,
    );
    if (values.checkpoint === undefined) throw usage('Name a model: --checkpoint MODEL.');
    if (positionals.length === 0) throw usage('Name a dataset.');
    const samples = wholeNumber('samples', values.samples, 1, 64);
    const rows = rowNeeds.flatMap((need): RowsWanted[] => {
      const file = values[optionOf[need]];
      return file === undefined ? [] : [{ need, file: path.resolve(file) }];
    });
    if (new Set(rows.map(({ file }) => file)).size < rows.length)
      throw usage('Two kinds of rows would go into one file: name one for each.');
    const work = await workWanted(values.checkpoint, positionals, values, (project, { model, files, parameters }) =>
      path.join(auditsFolderOf(project), workName(model, files, parameters.maxFrames)),
    );
    const [dataset, ...others] = work.files;
    if (rows.length > 0 && others.length > 0)
      throw usage('Rows are written of one dataset: audit them one after the other.');
    for (const one of rows) requireRowsFile(one, dataset?.file ?? '', values.replace);
    const line = new LiveLine(process.stderr);
    const left = `every finished question is kept in ${work.out}, and the same command goes on`;
    const asJson = values['json-progress'];
    const told = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);
    const onProgress = ({ done, total, dataset: what }: WalkProgress) => told({ type: 'progress', done, total, what });
    const wanted = { ...work, samples, rows, ...(asJson && { onProgress }) };
    return interruptible({ stopped: `Stopped; ${left}.`, left }, async (signal) => {
      const { results, written } = await auditDataset(wanted, signal, line).catch((thrown: unknown) => {
        if (asJson && !signal.aborted) told({ type: 'error', ...sentError(asStudioError(thrown)) });
        throw thrown;
      });
      if (asJson) {
        told({ type: 'done', out: work.out });
        return exitCodes.done;
      }
      const files = written.map(({ need, file, count }) =>
        count === 0 ? `No row ${need}: ${file} is not written.` : `${file}: ${count} rows (${need})`,
      );
      if (values.json) process.stdout.write(`${JSON.stringify(results, null, 1)}\n`);
      else process.stdout.write(`${[reportText(auditReport(results)), '', ...files, work.out].join('\n')}\n`);
      return exitCodes.done;
    });
  },
};

const optionOf = {
  'needs video': 'needs-video',
  'without video': 'without-video',
  'needs order': 'needs-order',
} as const;
