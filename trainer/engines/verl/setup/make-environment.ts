/**
 * Makes a virtual environment for verl on request, in the user's cache. It is made where it stays, since an environment can't be
 * moved; what tells a whole one is the file that is written last. Ended at any moment, the same call goes on from what pip
 * installed and keeps in its own cache. `environment.ts` finds what is made here.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { runProgram } from '../../../programs/run-program.ts';
import { StudioError } from '../../../protocol/errors.ts';
import { type EnvironmentKind, verlEnvironmentInfo } from '../../../protocol/verl-environments.ts';
import { type HoldFile, holding } from '../../holding.ts';
import { requirementsFile, verlFolder } from '../files.ts';
import { pinnedPackages, pinsOf, pythonIn, readEnvironment, readyFile, type VerlEnvironment } from './environment.ts';
import { InstallProgress, packageFolders } from './install-progress.ts';
import { pipEnvironment, pipInstall, withoutUsersPython } from './pip.ts';
import { requirePython } from './python.ts';
import { runOnce } from './run-once.ts';

export interface MakeOptions {
  readonly kind: EnvironmentKind;
  readonly signal: AbortSignal;
  /** What is being done, in words, with bytes where bytes are moved; else a count of packages, or 0. */
  onProgress(what: string, done: number, total: number): void;
  /** Holds a file against other processes until it is let go. */
  readonly hold: HoldFile;
  /** Folder of both kinds; by default in the user's cache. */
  readonly folder?: string;
  /** Runs an environment once. */
  readonly run?: typeof runOnce;
}

type Work = Required<MakeOptions>;

/** One that tells how many bytes it has fetched. */
const pip = 'pip==26.3';

/**
 * Makes an environment, or runs the one that is there once more. @returns it; `made` when it was not there
 * @throws StudioError `engine-failed` where Python is missing, pip fails or the environment does not run; `conflict` while another
 *   process makes it; `disk-full`; the signal's reason when aborted
 */
export async function makeEnvironment(options: MakeOptions): Promise<VerlEnvironment & { made: boolean }> {
  const work: Work = { folder: verlFolder(homedir()), run: runOnce, ...options };
  const { kind, signal } = work;
  refuseOtherPlatforms(kind);
  signal.throwIfAborted();
  const folder = path.join(work.folder, kind);
  return await holding(held(work), async () => {
    const there = readEnvironment(kind, folder);
    if (there === null) await install(folder, work);
    work.onProgress('Running it once', 0, 0);
    const facts = await work.run(kind, pythonIn(folder), signal);
    await writeReady(folder, { pins: pinsOf(kind), ...facts });
    const environment = readEnvironment(kind, folder);
    if (environment === null)
      throw new StudioError('internal', 'What was written beside the environment can’t be read.', { place: folder });
    return { ...environment, made: there === null };
  });
}

/**
 * Takes an environment away, or what there is of it. @returns whether there was anything
 * @throws StudioError `conflict` while another process makes it
 */
export async function removeEnvironment(
  kind: EnvironmentKind,
  hold: HoldFile,
  folder = verlFolder(homedir()),
): Promise<boolean> {
  return await holding(held({ kind, folder, hold }), async () => {
    const place = path.join(folder, kind);
    if (!existsSync(place)) return false;
    await rm(path.join(place, readyFile), { force: true });
    await rm(place, { recursive: true });
    return true;
  });
}

const held = ({ kind, folder, hold }: Pick<Work, 'kind' | 'folder' | 'hold'>) => ({
  file: path.join(folder, `${kind}.lock`),
  what: 'this environment for verl',
  hold,
});

function refuseOtherPlatforms(kind: EnvironmentKind): void {
  const { platform, arch } = process;
  if (platform === 'linux' || (platform === 'darwin' && kind === 'cpu')) return;
  throw new StudioError(
    'engine-failed',
    `verl runs on Linux${kind === 'cpu' ? ' and macOS' : ', where NVIDIA’s GPUs are'}; this is ${platform} ${arch}.`,
    {
      remedy:
        platform === 'win32'
          ? 'Run the extension inside WSL, or attach to a gateway on another machine (engine.attach).'
          : 'Take the environment for the CPU: video-r1 setup verl --cpu.',
    },
  );
}

async function install(folder: string, { kind, signal, onProgress }: Work): Promise<void> {
  onProgress('Looking for Python', 0, 0);
  await rm(path.join(folder, readyFile), { force: true });
  const { program } = await requirePython(signal);
  await mkdir(folder, { recursive: true });
  await checkSpace(folder, kind);
  const python = pythonIn(folder);
  if (!(await hasPip(python, signal))) {
    onProgress('Making the environment', 0, 0);
    await rm(folder, { recursive: true, force: true });
    await makeEmpty(program, folder, signal);
  }
  await clearHalfInstalled(folder);
  const environment = await pipEnvironment(python, signal);
  await pipInstall(['--quiet', pip], { python, environment, signal });
  const progress = new InstallProgress(folder, pinnedPackages(kind).size, onProgress);
  try {
    await pipInstall(['--progress-bar', 'raw', '--requirement', requirementsFile(kind)], {
      python,
      environment,
      signal,
      onLine: (line) => progress.onLine(line),
    });
  } finally {
    progress.dispose();
  }
}

/** Whether an environment was made there, and its Python is still the one that it was made with. */
async function hasPip(python: string, signal: AbortSignal): Promise<boolean> {
  if (!existsSync(python)) return false;
  const end = await runProgram(python, ['-I', '-m', 'pip', '--version'], { signal });
  return end.kind === 'ended' && end.code === 0;
}

async function makeEmpty(program: string, folder: string, signal: AbortSignal): Promise<void> {
  const end = await runProgram(program, ['-I', '-m', 'venv', folder], {
    signal,
    environment: withoutUsersPython(process.env),
  });
  if (end.kind === 'ended' && end.code === 0) return;
  const why = end.kind === 'ended' ? end.said || `it ended with code ${end.code}` : end.cause.message;
  throw new StudioError('engine-failed', `${program} could not make an environment: ${why}`, { place: folder });
}

async function checkSpace(folder: string, kind: EnvironmentKind): Promise<void> {
  const { diskBytes, fetchBytes } = verlEnvironmentInfo[kind];
  const present = (await packageFolders(folder)).length > 50 ? diskBytes / 2 : 0;
  const needed = diskBytes + fetchBytes - present;
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= needed) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new StudioError(
    'disk-full',
    `The environment needs ${gigabytes(needed)} while it is made; ${gigabytes(bavail * bsize)} are free.`,
    { place: folder, remedy: 'Free some space, or let XDG_CACHE_HOME name a folder on another disk.' },
  );
}

/** pip writes a package's RECORD last: one without was cut off, and pip would take it for whole. */
async function clearHalfInstalled(folder: string): Promise<void> {
  for (const place of await packageFolders(folder))
    if (!existsSync(path.join(place, 'RECORD'))) await rm(place, { recursive: true, force: true });
}

async function writeReady(folder: string, content: object): Promise<void> {
  const draft = path.join(folder, `${readyFile}.draft`);
  await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`);
  await rename(draft, path.join(folder, readyFile));
}
