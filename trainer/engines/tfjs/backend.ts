/** Picks and starts the TensorFlow.js backend of this thread, and gives the operations that fit it. */
import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { StudioError } from '../../protocol/errors.ts';
import type { EngineSettings } from '../../protocol/runfile.ts';
import { ensureKernels, wasmBackendFolder } from './files.ts';
import { createKernelOps } from './kernels.ts';
import type { BackendReport } from './messages.ts';
import { preparedNative, startNative } from './native.ts';
import type { Ops } from './ops.ts';
import { createStockOps } from './stock.ts';

/** The order of `auto`: a native library that sees a GPU, a native library, WebAssembly. */
export async function startBackend(wanted: EngineSettings['backend']): Promise<{ ops: Ops; report: BackendReport }> {
  if (wanted !== 'auto') return await start(wanted, 'It was asked for.');
  if (preparedNative().length === 0) return await start('wasm', 'No native TensorFlow is prepared on this machine.');
  try {
    return await start('native', 'It is prepared on this machine.');
  } catch (error) {
    return await start('wasm', error instanceof Error ? error.message : String(error));
  }
}

async function start(
  backend: Exclude<EngineSettings['backend'], 'auto'>,
  because: string,
): Promise<{ ops: Ops; report: BackendReport }> {
  switch (backend) {
    case 'native': {
      const { version, gpu } = await startNative();
      const name = gpu ? 'native GPU' : 'native CPU';
      return {
        ops: createStockOps(),
        report: { backend: name, why: `TensorFlow ${version} on ${gpu ? 'a GPU' : 'the CPU'}. ${because}` },
      };
    }
    case 'cpu':
      await makeCurrent('cpu');
      return {
        ops: createStockOps(),
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
