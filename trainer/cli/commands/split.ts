/** `video-r1 split`: a training and an evaluation file that share no video. */
import path from 'node:path';
import { type SplitSummary, splitDataset } from '../../data/split.ts';
import { quote } from '../../rewards/reward.ts';
import { callable } from '../terminal/callable.ts';
import { type CliCommand, exitCodes, readOptions, seedOption, usage } from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';

const phases = { rows: 'rows read', content: 'files compared', write: 'rows written' } as const;

export const splitCommand: CliCommand = {
  name: 'split',
  summary: 'split a dataset for training and evaluation without leaking a video',
  help: `
video-r1 split DATASET --eval SHARE [--seed N] [--out DIR] [--replace]

Writes NAME.train.json and NAME.eval.json beside the dataset, or into DIR, which must be the dataset's folder or one above
it. Rows that share a video or image (the same file, or files with the same content) stay together; sources and problem
types keep their shares as far as that allows. The same seed gives the same files.
A video that was encoded again has another content: it is taken for another video.
Parquet and Arrow are written as JSONL; media that lie in their rows are written into the folder NAME.media.

  video-r1 split data/all.json --eval 0.1 --seed 1`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        eval: { type: 'string' },
        seed: { type: 'string', default: '1' },
        out: { type: 'string' },
        replace: { type: 'boolean', default: false },
      },
      1,
    );
    const file = positionals[0];
    if (file === undefined || values.eval === undefined)
      throw usage('Name one dataset and a share, such as --eval 0.1.');
    const seed = seedOption(values.seed);
    const line = new LiveLine(process.stderr, 2000);
    const words = {
      stopped: 'The split was stopped; nothing was written.',
      left: 'look for *.partial files beside the dataset',
    };
    return interruptible(words, async (signal) => {
      const summary = await splitDataset(file, {
        evaluationShare: Number(values.eval),
        seed,
        out: values.out,
        replace: values.replace,
        signal,
        onProgress: (phase, done, total) => line.show(`${phases[phase]} ${done}/${total}`),
      }).finally(() => line.clear());
      process.stdout.write(`${describeSplit(summary)}\n`);
      return exitCodes.done;
    });
  },
};

const number = (value: number) => value.toLocaleString('en-US');

function describeSplit(summary: SplitSummary): string {
  const { train, evaluation, strata } = summary;
  const all = train.rows + evaluation.rows;
  const most = 20;
  const named = (file: string) => {
    const relative = path.relative(process.cwd(), file);
    return relative.startsWith('..') ? file : relative;
  };
  const row = (name: string, rows: number, own: number) =>
    `${name.padEnd(50)}${number(rows).padStart(9)}${number(own).padStart(9)}${((100 * own) / rows).toFixed(1).padStart(8)}%`;
  const notes = [
    `${number(summary.groups)} groups that share no video or image; the largest has ${number(summary.largestGroup)} rows.`,
    ...(summary.sameContent > 0
      ? [`${number(summary.sameContent)} files have the content of another one; their rows were kept together.`]
      : []),
    ...(summary.withoutMedia > 0
      ? [`${number(summary.withoutMedia)} rows name a file that is not there; they were kept together by its path.`]
      : []),
    ...(summary.leftOut > 0
      ? [
          `${number(summary.leftOut)} rows have a fault and are in neither file: ${callable('video-r1 check')} names them.`,
        ]
      : []),
  ];
  return [
    `${'source, problem type'.padEnd(50)}${'rows'.padStart(9)}${'eval'.padStart(9)}${'share'.padStart(9)}`,
    ...strata
      .slice(0, most)
      .map((one) =>
        row(
          `${one.source === '' ? '(empty)' : quote(one.source, 28).slice(1, -1)}, ${one.problemType}`,
          one.rows,
          one.evaluation,
        ),
      ),
    ...(strata.length > most ? [`and ${strata.length - most} more`] : []),
    row('all', all, evaluation.rows),
    '',
    ...notes,
    `${named(train.file)}: ${number(train.rows)} rows`,
    `${named(evaluation.file)}: ${number(evaluation.rows)} rows`,
  ].join('\n');
}
