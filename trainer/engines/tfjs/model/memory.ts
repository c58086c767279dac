/** Whether a model fits into this machine, told before any of it is read. */
import os from 'node:os';
import { StudioError } from '../../../protocol/errors.ts';
import type { ModelHandle } from '../../engine.ts';

const float = 4;
/** A WebAssembly heap's addresses have 32 bits. */
const wasmHeapBytes = 2 ** 32;

export interface MemoryNeeded {
  /** On each thread's backend: weights, and of a policy AdamW's two moments. */
  readonly perThread: number;
  /** All threads, a policy's gradients, and one copy of the weights while they are read. */
  readonly total: number;
}

/** Bytes that a model of so many parameters takes before the first batch. */
function memoryNeeded(parameters: number, role: ModelHandle['role'], threads: number): MemoryNeeded {
  const perThread = parameters * float * (role === 'policy' ? 3 : 1);
  const gradients = role === 'policy' ? parameters * float * (threads + 1) : 0;
  return { perThread, total: perThread * threads + gradients + parameters * float * threads };
}

/** The memory that this process may have: the machine's, or less where the process is confined. */
function memoryHere(): number {
  const confined = process.constrainedMemory();
  return confined > 0 ? Math.min(confined, os.totalmem()) : os.totalmem();
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`;

/** @throws StudioError `bad-model` with the memory that the model needs and what there is */
export function refuseTooLarge(
  parameters: number,
  role: ModelHandle['role'],
  { threads, backend, place }: { readonly threads: number; readonly backend: string; readonly place: string },
): void {
  const { perThread, total } = memoryNeeded(parameters, role, threads);
  const doing = `${role === 'policy' ? 'training' : 'holding'} it on ${threads === 1 ? 'one thread' : `${threads} threads`}`;
  const model = `The model has ${parameters.toLocaleString('en-US')} parameters`;
  const remedy = 'Use a smaller model, or fewer threads (engine.threads).';
  if (total > memoryHere()) {
    throw new StudioError(
      'bad-model',
      `${model}; ${doing} takes ${gigabytes(total)} of memory, and there are ${gigabytes(memoryHere())}.`,
      { place, remedy },
    );
  }
  if (backend === 'wasm' && perThread > wasmHeapBytes) {
    throw new StudioError(
      'bad-model',
      `${model}; it takes ${gigabytes(perThread)} of each thread's WebAssembly heap, which ends at ${gigabytes(wasmHeapBytes)}.`,
      { place, remedy: 'Use a smaller model, or the native backend (video-r1 setup native).' },
    );
  }
}
