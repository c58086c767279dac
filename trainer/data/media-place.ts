/** Where a row's video or image lies: its path taken from the dataset's folder, links followed, and never outside of it. */
import { realpathSync } from 'node:fs';
import path from 'node:path';

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
