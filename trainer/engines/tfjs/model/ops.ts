/**
 * The operations that the model is made of. Two implementations exist: `stock.ts` in plain TensorFlow.js, for any backend, and
 * `kernels.ts` with own WebAssembly kernels. Rows of all sequences are packed one after the other: no tensor holds padding.
 */
import type * as tf from '@tensorflow/tfjs';
import type { HeadShape } from '../../qwen/config.ts';
import type { Angles } from './angles.ts';

/**
 * Which packed rows attend to which. A segment is four numbers: first row, rows, first row of its prefix, rows of the prefix.
 * Its rows see the whole prefix, and themselves and what stands before them in the segment (or all of it without `causal`).
 */
export interface Segments {
  /** [count * 4] */
  readonly table: Int32Array;
  readonly count: number;
  readonly causal: boolean;
  /** Most keys that one row can see. */
  readonly mostKeys: number;
}

export function makeSegments(rows: readonly (readonly [number, number, number, number])[], causal: boolean): Segments {
  const mostKeys = rows.reduce((most, [, own, , prefix]) => Math.max(most, own + prefix), 0);
  return { table: Int32Array.from(rows.flat()), count: rows.length, causal, mostKeys };
}

/** The angles by which rows are turned, as an implementation lays them out. */
export interface RotaryTable {
  readonly cos: tf.Tensor;
  readonly sin: tf.Tensor;
}

/** What drawing tokens needs; views that hold until the next operation. */
export interface Distribution {
  /** [rows, vocabulary] */
  readonly logits: Float32Array;
  /** [rows, vocabulary]: exp((logit - largest allowed) / temperature), 0 where a token is not allowed. */
  readonly weights: Float32Array;
  /** [rows]: ln of the sum of exp(logit). */
  readonly logSums: Float32Array;
  /** [rows]: entropy in nats at temperature 1. */
  readonly entropy: Float32Array;
}

/** Keys and values while answers are written. A prompt's stand once, however many answers it has. */
export interface DecodingCache {
  /** Attention of one new row per answer; qkv [rows, width] is rotated. Gives [rows, heads * headDim]. */
  attend(layer: number, qkv: tf.Tensor): tf.Tensor;
  /** The step is over in all layers. */
  advance(): void;
  /** Goes on with these rows alone (ascending). */
  keep(rows: readonly number[]): void;
  dispose(): void;
}

export interface DecodingStart {
  /** Per layer: rotated qkv of the packed prompts [prompt rows, width]. The cache owns them from here on. */
  readonly promptQkv: readonly tf.Tensor[];
  /** Per answer: first row and rows of its prompt, [answers * 2]. */
  readonly prompts: Int32Array;
  readonly shape: HeadShape;
}

export interface AdamWStep {
  /** Multiplies the gradient: the clipping. */
  readonly scale: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** 1 - beta1^t and 1 - beta2^t. */
  readonly correction1: number;
  readonly correction2: number;
}

/** A parameter with its moments; `adamw` may exchange the tensors. */
export interface Optimized {
  value: tf.Tensor;
  m: tf.Tensor;
  v: tf.Tensor;
}

/** A loss that is computed outside of the backend, with its gradient by each value. */
export type HostLoss = (values: Float32Array) => { value: number; gradient: Float32Array };

export interface Ops {
  /** x [n, in] times weight [out, in] transposed, plus bias [out]. Without `inputGradient`, x is taken as a constant. */
  linear(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor | null, inputGradient?: boolean): tf.Tensor;
  rmsNorm(x: tf.Tensor, gain: tf.Tensor, epsilon: number): tf.Tensor;
  /** silu(gate) * up [n, f], where gate and up are the halves of x [n, in] times weight [2f, in] transposed, plus bias [2f]. */
  swiglu(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor | null): tf.Tensor;
  /** The exact GELU. */
  gelu(x: tf.Tensor): tf.Tensor;
  add(x: tf.Tensor, y: tf.Tensor): tf.Tensor;
  /** Of cosines and sines [rows, headDim / 2]: one table serves 1-D, 2-D and M-RoPE positions. */
  rotaryTable(angles: Angles, shape: HeadShape): RotaryTable;
  /** Turns the query and key heads of qkv [n, (heads + 2 kvHeads) headDim]. */
  rotate(qkv: tf.Tensor, table: RotaryTable, shape: HeadShape): tf.Tensor;
  /** Rotated qkv -> [n, heads * headDim]. */
  attention(qkv: tf.Tensor, segments: Segments, shape: HeadShape): tf.Tensor;
  /** Row i is row index[i] of x. */
  gatherRows(x: tf.Tensor, index: Int32Array): tf.Tensor;
  /** Row i is row index[i] of the first table, or row -1 - index[i] of the second where that is negative. */
  gatherFromTwo(first: tf.Tensor, second: tf.Tensor, index: Int32Array): tf.Tensor;
  /** [n]: ln softmax(logits [n, vocabulary])[target]. */
  targetLogprobs(logits: tf.Tensor, targets: Int32Array): tf.Tensor;
  /** The same of the logits that hidden [n, d] times weight [vocabulary, d] transposed gives, which may be too many to be held. */
  headLogprobs(hidden: tf.Tensor, weight: tf.Tensor, targets: Int32Array): tf.Tensor;
  /** A scalar whose gradient by x, of any shape, is what `loss` gives beside its value. Not for backends that are read later. */
  hostLoss(x: tf.Tensor, loss: HostLoss): tf.Scalar;

  /** Values of a tensor; a view that holds until the next operation. Some backends give values only when the thread rests. */
  read(x: tf.Tensor): Promise<Float32Array>;
  distribution(logits: tf.Tensor, temperature: number, allowed: Float32Array): Promise<Distribution>;
  /** Gradients by each of `by` of a loss on the host of what `compute` gives; null where it does not lead through one. */
  lossGradients(compute: () => tf.Tensor, loss: HostLoss, by: tf.Tensor[]): Promise<(tf.Tensor | null)[]>;
  decodingCache(start: DecodingStart): DecodingCache;
  adamw(parameter: Optimized, gradient: Float32Array, step: AdamWStep): void;
  /** Bytes that this backend's heap takes, or the sum of tensors where there is no heap. */
  bytes(): number;
}
