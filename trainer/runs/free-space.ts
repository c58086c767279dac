/** How much room a run has left where it writes. */
import { statfs } from 'node:fs/promises';

/** Free bytes on the disk of a folder, for who is not the system's own; null where that can't be told, as of some network folders. */
export async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize, blocks } = await statfs(folder);
    return blocks === 0 ? null : bavail * bsize;
  } catch {
    return null;
  }
}
