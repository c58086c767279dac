/**
 * A PATH with ffmpeg on it, as on a machine where a user has installed one: the packaged extension brings none, and the
 * npm packages that the sources fall back to are not beside it.
 */
import { accessSync, chmodSync, constants, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(path.delimiter).some((folder) => existsSync(path.join(folder, program)));
}

/** @param home folder in which links may be made. */
export function pathWithFfmpeg(home: string): string {
  const present = process.env.PATH ?? '';
  if (isOnPath('ffmpeg') && isOnPath('ffprobe')) return present;
  const folder = path.join(home, 'programs');
  mkdirSync(folder, { recursive: true });
  for (const program of ['ffmpeg', 'ffprobe']) {
    const { path: file } = require(`@${program}-installer/${program}`) as { path: string };
    try {
      accessSync(file, constants.X_OK);
    } catch {
      chmodSync(file, 0o755); // packages installed without scripts leave the bit unset
    }
    symlinkSync(file, path.join(folder, program));
  }
  return `${folder}${path.delimiter}${present}`;
}
