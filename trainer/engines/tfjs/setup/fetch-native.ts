/**
 * Prepares the native backend on request, in the user's cache: TensorFlow's libraries out of Python wheels that pip fetches, and
 * the addon compiled against them from the sources of @tensorflow/tfjs-node-gpu, none of whose scripts run. What was fetched
 * stays until all is ready, so that the same call goes on after an end at any moment. `native.ts` loads what is made here.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { checkNpm, fetchPackages } from '../../../programs/npm.ts';
import { type ProgramEnd, runProgram } from '../../../programs/run-program.ts';
import { StudioError } from '../../../protocol/errors.ts';
import { type HoldFile, holding } from '../../holding.ts';
import { addonSources, nativeFolder, nativeProbe } from '../files.ts';
import { addonBuild, type NativeLibrary, type PreparedFile, readPrepared } from './native-libraries.ts';
import { type NativeKind, wheels as pinnedWheels, preparedBytes, type Wheel } from './native-wheels.ts';
import { unpackWheels } from './unpack-wheels.ts';

export interface FetchNativeOptions {
  readonly kind: NativeKind;
  readonly signal: AbortSignal;
  /** What is being done, in words, with bytes where bytes are moved; else `total` is 0. */
  onProgress(what: string, done: number, total: number): void;
  /** Holds a file against other processes until it is let go. */
  readonly hold: HoldFile;
  /** Folder of both kinds; by default in the user's cache. */
  readonly folder?: string;
  readonly wheels?: readonly Wheel[];
  /** Runs an addon once, in another process. */
  readonly probe?: typeof probeNative;
}

type Work = Required<FetchNativeOptions>;

/** The headers of Node-API; npm checks the package against the sum. */
const headersPackage = {
  name: 'node-api-headers',
  version: '1.9.0',
  integrity: 'sha512-2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==',
} as const;

const addonName = 'tfjs_binding.node';

const sharedNames = 'static std::set<std::string> ATTR_NAME_SET;';

/**
 * Prepares a kind of the library, or checks the one that is there. @returns what the probe found; `fetched` when it was not there
 * @throws StudioError `engine-failed` where a tool is missing or fails, or a file is not the one it should be; `conflict` while
 *   another process prepares it; `disk-full`; the signal's reason when aborted
 */
export async function fetchNative(options: FetchNativeOptions): Promise<NativeLibrary & { fetched: boolean }> {
  const work: Work = {
    folder: nativeFolder(homedir()),
    wheels: pinnedWheels[options.kind],
    probe: probeNative,
    ...options,
  };
  refuseOtherPlatforms();
  const { kind, folder, signal } = work;
  signal.throwIfAborted();
  return await holding(held(work), async () => {
    const prepared = readPrepared(join(folder, kind));
    const { addon, version, gpu } = prepared === null ? await prepare(work) : await checkAgain(prepared, work);
    await rm(partsFolder(kind, folder), { recursive: true, force: true });
    return { addon, version, gpu, fetched: prepared === null };
  });
}

/**
 * Takes away a kind of the library, and what was fetched for it. @returns whether there was anything
 * @throws StudioError `conflict` while another process prepares it
 */
export async function removeNative(
  kind: NativeKind,
  hold: HoldFile,
  folder = nativeFolder(homedir()),
): Promise<boolean> {
  return await holding(held({ kind, folder, hold }), async () => {
    const there = [join(folder, kind), partsFolder(kind, folder)].filter((path) => existsSync(path));
    for (const path of there) await rm(path, { recursive: true });
    return there.length > 0;
  });
}

function partsFolder(kind: NativeKind, folder: string): string {
  return join(folder, `${kind}.parts`);
}

const held = ({ kind, folder, hold }: Pick<Work, 'kind' | 'folder' | 'hold'>) => ({
  file: join(folder, `${kind}.lock`),
  what: 'the native backend',
  hold,
});

function refuseOtherPlatforms(): void {
  if (process.platform === 'linux' && process.arch === 'x64') return;
  throw new StudioError(
    'engine-failed',
    `The native backend can be prepared on Linux with an x64 processor only; this is ${process.platform} ${process.arch}.`,
    { remedy: 'The backend "wasm" runs everywhere and needs nothing.' },
  );
}

/** That nothing of what is kept was changed, and that it still runs; a driver may have come or gone since. */
async function checkAgain(prepared: PreparedFile, work: Work): Promise<PreparedFile> {
  const folder = join(work.folder, work.kind);
  const paths = Object.keys(prepared.files).map((path) => join(folder, path));
  const total = paths.reduce((sum, path) => sum + sizeOf(path), 0);
  let done = 0;
  for (const [path, sha256] of Object.entries(prepared.files)) {
    const file = join(folder, path);
    const found = existsSync(file)
      ? await sha256Of(file, work.signal, (bytes) => {
          done += bytes;
          work.onProgress('Checking what is there', done, total);
        })
      : null;
    if (found === sha256) continue;
    throw new StudioError(
      'engine-failed',
      `This file ${found === null ? 'is gone' : 'is not the one that was prepared'}.`,
      {
        place: file,
        remedy: `Take the library away with "video-r1 setup native${work.kind === 'gpu' ? ' --gpu' : ''} --remove", then prepare it again.`,
      },
    );
  }
  work.onProgress('Running it once', 0, 0);
  const found = await work.probe(prepared.addon, work.signal);
  const now = { ...prepared, ...found };
  await writeReady(folder, now);
  return now;
}

async function prepare(work: Work): Promise<PreparedFile> {
  const { kind, folder, signal, onProgress } = work;
  const parts = partsFolder(kind, folder);
  await mkdir(parts, { recursive: true });
  await checkTools(parts, signal);
  // Left behind by a process that was killed.
  for (const name of await readdir(parts))
    if (name.startsWith('draft-')) await rm(join(parts, name), { recursive: true, force: true });
  await checkSpace(parts, work);

  const fetched: string[] = [];
  for (const wheel of work.wheels) fetched.push(await fetchWheel(wheel, parts, work));
  return await inDraft(parts, async (draft) => {
    const files = await unpackWheels(fetched, draft, {
      signal,
      onProgress: (done, total) => onProgress('Unpacking', done, total),
    });
    await compileAddon(draft, work);
    const addon = join('tensorflow', addonName);
    const headers = join('tensorflow', 'include');
    await rm(join(draft, headers), { recursive: true });
    const kept = Object.entries(files).filter(([path]) => !path.startsWith(`${headers}/`));
    onProgress('Running it once', 0, 0);
    const found = await work.probe(join(draft, addon), signal);
    const ready = {
      ...found,
      build: addonBuild,
      addon: join(folder, kind, addon),
      files: { ...Object.fromEntries(kept), [addon]: await sha256Of(join(draft, addon), signal) },
    };
    await writeReady(draft, ready);
    await rm(join(folder, kind), { recursive: true, force: true });
    await rename(draft, join(folder, kind));
    return ready;
  });
}

/** A new folder beside the downloads, which is gone afterwards unless it was renamed. */
async function inDraft<T>(parts: string, work: (draft: string) => Promise<T>): Promise<T> {
  const draft = await mkdtemp(join(parts, 'draft-'));
  try {
    return await work(draft);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function writeReady(folder: string, ready: PreparedFile): Promise<void> {
  const draft = join(folder, 'ready.json.draft');
  await writeFile(draft, `${JSON.stringify(ready, null, 2)}\n`);
  await rename(draft, join(folder, 'ready.json'));
}

const npmFailed = {
  kind: 'engine-failed',
  withoutNpm: 'Install Node.js with npm ("apt install npm"), or choose the backend "wasm", which needs nothing.',
} as const;

/** Looks for all tools before anything is fetched. */
async function checkTools(folder: string, signal: AbortSignal): Promise<void> {
  const tools = [
    ['python3', ['--version'], 'There is no Python 3 on this machine.', 'apt install python3 python3-pip'],
    ['python3', ['-m', 'pip', '--version'], "This machine's Python has no pip.", 'apt install python3-pip'],
    ['g++', ['--version'], 'There is no C++ compiler on this machine.', 'apt install g++'],
  ] as const;
  for (const [program, args, message, remedy] of tools) {
    const end = await runProgram(program, args, { signal });
    if (end.kind === 'ended' && end.code === 0) continue;
    throw new StudioError('engine-failed', message, {
      place: [program, ...args].join(' '),
      remedy: `Install it ("${remedy}", or as your system does), or choose the backend "wasm", which needs nothing.`,
    });
  }
  await checkNpm(folder, { signal, ...npmFailed });
}

async function checkSpace(parts: string, { kind, wheels }: Work): Promise<void> {
  const missing = wheels.filter(({ file }) => !existsSync(join(parts, file)));
  const needed = preparedBytes[kind] + missing.reduce((sum, { bytes }) => sum + bytes, 0);
  const { bavail, bsize } = await statfs(parts);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new StudioError(
    'disk-full',
    `The native backend needs ${gigabytes(needed)} while it is prepared; ${gigabytes(free)} are free.`,
    { place: parts, remedy: 'Free some space, or let XDG_CACHE_HOME name a folder on another disk.' },
  );
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

/** @returns the wheel's path, fetched now or earlier */
async function fetchWheel(wheel: Wheel, parts: string, { signal, onProgress }: Work): Promise<string> {
  const file = join(parts, wheel.file);
  if (existsSync(file)) {
    const what = `Checking ${wheel.requirement}, fetched earlier`;
    let done = 0;
    const found = await sha256Of(file, signal, (bytes) => {
      done += bytes;
      onProgress(what, done, wheel.bytes);
    });
    if (found === wheel.sha256) return file;
    throw new StudioError('engine-failed', `The file is not ${wheel.requirement} as it was published.`, {
      place: file,
      remedy: 'Delete the file, then try again.',
    });
  }
  await inDraft(parts, async (draft) => {
    const requirements = join(draft, 'requirements.txt');
    await writeFile(requirements, `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`);
    const what = `Fetching ${wheel.requirement}`;
    onProgress(what, 0, wheel.bytes);
    // pip writes the file into its temporary folder first.
    const looking = setInterval(() => onProgress(what, Math.min(wheel.bytes, sizeOf(draft)), wheel.bytes), 300);
    const end = await runProgram(
      'python3',
      ['-m', 'pip', 'download', '--no-cache-dir', '--no-deps', '--require-hashes', '--requirement', requirements]
        .concat(['--only-binary=:all:', '--python-version', '3.11', '--implementation', 'cp'])
        .concat(['--platform', 'manylinux_2_17_x86_64', '--platform', 'manylinux2014_x86_64'])
        .concat(['--disable-pip-version-check', '--progress-bar', 'off', '--dest', draft]),
      { signal, folder: draft, environment: { TMPDIR: draft } },
    ).finally(() => clearInterval(looking));
    failUnlessDone(end, `pip could not fetch ${wheel.requirement}`, "Look at pip's own settings and at the network");
    const fetched = join(draft, wheel.file);
    if (!existsSync(fetched) || (await sha256Of(fetched, signal)) !== wheel.sha256)
      throw new StudioError('engine-failed', `What pip brought is not ${wheel.requirement} as it was published.`, {
        place: wheel.file,
        remedy: "Look at pip's own settings: which index does it ask? Nothing of it was kept.",
      });
    await rename(fetched, file);
  });
  return file;
}

async function compileAddon(draft: string, { signal, onProgress }: Work): Promise<void> {
  const { name, version, integrity } = headersPackage;
  onProgress('Fetching the headers of Node-API', 0, 0);
  const headers = join(draft, 'headers');
  await mkdir(headers);
  const dependencies = { [name]: version };
  const packages = { '': { dependencies }, [`node_modules/${name}`]: { version, integrity } };
  await writeFile(join(headers, 'package.json'), JSON.stringify({ private: true, dependencies }));
  await writeFile(join(headers, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));
  await fetchPackages(headers, ['ci'], { signal, ...npmFailed });

  onProgress('Compiling the addon', 0, 0);
  const libraries = join(draft, 'tensorflow');
  const sources = addonSources();
  const backend = join(headers, 'tfjs_backend.cc');
  await writeFile(backend, forThreads(await readFile(join(sources, 'tfjs_backend.cc'), 'utf8')));
  const end = await runProgram(
    'g++',
    [
      ...['-O2', '-s', '-std=c++17', '-shared', '-fPIC', '-DNAPI_VERSION=8'],
      `-I${join(headers, 'node_modules', name, 'include')}`,
      ...[join(libraries, 'include'), sources].map((folder) => `-I${folder}`),
      ...[backend, join(sources, 'tfjs_binding.cc')],
      `-L${libraries}`,
      ...['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
      '-Wl,-rpath,$ORIGIN',
      ...['-o', join(libraries, addonName)],
    ],
    { signal },
  );
  failUnlessDone(end, 'g++ could not compile the addon', 'It takes g++ 8 or newer');
  await rm(headers, { recursive: true });
}

/**
 * The addon's source with a set of attribute names for each thread. In the package all threads write to one without a lock: two
 * replicas that start together crash.
 */
function forThreads(source: string): string {
  const [before, after, ...more] = source.split(sharedNames);
  if (before === undefined || after === undefined || more.length > 0)
    throw new StudioError('internal', `The addon's source does not hold "${sharedNames}" once.`);
  return `${before}thread_local ${sharedNames}${after}`;
}

function failUnlessDone(end: ProgramEnd, message: string, remedy: string): void {
  if (end.kind === 'ended' && end.code === 0) return;
  const why = end.kind === 'ended' ? end.said || `it ended with code ${end.code}` : end.cause.message;
  throw new StudioError('engine-failed', `${message}: ${why}`, {
    remedy: `${remedy}, then try again: it goes on from what is there.`,
  });
}

const probed = z.object({ type: z.literal('probed'), version: z.string(), gpu: z.boolean() });

/** Runs an addon once in another process, which it can't bring down with itself. @throws StudioError `engine-failed` */
async function probeNative(addon: string, signal: AbortSignal): Promise<{ version: string; gpu: boolean }> {
  let found: z.infer<typeof probed> | undefined;
  const end = await runProgram(process.execPath, [nativeProbe(), addon], {
    signal,
    onLine: (text) => {
      if (text.startsWith('{"type":"probed"')) found = probed.parse(JSON.parse(text));
    },
  });
  if (end.kind === 'ended' && end.code === 0 && found !== undefined) return { version: found.version, gpu: found.gpu };
  const why = end.kind === 'ended' ? end.said || `it ended with code ${end.code}` : end.cause.message;
  throw new StudioError('engine-failed', `The native backend does not run on this machine: ${why}`, {
    place: addon,
    remedy: 'The backend "wasm" needs nothing.',
  });
}

async function sha256Of(file: string, signal: AbortSignal, onBytes?: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 22 })) {
    signal.throwIfAborted();
    hash.update(piece as Buffer);
    onBytes?.((piece as Buffer).length);
  }
  return hash.digest('hex');
}

/** Bytes of a file, or of all files in a folder; what goes away while they are counted counts nothing. */
function sizeOf(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.size ?? 0;
  try {
    return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return 0;
  }
}
