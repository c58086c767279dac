/** What a run was created with and keeps for its life: the run file with its paths resolved. Stored beside the database. */
import { existsSync } from 'node:fs';
import { readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { isSplit } from '../data/forms/dataset-parts.ts';
import { StudioError } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';
import { jsonOf, parseJson } from '../protocol/json.ts';
import { method } from '../protocol/parameters.ts';
import {
  type EngineSettings,
  engineSettings,
  type ModelSource,
  modelSource,
  presetName,
  type RunFile,
} from '../protocol/runfile.ts';
import { bornAt } from '../store/born-at.ts';
import { storeFile } from '../store/run-store.ts';
import { ProjectPaths, projectOfRun } from './project-paths.ts';

const planShape = {
  name: z.string(),
  method,
  preset: presetName,
  dataset: z.string(),
  evaluationDataset: z.string().nullable(),
  promptTemplate: z.string().nullable(),
  runFile: z.string(),
  model: modelSource,
  engine: engineSettings,
  seed: z.number().int(),
  /** Null takes sources as the dataset has them, as do plans that were written before there was a choice. */
  sourceWeights: z.record(z.string(), z.number()).nullable().default(null),
};

/** As it lies on the disk, with its paths as `ProjectPaths` writes them; those of version 1 are all absolute. */
const storedPlan = z.discriminatedUnion('version', [
  z.strictObject({
    version: z.literal(2),
    ...planShape,
    allowedRoots: z.array(z.string()),
    moved: z.record(z.string(), z.string()),
  }),
  z.strictObject({ version: z.literal(1), ...planShape }),
]);
type StoredPlan = z.infer<typeof storedPlan>;

const planFields = z.object(planShape);

/** With absolute paths, which `paths` has found. */
export interface RunPlan extends z.infer<typeof planFields> {
  /** Folders outside of a dataset's own that its links may lead into. */
  readonly allowedRoots: readonly string[];
  readonly paths: ProjectPaths;
}

export const planFile = 'plan.json';

/**
 * @param allowedRoots beside those of the run file, absolute
 * @throws StudioError `bad-run-file` when a file that it names is not there
 */
export function planOf(project: string, file: string, read: RunFile, allowedRoots: readonly string[] = []): RunPlan {
  const folder = path.dirname(file);
  const resolve = (key: string, name: string): string => {
    const resolved = path.resolve(folder, name);
    if (!existsSync(resolved) && !(key !== 'promptTemplate' && isSplit(resolved)))
      throw new StudioError('bad-run-file', `${key} names ${name}, which is not there.`, {
        place: file,
        remedy: "Paths are relative to the run file's folder.",
      });
    return resolved;
  };
  const resolveAny = (key: string, name: string | undefined) => (name === undefined ? null : resolve(key, name));
  return {
    name: read.name,
    method: read.method,
    preset: read.preset,
    dataset: resolve('dataset', read.dataset),
    evaluationDataset: resolveAny('evaluationDataset', read.evaluationDataset),
    promptTemplate: resolveAny('promptTemplate', read.promptTemplate),
    runFile: file,
    model: modelWithPaths(read.model, (named) => path.resolve(folder, named)),
    engine: engineWithPaths(read.engine, (named) => path.resolve(folder, named)),
    seed: read.seed,
    sourceWeights: read.sourceWeights ?? null,
    allowedRoots: [
      ...new Set([...(read.allowedRoots ?? []).map((root) => resolve('allowedRoots', root)), ...allowedRoots]),
    ],
    paths: new ProjectPaths(project),
  };
}

function modelWithPaths(model: ModelSource, place: (path: string) => string): ModelSource {
  if (!('checkpoint' in model)) return model;
  const { checkpoint, tokenizer } = model;
  return { checkpoint: place(checkpoint), ...(tokenizer !== undefined && { tokenizer: place(tokenizer) }) };
}

/** Of the engine's own files; a program without a folder is one of the search path. */
export function engineWithPaths(engine: EngineSettings, place: (path: string) => string): EngineSettings {
  if (engine.name !== 'verl') return engine;
  const { python, attach } = engine;
  return {
    ...engine,
    ...(python !== undefined && /[\\/]/.test(python) && { python: place(python) }),
    ...(attach !== undefined && { attach: { ...attach, tokenFile: place(attach.tokenFile) } }),
  };
}

/** A plan with each of its paths written, or found again. */
function withPaths<T extends z.infer<typeof planFields>>(plan: T, place: (path: string) => string): T {
  const any = (named: string | null) => (named === null ? null : place(named));
  return {
    ...plan,
    dataset: place(plan.dataset),
    evaluationDataset: any(plan.evaluationDataset),
    promptTemplate: any(plan.promptTemplate),
    runFile: place(plan.runFile),
    model: modelWithPaths(plan.model, place),
    engine: engineWithPaths(plan.engine, place),
  };
}

/** The plan with what has moved found where it lies now. @param moved from where to where; absolute, or relative to the project */
export function planWithMoved(plan: RunPlan, moved: readonly (readonly [from: string, to: string])[]): RunPlan {
  const paths = moved.reduce((now, [from, to]) => now.with(from, to), plan.paths);
  const find = (place: string) => paths.find(plan.paths.record(place));
  return { ...withPaths(plan, find), allowedRoots: plan.allowedRoots.map(find), paths };
}

export async function writePlan(runFolder: string, plan: RunPlan): Promise<void> {
  const { paths, ...fields } = plan;
  const record = (place: string) => paths.record(place);
  const stored: StoredPlan = {
    version: 2,
    ...withPaths(fields, record),
    allowedRoots: plan.allowedRoots.map(record),
    moved: paths.moved,
  };
  const file = path.join(runFolder, planFile);
  await writeFile(`${file}.new`, `${JSON.stringify(stored, null, 2)}\n`);
  // By the age of its plan a run is told from others of its name.
  const before = await stat(file).catch(() => null);
  if (before) await utimes(`${file}.new`, before.atime, before.mtime);
  await rename(`${file}.new`, file);
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
  const checked = storedPlan.safeParse(json);
  if (!checked.success)
    throw fault(`The run's plan does not fit: ${faultLine(storedPlan, json, checked.error, 'the plan')}.`);
  const { version: _, ...stored } = checked.data;
  const project = projectOfRun(runFolder);
  if ('moved' in stored) {
    const { moved, ...fields } = stored;
    const paths = new ProjectPaths(project, moved);
    const find = (place: string) => paths.find(place);
    return { ...withPaths(fields, find), allowedRoots: fields.allowedRoots.map(find), paths };
  }
  // What lay inside the project then lies inside it now, wherever the project stands and whoever has a copy of it.
  const born = bornAt(path.join(runFolder, storeFile), stored.runFile);
  const former = new ProjectPaths(project, born === null ? {} : { [born]: '.' });
  const find = (place: string) => former.find(path.win32.isAbsolute(place) ? place.replaceAll('\\', '/') : place);
  return { ...withPaths(stored, find), allowedRoots: [], paths: new ProjectPaths(project) };
}

/** Whether the plan of this folder is of a version whose records hold absolute paths. @returns where its project stood */
export async function formerProject(runFolder: string): Promise<string | null> {
  const text = await readFile(path.join(runFolder, planFile), 'utf8').catch(() => '');
  const stored = storedPlan.safeParse(parseJson(text)).data;
  return stored?.version === 1 ? bornAt(path.join(runFolder, storeFile), stored.runFile) : null;
}
