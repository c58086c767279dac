/** The environments for verl that `make-environment.ts` made on this machine, as it wrote them down; runs nothing. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { parseJson } from '../../../protocol/json.ts';
import { type EnvironmentKind, environmentKinds } from '../../../protocol/verl-environments.ts';
import { constraintsFile, requirementsFile, verlFolder } from '../files.ts';

/** What the environment said of itself when it was run once. */
export const environmentFacts = z.object({
  versions: z.object({
    python: z.string(),
    torch: z.string(),
    transformers: z.string(),
    verl: z.string(),
    ray: z.string(),
    peft: z.string(),
    vllm: z.string().nullable(),
  }),
  /** Names of the GPUs that PyTorch sees. */
  gpus: z.array(z.string()),
});
export type EnvironmentFacts = z.infer<typeof environmentFacts>;

/** Written last: without it nothing that lies there is used. */
export const readyFile = 'ready.json';
const ready = environmentFacts.extend({ pins: z.string() });

export interface VerlEnvironment extends EnvironmentFacts {
  readonly kind: EnvironmentKind;
  readonly folder: string;
  /** The program. */
  readonly python: string;
}

/** Changes when a version does: an environment of other versions is made anew. */
export function pinsOf(kind: EnvironmentKind): string {
  const sum = createHash('sha256');
  for (const file of [requirementsFile(kind), constraintsFile(kind)]) sum.update(readFileSync(file));
  return sum.digest('hex');
}

/** The versions of each package that an environment may have, by its name; more than one where a Python needs its own. */
export function pinnedPackages(kind: EnvironmentKind): Map<string, string[]> {
  const pinned = new Map<string, string[]>();
  for (const line of readFileSync(constraintsFile(kind), 'utf8').split('\n')) {
    const [, name, version] = /^([a-z0-9-]+)==([^;\s]+)/.exec(line) ?? [];
    if (name !== undefined && version !== undefined) pinned.set(name, [...(pinned.get(name) ?? []), version]);
  }
  return pinned;
}

/** The program of an environment in a folder, whether it is there or not. */
export function pythonIn(folder: string): string {
  return path.join(folder, 'bin', 'python');
}

/** Null where the environment was not made to its end, or has other versions than are asked for now. */
export function readEnvironment(kind: EnvironmentKind, folder: string): VerlEnvironment | null {
  const file = path.join(folder, readyFile);
  const python = pythonIn(folder);
  if (!existsSync(file) || !existsSync(python)) return null;
  const { data } = ready.safeParse(parseJson(readFileSync(file, 'utf8')));
  if (data === undefined || data.pins !== pinsOf(kind)) return null;
  return { kind, folder, python, versions: data.versions, gpus: data.gpus };
}

/** Those that are ready on this machine. @param folder with a folder for each kind; by default in the user's cache */
export function verlEnvironments(folder = verlFolder(homedir())): VerlEnvironment[] {
  return environmentKinds.flatMap((kind) => readEnvironment(kind, path.join(folder, kind)) ?? []);
}

/** Whether NVIDIA's driver is at work here: a folder that nodes share may have been prepared on one without. */
export const hasNvidiaDriver = (): boolean => existsSync('/dev/nvidiactl');

/**
 * The one to compute with: on GPUs that with CUDA, on the CPU its own before that. `auto` goes by whether there is a driver.
 * Null where there is none.
 */
export function environmentFor(
  device: 'auto' | 'cpu' | 'cuda',
  environments: readonly VerlEnvironment[] = verlEnvironments(),
  hasGpu: () => boolean = hasNvidiaDriver,
): VerlEnvironment | null {
  const of = (kind: EnvironmentKind) => environments.find((one) => one.kind === kind) ?? null;
  if (device === 'cuda') return of('cuda');
  if (device === 'auto' && hasGpu()) return of('cuda') ?? of('cpu');
  return of('cpu') ?? of('cuda');
}

/** `Python 3.11.7, PyTorch 2.13.0, verl 0.9.1, …; it sees no GPU`. */
export function environmentWords({ versions, gpus }: EnvironmentFacts): string {
  const { python, torch, verl, transformers, ray, vllm } = versions;
  const parts = [`Python ${python}`, `PyTorch ${torch}`, `verl ${verl}`, `transformers ${transformers}`, `Ray ${ray}`];
  const sees = gpus.length === 0 ? 'it sees no GPU' : `it sees ${gpus.join(', ')}`;
  return `${[...parts, ...(vllm === null ? [] : [`vLLM ${vllm}`])].join(', ')}; ${sees}`;
}
