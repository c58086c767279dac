/**
 * Fetches ffmpeg and ffprobe on request, as npm packages, into the user's cache: for a machine that has none. Uses the
 * machine's own npm with its own configuration, and runs no package's script. `ffmpeg.ts` finds what was fetched.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
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
    await npm(draft, ['--version'], signal, () => withoutNpm);
    onProgress('fetching the packages', 1, 3);
    await writeFile(path.join(draft, 'package.json'), '{"private": true}\n');
    const quiet = ['--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
    await npm(
      draft,
      ['install', '--ignore-scripts', '--include=optional', ...quiet, '--prefix', '.', ...ffmpegPackages],
      signal,
      () => `Look at npm's own settings and at the network, then try again. ${withoutNpm}`,
    );
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

/** Runs npm to its end. Paths are given by `cwd` alone: on Windows npm is a script, which takes a shell. */
function npm(folder: string, args: readonly string[], signal: AbortSignal, remedy: () => string): Promise<void> {
  const windows = process.platform === 'win32';
  return new Promise((resolve, reject) => {
    const child = spawn('npm', [...args], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      shell: windows,
      windowsHide: true,
      detached: !windows,
    });
    const abort = () => endTree(child);
    signal.addEventListener('abort', abort, { once: true });
    let said = '';
    child.stderr.on('data', (data: Buffer) => {
      said = `${said}${data}`.slice(-2000);
    });
    const fail = (message: string, cause?: unknown) =>
      reject(new StudioError('ffmpeg-missing', message, { remedy: remedy(), cause }));
    child.on('error', (cause: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', abort);
      fail(
        cause.code === 'ENOENT' ? 'There is no npm on this machine.' : `npm does not start: ${cause.message}`,
        cause,
      );
    });
    child.on('close', (code) => {
      signal.removeEventListener('abort', abort);
      if (signal.aborted) reject(signal.reason as Error);
      else if (code === 0) resolve();
      else if (args[0] === '--version') fail('There is no npm on this machine.');
      else fail(`npm could not fetch the packages: ${said.trim() || `it ended with code ${code}`}`);
    });
  });
}

/** npm and what it started. */
function endTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') spawn('taskkill', ['/pid', String(child.pid), '/t', '/f'], { windowsHide: true });
    else process.kill(-child.pid, 'SIGTERM');
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ESRCH') throw failure; // it has ended by itself
  }
}
