/** A place that is named on the command line for what a command writes: looked at before anything is begun. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { StudioError } from '../../protocol/errors.ts';

/**
 * What would take its name is of the same kind.
 * @param name of a file in a folder, for an example
 * @throws StudioError `bad-request` where a folder stands in a file's place, or a file in a folder's
 */
export function requireRoom(out: string, isFolder: boolean, name: string): void {
  const there = statSync(out, { throwIfNoEntry: false });
  if (there === undefined || there.isDirectory() === isFolder) return;
  throw new StudioError(
    'bad-request',
    `--out ${out} is a ${isFolder ? 'file, and a folder' : 'folder, and a file'} is written.`,
    {
      remedy: isFolder ? 'Name a folder.' : `Name a file in it, such as ${path.join(out, name)}.`,
    },
  );
}
