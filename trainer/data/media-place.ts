/** Where a row's video or image lies: its path taken from the dataset's folder, links followed, and never outside of it; and
 * how another dataset of the same media names it. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { StudioError } from '../protocol/errors.ts';

export type MediaPlace =
  | { readonly kind: 'file'; readonly real: string }
  | { readonly kind: 'missing'; readonly reason: string; readonly cause: Error }
  | { readonly kind: 'outside' };

/**
 * @param realFolder the dataset's folder, symbolic links resolved
 * @param named the row's `path`, which `climbsOut` has passed; a percent sign in it is a percent sign
 */
export function findMedia(realFolder: string, named: string): MediaPlace {
  let real: string;
  try {
    real = realpathSync(path.resolve(realFolder, named.replaceAll('\\', '/')));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'is not there' : `can't be reached (${code ?? 'no reason given'})`;
    return { kind: 'missing', reason, cause: cause as Error };
  }
  return isInside(realFolder, real) ? { kind: 'file', real } : { kind: 'outside' };
}

/** Whether an absolute path is the folder or lies below it. */
export function isInside(folder: string, full: string): boolean {
  const relative = path.relative(folder, full);
  return !(relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative));
}

/**
 * How a path of a dataset's rows is written in a dataset of the folder `out`; null where it stays as it is.
 * @throws StudioError `bad-request` when it would climb out of it
 */
export function pathRewriter(datasetFolder: string, out: string): ((named: string) => string) | null {
  const [from, to] = [realpathSync(datasetFolder), realpathSync(out)];
  if (from === to) return null;
  if (!isInside(to, from))
    throw new StudioError('bad-request', `The media of the dataset do not lie below ${out}.`, {
      place: datasetFolder,
      remedy: `Name the dataset's folder ${datasetFolder} or one above it: training takes no path that leads out of a dataset's folder.`,
    });
  const prefix = path.relative(to, from).replaceAll(path.sep, '/');
  return (named) => `./${path.posix.join(prefix, named.replaceAll('\\', '/'))}`;
}
