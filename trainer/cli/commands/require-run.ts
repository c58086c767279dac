/** A run that is named on the command line: looked for in the project before anything is begun. */
import { existsSync, readdirSync } from 'node:fs';
import { StudioError } from '../../protocol/errors.ts';
import { nearestClause } from '../../protocol/nearest.ts';
import { renamedRun } from '../../runs/no-run.ts';
import { runsFolder } from '../../runs/project-paths.ts';

/** @throws StudioError `not-found` naming the folder that holds the run under another name, or the runs that are there */
export function requireRun(folder: string, id: string): void {
  const runs = runsFolder(folder);
  const ids = existsSync(runs) ? readdirSync(runs) : [];
  if (ids.includes(id)) return;
  const renamed = renamedRun(runs, id);
  if (renamed) throw renamed;
  throw new StudioError('not-found', `There is no run ${id} in this folder${nearestClause(id, ids)}.`, {
    place: folder,
    remedy:
      ids.length === 0 ? 'It holds no runs; name the project with --folder.' : `Its runs: ${ids.sort().join(', ')}.`,
  });
}
