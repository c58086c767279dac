/**
 * Fetches ffmpeg and ffprobe on request, as npm packages, into the user's cache: for a machine that has none. Uses the
 * machine's own npm with its own configuration, and runs no package's script. `ffmpeg.ts` finds what was fetched.
 */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { checkNpm, fetchPackages } from '../programs/npm.ts';
import { StudioError } from '../protocol/errors.ts';
import { ffmpegPackages } from '../protocol/ffmpeg-packages.ts';
import { cachedPrograms, type FfmpegTools, fetchedFolder, versionOf } from './ffmpeg.ts';

const withoutNpm =
  'Install Node.js, which brings npm, or install ffmpeg itself (https://ffmpeg.org/download.html, or "apt install ffmpeg", "brew install ffmpeg", "winget install ffmpeg").';

export interface FetchOptions {
  readonly signal: AbortSignal;
  /** What is being done, in words. */
  onProgress(what: string, done: number, total: number): void;
  /** Folder that is filled; by default in the user's cache. */
  readonly folder?: string;
}

/**
 * Fetches the packages beside the folder and renames them into place, so that an end at any moment leaves nothing half done.
 * @throws StudioError `ffmpeg-missing` where npm is missing or fails, or where there is no build for this machine; the signal's
 *   reason when aborted
 */
export async function fetchFfmpeg(options: FetchOptions): Promise<FfmpegTools> {
  const { signal, onProgress, folder = fetchedFolder() } = options;
  signal.throwIfAborted();
  onProgress('asking npm for its version', 0, 3);
  const parent = path.dirname(folder);
  await mkdir(parent, { recursive: true });
  const draft = await mkdtemp(`${folder}-`);
  try {
    const npm = { signal, kind: 'ffmpeg-missing', withoutNpm } as const;
    await checkNpm(draft, npm);
    onProgress('fetching the packages', 1, 3);
    await writeFile(path.join(draft, 'package.json'), '{"private": true}\n');
    await fetchPackages(draft, ['install', '--include=optional', ...ffmpegPackages], npm);
    onProgress('starting them', 2, 3);
    await checked(draft);
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  const tools = await checked(folder);
  onProgress('ready', 3, 3);
  return tools;
}

async function checked(folder: string): Promise<FfmpegTools> {
  try {
    const programs = await cachedPrograms(folder);
    await versionOf(programs.ffprobe);
    return { ...programs, version: await versionOf(programs.ffmpeg), source: 'cache' };
  } catch (thrown) {
    // These packages throw plain texts.
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new StudioError('ffmpeg-missing', `What npm brought does not run on this machine: ${why}`, {
      remedy: withoutNpm,
      cause: thrown,
    });
  }
}
