/** What the engines can fetch for themselves on request, into the user's cache: each said what it is before anything is fetched. */
import { homedir } from 'node:os';
import path from 'node:path';
import { type EnvironmentKind, verlEnvironmentInfo } from '../protocol/verl-environments.ts';
import type { HoldFile } from './holding.ts';
import { nativeFolder, webgpuFolder } from './tfjs/files.ts';
import { fetchNative, removeNative } from './tfjs/setup/fetch-native.ts';
import { fetchWebgpu, preparedWebgpu, removeWebgpu, webgpuNote } from './tfjs/setup/fetch-webgpu.ts';
import { readPrepared } from './tfjs/setup/native-libraries.ts';
import { type NativeKind, nativeNote } from './tfjs/setup/native-wheels.ts';
import { verlFolder } from './verl/files.ts';
import { environmentWords, readEnvironment } from './verl/setup/environment.ts';
import { makeEnvironment, removeEnvironment } from './verl/setup/make-environment.ts';

export interface Preparing {
  /** Holds a file against other processes until it is let go. */
  readonly hold: HoldFile;
  readonly signal: AbortSignal;
  /** What is being done, in words, with bytes where bytes are moved; else a count of steps. */
  onProgress(what: string, done: number, total: number): void;
}

export interface Preparation {
  /** `verl's environment for the CPU`. */
  readonly title: string;
  /** What it is, where it comes from, its licence and its size. */
  readonly note: string;
  readonly folder: string;
  isThere(): boolean;
  /**
   * Fetches it, or checks what is there, and runs it once. @returns the result in words, and as data
   * @throws StudioError `engine-failed`; `conflict` while another process prepares it; `disk-full`; the signal's reason
   */
  prepare(how: Preparing): Promise<{ text: string; data: object }>;
  /** @returns whether there was anything. @throws StudioError `conflict` while another process prepares it */
  remove(hold: HoldFile): Promise<boolean>;
}

function native(kind: NativeKind): Preparation {
  const folder = path.join(nativeFolder(homedir()), kind);
  return {
    title: kind === 'cpu' ? "TensorFlow's library for the CPU" : "TensorFlow's library for GPUs",
    note: nativeNote[kind],
    folder,
    isThere: () => readPrepared(folder) !== null,
    async prepare(how) {
      const library = await fetchNative({ ...how, kind });
      const is = library.fetched ? 'is ready' : 'was there already, is as it was prepared, and runs';
      const on = library.gpu
        ? 'on a GPU'
        : kind === 'cpu'
          ? 'on the CPU'
          : 'on the CPU: it sees no GPU here. Is the driver installed, does nvidia-smi list the GPU, and does CUDA_VISIBLE_DEVICES name it?';
      return { text: `TensorFlow ${library.version} ${is}, ${on}\n${library.addon}`, data: library };
    },
    remove: (hold) => removeNative(kind, hold),
  };
}

function webgpu(): Preparation {
  const folder = webgpuFolder(homedir());
  return {
    title: 'the backend on Dawn',
    note: webgpuNote,
    folder,
    isThere: () => preparedWebgpu(folder) !== null,
    async prepare(how) {
      const prepared = await fetchWebgpu({ ...how, folder });
      const is = prepared.fetched ? 'is ready' : 'was there already and runs';
      return { text: `WebGPU ${is}, on ${prepared.gpu}\n${folder}`, data: prepared };
    },
    remove: (hold) => removeWebgpu(hold, folder),
  };
}

function verl(kind: EnvironmentKind): Preparation {
  const folder = path.join(verlFolder(homedir()), kind);
  return {
    title: kind === 'cpu' ? "verl's environment for the CPU" : "verl's environment for GPUs",
    note: verlEnvironmentInfo[kind].note,
    folder,
    isThere: () => readEnvironment(kind, folder) !== null,
    async prepare(how) {
      const environment = await makeEnvironment({ ...how, kind });
      const is = environment.made ? 'is ready' : 'was there already and runs';
      return { text: `The environment for verl ${is}: ${environmentWords(environment)}\n${folder}`, data: environment };
    },
    remove: (hold) => removeEnvironment(kind, hold),
  };
}

/** By name: the native backend for the processor and for NVIDIA's GPUs, the one on Dawn, and the environments for verl. */
export const preparations = {
  'native cpu': () => native('cpu'),
  'native gpu': () => native('gpu'),
  webgpu,
  'verl cpu': () => verl('cpu'),
  'verl cuda': () => verl('cuda'),
} as const satisfies Record<string, () => Preparation>;
