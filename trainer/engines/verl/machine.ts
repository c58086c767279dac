/** What this machine has for verl: Python, environments, GPUs, memory, disk; and what to do about what is lacking. Makes nothing. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { runProgram } from '../../programs/run-program.ts';
import { environmentKinds, verlEnvironmentInfo } from '../../protocol/verl-environments.ts';
import { verlFolder } from './files.ts';
import { environmentWords, type VerlEnvironment, verlEnvironments } from './setup/environment.ts';
import { type FoundPython, searchPython, withoutPython } from './setup/python.ts';

export interface Gpu {
  readonly name: string;
  readonly memoryBytes: number;
  readonly freeBytes: number;
  readonly driver: string;
}

export interface VerlMachine {
  readonly python: FoundPython | null;
  /** What each name that was tried is, where none will do. */
  readonly pythonsSeen: readonly string[];
  readonly environments: readonly VerlEnvironment[];
  readonly gpus: readonly Gpu[];
  /** The newest CUDA that the driver takes; null without a driver. */
  readonly cuda: string | null;
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
  /** Where environments are made. */
  readonly folder: string;
  readonly freeDiskBytes: number;
}

/** CUDA 13, whose libraries come with the environment, takes this driver or a newer one (NVIDIA's table of CUDA's releases). */
const leastDriver = 580;

/** @throws the signal's reason when aborted */
export async function lookAtMachine(signal: AbortSignal, home = os.homedir()): Promise<VerlMachine> {
  const { found, seen } = await searchPython(signal);
  const folder = verlFolder(home);
  const { gpus, cuda } = await askNvidia(signal);
  return {
    python: found,
    pythonsSeen: found === null ? seen : [],
    environments: verlEnvironments(folder),
    gpus,
    cuda,
    ...memory(),
    folder,
    freeDiskBytes: await freeDisk(folder),
  };
}

/** Of the machine, or of the container that this process may use. */
export function memory(): { memoryBytes: number; freeMemoryBytes: number } {
  const limit = process.constrainedMemory();
  const memoryBytes = limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
  return { memoryBytes, freeMemoryBytes: Math.min(os.freemem(), memoryBytes) };
}

/** The GPUs that the driver lists, whether a process may use them or not. */
export async function askNvidia(signal: AbortSignal): Promise<{ gpus: Gpu[]; cuda: string | null }> {
  const lines = async (args: readonly string[]): Promise<string[]> => {
    const said: string[] = [];
    const end = await runProgram('nvidia-smi', args, { signal, onLine: (line) => said.push(line) });
    return end.kind === 'ended' && end.code === 0 ? said : [];
  };
  const query = ['--query-gpu=memory.total,memory.free,driver_version,name', '--format=csv,noheader,nounits'];
  const gpus = readGpus(await lines(query));
  const header = gpus.length === 0 ? [] : await lines([]);
  return { gpus, cuda: /CUDA Version:\s*([\d.]+)/.exec(header.join('\n'))?.[1] ?? null };
}

/** Lines of `nvidia-smi --query-gpu=memory.total,memory.free,driver_version,name --format=csv,noheader,nounits`; sizes in MiB. */
export function readGpus(lines: readonly string[]): Gpu[] {
  return lines.flatMap((line) => {
    const [, total, free, driver, name] = /^(\d+), (\d+), ([\d.]+), (.+)$/.exec(line.trim()) ?? [];
    if (driver === undefined || name === undefined) return [];
    return [{ name: name.trim(), memoryBytes: Number(total) * 2 ** 20, freeBytes: Number(free) * 2 ** 20, driver }];
  });
}

async function freeDisk(folder: string): Promise<number> {
  let there = folder;
  while (!existsSync(there)) there = path.dirname(there);
  const { bavail, bsize } = await statfs(there);
  return bavail * bsize;
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

/** A line for each thing, and below it what to do where there is something to do. */
export function machineWords(machine: VerlMachine): string[] {
  const { python, environments, gpus, cuda } = machine;
  const has = (kind: string) => environments.some((one) => one.kind === kind);
  const lines = [
    python === null
      ? `no Python that will do (${machine.pythonsSeen.join(', ')})`
      : `Python ${python.version} (${python.program})`,
    ...environmentKinds.map((kind) => {
      const environment = environments.find((one) => one.kind === kind);
      const option = kind === 'cpu' ? ' --cpu' : '';
      return environment === undefined
        ? `environment ${kind}: not made; "video-r1 setup verl${option}" makes it`
        : `environment ${kind}: ${environmentWords(environment)}`;
    }),
    ...gpus.map(({ name, memoryBytes, freeBytes, driver }, i) => {
      const memoryWords = `${gigabytes(memoryBytes)}, ${gigabytes(freeBytes)} free`;
      return `GPU ${i}: ${name}, ${memoryWords}, driver ${driver}${cuda === null ? '' : `, CUDA ${cuda} at most`}`;
    }),
    ...(gpus.length === 0 ? ["no GPU: NVIDIA's driver is not there, or nvidia-smi lists none"] : []),
    `memory: ${gigabytes(machine.memoryBytes)}, ${gigabytes(machine.freeMemoryBytes)} free`,
    `disk: ${gigabytes(machine.freeDiskBytes)} free for ${machine.folder}`,
  ];
  const todo: string[] = [];
  if (python === null && environments.length === 0) todo.push(withoutPython);
  const wanted = gpus.length > 0 ? 'cuda' : 'cpu';
  const { diskBytes, fetchBytes } = verlEnvironmentInfo[wanted];
  if (!has(wanted) && machine.freeDiskBytes < diskBytes + fetchBytes)
    todo.push(
      `The environment takes ${gigabytes(diskBytes + fetchBytes)} while it is made: free some space, or let XDG_CACHE_HOME name a folder on another disk.`,
    );
  const driver = Number.parseInt(gpus[0]?.driver ?? '', 10);
  if (driver < leastDriver)
    todo.push(`The driver ${gpus[0]?.driver} is too old for CUDA 13: take ${leastDriver} or newer.`);
  if (
    gpus.length > 0 &&
    driver >= leastDriver &&
    environments.some(({ kind, gpus: seen }) => kind === 'cuda' && seen.length === 0)
  )
    todo.push(
      'The environment saw no GPU when it was run: "video-r1 setup verl" runs it again. Does CUDA_VISIBLE_DEVICES name one?',
    );
  return [...lines, ...todo.map((what) => `to do: ${what}`)];
}
