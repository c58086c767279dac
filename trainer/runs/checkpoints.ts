/**
 * Checkpoints on disk: a folder in Hugging Face's layout with the optimizer's and the controller's state. Written beside
 * and renamed, so that a kill at any moment leaves the last whole one.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Engine, ModelHandle } from '../engines/engine.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';
import { jsonOf } from '../protocol/json.ts';
import { method, parameterValues } from '../protocol/parameters.ts';
import type { Checkpoint, CheckpointReason } from '../protocol/records.ts';
import { filesFault, type ReadProgress, writeFileList } from './checkpoint-files.ts';
import { pathBelow, projectOfRun } from './project-paths.ts';

/** What the controller needs to go on as if it had never stopped. Randomness is a function of seed and step, so it needs no state. */
export const controllerState = z.strictObject({
  version: z.literal(1),
  run: z.string(),
  name: z.string(),
  method,
  step: z.number().int().min(0),
  /** Position in the order of questions. */
  position: z.number().int().min(0),
  seed: z.number().int(),
  parameters: parameterValues,
});
export type ControllerState = z.infer<typeof controllerState>;

export const controllerFile = 'controller.json';

export function checkpointsFolder(runFolder: string): string {
  return path.join(runFolder, 'checkpoints');
}

/** How a record names the folder of a checkpoint: from the project's folder on. */
export const recordedFolder = (runFolder: string, id: string) =>
  pathBelow(projectOfRun(runFolder), path.join(checkpointsFolder(runFolder), id)) ?? '';

/** Saves; a checkpoint of the same step makes way for it. */
export async function saveCheckpoint(
  runFolder: string,
  engine: Engine,
  policy: ModelHandle,
  state: ControllerState,
  reason: CheckpointReason,
): Promise<Checkpoint> {
  const parent = checkpointsFolder(runFolder);
  const folder = checkpointFolder(runFolder, state.step);
  const id = path.basename(folder);
  const beside = path.join(parent, `.${id}-${randomUUID()}`);
  await mkdir(beside, { recursive: true });
  try {
    const hashes = await engine.saveState(policy, beside);
    await writeFile(path.join(beside, controllerFile), `${JSON.stringify(state, null, 2)}\n`, { flush: true });
    const sizeBytes = await writeFileList(beside, hashes);
    await removeCheckpoint(folder);
    await rename(beside, folder);
    return { id, step: state.step, at: Date.now(), folder: recordedFolder(runFolder, id), sizeBytes, reason };
  } catch (thrown) {
    await rm(beside, { recursive: true, force: true });
    throw thrown;
  }
}

/** Removes what interrupted saves and removals have left. Only while nothing saves into this run. */
export async function removeLeftovers(runFolder: string): Promise<void> {
  const parent = checkpointsFolder(runFolder);
  const names = existsSync(parent) ? await readdir(parent) : [];
  for (const name of names.filter((entry) => entry.startsWith('.')))
    await rm(path.join(parent, name), { recursive: true, force: true });
}

export interface WholeCheckpoint {
  readonly folder: string;
  readonly state: ControllerState;
}

/** A checkpoint that lies there and can't be used. */
export interface BadCheckpoint {
  readonly step: number;
  readonly folder: string;
  /** A clause: "model.safetensors is missing". */
  readonly why: string;
}

/** What lies in a run's folder, newest first: at most `most` whole ones, and the bad ones that are newer than the last of them. */
export async function checkpointsOf(
  runFolder: string,
  most = Number.POSITIVE_INFINITY,
  progress?: ReadProgress,
): Promise<{ whole: WholeCheckpoint[]; bad: BadCheckpoint[] }> {
  const parent = checkpointsFolder(runFolder);
  const names = existsSync(parent) ? await readdir(parent) : [];
  const steps = names.flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  const whole: WholeCheckpoint[] = [];
  const bad: BadCheckpoint[] = [];
  for (const step of steps.sort((a, b) => b - a)) {
    if (whole.length >= most) break;
    const folder = checkpointFolder(runFolder, step);
    const read = await readWhole(folder, step, progress);
    if (typeof read === 'string') bad.push({ step, folder, why: read });
    else whole.push(read);
  }
  return { whole, bad };
}

/** Checkpoints that were looked at, by step: each is read whole once. */
export type CheckpointsRead = Map<number, Promise<WholeCheckpoint | string>>;

/** The whole checkpoint nearest to a step; of two as near the earlier. Null where none is whole. */
export async function nearestCheckpoint(
  runFolder: string,
  wantedStep: number,
  known: CheckpointsRead = new Map(),
): Promise<WholeCheckpoint | null> {
  const parent = checkpointsFolder(runFolder);
  const names = existsSync(parent) ? await readdir(parent) : [];
  const steps = names.flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  const distance = (step: number): number => Math.abs(step - wantedStep);
  for (const step of steps.sort((a, b) => distance(a) - distance(b) || a - b)) {
    const reading = known.get(step) ?? readWhole(checkpointFolder(runFolder, step), step);
    known.set(step, reading);
    const read = await reading;
    if (typeof read !== 'string') return read;
  }
  return null;
}

export function checkpointFolder(runFolder: string, step: number): string {
  return path.join(checkpointsFolder(runFolder), `step-${String(step).padStart(6, '0')}`);
}

/**
 * The checkpoint of a step. Null for the beginning of a run that has none of step 0.
 * @throws StudioError `not-found` naming the steps that can be had
 */
export async function checkpointAt(
  runFolder: string,
  step: number,
  progress?: ReadProgress,
): Promise<WholeCheckpoint | null> {
  const folder = checkpointFolder(runFolder, step);
  if (step === 0 && !existsSync(folder)) return null;
  const read = await readWhole(folder, step, progress);
  if (typeof read !== 'string') return read;
  const { whole } = await checkpointsOf(runFolder);
  throw new StudioError('not-found', `The checkpoint of step ${step} can't be used: ${read}.`, {
    place: folder,
    remedy: whole.length === 0 ? 'There is no whole one.' : `Whole ones: ${stepsOf(whole)}.`,
  });
}

/**
 * The checkpoint of a step, or else the newest. Null where there is none.
 * @throws StudioError `not-found` as `checkpointAt`, and where the newest is not whole: an older one must be asked for
 */
export async function checkpointAsked(runFolder: string, step: number | undefined): Promise<WholeCheckpoint | null> {
  if (step !== undefined) return checkpointAt(runFolder, step);
  const { whole, bad } = await checkpointsOf(runFolder, 1);
  const [fault] = bad;
  if (!fault) return whole[0] ?? null;
  throw new StudioError('not-found', `The checkpoint of step ${fault.step} can't be used: ${fault.why}.`, {
    place: fault.folder,
    remedy:
      whole.length === 0
        ? 'There is no whole one.'
        : `The newest whole one is of step ${stepsOf(whole)}: name that step (--from, or "step" in a run file).`,
  });
}

const stepsOf = (whole: readonly WholeCheckpoint[]) => whole.map(({ state }) => state.step).join(', ');

/** The checkpoint, or what is wrong with it, as a clause. @param step that its name says */
export async function readWhole(
  folder: string,
  step: number,
  progress?: ReadProgress,
): Promise<WholeCheckpoint | string> {
  const fault = existsSync(folder) ? await filesFault(folder, progress) : 'its folder is not there';
  if (fault !== null) return fault;
  try {
    const state = await readControllerState(folder);
    return state.step === step ? { folder, state } : `it holds step ${state.step}`;
  } catch (thrown) {
    return asStudioError(thrown).message;
  }
}

/**
 * Puts checkpoints of later steps aside, where no resume takes them: the run goes on from before them. Nothing is deleted.
 * @returns how many there were
 */
export async function setAsideAfter(runFolder: string, step: number): Promise<number> {
  const parent = checkpointsFolder(runFolder);
  const names = existsSync(parent) ? await readdir(parent) : [];
  const later = names.filter((name) => Number(/^step-(\d+)$/.exec(name)?.[1] ?? -1) > step);
  if (later.length === 0) return 0;
  const numbers = names.map((name) => Number(/^superseded-(\d+)$/.exec(name)?.[1] ?? 0));
  const aside = path.join(parent, `superseded-${Math.max(0, ...numbers) + 1}`);
  await mkdir(aside);
  for (const name of later) await rename(path.join(parent, name), path.join(aside, name));
  return later.length;
}

/** @throws StudioError `bad-model` when the folder is no checkpoint of ours. */
export async function readControllerState(folder: string): Promise<ControllerState> {
  const file = path.join(folder, controllerFile);
  let json: unknown;
  try {
    json = jsonOf(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new StudioError('bad-model', `${controllerFile} can't be read: ${(cause as Error).message}`, {
      place: folder,
      remedy: 'Delete this checkpoint; the run goes on from the one before.',
      cause,
    });
  }
  const checked = controllerState.safeParse(json);
  if (!checked.success)
    throw new StudioError(
      'bad-model',
      `${controllerFile} does not fit: ${faultLine(controllerState, json, checked.error, 'it')}.`,
      {
        place: folder,
        remedy: 'Delete this checkpoint; the run goes on from the one before.',
      },
    );
  return checked.data;
}

/** Removes a checkpoint's folder; one that is not there is no fault. */
export async function removeCheckpoint(folder: string): Promise<void> {
  // Renamed first: a removal that is cut short must not leave half a checkpoint under a whole one's name.
  const doomed = path.join(path.dirname(folder), `.removed-${randomUUID()}`);
  try {
    await rename(folder, doomed);
  } catch (thrown) {
    // A person may have removed it.
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw thrown;
  }
  await rm(doomed, { recursive: true, force: true });
}
