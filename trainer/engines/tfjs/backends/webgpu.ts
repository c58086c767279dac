/**
 * TensorFlow.js on WebGPU, by Dawn's build for Node (the package `webgpu`, which `fetch-webgpu.ts` fetched); the one file that touches
 * the two packages. Values come back only when the thread rests, so the operations must be told to read later.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { StudioError } from '../../../protocol/errors.ts';

interface Adapter {
  readonly info: {
    readonly vendor: string;
    readonly architecture: string;
    readonly device: string;
    readonly description: string;
  };
}

interface Dawn {
  readonly create: (flags: readonly string[]) => { requestAdapter(options: object): Promise<Adapter | null> };
  readonly globals: object;
}

/** Makes the backend current. @returns the name of the GPU. @throws StudioError `engine-failed` when there is none */
export async function startWebgpu(folder: string): Promise<{ gpu: string }> {
  const fail = (message: string, cause?: unknown): never => {
    throw new StudioError('engine-failed', message, {
      place: folder,
      remedy:
        'Install the driver of the GPU (with Vulkan, Metal or Direct3D 12), prepare the backend again with "video-r1 setup webgpu", or choose the backend "wasm" or "auto".',
      cause,
    });
  };
  try {
    const require = createRequire(join(folder, 'package.json'));
    const dawn = (await import(pathToFileURL(require.resolve('webgpu')).href)) as Dawn;
    Object.assign(globalThis, dawn.globals);
    const gpu = dawn.create([]);
    // The backend asks where a page would.
    Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter === null) return fail('WebGPU finds no GPU on this machine.');
    await import('@tensorflow/tfjs-backend-webgpu');
    if (!(await tf.setBackend('webgpu'))) throw new Error('the backend did not start');
    const { description, device, architecture, vendor } = adapter.info;
    return { gpu: description || device || [vendor, architecture].filter(Boolean).join(' ') || 'an unnamed GPU' };
  } catch (error) {
    if (error instanceof StudioError) throw error;
    return fail(`The WebGPU backend does not start: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}
