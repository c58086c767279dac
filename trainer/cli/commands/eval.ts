/** `video-r1 eval`: a model on benchmarks, and two evaluations against each other. */
import path from 'node:path';
import { armFiles } from '../../evaluation/arm-files.ts';
import { evaluationReport } from '../../evaluation/report.ts';
import { reportText } from '../../evaluation/table.ts';
import { evaluationArms } from '../../protocol/evaluation-arms.ts';
import { evaluateCheckpoint, evaluationName, evaluationsFolder } from '../experiments/evaluate-checkpoint.ts';
import { type CliCommand, exitCodes, readOptions, usage } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { compareCommand } from './compare.ts';
import { evaluationOptionLines, evaluationOptions, workWanted } from './evaluation-options.ts';

export const evalCommand: CliCommand = {
  name: 'eval',
  summary: 'answer benchmarks with a checkpoint, or compare two evaluations',
  help: `
video-r1 eval MODEL [DATASET …] [options]
video-r1 eval --compare A B [--folder DIR] [--out DIR] [--json]

MODEL is a checkpoint's folder, or with --folder the id or the name of a run: then its newest checkpoint. A DATASET is a dataset
file, or a folder with Video-R1's evaluation files (eval_mvbench.json, …); without one, the run's evaluationDataset.
Every answer is kept in answers.jsonl at once. Ctrl-C stops; the same command goes on and asks nothing twice. The results are over
all answers in that file: a table here, results.json and results.md beside it.

${evaluationOptionLines}
  --shuffled        answer videos on shuffled frames as well, and say what order is worth
  --direct          answer every question without reasoning as well, and say what reasoning is worth
  --reversed        show videos backwards as well, where rows have a reversed_solution, and say how often both answers are right
  --out DIR         default: .video-r1/evaluations/MODEL-DATASETS-frames in the project

--direct and --reversed are kept in ${armFiles.direct} and ${armFiles.reversed} beside the answers: with them a finished evaluation asks these alone.

--compare pairs the questions of two evaluations (folders, or with --folder two runs' newest ones) by dataset and content: McNemar's
exact test, the difference with its interval, and the questions that flipped. Where one of two runs has none, the newest of what both
evaluated while they trained are compared, as the pages do, which is said.

  video-r1 eval sft --folder sample --shuffled
  video-r1 eval sft --folder sample --direct --reversed
  video-r1 eval tgrpo-1 ~/Video-R1/Evaluation --folder project --frames 32
  video-r1 eval --compare sft-1 tgrpo-1 --folder sample`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        ...evaluationOptions,
        shuffled: { type: 'boolean', default: false },
        direct: { type: 'boolean', default: false },
        reversed: { type: 'boolean', default: false },
        compare: { type: 'boolean', default: false },
      },
      Number.POSITIVE_INFINITY,
    );
    if (values.compare) {
      const { compare: _compare, folder, out, json, set, 'allow-root': roots, ...idle } = values;
      const [idleName] =
        Object.entries({ ...idle, set: set.length > 0, 'allow-root': roots.length > 0 }).find(
          ([, value]) => value !== undefined && value !== false,
        ) ?? [];
      if (idleName !== undefined) throw usage(`--${idleName} has no meaning with --compare.`);
      return compareCommand(positionals, { folder, out, json });
    }
    const { shuffled } = values;
    const [named, ...datasets] = positionals;
    if (named === undefined) throw usage('Name a model.');
    const work = await workWanted(named, datasets, values, (project, { model, files, parameters }) =>
      path.join(evaluationsFolder(project), evaluationName(model, files, parameters.maxFrames, shuffled)),
    );
    const wanted = { ...work, shuffled, arms: evaluationArms.filter((arm) => values[arm]) };
    // A table in a pipe stays a table: what is told meanwhile goes beside it.
    const line = new LiveLine(process.stderr);
    const left = `every finished answer is kept in ${wanted.out}, and the same command goes on`;
    return interruptible({ stopped: `Stopped; ${left}.`, left }, async (signal) => {
      const results = await evaluateCheckpoint(wanted, signal, line);
      if (values.json) process.stdout.write(`${JSON.stringify(results, null, 1)}\n`);
      else process.stdout.write(`${reportText(evaluationReport(results))}\n\n${wanted.out}\n`);
      return exitCodes.done;
    });
  },
};
