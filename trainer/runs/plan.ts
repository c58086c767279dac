/** What a run was created with and keeps for its life: the run file with its paths resolved. Stored beside the database. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { isSplit } from '../data/forms/dataset-parts.ts';
import { StudioError } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';
import { jsonOf } from '../protocol/json.ts';
import { method } from '../protocol/parameters.ts';
import { engineSettings, modelSource, presetName, type RunFile } from '../protocol/runfile.ts';

export const runPlan = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  method,
  preset: presetName,
  /** Absolute paths. */
  dataset: z.string(),
  evaluationDataset: z.string().nullable(),
  promptTemplate: z.string().nullable(),
  runFile: z.string(),
  model: modelSource,
  engine: engineSettings,
  seed: z.number().int(),
  /** Null takes sources as the dataset has them, as do plans that were written before there was a choice. */
  sourceWeights: z.record(z.string(), z.number()).nullable().default(null),
});
export type RunPlan = z.infer<typeof runPlan>;

export const planFile = 'plan.json';

/** @throws StudioError `bad-run-file` when a file that it names is not there. */
export function planOf(file: string, read: RunFile): RunPlan {
  const folder = path.dirname(file);
  const resolve = (key: string, name: string | undefined): string | null => {
    if (name === undefined) return null;
    const resolved = path.resolve(folder, name);
    if (!existsSync(resolved) && !(key !== 'promptTemplate' && isSplit(resolved)))
      throw new StudioError('bad-run-file', `${key} names ${name}, which is not there.`, {
        place: file,
        remedy: "Paths are relative to the run file's folder.",
      });
    return resolved;
  };
  const { model: source } = read;
  const model =
    'checkpoint' in source
      ? {
          checkpoint: path.resolve(folder, source.checkpoint),
          ...(source.tokenizer !== undefined && { tokenizer: path.resolve(folder, source.tokenizer) }),
        }
      : source;
  return {
    version: 1,
    name: read.name,
    method: read.method,
    preset: read.preset,
    dataset: resolve('dataset', read.dataset) as string,
    evaluationDataset: resolve('evaluationDataset', read.evaluationDataset),
    promptTemplate: resolve('promptTemplate', read.promptTemplate),
    runFile: file,
    model,
    engine: read.engine,
    seed: read.seed,
    sourceWeights: read.sourceWeights ?? null,
  };
}

export async function writePlan(runFolder: string, plan: RunPlan): Promise<void> {
  await writeFile(path.join(runFolder, planFile), `${JSON.stringify(plan, null, 2)}\n`);
}

/** @throws StudioError `bad-run-file` when the plan is missing, is not JSON, or does not fit */
export async function readPlan(runFolder: string): Promise<RunPlan> {
  const file = path.join(runFolder, planFile);
  const fault = (message: string, cause?: unknown) =>
    new StudioError('bad-run-file', message, {
      place: file,
      remedy: 'Put back a copy of the file, or delete the run. Its checkpoint folders can still be used.',
      cause,
    });
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw fault(isMissing ? 'The plan of this run is missing.' : `The run's plan can't be read: ${cause}`, cause);
  }
  let json: unknown;
  try {
    json = jsonOf(text);
  } catch (cause) {
    throw fault(`The run's plan is not JSON: ${(cause as Error).message}`, cause);
  }
  const checked = runPlan.safeParse(json);
  if (!checked.success)
    throw fault(`The run's plan does not fit: ${faultLine(runPlan, json, checked.error, 'the plan')}.`);
  return checked.data;
}
