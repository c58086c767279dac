/** The backends that this machine has, for tests that hold on each of them. */
import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { startNative } from '../../../trainer/engines/tfjs/backends/native.ts';
import { setNativeEnvironment } from '../../../trainer/engines/tfjs/backends/native-environment.ts';
import { createStockOps } from '../../../trainer/engines/tfjs/backends/stock.ts';
import { startWebgpu } from '../../../trainer/engines/tfjs/backends/webgpu.ts';
import { ensureKernels, wasmBackendFolder } from '../../../trainer/engines/tfjs/files.ts';
import { createKernelOps } from '../../../trainer/engines/tfjs/kernels/kernels.ts';
import type { Ops } from '../../../trainer/engines/tfjs/model/ops.ts';
import { fetchWebgpu, type PreparedWebgpu, preparedWebgpu } from '../../../trainer/engines/tfjs/setup/fetch-webgpu.ts';
import { preparedNative } from '../../../trainer/engines/tfjs/setup/native-libraries.ts';

/** A prepared WebGPU that sees a GPU just now, or null, said on the standard output. Run in another process, which a driver may end. */
export async function webgpuHere(): Promise<PreparedWebgpu | null> {
  const prepared = preparedWebgpu();
  const why =
    prepared === null
      ? 'it is not prepared here; "video-r1 setup webgpu" does'
      : await fetchWebgpu({
          signal: new AbortController().signal,
          onProgress: () => {},
          hold: () => ({ dispose: () => {} }),
        }).then(
          () => null,
          (error: Error) => error.message,
        );
  if (why !== null) process.stdout.write(`Skipped, the WebGPU backend: ${why}\n`);
  return why === null ? prepared : null;
}

/**
 * By name, what makes a backend current and gives its operations. WebAssembly comes once for each variant that this Node runs.
 * Values of WebGPU can be read by the operations' `read` alone.
 */
export async function backends(): Promise<Map<string, () => Promise<Ops>>> {
  tf.enableProdMode();
  const found = new Map<string, () => Promise<Ops>>();
  const stock = createStockOps('host');
  found.set('cpu', async () => {
    await tf.setBackend('cpu');
    return stock;
  });
  setWasmPaths(wasmBackendFolder());
  await tf.setBackend('wasm');
  for (const path of await ensureKernels()) {
    const bytes = await readFile(path);
    if (!WebAssembly.validate(bytes)) continue;
    const ops = await createKernelOps(await WebAssembly.compile(bytes));
    found.set(`wasm (${path.replace(/^.*\//, '')})`, async () => {
      await tf.setBackend('wasm');
      return ops;
    });
  }
  const [library] = preparedNative();
  if (library === undefined)
    process.stdout.write('Skipped, the native backend: it is not prepared here; "video-r1 setup native" does.\n');
  else {
    setNativeEnvironment();
    const { gpu } = await startNative(library.addon);
    const ops = createStockOps(gpu ? 'device' : 'host');
    found.set(gpu ? 'native GPU' : 'native CPU', async () => {
      await tf.setBackend('tensorflow');
      return ops;
    });
  }
  const webgpu = await webgpuHere();
  if (webgpu !== null) {
    await startWebgpu(webgpu.folder);
    const ops = createStockOps('device, read later');
    found.set('webgpu', async () => {
      await tf.setBackend('webgpu');
      return ops;
    });
  }
  return found;
}
