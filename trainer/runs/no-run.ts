/** Why a run can't be had: its records are damaged, its folder has another name, or it is not there. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { StudioError } from '../protocol/errors.ts';
import { heldRun } from '../store/born-at.ts';
import { storeFile } from '../store/run-store.ts';
import { checkpointsOf } from './checkpoints.ts';

/** The fault of a run whose folder has got another name; null where no folder holds it. */
export function renamedRun(runsFolder: string, id: string): StudioError | null {
  for (const name of foldersOf(runsFolder)) {
    if (name === id || heldRun(path.join(runsFolder, name, storeFile)) !== id) continue;
    return new StudioError('not-found', `No folder is called ${id}, but the folder ${name} holds the run ${id}.`, {
      place: path.join(runsFolder, name),
      remedy: `Call the folder ${id} again.`,
    });
  }
  return null;
}

/** The fault of a run that no folder has the name of. @param runsFolder where the project's runs lie */
export function noRun(runsFolder: string, id: string): StudioError {
  const renamed = renamedRun(runsFolder, id);
  if (renamed) return renamed;
  return new StudioError('not-found', `There is no run ${id}.`, {
    place: runsFolder,
    remedy: 'It may have been deleted; read the list of runs again.',
  });
}

function foldersOf(runsFolder: string): string[] {
  try {
    return readdirSync(runsFolder).sort();
  } catch {
    // Where there is no such folder there is no run.
    return [];
  }
}

/** The fault of a run, said of the run. */
export function ofRun(id: string, { kind, message, place, remedy, cause }: StudioError): StudioError {
  return new StudioError(kind, `The run ${id} can't be read. ${message}`, {
    ...(place && { place }),
    ...(remedy && { remedy }),
    cause,
  });
}

/**
 * The fault of the newest run of a name, where that one can't be read: an older one does not take its place unasked. Such a run
 * is known by its folder alone, which is called after its name.
 * @param faults by the run's id
 * @param readable the id of the newest one that can be read
 */
export function unreadableNewest(
  name: string,
  faults: ReadonlyMap<string, StudioError>,
  readable: string | undefined,
): StudioError | null {
  const numberOf = (id: string) => Number(/-(\d+)$/.exec(id)?.[1] ?? 0);
  const [newest] = [...faults]
    .filter(([id]) => id.replace(/-\d+$/, '') === name)
    .sort(([a], [b]) => numberOf(b) - numberOf(a));
  if (!newest || (readable !== undefined && numberOf(newest[0]) < numberOf(readable))) return null;
  return ofRun(...newest);
}

/** What is lost with a run's records is not its weights: the fault of a run that has some says where they lie. */
export async function withCheckpointNamed(fault: StudioError, runFolder: string): Promise<StudioError> {
  const newest = await checkpointsOf(runFolder, 1).then(
    ({ whole }) => whole[0],
    () => undefined,
  );
  if (!newest) return fault;
  const { kind, message, place, remedy, cause } = fault;
  const usable = `Its weights of step ${newest.state.step} can be used: a run file takes them as "model": {"checkpoint": ${JSON.stringify(newest.folder)}}.`;
  return new StudioError(kind, message, {
    ...(place && { place }),
    remedy: [remedy, usable].filter(Boolean).join(' '),
    cause,
  });
}
