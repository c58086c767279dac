/** `video-r1 audit`: which questions of a dataset a model answers without what they seem to ask for. */
import path from 'node:path';
import { auditReport } from '../../audit/report.ts';
import { reportText } from '../../evaluation/table.ts';
import { auditDataset, auditsFolderOf } from '../experiments/audit-dataset.ts';
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

${evaluationOptionLines}
  --samples N       answers of each kind to a question (1)
  --out DIR         default: .video-r1/audits/MODEL-DATASETS-frames in the project

  video-r1 audit sample/data/eval.json --checkpoint tgrpo-1 --folder sample`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      { ...evaluationOptions, checkpoint: { type: 'string' }, samples: { type: 'string', default: '1' } },
      Number.POSITIVE_INFINITY,
    );
    if (values.checkpoint === undefined) throw usage('Name a model: --checkpoint MODEL.');
    if (positionals.length === 0) throw usage('Name a dataset.');
    const samples = wholeNumber('samples', values.samples, 1, 64);
    const work = await workWanted(values.checkpoint, positionals, values, (project, { model, files, parameters }) =>
      path.join(auditsFolderOf(project), workName(model, files, parameters.maxFrames)),
    );
    const wanted = { ...work, samples };
    const line = new LiveLine(process.stderr);
    const left = `every finished question is kept in ${wanted.out}, and the same command goes on`;
    return interruptible({ stopped: `Stopped; ${left}.`, left }, async (signal) => {
      const { results } = await auditDataset(wanted, signal, line);
      if (values.json) process.stdout.write(`${JSON.stringify(results, null, 1)}\n`);
      else process.stdout.write(`${reportText(auditReport(results))}\n\n${wanted.out}\n`);
      return exitCodes.done;
    });
  },
};
