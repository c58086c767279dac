/** Folders in the system's temporary one that are this process's own; those that killed processes left behind are taken away. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * A new folder, readable by this user alone and the caller's to remove.
 * @param prefix names what it is for, and tells its leftovers from others'
 */
export function temporaryFolder(prefix: string): string {
  removeLeftovers(prefix);
  return mkdtempSync(path.join(tmpdir(), `${prefix}${process.pid}-`));
}

function removeLeftovers(prefix: string): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : 0;
    if (!(owner > 0) || isAlive(owner)) continue;
    try {
      rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // Another user's: it is not ours to remove.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
