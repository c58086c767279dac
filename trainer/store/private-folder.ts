/**
 * The folder that a trainer keeps its things in, for its user alone where the file system can do that: a network or memory
 * card's may not, and a folder that another user of the group made may not be changed. It has to be writable, no more.
 */
import { accessSync, chmodSync, constants, mkdirSync, statSync } from 'node:fs';
import { asStudioError, StudioError } from '../protocol/errors.ts';

export interface PrivateFolder {
  /** It was not there before. */
  readonly isNew: boolean;
  /** What it can't keep private, each with its remedy. */
  readonly warnings: readonly string[];
}

/** @throws StudioError `bad-input` for what is no folder, can't be made, or may not be written */
export function openPrivateFolder(folder: string): PrivateFolder {
  const isNew = make(folder);
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { remedy } = asStudioError(cause);
    const owner = statSync(folder).uid;
    const whose = process.getuid && owner !== process.getuid() ? `, which belongs to another user (uid ${owner})` : '';
    throw new StudioError('bad-input', `The trainer keeps its runs in this folder${whose}, and may not write there.`, {
      place: folder,
      remedy:
        remedy ?? 'Give the user who runs the trainer the right to write there, or choose another project folder.',
      cause,
    });
  }
  try {
    chmodSync(folder, 0o700);
  } catch {
    // Whose it is and what can be read of it is said below.
  }
  return { isNew, warnings: warningsOf(folder) };
}

/** @returns whether it was made now */
function make(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory()) return false;
  if (found)
    throw new StudioError('bad-input', 'A file lies where the trainer keeps its runs.', {
      place: folder,
      remedy: 'Move the file away.',
    });
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return true;
  } catch (thrown) {
    throw asStudioError(thrown);
  }
}

function warningsOf(folder: string): string[] {
  if (!othersMayRead(folder)) return [];
  return [
    `${folder} can't be made private: others on this machine may look into it, and see the runs. Let the user who runs the trainer own it, on a disk that keeps permissions, where that matters.`,
  ];
}

/** Whether others than the owner may read a file or folder. Windows keeps that in another way, so there it is never said. */
export function othersMayRead(place: string): boolean {
  return process.platform !== 'win32' && (statSync(place).mode & 0o044) !== 0;
}
