/** Where a row's video or image lies: its path taken from the dataset's folder, links followed, and never outside of it or of
 * the roots that a person allowed; and how another dataset of the same media names it. */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { StudioError } from '../protocol/errors.ts';

export type MediaPlace =
  | { readonly kind: 'file'; readonly real: string }
  | { readonly kind: 'missing'; readonly reason: string; readonly cause: Error }
  | { readonly kind: 'outside'; readonly real: string };

/** Where the media of a dataset may lie; all absolute, symbolic links resolved. */
export interface MediaRoots {
  /** The dataset's, from which its paths start. */
  readonly folder: string;
  /** Folders that links may lead into besides. */
  readonly allowed: readonly string[];
}

/** @param allowedRoots folders that a person allowed; one that is not there now allows nothing */
export function mediaRoots(datasetFolder: string, allowedRoots: readonly string[] = []): MediaRoots {
  const folder = realpathSync(datasetFolder);
  const roots = allowedRoots.filter((root) => existsSync(root)).map((root) => realpathSync(root));
  return { folder, allowed: [...roots, ...hubBlobs(folder)] };
}

/**
 * In the cache of Hugging Face's Hub the files of a repository's snapshot are links to `blobs` beside the snapshots:
 * `datasets--OWNER--NAME/{blobs,snapshots/REVISION}`. Both were downloaded together.
 */
function hubBlobs(folder: string): string[] {
  const parts = folder.split(path.sep);
  const at = parts.lastIndexOf('snapshots');
  if (at < 1 || at === parts.length - 1 || !/^(datasets|models|spaces)--/.test(parts[at - 1] ?? '')) return [];
  const blobs = [...parts.slice(0, at), 'blobs'].join(path.sep);
  // A `blobs` that is a link itself would lead anywhere.
  return existsSync(blobs) && realpathSync(blobs) === blobs ? [blobs] : [];
}

/** @param named the row's `path`, which `climbsOut` has passed; a percent sign in it is a percent sign */
export function findMedia({ folder, allowed }: MediaRoots, named: string): MediaPlace {
  let real: string;
  try {
    real = realpathSync(path.resolve(folder, named.replaceAll('\\', '/')));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'is not there' : `can't be reached (${code ?? 'no reason given'})`;
    return { kind: 'missing', reason, cause: cause as Error };
  }
  return [folder, ...allowed].some((root) => isInside(root, real)) ? { kind: 'file', real } : { kind: 'outside', real };
}

/** What to do about a link that leads out: the line to add, on each face. @param real where it leads */
export function allowRemedy(real: string): string {
  const root = path.dirname(real);
  return `To read it, allow the folder: "allowedRoots": [${JSON.stringify(root)}] in the run file, --allow-root ${root} on the command line, or the setting videoR1.trainer.allowedRoots of the editor.`;
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
