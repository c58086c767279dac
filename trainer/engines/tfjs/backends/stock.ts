/** The operations in plain TensorFlow.js, for every backend that has its kernels (cpu, native, webgpu). */
import * as tf from '@tensorflow/tfjs';
import type { HeadShape } from '../../qwen/config.ts';
import type { Angles } from '../model/angles.ts';
import { differentiable } from '../model/differentiable.ts';
import { gradientsAtOnce, gradientsInTwoPasses } from '../model/host-loss.ts';
import type { AdamWStep, Ops, Optimized } from '../model/ops.ts';
import { rowsOf, widthOf } from '../model/rows.ts';
import { stockAttention } from './stock-attention.ts';
import { TensorCache } from './stock-decoding.ts';

/** Where a backend keeps tensors, and whether their values can be had at once or only when the thread rests. */
export type TensorPlace = 'host' | 'device' | 'device, read later';

export function createStockOps(place: TensorPlace): Ops {
  const readsLater = place === 'device, read later';
  const read = async (x: tf.Tensor): Promise<Float32Array> =>
    (readsLater ? await x.data() : x.dataSync()) as Float32Array;

  const ops: Ops = {
    linear(x, weight, bias, inputGradient = true) {
      return differentiable(
        [...(inputGradient ? [x] : []), weight, ...(bias === null ? [] : [bias])],
        (save) => {
          save([x, weight]);
          const y = tf.matMul(x, weight, false, true);
          return bias === null ? y : tf.add(y, bias);
        },
        (dy, saved) => {
          const [input, w] = saved as [tf.Tensor, tf.Tensor];
          return [
            ...(inputGradient ? [tf.matMul(dy, w)] : []),
            tf.matMul(dy, input, true, false),
            ...(bias === null ? [] : [tf.sum(dy, 0)]),
          ];
        },
      );
    },

    rmsNorm: (x, gain, epsilon) =>
      differentiable(
        [x, gain],
        (save) => {
          const r = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon));
          save([x, gain, r]);
          return tf.mul(tf.mul(x, r), gain);
        },
        (dy, saved) => {
          const [input, g, r] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
          const along = tf.mul(dy, input);
          // [n, 1]: sum over the row of dy * gain * x
          const sums = tf.matMul(along, tf.expandDims(g, 1));
          const pull = tf.mul(sums, tf.div(tf.mul(tf.square(r), r), widthOf(input)));
          const dx = tf.sub(tf.mul(tf.mul(dy, g), r), tf.mul(input, pull));
          return [dx, tf.squeeze(tf.matMul(r, along, true, false), [0])];
        },
      ),

    swiglu(x, weight, bias) {
      const halves = (whole: tf.Tensor): [tf.Tensor, tf.Tensor] => tf.split(whole, 2, 0) as [tf.Tensor, tf.Tensor];
      return differentiable(
        [x, weight, ...(bias === null ? [] : [bias])],
        (save) => {
          const biases = bias === null ? null : halves(bias);
          const [gate, up] = halves(weight).map((half, i) => {
            const y = tf.matMul(x, half, false, true);
            return biases === null ? y : tf.add(y, biases[i] as tf.Tensor);
          }) as [tf.Tensor, tf.Tensor];
          const sigmoid = tf.sigmoid(gate);
          const silu = tf.mul(gate, sigmoid);
          save([x, weight, up, sigmoid, silu]);
          return tf.mul(silu, up);
        },
        (dy, saved) => {
          const [input, w, up, sigmoid, silu] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
          // silu' = sigmoid + silu - silu * sigmoid
          const slope = tf.sub(tf.add(sigmoid, silu), tf.mul(silu, sigmoid));
          const slopes = [tf.mul(tf.mul(dy, up), slope), tf.mul(dy, silu)] as const;
          const [ofGate, ofUp] = halves(w);
          return [
            tf.add(tf.matMul(slopes[0], ofGate), tf.matMul(slopes[1], ofUp)),
            tf.concat(
              slopes.map((d) => tf.matMul(d, input, true, false)),
              0,
            ),
            ...(bias === null
              ? []
              : [
                  tf.concat(
                    slopes.map((d) => tf.sum(d, 0)),
                    0,
                  ),
                ]),
          ];
        },
      );
    },

    gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),

    add: (x, y) =>
      differentiable(
        [x, y],
        () => tf.add(x, y),
        // Two tensors: TensorFlow.js frees the gradient of each input on its own.
        (dy) => [tf.clone(dy), dy],
      ),

    rotaryTable: wideTable,

    rotate: (qkv, { cos, sin }, shape) =>
      differentiable(
        [qkv],
        (save) => {
          save([cos, sin]);
          return tf.add(tf.mul(qkv, cos), tf.mul(halvesExchanged(qkv, shape), sin));
        },
        (dy, saved) => {
          const [c, s] = saved as [tf.Tensor, tf.Tensor];
          return [tf.add(tf.mul(dy, c), halvesExchanged(tf.mul(dy, s), shape))];
        },
      ),

    attention: stockAttention,

    gatherRows: (x, index) =>
      differentiable(
        [x],
        (save) => {
          const rows = tf.tensor1d(index, 'int32');
          save([rows]);
          return tf.gather(x, rows);
        },
        (dy, saved) => [tf.unsortedSegmentSum(dy, saved[0] as tf.Tensor1D, rowsOf(x))],
      ),

    gatherFromTwo(first, second, index) {
      const rows = rowsOf(first);
      return ops.gatherRows(
        tf.concat([first, second], 0),
        index.map((i) => (i >= 0 ? i : rows - 1 - i)),
      );
    },

    targetLogprobs: (logits, targets) =>
      differentiable(
        [logits],
        (save) => {
          const above = tf.sub(logits, tf.max(logits, -1, true));
          const weights = tf.exp(above);
          const sums = tf.sum(weights, -1);
          const places = tf.tensor2d(
            Int32Array.from({ length: 2 * targets.length }, (_, i) =>
              i % 2 === 0 ? i >> 1 : (targets[i >> 1] as number),
            ),
            [targets.length, 2],
            'int32',
          );
          const logprobs = tf.sub(tf.gatherND(above, places), tf.log(sums));
          save([weights, sums, places, logprobs]);
          return logprobs;
        },
        (dy, saved) => {
          const [weights, sums, places, logprobs] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
          const others = tf.mul(weights, tf.expandDims(tf.neg(tf.div(dy, sums)), 1));
          const ofTargets = tf.mul(dy, tf.sub(1, tf.exp(logprobs)));
          return [tf.tensorScatterUpdate(others, places, ofTargets)];
        },
      ),

    headLogprobs: (hidden, weight, targets) => ops.targetLogprobs(ops.linear(hidden, weight, null), targets),

    hostLoss(x, loss) {
      return differentiable(
        [x],
        (save) => {
          const { value, gradient } = loss(x.dataSync() as Float32Array);
          save([tf.tensor(gradient, x.shape)]);
          return tf.scalar(value);
        },
        (dy, saved) => [tf.mul(saved[0] as tf.Tensor, dy)],
      ) as tf.Scalar;
    },

    read,

    lossGradients: (compute, loss, by) =>
      readsLater ? gradientsInTwoPasses(compute, loss, by) : gradientsAtOnce(ops, compute, loss, by),

    async distribution(logits, temperature, allowed) {
      const [n, vocabulary] = [rowsOf(logits), widthOf(logits)];
      const values = await read(logits);
      const weights = new Float32Array(n * vocabulary);
      const logSums = new Float32Array(n);
      const entropy = new Float32Array(n);
      for (let row = 0; row < n; row++) {
        const at = row * vocabulary;
        let largest = -Infinity;
        let top = -Infinity;
        for (let j = 0; j < vocabulary; j++) {
          const logit = values[at + j] as number;
          if (logit > largest) largest = logit;
          if (logit > top && allowed[j] !== 0) top = logit;
        }
        let sum = 0;
        let moment = 0;
        for (let j = 0; j < vocabulary; j++) {
          const logit = values[at + j] as number;
          const x = logit - largest;
          sum += Math.exp(x);
          moment += Math.exp(x) * x;
          weights[at + j] = allowed[j] === 0 ? 0 : Math.exp((logit - top) / temperature);
        }
        logSums[row] = largest + Math.log(sum);
        entropy[row] = Math.max(0, Math.log(sum) - moment / sum);
      }
      return { logits: values, weights, logSums, entropy };
    },

    decodingCache: (start) => new TensorCache(start),

    adamw: place === 'host' ? stepOnHost : stepOnDevice,

    bytes: () => tf.memory().numBytes,
  };
  return ops;
}

/**
 * Tables [rows, (heads + 2 kvHeads) headDim] with which a turn is x * cos + exchanged(x) * sin: each head's angles, its first half
 * against the second, and no turn for the values.
 */
function wideTable({ cos, sin }: Angles, { heads, kvHeads, headDim }: HeadShape): { cos: tf.Tensor; sin: tf.Tensor } {
  const half = headDim / 2;
  const rows = cos.length / half;
  const width = (heads + 2 * kvHeads) * headDim;
  const cosines = new Float32Array(rows * width).fill(1);
  const sines = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const at = row * width;
    for (let j = 0; j < half; j++) {
      cosines[at + j] = cosines[at + half + j] = cos[row * half + j] as number;
      sines[at + half + j] = sin[row * half + j] as number;
      sines[at + j] = -(sin[row * half + j] as number);
    }
    for (let head = 1; head < heads + kvHeads; head++) {
      cosines.copyWithin(at + head * headDim, at, at + headDim);
      sines.copyWithin(at + head * headDim, at, at + headDim);
    }
  }
  return { cos: tf.tensor2d(cosines, [rows, width]), sin: tf.tensor2d(sines, [rows, width]) };
}

/** Exchanges the halves of every head. */
function halvesExchanged(x: tf.Tensor, { headDim }: HeadShape): tf.Tensor {
  const halves = tf.reshape(x, [x.size / headDim, 2, headDim / 2]);
  return tf.reshape(tf.reverse(halves, 1), x.shape);
}

/** One operation after the other costs more than a plain loop where values lie in the host's memory. */
function stepOnHost(parameter: Optimized, gradient: Float32Array, step: AdamWStep): void {
  const { scale, beta1, beta2, epsilon, correction2 } = step;
  const before = [parameter.value, parameter.m, parameter.v] as const;
  const [value, m, v] = before.map((tensor) => tensor.dataSync()) as [Float32Array, Float32Array, Float32Array];
  const rate = step.learningRate / step.correction1;
  const decay = 1 - step.learningRate * step.weightDecay;
  for (let i = 0; i < value.length; i++) {
    const g = scale * (gradient[i] as number);
    const m1 = beta1 * (m[i] as number) + (1 - beta1) * g;
    const v1 = beta2 * (v[i] as number) + (1 - beta2) * g * g;
    m[i] = m1;
    v[i] = v1;
    value[i] = decay * (value[i] as number) - (rate * m1) / (Math.sqrt(v1 / correction2) + epsilon);
  }
  const kept = (values: Float32Array): tf.Tensor => tf.keep(tf.tensor(values, parameter.value.shape));
  [parameter.value, parameter.m, parameter.v] = [kept(value), kept(m), kept(v)];
  tf.dispose([...before]);
}

function stepOnDevice(parameter: Optimized, gradient: Float32Array, step: AdamWStep): void {
  const { value, m, v } = parameter;
  const [m1, v1, value1] = tf.tidy(() => {
    const g = tf.mul(tf.tensor(gradient, value.shape), step.scale);
    const m1 = tf.add(tf.mul(m, step.beta1), tf.mul(g, 1 - step.beta1));
    const v1 = tf.add(tf.mul(v, step.beta2), tf.mul(tf.square(g), 1 - step.beta2));
    const update = tf.div(
      tf.mul(m1, step.learningRate / step.correction1),
      tf.add(tf.sqrt(tf.div(v1, step.correction2)), step.epsilon),
    );
    return [m1, v1, tf.sub(tf.mul(value, 1 - step.learningRate * step.weightDecay), update)] as const;
  });
  for (const old of [value, m, v]) old.dispose();
  parameter.value = tf.keep(value1);
  parameter.m = tf.keep(m1);
  parameter.v = tf.keep(v1);
}
