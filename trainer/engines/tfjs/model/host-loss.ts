/** Gradients of a loss that is computed on the host, between the forward and the backward pass. */
import * as tf from '@tensorflow/tfjs';
import type { HostLoss, Ops } from './ops.ts';

/** For backends whose values can be read at once: the loss is one more operation of the forward pass. */
export async function gradientsAtOnce(
  { hostLoss }: Pick<Ops, 'hostLoss'>,
  compute: () => tf.Tensor,
  loss: HostLoss,
  by: tf.Tensor[],
): Promise<(tf.Tensor | null)[]> {
  const { value, grads } = tf.engine().gradients(() => hostLoss(compute(), loss), by, undefined, true);
  value.dispose();
  return grads;
}

/**
 * For backends that give values only when the thread rests: the forward pass is done once for the loss, and once more for the
 * backward pass.
 */
export async function gradientsInTwoPasses(
  compute: () => tf.Tensor,
  loss: HostLoss,
  by: tf.Tensor[],
): Promise<(tf.Tensor | null)[]> {
  const first = tf.tidy(compute);
  const values = (await first.data()) as Float32Array;
  const { gradient } = loss(values);
  const slopes = tf.tensor(gradient, first.shape);
  first.dispose();
  const { value, grads } = tf
    .engine()
    .gradients(() => tf.sum(tf.mul(compute(), slopes)) as tf.Scalar, by, undefined, true);
  tf.dispose([value, slopes]);
  return grads;
}
