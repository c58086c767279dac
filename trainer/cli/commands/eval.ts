/** `video-r1 eval`: a model on benchmarks, and two evaluations against each other. */
import path from 'node:path';
import { benchmarkFiles } from '../../evaluation/benchmark-files.ts';
import { evaluationReport } from '../../evaluation/report.ts';
import { reportText } from '../../evaluation/table.ts';
import { benchmarkParameters, presetParameters, withOverrides } from '../../learning/presets.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import { StudioError } from '../../protocol/errors.ts';
import type { ParameterValues } from '../../protocol/parameters.ts';
import { presetNames } from '../../protocol/runfile.ts';
import { readTemplate } from '../../reasoning/template.ts';
import { type FoundCheckpoint, findCheckpoint } from '../../runs/find-checkpoint.ts';
import {
  type EvaluationWanted,
  evaluateCheckpoint,
  evaluationName,
  evaluationsFolder,
} from '../experiments/evaluate-checkpoint.ts';
import {
  allowedRoots,
  type CliCommand,
  exitCodes,
  fromOption,
  readOptions,
  readPreset,
  readSettings,
  rootOptions,
  seedOption,
  usage,
  wholeNumber,
} from '../terminal/command.ts';
import { interruptible } from '../terminal/interrupt.ts';
import { LiveLine } from '../terminal/progress.ts';
import { compareCommand } from './compare.ts';

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

  --folder DIR      the project
  --from STEP       the checkpoint of this step instead of the run's newest
  --frames N        most frames of a video, an even number such as 16, 32 or 64; default: the preset's
  --preset NAME     ${presetNames.join(', ')}: frames and sampling; default: the run's own values, else paper
  --set NAME=VALUE  changes one of them: evaluationTemperature, evaluationTopP, maxNewTokens, maxPixels, maxPromptTokens, …
  --limit N         N questions of each dataset, drawn by the seed; a larger N later goes on from them
  --seed N          order of questions, shuffles and sampling (1)
  --shuffled        answer videos on shuffled frames as well, and say what order is worth
  --template FILE   the wording of the prompt; default: the run's, else our own
  --out DIR         default: .video-r1/evaluations/MODEL-DATASETS-frames in the project
  --fresh           ask anew; the old answers are kept under another name
  --json            write the results here as JSON
  --allow-root DIR  a folder outside of a dataset's own that links among its media may lead into; may be given more than once
  --ffmpeg PATH     the ffmpeg to use

--compare pairs the questions of two evaluations (folders, or with --folder two runs' newest ones) by dataset and content: McNemar's
exact test, the difference with its interval, and the questions that flipped. Where one of two runs has none, the newest of what both
evaluated while they trained are compared, as the pages do, which is said.

  video-r1 eval sft --folder sample --shuffled
  video-r1 eval tgrpo-1 ~/Video-R1/Evaluation --folder project --frames 32
  video-r1 eval --compare sft-1 tgrpo-1 --folder sample`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        folder: { type: 'string' },
        from: { type: 'string' },
        frames: { type: 'string' },
        preset: { type: 'string' },
        set: { type: 'string', multiple: true, default: [] },
        limit: { type: 'string' },
        seed: { type: 'string' },
        shuffled: { type: 'boolean', default: false },
        template: { type: 'string' },
        out: { type: 'string' },
        fresh: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        ffmpeg: { type: 'string' },
        compare: { type: 'boolean', default: false },
        ...rootOptions,
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
    const wanted = await evaluationWanted(positionals, values);
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

interface EvalValues {
  readonly 'allow-root': readonly string[];
  readonly folder?: string | undefined;
  readonly from?: string | undefined;
  readonly frames?: string | undefined;
  readonly preset?: string | undefined;
  readonly set: readonly string[];
  readonly limit?: string | undefined;
  readonly seed?: string | undefined;
  readonly shuffled: boolean;
  readonly template?: string | undefined;
  readonly out?: string | undefined;
  readonly fresh: boolean;
  readonly ffmpeg?: string | undefined;
}

async function evaluationWanted(positionals: readonly string[], values: EvalValues): Promise<EvaluationWanted> {
  const [named, ...datasets] = positionals;
  if (named === undefined) throw usage('Name a model.');
  const limit = values.limit === undefined ? null : wholeNumber('limit', values.limit, 1);
  const seed = seedOption(values.seed ?? '1');
  const model = await findCheckpoint(
    named,
    values.folder === undefined ? null : path.resolve(values.folder),
    fromOption(values.from),
  );
  const files = benchmarkFiles(datasets.length > 0 ? datasets : [datasetOf(model)]);
  const parameters = evaluationParameters(model, values);
  const project = path.resolve(values.folder ?? projectOf(model) ?? '.');
  return {
    model,
    files,
    parameters,
    template: await readTemplate(values.template ?? model.plan?.promptTemplate ?? undefined),
    seed,
    limit,
    shuffled: values.shuffled,
    out: path.resolve(
      values.out ??
        path.join(evaluationsFolder(project), evaluationName(model, files, parameters.maxFrames, values.shuffled)),
    ),
    fresh: values.fresh,
    allowedRoots: [...(model.plan?.allowedRoots ?? []), ...allowedRoots(values)],
    cacheFolder: path.join(project, trainerFolder, 'cache'),
    ffmpeg: values.ffmpeg,
  };
}

function datasetOf({ plan, folder }: FoundCheckpoint): string {
  if (plan?.evaluationDataset) return plan.evaluationDataset;
  throw new StudioError('bad-request', 'The model’s run names no evaluationDataset, so name a dataset.', {
    place: folder,
  });
}

/** The project that a checkpoint of ours lies in: `PROJECT/.video-r1/runs/RUN/checkpoints/STEP`. */
function projectOf({ folder, plan }: FoundCheckpoint): string | null {
  return plan === null ? null : path.resolve(folder, '..', '..', '..', '..', '..');
}

/** The run's own values, or those of a preset, with what the preset says of benchmarks; then `--frames` and `--set`. */
function evaluationParameters(
  { state, plan }: FoundCheckpoint,
  values: Pick<EvalValues, 'preset' | 'frames' | 'set'>,
): ParameterValues {
  const preset = readPreset(values.preset ?? plan?.preset ?? 'paper');
  const own = values.preset === undefined ? state?.parameters : undefined;
  const base = benchmarkParameters(preset, own ?? presetParameters(preset, 'tgrpo'));
  const settings = readSettings(values.set);
  if (values.frames !== undefined) {
    const frames = wholeNumber('frames', values.frames, 2);
    if (frames % 2 !== 0) throw usage(`--frames ${frames} is odd; a model is shown frames in pairs.`);
    if ('maxFrames' in settings) throw usage('--frames and --set maxFrames say the same; give one.');
    settings.maxFrames = frames;
  }
  return withOverrides(base, settings, 'bad-request', '--set');
}
