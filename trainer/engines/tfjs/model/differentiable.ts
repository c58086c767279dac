/** Operations with their own gradients. */
import * as tf from '@tensorflow/tfjs';

/** Keeps what the backward pass needs. */
export type Save = (tensors: tf.Tensor[]) => void;

/** Whether a gradient will be asked for, so that what the backward pass needs must be kept. */
export const recording = (): boolean => tf.engine().state.gradientDepth > 0;

/**
 * What `forward` gives, with one gradient per input by `backward`; what both make on the way is freed. Where no gradient is asked
 * for, no tape is built.
 */
export function differentiable(
  inputs: tf.Tensor[],
  forward: (save: Save) => tf.Tensor,
  backward: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[],
): tf.Tensor {
  if (!recording()) return tf.tidy(() => forward(() => undefined));
  const operation = tf.customGrad((...args) => ({
    value: forward(args.at(-1) as unknown as Save),
    gradFunc: (dy, saved) => tf.tidy(() => backward(dy, saved)),
  }));
  return operation(...inputs);
}
