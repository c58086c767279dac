/** Finds a checkpoint and what its run was made with, for commands that work beside the trainer: nothing is locked or changed. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { adapterConfigFile, refuseOtherForms } from '../engines/model-forms.ts';
import { trainerFolder } from '../protocol/discovery.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { fileListName, filesFault } from './checkpoint-files.ts';
import { type ControllerState, checkpointAsked, controllerFile, readControllerState } from './checkpoints.ts';
import { noRun, ofRun, unreadableNewest, withCheckpointNamed } from './no-run.ts';
import { planFile, type RunPlan, readPlan } from './plan.ts';

export interface FoundCheckpoint {
  readonly folder: string;
  /** Null for a model that no run of ours has made. */
  readonly state: ControllerState | null;
  readonly plan: RunPlan | null;
}

/** What records call a checkpoint: run and step, or the name of a model's folder. */
export function checkpointName({ state, folder }: FoundCheckpoint): string {
  return state ? `${state.run}, step ${state.step}` : path.basename(folder);
}

/**
 * A checkpoint by its folder or, with a project folder, by the name or id of a run: then its newest, of the newest run that
 * has one.
 * @param step the checkpoint of this step instead of the newest
 * @param takesAdapters whether a LoRA adapter's folder will do
 * @throws StudioError `not-found`, also where the newest is not whole; `bad-model`; `bad-run-file` where the run's plan can't be read
 */
export async function findCheckpoint(
  named: string,
  projectFolder: string | null,
  step?: number,
  takesAdapters = false,
): Promise<FoundCheckpoint> {
  const files = ['config.json', ...(takesAdapters ? [adapterConfigFile] : [])];
  if (files.some((name) => existsSync(path.join(named, name)))) {
    const folder = path.resolve(named);
    if (step !== undefined)
      throw new StudioError('bad-request', 'A checkpoint’s folder is of one step; --from goes with a run.', {
        place: named,
      });
    const fault = existsSync(path.join(folder, fileListName)) ? await filesFault(folder) : null;
    if (fault !== null)
      throw new StudioError('bad-model', `This checkpoint is not whole: ${fault}.`, {
        place: folder,
        remedy: 'Use another checkpoint, or put the file back.',
      });
    const runFolder = path.resolve(folder, '..', '..');
    const plan = existsSync(path.join(runFolder, planFile)) ? await readPlan(runFolder) : null;
    if (!takesAdapters || !existsSync(path.join(folder, adapterConfigFile)))
      await refuseOtherForms(folder, plan?.engine.name === 'verl');
    const state = existsSync(path.join(folder, controllerFile)) ? await readControllerState(folder) : null;
    return { folder, state, plan };
  }
  // No run is called so: it is a path, and what lies there is no model.
  if (/[/\\]/.test(named) || (projectFolder === null && existsSync(named))) await refuseOtherForms(named);
  if (projectFolder === null)
    throw new StudioError('bad-model', 'There is no such folder.', {
      place: named,
      remedy: 'Name a checkpoint’s folder, or a run together with --folder.',
    });
  const runsFolder = path.join(projectFolder, trainerFolder, 'runs');
  const ids = existsSync(runsFolder) ? await readdir(runsFolder) : [];
  const faults = new Map<string, StudioError>();
  const found = await Promise.all(
    ids.map(async (id) => {
      const runFolder = path.join(runsFolder, id);
      try {
        // Its plan is written once, when the run is created.
        const plan = await readPlan(runFolder);
        return { id, runFolder, plan, createdMs: (await stat(path.join(runFolder, planFile))).mtimeMs };
      } catch (thrown) {
        faults.set(id, await withCheckpointNamed(asStudioError(thrown), runFolder));
        return null;
      }
    }),
  );
  const newestFirst = found
    .filter((run) => run !== null)
    .filter(({ id, plan }) => id === named || plan.name === named)
    .sort((a, b) => b.createdMs - a.createdMs);
  const own = faults.get(named);
  const fault = own ? ofRun(named, own) : unreadableNewest(named, faults, newestFirst[0]?.id);
  if (fault) throw fault;
  for (const { runFolder, plan } of newestFirst) {
    const checkpoint = await checkpointAsked(runFolder, step);
    if (checkpoint) return { ...checkpoint, plan };
  }
  if (newestFirst.length === 0 && /-\d+$/.test(named)) throw noRun(runsFolder, named);
  throw new StudioError('not-found', `No run called ${named} has a checkpoint.`, {
    place: projectFolder,
    remedy: 'Name a run that has been trained, or a checkpoint’s folder.',
  });
}
