/** Paths that a page asks to open: data wrote them, so they may name only what is inside the project. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';

/** The real path of a file inside the project, or undefined when it lies outside (links followed) or is not there. */
export async function insideProject(project: string, asked: string): Promise<string | undefined> {
  let root: string;
  let file: string;
  try {
    root = await realpath(project);
    file = await realpath(path.resolve(root, asked));
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ERR_INVALID_ARG_VALUE')
      return undefined;
    throw failure;
  }
  const relative = path.relative(root, file);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? undefined : file;
}
