/**
 * TensorFlow's own library under TensorFlow.js, through @tensorflow/tfjs-node-gpu; the one file that touches that package's
 * code. The addon is loaded from where `fetch-native.ts` prepared it in the user's cache; nothing is fetched here.
 */
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { StudioError } from '../../../protocol/errors.ts';

interface NativeBinding {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
}

interface BackendModule {
  readonly NodeJSKernelBackend: new (binding: NativeBinding, packageName: string) => tf.KernelBackend;
}

/** Makes the addon's backend current. @throws StudioError `engine-failed` when it does not start */
export async function startNative(addon: string): Promise<{ version: string; gpu: boolean }> {
  // The package calls two functions that Node 23 and later lack or warn of.
  const lacking = util as unknown as Record<string, unknown>;
  lacking.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  lacking.isArray = Array.isArray;
  try {
    const module = { exports: {} };
    process.dlopen(module, addon);
    const binding = module.exports as NativeBinding;
    await import('@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js');
    // A bundle gives a CommonJS module as its default alone.
    const { default: exported } = (await import(
      '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js'
    )) as unknown as { default: BackendModule };
    const backend = new exported.NodeJSKernelBackend(binding, '@tensorflow/tfjs-node-gpu');
    tf.registerBackend('tensorflow', () => backend, 3);
    if (!(await tf.setBackend('tensorflow'))) throw new Error('the backend did not start');
    return { version: binding.TF_Version, gpu: binding.isUsingGpuDevice() };
  } catch (error) {
    throw new StudioError(
      'engine-failed',
      `The native TensorFlow backend does not start: ${error instanceof Error ? error.message : String(error)}`,
      {
        place: addon,
        remedy: 'Prepare it again with "video-r1 setup native", or choose the backend "wasm" or "auto".',
        cause: error,
      },
    );
  }
}
