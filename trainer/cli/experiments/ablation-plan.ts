/** What all arms and seeds of an ablation have in common: made from run files once, kept in the project, and found again by name. */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { settingsThatDiffer } from '../../journal/json-lines.ts';
import { StudioError } from '../../protocol/errors.ts';
import { faultLine } from '../../protocol/issues.ts';
import { parseJson } from '../../protocol/json.ts';
import { type RunFile, runFile } from '../../protocol/runfile.ts';
import { checkpointName, findCheckpoint } from '../../runs/find-checkpoint.ts';
import { parametersOfRun, readRunFile } from '../../runs/run-files.ts';
import { replaceFile } from './kept-work.ts';

/** Inside the project. */
export const ablationFolder = 'ablation';

const ablationPlan = z.strictObject({
  version: z.literal(1),
  /** Relative to the project. */
  runFile: z.string(),
  /** What the arms start from, in words. A checkpoint is found once: its run may be trained further meanwhile. */
  from: z.string(),
  /** The run file with `--set` in it. Its paths, and that of the checkpoint, are relative to the folder of the arms' run files. */
  base: runFile,
  /** The SFT run file that is trained with every seed, of which `base` then names no checkpoint; null where all start from one. */
  sft: runFile.nullable().default(null),
});
export type AblationPlan = z.infer<typeof ablationPlan>;

interface SetRunFile {
  readonly file: string;
  /** Overrides its parameters. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface AblationSource extends SetRunFile {
  /** Trained with every seed; null where all arms start from the checkpoint that the run file names. */
  readonly sft: SetRunFile | null;
}

/** @throws StudioError `bad-run-file`; `conflict` where an ablation of that name was begun with other settings */
export async function planAblation(source: AblationSource, folder: string, name: string): Promise<AblationPlan> {
  const { file, sft } = source;
  const read = await readRunFile(file);
  if (read.method !== 'tgrpo')
    throw new StudioError('bad-run-file', `An ablation is of a tgrpo run; this one's method is ${read.method}.`, {
      place: file,
    });
  const arms = path.join(folder, ablationFolder);
  const wanted = {
    base: movedTo(arms, read, source),
    sft: sft && movedTo(arms, await readSft(sft.file), sft),
  };
  const planFile = path.join(arms, `${name}.plan.json`);
  if (existsSync(planFile)) {
    const before = await readAblationPlan(planFile);
    const withoutModel = ({ model: _model, ...rest }: RunFile) => rest;
    const differences = settingsThatDiffer(
      { base: withoutModel(before.base), sft: before.sft },
      { base: withoutModel(wanted.base), sft: wanted.sft },
    );
    if (differences.length > 0)
      throw new StudioError(
        'conflict',
        `The ablation called ${name} has other settings (then against now):\n${differences.join('\n')}`,
        {
          place: planFile,
          remedy: 'Give the settings of then, or another --name.',
        },
      );
    return before;
  }
  const plan: AblationPlan = {
    version: 1,
    runFile: slashed(path.relative(folder, file)),
    ...(sft
      ? { from: `${path.basename(sft.file)}, trained with each seed`, base: wanted.base }
      : await fromCheckpoint(arms, folder, file, wanted.base)),
    sft: wanted.sft,
  };
  await mkdir(arms, { recursive: true });
  await replaceFile(planFile, `${JSON.stringify(plan, null, 1)}\n`);
  return plan;
}

async function readSft(file: string): Promise<RunFile> {
  const read = await readRunFile(file);
  if (read.method === 'sft') return read;
  throw new StudioError('bad-run-file', `--sft names an sft run; this one's method is ${read.method}.`, {
    place: file,
  });
}

const slashed = (place: string) => place.replaceAll(path.sep, '/');

/** A run file with settings in it, and its paths relative to another folder. */
function movedTo(folder: string, read: RunFile, { file, settings }: SetRunFile): RunFile {
  parametersOfRun(read, settings);
  const moved = (place: string) => slashed(path.relative(folder, path.resolve(path.dirname(file), place)));
  const { evaluationDataset, promptTemplate, allowedRoots, model, $schema: _schema, ...rest } = read;
  return runFile.parse({
    ...rest,
    dataset: moved(read.dataset),
    ...(evaluationDataset && { evaluationDataset: moved(evaluationDataset) }),
    ...(promptTemplate && { promptTemplate: moved(promptTemplate) }),
    ...(allowedRoots && { allowedRoots: allowedRoots.map(moved) }),
    model:
      'checkpoint' in model
        ? {
            checkpoint: moved(model.checkpoint),
            ...(model.tokenizer !== undefined && { tokenizer: moved(model.tokenizer) }),
          }
        : model,
    parameters: { ...read.parameters, ...settings },
  });
}

/** The one checkpoint that all arms start from. @throws StudioError `bad-run-file`, `not-found` */
async function fromCheckpoint(
  arms: string,
  folder: string,
  file: string,
  base: RunFile,
): Promise<Pick<AblationPlan, 'from' | 'base'>> {
  const { model } = base;
  if ('size' in model)
    throw new StudioError('bad-run-file', 'The run starts from new weights; the arms must start from one checkpoint.', {
      place: file,
      remedy: 'Let "model" name a run or a checkpoint: {"run": "sft"}.',
    });
  const found =
    'run' in model
      ? await findCheckpoint(model.run, folder, model.step)
      : await findCheckpoint(path.resolve(arms, model.checkpoint), folder);
  return {
    from: checkpointName(found),
    base: { ...base, model: { checkpoint: slashed(path.relative(arms, found.folder)) } },
  };
}

/** @throws StudioError `conflict` */
async function readAblationPlan(planFile: string): Promise<AblationPlan> {
  const json = parseJson(await readFile(planFile, 'utf8'));
  const checked = ablationPlan.safeParse(json);
  if (checked.success) return checked.data;
  const why = json === undefined ? 'it is not JSON' : faultLine(ablationPlan, json, checked.error, 'the file');
  throw new StudioError('conflict', `This is no plan of an ablation: ${why}.`, {
    place: planFile,
    remedy: 'Remove the file, or give the ablation another --name.',
  });
}
