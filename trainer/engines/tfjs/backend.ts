/** Picks and starts the TensorFlow.js backend of this thread, and gives the operations that fit it. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { asStudioError, StudioError } from '../../protocol/errors.ts';
import type { EngineSettings } from '../../protocol/runfile.ts';
import { preparedWebgpu } from './fetch-webgpu.ts';
import { ensureKernels, nativeFolder, wasmBackendFolder, webgpuFolder } from './files.ts';
import { createKernelOps } from './kernels.ts';
import type { BackendReport } from './messages.ts';
import { startNative } from './native.ts';
import { type NativeLibrary, preparedNative } from './native-libraries.ts';
import type { Ops } from './ops.ts';
import { createStockOps } from './stock.ts';
import { startWebgpu } from './webgpu.ts';

/** `auto` takes a native library that sees a GPU, else WebAssembly. */
export async function startBackend(wanted: EngineSettings['backend']): Promise<{ ops: Ops; report: BackendReport }> {
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

/** Says of every faster backend why it was not taken. TensorFlow on the CPU is none: it writes answers more slowly than the kernels. */
async function startFastest(): Promise<{ ops: Ops; report: BackendReport }> {
  const [library] = preparedNative();
  if (library === undefined) return await start('wasm', 'No native TensorFlow is prepared on this machine.');
  if (!library.gpu)
    return await start('wasm', 'The native TensorFlow that is prepared sees no GPU, and is slower on the CPU.');
  try {
    return await startPrepared(library, 'It is prepared on this machine.');
  } catch (thrown) {
    return await start('wasm', `The faster native GPU backend was tried first: ${asStudioError(thrown).message}`);
  }
}

async function startPrepared({ addon }: NativeLibrary, because: string): Promise<{ ops: Ops; report: BackendReport }> {
  const { version, gpu } = await startNative(addon);
  tf.enableProdMode();
  return {
    ops: createStockOps(gpu ? 'device' : 'host'),
    report: {
      backend: gpu ? 'native GPU' : 'native CPU',
      why: `TensorFlow ${version} on ${gpu ? 'a GPU' : 'the CPU'}. ${because}`,
    },
  };
}

/** Never picked by itself: its speed on real GPUs is not known. */
async function startPreparedWebgpu(): Promise<{ ops: Ops; report: BackendReport }> {
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
    report: { backend: 'webgpu', why: `WebGPU on ${gpu}. It was asked for.` },
  };
}

async function start(backend: 'wasm' | 'cpu', because: string): Promise<{ ops: Ops; report: BackendReport }> {
  switch (backend) {
    case 'cpu':
      await makeCurrent('cpu');
      return {
        ops: createStockOps('host'),
        report: { backend: 'cpu', why: `Plain JavaScript, slow: for tests. ${because}` },
      };
    case 'wasm': {
      const { module, relaxed } = await kernelModule();
      setWasmPaths(wasmBackendFolder());
      await makeCurrent('wasm');
      const simd = relaxed ? 'relaxed SIMD' : 'SIMD';
      return {
        ops: await createKernelOps(module),
        report: { backend: 'wasm', why: `WebAssembly with own kernels (${simd}). ${because}` },
      };
    }
  }
}

async function makeCurrent(backend: 'cpu' | 'wasm'): Promise<void> {
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
