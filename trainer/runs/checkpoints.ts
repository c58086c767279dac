/**
 * Checkpoints on disk: a folder in Hugging Face's layout with the optimizer's and the controller's state. Written beside
 * and renamed, so that a kill at any moment leaves the last whole one.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Engine, ModelHandle } from '../engines/engine.ts';
import { StudioError } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';
import { jsonOf } from '../protocol/json.ts';
import { method, parameterValues } from '../protocol/parameters.ts';
import type { Checkpoint, CheckpointReason, RunEventBody } from '../protocol/records.ts';
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
const recordedFolder = (runFolder: string, id: string) =>
  pathBelow(projectOfRun(runFolder), path.join(checkpointsFolder(runFolder), id)) ?? '';

async function saveCheckpoint(
  runFolder: string,
  engine: Engine,
  policy: ModelHandle,
  state: ControllerState,
  reason: CheckpointReason,
): Promise<Checkpoint> {
  const id = `step-${String(state.step).padStart(6, '0')}`;
  const parent = checkpointsFolder(runFolder);
  const folder = path.join(parent, id);
  const beside = path.join(parent, `.${id}-${randomUUID()}`);
  await mkdir(beside, { recursive: true });
  try {
    await engine.saveState(policy, beside);
    await writeFile(path.join(beside, controllerFile), `${JSON.stringify(state, null, 2)}\n`);
    const sizeBytes = await folderSize(beside);
    if (existsSync(folder)) await removeCheckpoint(folder);
    await rename(beside, folder);
    return { id, step: state.step, at: Date.now(), folder: recordedFolder(runFolder, id), sizeBytes, reason };
  } catch (thrown) {
    await rm(beside, { recursive: true, force: true });
    throw thrown;
  }
}

/** Where the checkpoints of a run are written down. */
export interface CheckpointBook {
  checkpoints(): Checkpoint[];
  record(body: RunEventBody): void;
}

/**
 * Saves and writes it down; scheduled checkpoints beyond the number that is kept go, the oldest first.
 * @returns what to tell of it
 */
export async function keepCheckpoint(
  runFolder: string,
  model: { readonly engine: Engine; readonly policy: ModelHandle },
  state: ControllerState,
  reason: CheckpointReason,
  book: CheckpointBook,
): Promise<string> {
  const saved = await saveCheckpoint(runFolder, model.engine, model.policy, state, reason);
  book.record({ type: 'checkpoint', checkpoint: saved });
  const scheduled = book
    .checkpoints()
    .filter((kept) => kept.reason === 'schedule')
    .sort((a, b) => b.step - a.step);
  for (const old of scheduled.slice(state.parameters.checkpointsKept)) {
    await removeCheckpoint(path.join(checkpointsFolder(runFolder), old.id));
    book.record({ type: 'checkpoint-removed', id: old.id });
  }
  return `${saved.id}, ${(saved.sizeBytes / 1e6).toFixed(1)} MB`;
}

/** Removes what interrupted saves and removals have left. Only while nothing saves into this run. */
export async function removeLeftovers(runFolder: string): Promise<void> {
  const parent = checkpointsFolder(runFolder);
  const names = existsSync(parent) ? await readdir(parent) : [];
  for (const name of names.filter((entry) => entry.startsWith('.')))
    await rm(path.join(parent, name), { recursive: true, force: true });
}

/** Newest whole checkpoint of a run, or null. */
export async function newestCheckpoint(runFolder: string): Promise<{ folder: string; state: ControllerState } | null> {
  const parent = checkpointsFolder(runFolder);
  const names = existsSync(parent) ? await readdir(parent) : [];
  const newest = names
    .filter((name) => /^step-\d+$/.test(name))
    .sort()
    .at(-1);
  if (!newest) return null;
  const folder = path.join(parent, newest);
  return { folder, state: await readControllerState(folder) };
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

async function removeCheckpoint(folder: string): Promise<void> {
  // Renamed first: a removal that is cut short must not leave half a checkpoint under a whole one's name.
  const doomed = path.join(path.dirname(folder), `.removed-${randomUUID()}`);
  await rename(folder, doomed);
  await rm(doomed, { recursive: true, force: true });
}

async function folderSize(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
