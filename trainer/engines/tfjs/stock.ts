/** The operations in plain TensorFlow.js, for every backend that has its kernels and gradients (cpu, native). */
import * as tf from '@tensorflow/tfjs';
import { gradientsAtOnce, gradientsInTwoPasses } from './host-loss.ts';
import type { DecodingCache, DecodingStart, HeadShape, Ops, Segments } from './ops.ts';

const hidden = -1e9;

const rowsOf = (x: tf.Tensor): number => x.shape[0] ?? 0;
const widthOf = (x: tf.Tensor): number => x.shape[1] ?? 1;

function pick(x: tf.Tensor, index: Int32Array): tf.Tensor {
  return tf.gather(x, tf.tensor1d(index, 'int32'));
}

/** qkv [n, width] -> q [n, heads * headDim], k and v [n, kvHeads * headDim]. */
function splitHeads(qkv: tf.Tensor, { heads, kvHeads, headDim }: HeadShape): [tf.Tensor, tf.Tensor, tf.Tensor] {
  return tf.split(qkv, [heads * headDim, kvHeads * headDim, kvHeads * headDim], 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
}

/** q [b, heads, tq, headDim] over k, v [b, kvHeads, tk, headDim] with mask [b, 1, tq, tk] -> [b * tq, heads * headDim]. */
function attend(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  mask: tf.Tensor,
  { heads, kvHeads, headDim }: HeadShape,
): tf.Tensor {
  const [b = 0, , tq = 0] = q.shape;
  const tk = k.shape[2] ?? 0;
  // The query heads that share keys and values stand together: as rows of one product, they need no copies of them.
  const shared = [b, kvHeads, (heads / kvHeads) * tq];
  const scaled = tf.mul(tf.reshape(q, [...shared, headDim]), 1 / Math.sqrt(headDim));
  const scores = tf.add(tf.reshape(tf.matMul(scaled, k, false, true), [b, heads, tq, tk]), mask);
  const out = tf.matMul(tf.reshape(tf.softmax(scores), [...shared, tk]), v);
  return tf.reshape(tf.transpose(tf.reshape(out, [b, heads, tq, headDim]), [0, 2, 1, 3]), [b * tq, heads * headDim]);
}

/** [b * t, n * headDim] -> [b, n, t, headDim]. */
function byHead(x: tf.Tensor, b: number, t: number, headDim: number): tf.Tensor {
  return tf.transpose(tf.reshape(x, [b, t, widthOf(x) / headDim, headDim]), [0, 2, 1, 3]);
}

/** Where the rows of a padded batch come from, what they may see, and where each packed row stands in it. */
function padded({ table, count, causal }: Segments, packedRows: number) {
  const rows = Array.from(
    { length: count },
    (_, s) => Array.from(table.subarray(4 * s, 4 * s + 4)) as [number, number, number, number],
  );
  const queries = Math.max(...rows.map(([, own]) => own));
  const keys = Math.max(...rows.map(([, own, , prefix]) => own + prefix));
  const queryIndex = new Int32Array(count * queries);
  const keyIndex = new Int32Array(count * keys);
  const mask = new Float32Array(count * queries * keys).fill(hidden);
  const place = new Int32Array(packedRows);
  rows.forEach(([first, own, prefixFirst, prefix], s) => {
    for (let j = 0; j < prefix + own; j++) keyIndex[s * keys + j] = j < prefix ? prefixFirst + j : first + j - prefix;
    for (let i = 0; i < own; i++) {
      queryIndex[s * queries + i] = first + i;
      place[first + i] = s * queries + i;
      const at = (s * queries + i) * keys;
      mask.fill(0, at, at + prefix + (causal ? i + 1 : own));
    }
  });
  return { queries, keys, queryIndex, keyIndex, mask, place };
}

/** `reads`: whether the backend gives values at once, or only when the thread rests. */
export function createStockOps(reads: 'at once' | 'later' = 'at once'): Ops {
  const read = async (x: tf.Tensor): Promise<Float32Array> =>
    (reads === 'at once' ? x.dataSync() : await x.data()) as Float32Array;
  const ops: Ops = {
    linear(x, weight, bias) {
      const y = tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D, false, true);
      return bias === null ? y : tf.add(y, bias);
    },

    rmsNorm: (x, gain, epsilon) => tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon))), gain),

    swiglu(gateUp) {
      const [gate, up] = tf.split(gateUp, 2, 1) as [tf.Tensor, tf.Tensor];
      return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
    },

    gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),

    add: (x, y) => tf.add(x, y),

    rotate(qkv, { cos, sin }, shape) {
      const n = rowsOf(qkv);
      const turning = (shape.heads + shape.kvHeads) * shape.headDim;
      const [turn, rest] = tf.split(qkv, [turning, widthOf(qkv) - turning], 1) as [tf.Tensor, tf.Tensor];
      const half = shape.headDim / 2;
      const [lower, upper] = tf.split(tf.reshape(turn, [n, shape.heads + shape.kvHeads, shape.headDim]), 2, 2) as [
        tf.Tensor,
        tf.Tensor,
      ];
      const c = tf.reshape(cos, [n, 1, half]);
      const s = tf.reshape(sin, [n, 1, half]);
      const turned = tf.concat(
        [tf.sub(tf.mul(lower, c), tf.mul(upper, s)), tf.add(tf.mul(upper, c), tf.mul(lower, s))],
        2,
      );
      return tf.concat([tf.reshape(turned, [n, turning]), rest], 1);
    },

    attention(qkv, segments, shape) {
      const { queries, keys, queryIndex, keyIndex, mask, place } = padded(segments, rowsOf(qkv));
      const [q, k, v] = splitHeads(qkv, shape);
      const [b, d] = [segments.count, shape.headDim];
      const out = attend(
        byHead(pick(q, queryIndex), b, queries, d),
        byHead(pick(k, keyIndex), b, keys, d),
        byHead(pick(v, keyIndex), b, keys, d),
        tf.tensor4d(mask, [b, 1, queries, keys]),
        shape,
      );
      return pick(out, place);
    },

    gatherRows: (x, index) => pick(x, index),

    gatherFromTwo(first, second, index) {
      const rows = rowsOf(first);
      return pick(
        tf.concat([first, second], 0),
        index.map((i) => (i >= 0 ? i : rows - 1 - i)),
      );
    },

    targetLogprobs(logits, targets) {
      const chosen = tf.cast(tf.oneHot(tf.tensor1d(targets, 'int32'), widthOf(logits)), 'float32');
      return tf.sum(tf.mul(tf.logSoftmax(logits), chosen), -1);
    },

    headLogprobs: (hidden, weight, targets) => ops.targetLogprobs(ops.linear(hidden, weight, null), targets),

    hostLoss(x, loss) {
      const operation = tf.customGrad((values, save) => {
        const { value, gradient } = loss((values as tf.Tensor).dataSync() as Float32Array);
        (save as unknown as (tensors: tf.Tensor[]) => void)([tf.tensor(gradient, x.shape)]);
        return {
          value: tf.scalar(value),
          gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(saved[0] as tf.Tensor, dy),
        };
      });
      return operation(x);
    },

    read,

    lossGradients: (compute, loss, by) =>
      reads === 'at once' ? gradientsAtOnce(ops, compute, loss, by) : gradientsInTwoPasses(compute, loss, by),

    async distribution(logits, temperature, allowed) {
      const [n, vocabulary] = [rowsOf(logits), widthOf(logits)];
      const values = await read(logits);
      const weights = new Float32Array(n * vocabulary);
      const logSums = new Float32Array(n);
      const entropy = new Float32Array(n);
      for (let row = 0; row < n; row++) {
        const from = values.subarray(row * vocabulary, (row + 1) * vocabulary);
        const largest = from.reduce((most, x) => Math.max(most, x), -Infinity);
        const top = from.reduce((most, x, j) => (allowed[j] === 0 ? most : Math.max(most, x)), -Infinity);
        let sum = 0;
        let moment = 0;
        from.forEach((logit, j) => {
          const x = logit - largest;
          sum += Math.exp(x);
          moment += Math.exp(x) * x;
          weights[row * vocabulary + j] = allowed[j] === 0 ? 0 : Math.exp((logit - top) / temperature);
        });
        logSums[row] = largest + Math.log(sum);
        entropy[row] = Math.max(0, Math.log(sum) - moment / sum);
      }
      return { logits: values, weights, logSums, entropy };
    },

    decodingCache: (start) => new TensorCache(start),

    adamw(parameter, gradient, step) {
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
    },

    bytes: () => tf.memory().numBytes,
  };
  return ops;
}

/** Keys and values as tensors that grow by concatenation; prompts are padded to the longest one. */
class TensorCache implements DecodingCache {
  readonly #shape: HeadShape;
  /** Per layer: k, v of each answer's prompt and of its own tokens [rows, kvHeads, longest prompt + step, headDim]. */
  #held: [tf.Tensor, tf.Tensor][];
  /** [rows, 1, 1, longest prompt + step + 1]: 0, or `hidden` between a prompt's end and the longest one's. */
  #mask: tf.Tensor;

  constructor({ promptQkv, prompts, shape }: DecodingStart) {
    this.#shape = shape;
    const rows = prompts.length / 2;
    const lengths = Array.from({ length: rows }, (_, row) => prompts[2 * row + 1] ?? 0);
    const longest = Math.max(...lengths);
    const index = new Int32Array(rows * longest);
    const mask = new Float32Array(rows * (longest + 1));
    lengths.forEach((length, row) => {
      for (let j = 0; j < length; j++) index[row * longest + j] = (prompts[2 * row] ?? 0) + j;
      mask.fill(hidden, row * (longest + 1) + length, row * (longest + 1) + longest);
    });
    this.#mask = tf.keep(tf.tensor4d(mask, [rows, 1, 1, longest + 1]));
    this.#held = promptQkv.map((qkv) =>
      tf.tidy(() => {
        const [, k, v] = splitHeads(qkv, shape);
        const place = (x: tf.Tensor) => tf.keep(byHead(pick(x, index), rows, longest, shape.headDim));
        return [place(k), place(v)] as [tf.Tensor, tf.Tensor];
      }),
    );
    for (const qkv of promptQkv) qkv.dispose();
  }

  attend(layer: number, qkv: tf.Tensor): tf.Tensor {
    const rows = rowsOf(qkv);
    const { headDim } = this.#shape;
    const [q, k, v] = splitHeads(qkv, this.#shape);
    const before = this.#held[layer] as [tf.Tensor, tf.Tensor];
    const extend = (old: tf.Tensor, x: tf.Tensor): tf.Tensor =>
      tf.keep(tf.concat([old, byHead(x, rows, 1, headDim)], 2));
    const after: [tf.Tensor, tf.Tensor] = [extend(before[0], k), extend(before[1], v)];
    tf.dispose(before);
    this.#held[layer] = after;
    return attend(byHead(q, rows, 1, headDim), ...after, this.#mask, this.#shape);
  }

  advance(): void {
    this.#exchangeMask((mask) => tf.concat([mask, tf.zeros([rowsOf(mask), 1, 1, 1])], 3));
  }

  keep(rows: readonly number[]): void {
    const index = Int32Array.from(rows);
    this.#held = this.#held.map((pair) => {
      const kept = tf.tidy(() => pair.map((x) => tf.keep(pick(x, index))) as [tf.Tensor, tf.Tensor]);
      tf.dispose(pair);
      return kept;
    });
    this.#exchangeMask((mask) => pick(mask, index));
  }

  dispose(): void {
    tf.dispose([...this.#held.flat(), this.#mask]);
  }

  #exchangeMask(change: (mask: tf.Tensor) => tf.Tensor): void {
    const changed = tf.tidy(() => tf.keep(change(this.#mask)));
    this.#mask.dispose();
    this.#mask = changed;
  }
}
