/**
 * Run as a program: loads the addon that is named and computes a product and a gradient, in the main thread and in a worker
 * thread; prints what it found as JSON. A library that brings its process down brings down this one.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { startNative } from './native.ts';
import { setNativeEnvironment } from './native-environment.ts';

async function probe(addon: string): Promise<{ version: string; gpu: boolean }> {
  const found = await startNative(addon);
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  expectValues('product', tf.matMul(x, x), [7, 10, 15, 22]);
  // The gradient of the sum of x x is, at (i, j), the sum of row j plus that of column i.
  const gradient = tf.grad((y) => tf.sum(tf.matMul(y as tf.Tensor2D, y as tf.Tensor2D)));
  expectValues('gradient', gradient(x), [7, 11, 9, 13]);
  return found;
}

function expectValues(what: string, tensor: tf.Tensor, expected: readonly number[]): void {
  const values = Array.from(tensor.dataSync());
  if (values.join() !== expected.join())
    throw new Error(`a ${what} came out as ${values.join()}, not ${expected.join()}`);
}

async function probeInThread(addon: string): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: addon });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
}

if (isMainThread) {
  setNativeEnvironment();
  const addon = process.argv[2] ?? '';
  try {
    const found = await probe(addon);
    await probeInThread(addon);
    process.stdout.write(`${JSON.stringify({ type: 'probed', ...found })}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
} else {
  await probe(workerData as string);
  parentPort?.postMessage('done');
}
