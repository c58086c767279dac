/**
 * Where the engine's own files lie: from source beside this file and in node_modules, in the packaged extension beside the
 * bundle (which has no compiler and no node_modules).
 */
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StudioError } from '../../protocol/errors.ts';
import { cacheFolder } from '../cache-folder.ts';
import type { KernelVariant } from './kernels/build.ts';

const kernelVariantsInOrder: readonly KernelVariant[] = ['kernels.relaxed.wasm', 'kernels.simd.wasm'];

function besideThis(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

const source = besideThis('./kernels/kernels.as.ts');

function kernelPath(variant: KernelVariant): string {
  const fromSource = besideThis(`./kernels/dist/${variant}`);
  return existsSync(source) || existsSync(fromSource) ? fromSource : besideThis(`./kernels/${variant}`);
}

/**
 * Compiles the kernels when they are missing or older than their source; without the source, checks that they are there.
 * Gives their paths, the one to prefer first. @throws StudioError `engine-failed`
 */
export async function ensureKernels(): Promise<readonly string[]> {
  const paths = kernelVariantsInOrder.map(kernelPath);
  if (existsSync(source)) {
    const changed = statSync(source).mtimeMs;
    if (!paths.every((path) => existsSync(path) && statSync(path).mtimeMs >= changed)) {
      const { buildKernels } = await import('./kernels/build.ts');
      await buildKernels();
    }
  }
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined) {
    throw new StudioError('engine-failed', 'The WebAssembly kernels are missing.', {
      place: missing,
      remedy: 'Install the extension again.',
    });
  }
  return paths;
}

/** Folder of tfjs-backend-wasm's own `.wasm` files, with a slash at its end. */
export function wasmBackendFolder(): string {
  const name = 'tfjs-backend-wasm-simd.wasm';
  const beside = besideThis(`./${name}`);
  if (existsSync(beside)) return besideThis('./');
  return `${dirname(createRequire(import.meta.url).resolve(`@tensorflow/tfjs-backend-wasm/dist/${name}`))}/`;
}

/** Whether the kernels are there or can be compiled. */
export function kernelsPresent(): boolean {
  return existsSync(source) || kernelVariantsInOrder.every((variant) => existsSync(kernelPath(variant)));
}

/** The script of a replica's thread. */
export function replicaScript(): URL {
  const fromSource = new URL('./worker.ts', import.meta.url);
  return existsSync(fileURLToPath(fromSource)) ? fromSource : new URL('./worker.js', import.meta.url);
}

/** The program that runs a native library once. */
export function nativeProbe(): string {
  const fromSource = besideThis('./backends/probe-native.ts');
  return existsSync(fromSource) ? fromSource : besideThis('./probe-native.js');
}

/** The program that runs WebGPU once. */
export function webgpuProbe(): string {
  const fromSource = besideThis('./backends/probe-webgpu.ts');
  return existsSync(fromSource) ? fromSource : besideThis('./probe-webgpu.js');
}

/** Folder of the C++ sources of the native backend's addon. */
export function addonSources(): string {
  const beside = besideThis('./addon');
  if (existsSync(beside)) return beside;
  return join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json')), 'binding');
}

/** Folder in the user's cache where a native TensorFlow is prepared on request. */
export function nativeFolder(home: string): string {
  return join(cacheFolder(home), 'tensorflow');
}

/** Folder in the user's cache where WebGPU is prepared on request. */
export function webgpuFolder(home: string): string {
  return join(cacheFolder(home), 'webgpu');
}
