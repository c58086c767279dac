/**
 * The setting that names an ffmpeg, for a machine without one: the packaged extension brings none, and the npm packages
 * that the sources fall back to are not beside it. VS Code's server takes its PATH from the login shell, so a PATH would not do.
 */
import { accessSync, chmodSync, constants, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(path.delimiter).some((folder) => existsSync(path.join(folder, program)));
}

/** @param home folder in which links may be made. @returns nothing where an ffmpeg is on the PATH */
export function ffmpegSetting(home: string): Record<string, string> {
  if (isOnPath('ffmpeg') && isOnPath('ffprobe')) return {};
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
  return { 'videoR1.trainer.ffmpegPath': path.join(folder, 'ffmpeg') };
}
