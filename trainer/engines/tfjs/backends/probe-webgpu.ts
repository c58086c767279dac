/** Run as a program: starts WebGPU from the folder that is named and computes a product and a gradient; prints what it found as JSON. */
import * as tf from '@tensorflow/tfjs';
import { startWebgpu } from './webgpu.ts';

async function expectValues(what: string, tensor: tf.Tensor, expected: readonly number[]): Promise<void> {
  const values = Array.from(await tensor.data());
  if (values.some((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)) > 1e-4))
    throw new Error(`a ${what} came out as ${values.join()}, not ${expected.join()}`);
}

try {
  const { gpu } = await startWebgpu(process.argv[2] ?? '');
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  await expectValues('product', tf.matMul(x, x), [7, 10, 15, 22]);
  // The gradient of the sum of x x is, at (i, j), the sum of row j plus that of column i.
  const gradient = tf.grad((y) => tf.sum(tf.matMul(y as tf.Tensor2D, y as tf.Tensor2D)));
  await expectValues('gradient', gradient(x), [7, 11, 9, 13]);
  process.stdout.write(`${JSON.stringify({ type: 'probed', gpu })}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
// Dawn keeps the process alive.
process.exit();
