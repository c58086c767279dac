/** The backends that this machine has, for tests that hold on each of them. */
import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { ensureKernels, wasmBackendFolder } from '../../../trainer/engines/tfjs/files.ts';
import { createKernelOps } from '../../../trainer/engines/tfjs/kernels.ts';
import type { Ops } from '../../../trainer/engines/tfjs/ops.ts';
import { createStockOps } from '../../../trainer/engines/tfjs/stock.ts';

/** By name, what makes a backend current and gives its operations. WebAssembly comes once for each variant that this Node runs. */
export async function backends(): Promise<Map<string, () => Promise<Ops>>> {
  tf.enableProdMode();
  const found = new Map<string, () => Promise<Ops>>();
  const stock = createStockOps();
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
  return found;
}
