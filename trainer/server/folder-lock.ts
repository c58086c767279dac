/**
 * One trainer owns a project folder. The lock ends with the process in whatever way that ends: there is no stale lock to judge
 * by process ids. The discovery file beside it only informs.
 */
import { type Dirent, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Discovery, discovery, discoveryFile, logFile, trainerFolder } from '../protocol/discovery.ts';
import { StudioError } from '../protocol/errors.ts';
import { openPrivateFolder, othersMayRead } from '../store/private-folder.ts';
import { holdFile } from '../store/process-lock.ts';

/** Inside `trainerFolder`. */
export const lockFile = 'trainer.lock';

export interface FolderLock {
  readonly projectFolder: string;
  /** What the folder can't keep private, each with its remedy; empty where it can. */
  readonly warnings: readonly string[];
  /**
   * Tells clients where the trainer listens: writes the discovery file, readable by its owner alone, in one piece.
   * @returns a warning where the file system lets others read it all the same: it holds the token
   */
  publish(at: Discovery): string | null;
  /** Removes the discovery file and lets go of the folder. */
  dispose(): void;
  /** The same when nothing came of it: a folder that was made for this is not left behind, unless others have put something there. */
  abandon(): void;
}

/**
 * Takes a project folder for this process. What a trainer that was killed left in the discovery file is removed.
 * @throws StudioError `folder-busy` with the pid and port of the trainer that has it; as `openPrivateFolder`
 */
export function lockFolder(projectFolder: string): FolderLock {
  const folder = join(projectFolder, trainerFolder);
  const { isNew, warnings } = openPrivateFolder(folder);
  const path = join(folder, discoveryFile);
  const lock = holdFile(join(folder, lockFile), (cause) => {
    const owner = readDiscovery(path);
    return new StudioError(
      'folder-busy',
      `Another trainer works on this folder: ${owner ? `process ${owner.pid}, port ${owner.port}` : 'it is just starting'}.`,
      {
        place: projectFolder,
        remedy:
          'Attach to it ("Video-R1: Attach to Trainer"), train in it with video-r1 run or video-r1 ctl queue, or end it first.',
        cause,
      },
    );
  });
  rmSync(path, { force: true });
  const dispose = () => {
    rmSync(path, { force: true });
    lock.dispose();
  };
  return {
    projectFolder,
    warnings,
    dispose,
    abandon() {
      dispose();
      if (isNew) removeUnused(folder);
    },
    publish(at) {
      const temporary = `${path}.${process.pid}`;
      rmSync(temporary, { force: true });
      writeFileSync(temporary, `${JSON.stringify(at, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
      const isOpen = othersMayRead(temporary);
      renameSync(temporary, path);
      return isOpen
        ? `${path} holds the secret that lets a program in, and others who can reach this disk may read it: the file system keeps no permissions. Put the project on a disk that does where that matters.`
        : null;
    },
  };
}

/** What a start leaves that came to nothing: files of the trainer alone, and folders without anything in them. */
const ownFiles: readonly string[] = [lockFile, logFile];
const ownFolders: readonly string[] = ['runs', 'exports', 'cache'];

/** Removes the folder where nothing else is in it; labels that somebody writes meanwhile stay, whenever they come. */
function removeUnused(folder: string): void {
  try {
    const left = readdirSync(folder, { withFileTypes: true });
    const isOwn = (entry: Dirent) => (entry.isDirectory() ? ownFolders : ownFiles).includes(entry.name);
    if (!left.every(isOwn)) return;
    for (const entry of left) {
      const place = join(folder, entry.name);
      if (entry.isDirectory()) rmdirSync(place);
      else rmSync(place, { force: true });
    }
    rmdirSync(folder);
  } catch {
    // It is not empty: that it stays is what is wanted.
  }
}

/** What the discovery file says; null when it is not there or not whole. */
function readDiscovery(path: string): Discovery | null {
  try {
    return discovery.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return null;
  }
}
