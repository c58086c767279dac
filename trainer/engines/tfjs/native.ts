/**
 * TensorFlow's own library under TensorFlow.js, through @tensorflow/tfjs-node-gpu; the one file that touches that package. The
 * addon is loaded from where it was prepared in the user's cache: nothing is downloaded and no install script runs here.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { StudioError } from '../../protocol/errors.ts';
import { nativeFolder } from './files.ts';

const packageName = '@tensorflow/tfjs-node-gpu';
const addonName = 'tfjs_binding.node';

/** What preparing wrote beside the addon after it had run it once in another process. */
const preparedFile = z.looseObject({ version: z.string(), gpu: z.boolean(), addon: z.string() });

export interface NativeLibrary {
  readonly addon: string;
  readonly version: string;
  readonly gpu: boolean;
}

/** The libraries that are prepared on this machine, those that saw a GPU first. */
export function preparedNative(folder = nativeFolder(homedir())): NativeLibrary[] {
  return ['gpu', 'cpu']
    .flatMap((kind) => {
      const ready = join(folder, kind, 'ready.json');
      if (!existsSync(ready)) return [];
      const parsed = preparedFile.safeParse(parseJson(readFileSync(ready, 'utf8')));
      if (!parsed.success) return [];
      const { version, gpu, addon } = parsed.data;
      return existsSync(addon) ? [{ addon, version, gpu }] : [];
    })
    .sort((a, b) => Number(b.gpu) - Number(a.gpu));
}

/** Undefined for what is not JSON: preparing was cut off. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface NativeBinding {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
}

/** Makes the native backend current. @throws StudioError `engine-failed` when it is not prepared or does not start */
export async function startNative(): Promise<{ version: string; gpu: boolean }> {
  const [library] = preparedNative();
  if (library === undefined) {
    throw new StudioError('engine-failed', 'The native TensorFlow backend is not prepared on this machine.', {
      place: join(nativeFolder(homedir()), 'cpu', addonName),
      remedy: 'Choose the backend "wasm", which needs nothing, or "auto".',
    });
  }
  // The package calls two functions that Node 23 and later lack or warn of.
  const lacking = util as unknown as Record<string, unknown>;
  lacking.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  lacking.isArray = Array.isArray;
  try {
    const require = createRequire(import.meta.url);
    const module = { exports: {} };
    process.dlopen(module, library.addon);
    const binding = module.exports as NativeBinding;
    require(`${packageName}/dist/register_all_kernels`);
    const { NodeJSKernelBackend } = require(`${packageName}/dist/nodejs_kernel_backend`) as {
      NodeJSKernelBackend: new (binding: unknown, packageName: string) => tf.KernelBackend;
    };
    tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, packageName), 3);
    if (!(await tf.setBackend('tensorflow'))) throw new Error('the backend did not start');
    return { version: binding.TF_Version, gpu: binding.isUsingGpuDevice() };
  } catch (error) {
    throw new StudioError(
      'engine-failed',
      `The native TensorFlow backend does not start: ${error instanceof Error ? error.message : String(error)}`,
      {
        place: library.addon,
        remedy: 'Remove its folder, and choose the backend "wasm" or "auto".',
        cause: error,
      },
    );
  }
}
