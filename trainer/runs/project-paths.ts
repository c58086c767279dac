/**
 * How a place is written in what a project keeps, and where it is found again. What lies inside the project is written from
 * the project's folder on, with `/`; an absolute path says that it lies outside. So a project that was moved or copied reads
 * its own files. A place that has moved by itself is mapped to where it lies now.
 */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { trainerFolder } from '../protocol/discovery.ts';

/** From a place as it was written, or a folder above it, to where it lies now, written likewise. */
export type MovedPlaces = Readonly<Record<string, string>>;

const slashed = (place: string) => place.replaceAll('\\', '/');
/** On systems that write `/`, a backslash is a letter like any other. */
const written = (place: string) => (path.sep === '\\' ? slashed(place) : place);

/** The project of a run's folder, `PROJECT/.video-r1/runs/RUN`. */
export function projectOfRun(runFolder: string): string {
  return path.resolve(runFolder, '..', '..', '..');
}

/** Inside a project, where its runs lie. */
export function runsFolder(project: string): string {
  return path.join(project, trainerFolder, 'runs');
}

/** The path from `folder` on, with `/`; null when `place` does not lie below it. */
export function pathBelow(folder: string, place: string): string | null {
  const relative = path.relative(folder, place);
  if (relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)) return null;
  return written(relative) || '.';
}

/** Whether a written place lies outside the project, be it of this system or of another one. */
export function liesOutside(place: string): boolean {
  return path.posix.isAbsolute(place) || path.win32.isAbsolute(place);
}

export class ProjectPaths {
  readonly project: string;
  readonly moved: MovedPlaces;

  /** @param project absolute */
  constructor(project: string, moved: MovedPlaces = {}) {
    this.project = project;
    this.moved = moved;
  }

  /** How an absolute path is written in a record. Links to the project's folder are followed, links inside it are not. */
  record(place: string): string {
    return pathBelow(this.project, place) ?? pathBelow(realPath(this.project), realPath(place)) ?? written(place);
  }

  /** The absolute path of a place as a record has it. */
  find(place: string): string {
    let now = place;
    const open = new Map(Object.entries(this.moved));
    // A place that was mapped may have moved once more; each line of the map is followed once.
    for (;;) {
      const [old] = [...open.keys()]
        .filter((from) => restBelow(from, now) !== null)
        .sort((a, b) => b.length - a.length);
      if (old === undefined) return path.resolve(this.project, now);
      const rest = restBelow(old, now) ?? '';
      now = rest === '' ? (open.get(old) as string) : path.posix.join(open.get(old) as string, rest);
      open.delete(old);
    }
  }

  /** With a place, or a folder with all below it, that has moved; both absolute, or relative to the project. */
  with(from: string, to: string): ProjectPaths {
    const [old, now] = [from, to].map((place) => this.record(path.resolve(this.project, place))) as [string, string];
    return new ProjectPaths(this.project, { ...this.moved, [old]: now });
  }

  /** A text with the paths inside the project written as in a record. */
  inText(text: string): string {
    return text.replaceAll(`${this.project}${path.sep}`, '');
  }
}

/** What of a written place stands after `folder`; null when it does not lie there. */
function restBelow(folder: string, place: string): string | null {
  if (place === folder) return '';
  return place.startsWith(`${folder}/`) ? place.slice(folder.length + 1) : null;
}

function realPath(place: string): string {
  try {
    return realpathSync(place);
  } catch {
    // What is not there has no links to follow.
    return place;
  }
}
