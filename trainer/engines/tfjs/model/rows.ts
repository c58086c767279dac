/** Tensors whose first axis is rows. */
import * as tf from '@tensorflow/tfjs';

export const rowsOf = (x: tf.Tensor): number => x.shape[0] ?? 0;
export const widthOf = (x: tf.Tensor): number => x.shape[1] ?? 1;

/** Row i is row index[i] of x. */
export function pick(x: tf.Tensor, index: Int32Array): tf.Tensor {
  return tf.gather(x, tf.tensor1d(index, 'int32'));
}

export function columns(x: tf.Tensor, from: number, to: number): tf.Tensor {
  return tf.slice(x, [0, from], [rowsOf(x), to - from]);
}
