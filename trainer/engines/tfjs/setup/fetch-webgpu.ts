/** Fetches Dawn on request, as the npm package `webgpu`, into the user's cache, and runs it once. `webgpu.ts` loads what was fetched. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { checkNpm, fetchPackages } from '../../../programs/npm.ts';
import { runProgram } from '../../../programs/run-program.ts';
import { StudioError } from '../../../protocol/errors.ts';
import { parseJson } from '../../../protocol/json.ts';
import { type HoldFile, holding } from '../../holding.ts';
import { webgpuFolder, webgpuProbe } from '../files.ts';

const webgpuPackage = 'webgpu@0.6.2';

export const webgpuNote = `WebGPU comes as the npm package ${webgpuPackage}: Dawn, under the BSD and MIT licences; 40 MB to fetch, 132 MB on disk. It computes on any GPU with Vulkan, Metal or Direct3D 12.`;

const preparedFile = z.object({ gpu: z.string() });
const probed = z.object({ type: z.literal('probed'), gpu: z.string() });

/** The folder that holds Dawn and the GPU that it found. */
export interface PreparedWebgpu {
  readonly folder: string;
  readonly gpu: string;
}

/** Null where it was not prepared. */
export function preparedWebgpu(folder = webgpuFolder(homedir())): PreparedWebgpu | null {
  const ready = path.join(folder, 'ready.json');
  if (!existsSync(ready)) return null;
  const { data } = preparedFile.safeParse(parseJson(readFileSync(ready, 'utf8')));
  return data === undefined ? null : { folder, gpu: data.gpu };
}

export interface FetchWebgpuOptions {
  readonly signal: AbortSignal;
  onProgress(what: string, done: number, total: number): void;
  /** Holds a file against other processes until it is let go. */
  readonly hold: HoldFile;
  readonly folder?: string;
}

/**
 * Built beside its place and moved there when it has run, so that an end at any moment leaves nothing half done. What is there
 * already is run once more.
 * @throws StudioError `engine-failed` where npm is missing or fails, or where there is no GPU; `conflict` while another process
 *   prepares it; the signal's reason when aborted
 */
export async function fetchWebgpu(options: FetchWebgpuOptions): Promise<PreparedWebgpu & { fetched: boolean }> {
  const { signal, hold, folder = webgpuFolder(homedir()) } = options;
  signal.throwIfAborted();
  return await holding(held(folder, hold), () => fetchOrRun({ ...options, folder }));
}

const held = (folder: string, hold: HoldFile) => ({ file: `${folder}.lock`, what: 'the WebGPU backend', hold });

async function fetchOrRun({
  signal,
  onProgress,
  folder,
}: Omit<Required<FetchWebgpuOptions>, 'hold'>): Promise<PreparedWebgpu & { fetched: boolean }> {
  if (preparedWebgpu(folder) !== null) {
    onProgress('running it', 0, 1);
    return { gpu: await probe(folder, signal), folder, fetched: false };
  }
  const draft = await mkdtemp(`${folder}-`);
  try {
    const npm = {
      signal,
      kind: 'engine-failed',
      withoutNpm: 'Install Node.js, which brings npm, or choose the backend "wasm", which needs nothing.',
    } as const;
    onProgress('asking npm for its version', 0, 3);
    await checkNpm(draft, npm);
    onProgress('fetching the package', 1, 3);
    await writeFile(path.join(draft, 'package.json'), '{"private": true}\n');
    await fetchPackages(draft, ['install', webgpuPackage], npm);
    onProgress('running it', 2, 3);
    const gpu = await probe(draft, signal);
    await writeFile(path.join(draft, 'ready.json'), `${JSON.stringify({ gpu })}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
    onProgress('ready', 3, 3);
    return { gpu, folder, fetched: true };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** In a process of its own: a driver that crashes takes that one with it. @returns the name of the GPU */
async function probe(folder: string, signal: AbortSignal): Promise<string> {
  let found: string | null = null;
  const end = await runProgram(process.execPath, [webgpuProbe(), folder], {
    signal,
    onLine(line) {
      found ??= probed.safeParse(parseJson(line)).data?.gpu ?? null;
    },
  });
  if (found !== null) return found;
  const said = end.kind === 'ended' ? end.said.split('\n').at(-1) : end.cause.message;
  throw new StudioError('engine-failed', said || 'WebGPU ended without a word when it was run.', {
    place: folder,
    remedy:
      'Install the driver of the GPU (with Vulkan, Metal or Direct3D 12), or choose the backend "wasm", which needs nothing.',
  });
}

/** @returns whether there was something to remove. @throws StudioError `conflict` while another process prepares it */
export async function removeWebgpu(hold: HoldFile, folder = webgpuFolder(homedir())): Promise<boolean> {
  return await holding(held(folder, hold), async () => {
    if (!existsSync(folder)) return false;
    await rm(folder, { recursive: true });
    return true;
  });
}
