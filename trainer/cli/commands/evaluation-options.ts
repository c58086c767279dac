/** What commands that have a checkpoint answer datasets are told in common: the model, the datasets, how it answers, and where that is kept. */
import path from 'node:path';
import { benchmarkFiles } from '../../evaluation/benchmark-files.ts';
import { benchmarkParameters, presetParameters, withOverrides } from '../../learning/presets.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import { StudioError } from '../../protocol/errors.ts';
import type { ParameterValues } from '../../protocol/parameters.ts';
import { presetNames } from '../../protocol/runfile.ts';
import { readTemplate } from '../../reasoning/template.ts';
import { type FoundCheckpoint, findCheckpoint } from '../../runs/find-checkpoint.ts';
import type { WorkWanted } from '../experiments/kept-work.ts';
import {
  allowedRoots,
  fromOption,
  readPreset,
  readSettings,
  rootOptions,
  seedOption,
  usage,
  wholeNumber,
} from '../terminal/command.ts';

export const evaluationOptions = {
  folder: { type: 'string' },
  from: { type: 'string' },
  frames: { type: 'string' },
  preset: { type: 'string' },
  set: { type: 'string', multiple: true, default: [] as string[] },
  limit: { type: 'string' },
  seed: { type: 'string' },
  template: { type: 'string' },
  out: { type: 'string' },
  fresh: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  ffmpeg: { type: 'string' },
  ...rootOptions,
} as const;

/** Their lines of `--help`, but for `out`, which each command has a default of its own for. */
export const evaluationOptionLines = `
  --folder DIR      the project
  --from STEP       the checkpoint of this step instead of the run's newest
  --frames N        most frames of a video, an even number such as 16, 32 or 64; default: the preset's
  --preset NAME     ${presetNames.join(', ')}: frames and sampling; default: the run's own values, else paper
  --set NAME=VALUE  changes one of them: evaluationTemperature, evaluationTopP, maxNewTokens, maxPixels, maxPromptTokens, …
  --limit N         N questions of each dataset, drawn by the seed; a larger N later goes on from them
  --seed N          order of questions, shuffles and sampling (1)
  --template FILE   the wording of the prompt; default: the run's, else our own
  --fresh           ask anew; the old answers are kept under another name
  --json            write the results here as JSON
  --allow-root DIR  a folder outside of a dataset's own that links among its media may lead into; may be given more than once
  --ffmpeg PATH     the ffmpeg to use`.slice(1);

export interface EvaluationValues {
  readonly 'allow-root': readonly string[];
  readonly folder?: string | undefined;
  readonly from?: string | undefined;
  readonly frames?: string | undefined;
  readonly preset?: string | undefined;
  readonly set: readonly string[];
  readonly limit?: string | undefined;
  readonly seed?: string | undefined;
  readonly template?: string | undefined;
  readonly out?: string | undefined;
  readonly fresh: boolean;
  readonly ffmpeg?: string | undefined;
}

/**
 * @param named of the model
 * @param datasets as arguments name them; the run's own to evaluate on where there is none
 * @param outOf the folder of the work in a project, where `--out` names none
 */
export async function workWanted(
  named: string,
  datasets: readonly string[],
  values: EvaluationValues,
  outOf: (project: string, work: Pick<WorkWanted, 'model' | 'files' | 'parameters'>) => string,
): Promise<WorkWanted> {
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
    out: path.resolve(values.out ?? outOf(project, { model, files, parameters })),
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
  values: Pick<EvaluationValues, 'preset' | 'frames' | 'set'>,
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
