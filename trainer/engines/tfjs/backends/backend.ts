/** Picks and starts the TensorFlow.js backend of this thread, and gives the operations that fit it. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { asStudioError, StudioError } from '../../../protocol/errors.ts';
import type { TfjsSettings } from '../../../protocol/runfile.ts';
import { ensureKernels, nativeFolder, wasmBackendFolder, webgpuFolder } from '../files.ts';
import { createKernelOps } from '../kernels/kernels.ts';
import type { BackendReport } from '../messages.ts';
import type { Ops } from '../model/ops.ts';
import { preparedWebgpu } from '../setup/fetch-webgpu.ts';
import { type NativeLibrary, preparedNative } from '../setup/native-libraries.ts';
import { startNative } from './native.ts';
import { createStockOps } from './stock.ts';
import { startWebgpu } from './webgpu.ts';

/** A second backend of the thread, on which answers are written. */
export interface AnswerBackend {
  readonly ops: Ops;
  /** Makes it current for as long as the work lasts. */
  within<T>(work: () => Promise<T>): Promise<T>;
}

export interface StartedBackend {
  readonly ops: Ops;
  /** Null where answers are written on the same one. */
  readonly answers: AnswerBackend | null;
  readonly report: BackendReport;
}

/** `auto` takes a native library that sees a GPU, else WebAssembly. */
export async function startBackend(wanted: TfjsSettings['backend']): Promise<StartedBackend> {
  switch (wanted) {
    case 'auto':
      return await startFastest();
    case 'native': {
      const [library] = preparedNative();
      if (library !== undefined) return await startPrepared(library, 'It was asked for.');
      throw new StudioError('engine-failed', 'The native TensorFlow backend is not prepared on this machine.', {
        place: nativeFolder(homedir()),
        remedy:
          'Prepare it with "video-r1 setup native", or choose the backend "wasm", which needs nothing, or "auto".',
      });
    }
    case 'webgpu':
      return await startPreparedWebgpu();
    case 'wasm':
    case 'cpu':
      return await start(wanted, 'It was asked for.');
  }
}

/** Says of every faster backend why it was not taken. TensorFlow on the CPU is faster for wider models only. */
async function startFastest(): Promise<StartedBackend> {
  const [library] = preparedNative();
  if (library === undefined) return await start('wasm', 'No native TensorFlow is prepared on this machine.');
  if (!library.gpu)
    return await start(
      'wasm',
      'The native TensorFlow that is prepared sees no GPU, and trains small models more slowly on the CPU.',
    );
  try {
    return await startPrepared(library, 'It is prepared on this machine.');
  } catch (thrown) {
    return await start('wasm', `The faster native GPU backend was tried first: ${asStudioError(thrown).message}`);
  }
}

const onGpu = { ownSampler: false, seeds: 'same batch' } as const;
const onCpu = { ownSampler: false, seeds: 'exact' } as const;

/** On the CPU it computes products of many rows fast; for a row per answer, starting each operation takes longer than the kernels do. */
async function startPrepared({ addon }: NativeLibrary, because: string): Promise<StartedBackend> {
  const { version, gpu } = await startNative(addon);
  tf.enableProdMode();
  if (gpu) {
    const report = { backend: 'native GPU', why: `TensorFlow ${version} on a GPU. ${because}`, ...onGpu };
    return { ops: createStockOps('device'), answers: null, report };
  }
  const kernels = await startKernels();
  await makeCurrent('tensorflow');
  return {
    ops: createStockOps('host'),
    answers: answersOnKernels(kernels.ops, 'tensorflow'),
    report: {
      backend: 'native CPU',
      why: `TensorFlow ${version} on the CPU, with own WebAssembly kernels (${kernels.simd}) that write answers. ${because}`,
      ownSampler: true,
      seeds: 'exact',
    },
  };
}

/** Answers on the kernels, and `otherwise` current before and after. */
export function answersOnKernels(ops: Ops, otherwise: 'cpu' | 'tensorflow'): AnswerBackend {
  return {
    ops,
    async within(work) {
      await makeCurrent('wasm');
      try {
        return await work();
      } finally {
        await makeCurrent(otherwise);
      }
    },
  };
}

/** Never picked by itself: its speed on real GPUs is not known. */
async function startPreparedWebgpu(): Promise<StartedBackend> {
  const prepared = preparedWebgpu();
  if (prepared === null) {
    throw new StudioError('engine-failed', 'The WebGPU backend is not prepared on this machine.', {
      place: webgpuFolder(homedir()),
      remedy: 'Prepare it with "video-r1 setup webgpu", or choose the backend "wasm", which needs nothing, or "auto".',
    });
  }
  const { gpu } = await startWebgpu(prepared.folder);
  tf.enableProdMode();
  return {
    ops: createStockOps('device, read later'),
    answers: null,
    report: { backend: 'webgpu', why: `WebGPU on ${gpu}. It was asked for.`, ...onGpu },
  };
}

async function start(backend: 'wasm' | 'cpu', because: string): Promise<StartedBackend> {
  switch (backend) {
    case 'cpu':
      await makeCurrent('cpu');
      return {
        ops: createStockOps('host'),
        answers: null,
        report: { backend: 'cpu', why: `Plain JavaScript, slow: for tests. ${because}`, ...onCpu },
      };
    case 'wasm': {
      const { ops, simd } = await startKernels();
      return {
        ops,
        answers: null,
        report: { backend: 'wasm', why: `WebAssembly with own kernels (${simd}). ${because}`, ...onCpu },
      };
    }
  }
}

async function startKernels(): Promise<{ ops: Ops; simd: string }> {
  const { module, relaxed } = await kernelModule();
  setWasmPaths(wasmBackendFolder());
  await makeCurrent('wasm');
  return { ops: await createKernelOps(module), simd: relaxed ? 'relaxed SIMD' : 'SIMD' };
}

async function makeCurrent(backend: 'cpu' | 'wasm' | 'tensorflow'): Promise<void> {
  // The backend's loader asks for its own folder, which has no name inside a bundle of ES modules.
  const names = globalThis as { __dirname?: string };
  names.__dirname ??= wasmBackendFolder();
  const started = await tf.setBackend(backend);
  if (!started) {
    throw new StudioError(
      'engine-failed',
      `The ${backend} backend of TensorFlow.js does not start; its reason is in the log.`,
      {
        place: wasmBackendFolder(),
        remedy: 'Install the extension again.',
      },
    );
  }
  // From here on, no hints and no checks of every value.
  tf.enableProdMode();
}

/** The first variant of the kernels that this Node can run. */
async function kernelModule(): Promise<{ module: WebAssembly.Module; relaxed: boolean }> {
  const [relaxed, plain] = (await ensureKernels()) as [string, string];
  const bytes = await readFile(relaxed);
  if (WebAssembly.validate(bytes)) return { module: await WebAssembly.compile(bytes), relaxed: true };
  return { module: await WebAssembly.compile(await readFile(plain)), relaxed: false };
}
