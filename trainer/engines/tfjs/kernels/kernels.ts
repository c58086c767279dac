/** The operations with own kernels on the heap of tfjs-backend-wasm; gradients through `tf.customGrad`. */
import * as tf from '@tensorflow/tfjs';
import { StudioError } from '../../../protocol/errors.ts';
import type { HeadShape } from '../../qwen/config.ts';
import { differentiable, recording, type Save } from '../model/differentiable.ts';
import { gradientsAtOnce } from '../model/host-loss.ts';
import type { DecodingCache, DecodingStart, Ops, Segments } from '../model/ops.ts';
import { rowsOf, widthOf } from '../model/rows.ts';

type Pointer = number;

/** What `kernels.as.ts` exports; shapes are described there. */
interface KernelExports {
  placeConstants(at: Pointer): void;
  gemmScratchBytes(n: number): number;
  gemm(
    a: Pointer,
    lda: number,
    ta: boolean,
    b: Pointer,
    ldb: number,
    tb: boolean,
    c: Pointer,
    ldc: number,
    m: number,
    n: number,
    k: number,
    alpha: number,
    accumulate: boolean,
    scratch: Pointer,
  ): void;
  packedWeightBytes(k: number, n: number): number;
  packWeight(weight: Pointer, packed: Pointer, n: number, k: number): void;
  gemmPacked(a: Pointer, packed: Pointer, c: Pointer, m: number, n: number, k: number, scratch: Pointer): void;
  add(x: Pointer, y: Pointer, sum: Pointer, n: number): void;
  addBias(x: Pointer, bias: Pointer, n: number, d: number): void;
  columnSums(x: Pointer, sums: Pointer, n: number, d: number): void;
  rmsNormForward(x: Pointer, gain: Pointer, y: Pointer, r: Pointer, n: number, d: number, epsilon: number): void;
  rmsNormBackward(
    x: Pointer,
    gain: Pointer,
    r: Pointer,
    dy: Pointer,
    dx: Pointer,
    dgain: Pointer,
    n: number,
    d: number,
  ): void;
  swigluForward(gateUp: Pointer, y: Pointer, n: number, f: number): void;
  swigluBackward(gateUp: Pointer, dy: Pointer, dgateUp: Pointer, n: number, f: number): void;
  geluForward(x: Pointer, y: Pointer, n: number): void;
  geluBackward(x: Pointer, dy: Pointer, dx: Pointer, n: number): void;
  rotate(
    x: Pointer,
    y: Pointer,
    cos: Pointer,
    sin: Pointer,
    n: number,
    heads: number,
    headDim: number,
    width: number,
    direction: number,
  ): void;
  attentionScratchBytes(keys: number, headDim: number): number;
  attentionForward(
    qkv: Pointer,
    segments: Pointer,
    count: number,
    probs: Pointer,
    out: Pointer,
    heads: number,
    kvHeads: number,
    headDim: number,
    causal: boolean,
    scratch: Pointer,
    mostKeys: number,
  ): void;
  attentionBackward(
    qkv: Pointer,
    segments: Pointer,
    count: number,
    probs: Pointer,
    dout: Pointer,
    dqkv: Pointer,
    n: number,
    heads: number,
    kvHeads: number,
    headDim: number,
    causal: boolean,
    scratch: Pointer,
    mostKeys: number,
  ): void;
  decodeAttention(
    qkv: Pointer,
    promptQkv: Pointer,
    prompts: Pointer,
    cache: Pointer,
    step: number,
    capacity: number,
    out: Pointer,
    rows: number,
    heads: number,
    kvHeads: number,
    headDim: number,
    scratch: Pointer,
  ): void;
  gatherRows(x: Pointer, index: Pointer, y: Pointer, n: number, d: number): void;
  scatterAddRows(x: Pointer, index: Pointer, sums: Pointer, n: number, rows: number, d: number): void;
  gatherFromTwo(first: Pointer, second: Pointer, index: Pointer, y: Pointer, n: number, d: number): void;
  scatterToTwo(
    dy: Pointer,
    index: Pointer,
    dfirst: Pointer,
    dsecond: Pointer,
    n: number,
    firstRows: number,
    secondRows: number,
    d: number,
  ): void;
  targetLogprobsForward(
    logits: Pointer,
    targets: Pointer,
    logprobs: Pointer,
    logSums: Pointer,
    n: number,
    vocabulary: number,
  ): void;
  targetLogprobsBackward(
    logits: Pointer,
    targets: Pointer,
    logSums: Pointer,
    dlogprobs: Pointer,
    dlogits: Pointer,
    n: number,
    vocabulary: number,
  ): void;
  distribution(
    logits: Pointer,
    allowed: Pointer,
    logSums: Pointer,
    entropy: Pointer,
    weights: Pointer,
    n: number,
    vocabulary: number,
    temperature: number,
  ): void;
  adamw(
    parameter: Pointer,
    m: Pointer,
    v: Pointer,
    gradient: Pointer,
    n: number,
    scale: number,
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    weightDecay: number,
    correction1: number,
    correction2: number,
  ): void;
}

/** The parts of tfjs-backend-wasm that this file stands on. */
interface WasmBackend {
  readonly wasm: {
    readonly asm: { readonly memory: WebAssembly.Memory };
    _malloc(bytes: number): number;
    _free(at: number): void;
  };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: number[], dtype: 'float32' | 'int32'): tf.TensorInfo;
}

/** Logits that are held at a time, in numbers: 16 MB. */
const defaultHeadLogits = 1 << 22;

/** Needs the wasm backend to be current. `module` is one of the compiled variants. */
export async function createKernelOps(
  module: WebAssembly.Module,
  { mostHeadLogits = defaultHeadLogits }: { readonly mostHeadLogits?: number } = {},
): Promise<Ops> {
  const backend = tf.backend() as unknown as WasmBackend;
  const memory = backend.wasm.asm.memory;
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const kernels = instance.exports as unknown as KernelExports;
  kernels.placeConstants(backend.wasm._malloc(48) >>> 0);

  const at = (x: tf.TensorInfo): Pointer => backend.dataIdMap.get(x.dataId).memoryOffset;
  const output = (...shape: number[]): tf.Tensor => {
    const made = tf.engine().makeTensorFromTensorInfo(backend.makeOutput(shape, 'float32'));
    if (made.size > 0 && at(made) === 0) throw heapFull(4 * made.size);
    return made;
  };
  const integers = (values: Int32Array): tf.Tensor => tf.tensor1d(values, 'int32');
  const view = (x: tf.TensorInfo, size: number): Float32Array => new Float32Array(memory.buffer, at(x), size);
  shareOnClone();

  let scratchAt: Pointer = 0;
  let scratchBytes = 0;
  const scratch = (bytes: number): Pointer => {
    if (bytes > scratchBytes) {
      if (scratchAt !== 0) backend.wasm._free(scratchAt);
      scratchBytes = Math.ceil(bytes * 1.25);
      scratchAt = backend.wasm._malloc(scratchBytes) >>> 0;
      if (scratchAt === 0) throw heapFull(scratchBytes);
    }
    return scratchAt;
  };

  const gemm = (
    a: Pointer,
    lda: number,
    ta: boolean,
    b: Pointer,
    ldb: number,
    tb: boolean,
    c: Pointer,
    ldc: number,
    m: number,
    n: number,
    k: number,
    accumulate: boolean,
  ): void => kernels.gemm(a, lda, ta, b, ldb, tb, c, ldc, m, n, k, 1, accumulate, scratch(kernels.gemmScratchBytes(n)));

  /** op(a) op(b) as a new tensor. */
  const product = (a: tf.Tensor, ta: boolean, b: tf.Tensor, tb: boolean): tf.Tensor => {
    const m = ta ? widthOf(a) : rowsOf(a);
    const k = ta ? rowsOf(a) : widthOf(a);
    const n = tb ? rowsOf(b) : widthOf(b);
    const c = output(m, n);
    gemm(at(a), widthOf(a), ta, at(b), widthOf(b), tb, at(c), n, m, n, k, false);
    return c;
  };

  /** While answers are written no weight changes, so each is packed once for all steps; null at other times. */
  let packedWeights: Map<object, Pointer> | null = null;
  const packedProduct = (x: tf.Tensor, weight: tf.Tensor, packed: Map<object, Pointer>): tf.Tensor => {
    const [m, n, k] = [rowsOf(x), rowsOf(weight), widthOf(weight)];
    let place = packed.get(weight.dataId);
    if (place === undefined) {
      const bytes = kernels.packedWeightBytes(k, n);
      place = backend.wasm._malloc(bytes) >>> 0;
      if (place === 0) throw heapFull(bytes);
      packed.set(weight.dataId, place);
      kernels.packWeight(at(weight), place, n, k);
    }
    const y = output(m, n);
    kernels.gemmPacked(at(x), place, at(y), m, n, k, scratch(kernels.gemmScratchBytes(0)));
    return y;
  };
  const dropPackedWeights = (): void => {
    for (const place of packedWeights?.values() ?? []) backend.wasm._free(place);
    packedWeights = null;
  };

  const columnSums = (x: tf.Tensor): tf.Tensor => {
    const sums = output(widthOf(x));
    kernels.columnSums(at(x), at(sums), rowsOf(x), widthOf(x));
    return sums;
  };

  const turned = (qkv: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor, shape: HeadShape, direction: 1 | -1): tf.Tensor => {
    const out = output(rowsOf(qkv), widthOf(qkv));
    kernels.rotate(
      at(qkv),
      at(out),
      at(cos),
      at(sin),
      rowsOf(qkv),
      shape.heads + shape.kvHeads,
      shape.headDim,
      widthOf(qkv),
      direction,
    );
    return out;
  };

  const attentionScratch = (segments: Segments, shape: HeadShape): Pointer =>
    scratch(kernels.attentionScratchBytes(segments.mostKeys, shape.headDim));

  const ops: Ops = {
    linear(x, weight, bias, inputGradient = true) {
      const forward = (save: Save): tf.Tensor => {
        save([x, weight]);
        const y = packedWeights === null ? product(x, false, weight, true) : packedProduct(x, weight, packedWeights);
        if (bias !== null) kernels.addBias(at(y), at(bias), rowsOf(y), widthOf(y));
        return y;
      };
      const backward = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
        const [input, w] = saved as [tf.Tensor, tf.Tensor];
        return [
          ...(inputGradient ? [product(dy, false, w, false)] : []),
          product(dy, true, input, false),
          ...(bias === null ? [] : [columnSums(dy)]),
        ];
      };
      return differentiable(
        [...(inputGradient ? [x] : []), weight, ...(bias === null ? [] : [bias])],
        forward,
        backward,
      );
    },

    rmsNorm: (x, gain, epsilon) =>
      differentiable(
        [x, gain],
        (save) => {
          const y = output(rowsOf(x), widthOf(x));
          const r = output(rowsOf(x));
          kernels.rmsNormForward(at(x), at(gain), at(y), at(r), rowsOf(x), widthOf(x), epsilon);
          save([x, gain, r]);
          return y;
        },
        (dy, saved) => {
          const [input, g, r] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
          const dx = output(rowsOf(input), widthOf(input));
          const dgain = output(widthOf(input));
          kernels.rmsNormBackward(at(input), at(g), at(r), at(dy), at(dx), at(dgain), rowsOf(input), widthOf(input));
          return [dx, dgain];
        },
      ),

    swiglu(x, weight, bias) {
      const gateUp = ops.linear(x, weight, bias);
      return differentiable(
        [gateUp],
        (save) => {
          save([gateUp]);
          const y = output(rowsOf(gateUp), widthOf(gateUp) / 2);
          kernels.swigluForward(at(gateUp), at(y), rowsOf(y), widthOf(y));
          return y;
        },
        (dy, saved) => {
          const [input] = saved as [tf.Tensor];
          const d = output(rowsOf(input), widthOf(input));
          kernels.swigluBackward(at(input), at(dy), at(d), rowsOf(dy), widthOf(dy));
          return [d];
        },
      );
    },

    gelu: (x) =>
      differentiable(
        [x],
        (save) => {
          save([x]);
          const y = output(...x.shape);
          kernels.geluForward(at(x), at(y), x.size);
          return y;
        },
        (dy, saved) => {
          const [input] = saved as [tf.Tensor];
          const dx = output(...input.shape);
          kernels.geluBackward(at(input), at(dy), at(dx), input.size);
          return [dx];
        },
      ),

    add: (x, y) =>
      differentiable(
        [x, y],
        () => {
          const sum = output(...x.shape);
          kernels.add(at(x), at(y), at(sum), x.size);
          return sum;
        },
        // Two tensors: TensorFlow.js frees the gradient of each input on its own.
        (dy) => [tf.clone(dy), dy],
      ),

    rotaryTable: ({ cos, sin }, { headDim }) => {
      const table = (values: Float32Array) => tf.tensor2d(values, [(2 * values.length) / headDim, headDim / 2]);
      return { cos: table(cos), sin: table(sin) };
    },

    rotate: (qkv, { cos, sin }, shape) =>
      differentiable(
        [qkv],
        (save) => {
          save([cos, sin]);
          return turned(qkv, cos, sin, shape, 1);
        },
        (dy, saved) => {
          const [c, s] = saved as [tf.Tensor, tf.Tensor];
          return [turned(dy, c, s, shape, -1)];
        },
      ),

    attention(qkv, segments, shape) {
      const { heads, kvHeads, headDim } = shape;
      const { count, causal, mostKeys } = segments;
      return differentiable(
        [qkv],
        (save) => {
          const table = integers(segments.table);
          const out = output(rowsOf(qkv), heads * headDim);
          const probs = recording() ? output(heads * keptProbabilities(segments)) : null;
          kernels.attentionForward(
            at(qkv),
            at(table),
            count,
            probs === null ? 0 : at(probs),
            at(out),
            heads,
            kvHeads,
            headDim,
            causal,
            attentionScratch(segments, shape),
            mostKeys,
          );
          if (probs !== null) save([qkv, table, probs]);
          return out;
        },
        (dout, saved) => {
          const [input, table, probs] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
          const d = output(rowsOf(input), widthOf(input));
          kernels.attentionBackward(
            at(input),
            at(table),
            count,
            at(probs),
            at(dout),
            at(d),
            rowsOf(input),
            heads,
            kvHeads,
            headDim,
            causal,
            attentionScratch(segments, shape),
            mostKeys,
          );
          return [d];
        },
      );
    },

    gatherRows: (x, index) =>
      differentiable(
        [x],
        (save) => {
          const rows = integers(index);
          save([rows]);
          const y = output(index.length, widthOf(x));
          kernels.gatherRows(at(x), at(rows), at(y), index.length, widthOf(x));
          return y;
        },
        (dy, saved) => {
          const [rows] = saved as [tf.Tensor];
          const dx = output(rowsOf(x), widthOf(x));
          kernels.scatterAddRows(at(dy), at(rows), at(dx), index.length, rowsOf(x), widthOf(x));
          return [dx];
        },
      ),

    gatherFromTwo: (first, second, index) =>
      differentiable(
        [first, second],
        (save) => {
          const rows = integers(index);
          save([rows]);
          const y = output(index.length, widthOf(first));
          kernels.gatherFromTwo(at(first), at(second), at(rows), at(y), index.length, widthOf(first));
          return y;
        },
        (dy, saved) => {
          const [rows] = saved as [tf.Tensor];
          const dfirst = output(rowsOf(first), widthOf(first));
          const dsecond = output(rowsOf(second), widthOf(second));
          kernels.scatterToTwo(
            at(dy),
            at(rows),
            at(dfirst),
            at(dsecond),
            index.length,
            rowsOf(first),
            rowsOf(second),
            widthOf(first),
          );
          return [dfirst, dsecond];
        },
      ),

    targetLogprobs: (logits, targets) =>
      differentiable(
        [logits],
        (save) => {
          const ids = integers(targets);
          const logprobs = output(targets.length);
          const logSums = output(targets.length);
          kernels.targetLogprobsForward(
            at(logits),
            at(ids),
            at(logprobs),
            at(logSums),
            targets.length,
            widthOf(logits),
          );
          save([logits, ids, logSums]);
          return logprobs;
        },
        (dy, saved) => {
          const [x, ids, logSums] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
          const dx = output(rowsOf(x), widthOf(x));
          kernels.targetLogprobsBackward(at(x), at(ids), at(logSums), at(dy), at(dx), rowsOf(x), widthOf(x));
          return [dx];
        },
      ),

    headLogprobs(hidden, weight, targets) {
      const [n, d, vocabulary] = [rowsOf(hidden), widthOf(hidden), rowsOf(weight)];
      const blockRows = Math.max(1, Math.floor(mostHeadLogits / vocabulary));
      if (n <= blockRows) return ops.targetLogprobs(ops.linear(hidden, weight, null), targets);
      /** Computes the logits of one block of rows after the other in the same place; the backward pass does so again. */
      const eachBlock = (
        h: tf.Tensor,
        w: tf.Tensor,
        use: (logits: Pointer, first: number, rows: number) => void,
      ): void => {
        const logits = output(blockRows, vocabulary);
        for (let first = 0; first < n; first += blockRows) {
          const rows = Math.min(blockRows, n - first);
          gemm(at(h) + 4 * first * d, d, false, at(w), d, true, at(logits), vocabulary, rows, vocabulary, d, false);
          use(at(logits), first, rows);
        }
        logits.dispose();
      };
      return differentiable(
        [hidden, weight],
        (save) => {
          const ids = integers(targets);
          const logprobs = output(n);
          const logSums = output(n);
          eachBlock(hidden, weight, (logits, first, rows) => {
            const place = 4 * first;
            kernels.targetLogprobsForward(
              logits,
              at(ids) + place,
              at(logprobs) + place,
              at(logSums) + place,
              rows,
              vocabulary,
            );
          });
          save([hidden, weight, ids, logSums]);
          return logprobs;
        },
        (dy, saved) => {
          const [h, w, ids, logSums] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
          const dh = output(n, d);
          const dw = output(vocabulary, d);
          eachBlock(h, w, (logits, first, rows) => {
            const place = 4 * first;
            // Each logit is read before its gradient takes its place.
            kernels.targetLogprobsBackward(
              logits,
              at(ids) + place,
              at(logSums) + place,
              at(dy) + place,
              logits,
              rows,
              vocabulary,
            );
            gemm(logits, vocabulary, false, at(w), d, false, at(dh) + place * d, d, rows, d, vocabulary, false);
            gemm(logits, vocabulary, true, at(h) + place * d, d, false, at(dw), d, vocabulary, d, rows, first > 0);
          });
          return [dh, dw];
        },
      );
    },

    hostLoss: (x, loss) =>
      differentiable(
        [x],
        (save) => {
          const { value, gradient } = loss(view(x, x.size));
          save([tf.tensor(gradient, x.shape)]);
          return tf.scalar(value);
        },
        (dy, saved) => [tf.mul(saved[0] as tf.Tensor, dy)],
      ) as tf.Scalar,

    read: async (x) => view(x, x.size),

    async distribution(logits, temperature, allowed) {
      const [n, vocabulary] = [rowsOf(logits), widthOf(logits)];
      const mask = scratch(4 * (vocabulary + 2 * n + n * vocabulary));
      const logSums = mask + 4 * vocabulary;
      const entropy = logSums + 4 * n;
      const weights = entropy + 4 * n;
      const values = (place: Pointer, count: number) => new Float32Array(memory.buffer, place, count);
      values(mask, vocabulary).set(allowed);
      kernels.distribution(at(logits), mask, logSums, entropy, weights, n, vocabulary, temperature);
      return {
        logits: view(logits, n * vocabulary),
        weights: values(weights, n * vocabulary),
        logSums: values(logSums, n),
        entropy: values(entropy, n),
      };
    },

    lossGradients: (compute, loss, by) => gradientsAtOnce(ops, compute, loss, by),

    decodingCache(start) {
      packedWeights ??= new Map();
      return new HeapCache(start, memory, kernels, at, output, scratch, dropPackedWeights);
    },

    adamw(parameter, gradient, step) {
      const size = gradient.length;
      const place = scratch(size * 4);
      new Float32Array(memory.buffer, place, size).set(gradient);
      kernels.adamw(
        at(parameter.value),
        at(parameter.m),
        at(parameter.v),
        place,
        size,
        step.scale,
        step.learningRate,
        step.beta1,
        step.beta2,
        step.epsilon,
        step.weightDecay,
        step.correction1,
        step.correction2,
      );
    },

    bytes: () => memory.buffer.byteLength,
  };
  return ops;
}

function heapFull(bytes: number): StudioError {
  return new StudioError('engine-failed', `The WebAssembly heap is full: ${bytes} bytes more were asked for.`, {
    remedy: 'Use more threads, fewer questions per step, shorter answers, smaller frames or a smaller model.',
  });
}

/** Makes `clone`, which every saved tensor goes through, share the data: the backend's own kernel copies it. */
function shareOnClone(): void {
  tf.unregisterKernel('Identity', 'wasm');
  tf.registerKernel({
    kernelName: 'Identity',
    backendName: 'wasm',
    kernelFunc({ inputs, backend }) {
      const x = inputs.x as tf.TensorInfo;
      (backend as tf.KernelBackend).incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    },
  });
}

/** Probabilities that one head keeps: rows times visible keys, over all segments. */
function keptProbabilities({ table, count }: Segments): number {
  let sum = 0;
  for (let s = 0; s < count; s++) {
    const rows = table[4 * s + 1] ?? 0;
    sum += rows * ((table[4 * s + 3] ?? 0) + rows);
  }
  return sum;
}

const firstCapacity = 32;

/** Keys and values of each answer in [rows, capacity, 2 kvHeads headDim] per layer; the capacity doubles when it is full. */
class HeapCache implements DecodingCache {
  private readonly start: DecodingStart;
  private readonly memory: WebAssembly.Memory;
  private readonly kernels: KernelExports;
  private readonly at: (x: tf.TensorInfo) => Pointer;
  private readonly output: (...shape: number[]) => tf.Tensor;
  private readonly scratch: (bytes: number) => Pointer;
  private readonly release: () => void;
  private readonly cacheWidth: number;
  private readonly mostPromptRows: number;
  private prompts: Int32Array;
  private promptTable: tf.Tensor;
  private layers: tf.Tensor[];
  private capacity = firstCapacity;
  private step = 0;

  constructor(
    start: DecodingStart,
    memory: WebAssembly.Memory,
    kernels: KernelExports,
    at: (x: tf.TensorInfo) => Pointer,
    output: (...shape: number[]) => tf.Tensor,
    scratch: (bytes: number) => Pointer,
    release: () => void,
  ) {
    this.release = release;
    this.start = start;
    this.memory = memory;
    this.kernels = kernels;
    this.at = at;
    this.output = output;
    this.scratch = scratch;
    this.prompts = start.prompts.slice();
    this.cacheWidth = 2 * start.shape.kvHeads * start.shape.headDim;
    this.mostPromptRows = start.prompts.reduce((most, value, i) => (i % 2 === 1 ? Math.max(most, value) : most), 0);
    this.promptTable = tf.keep(tf.tensor1d(this.prompts, 'int32'));
    this.layers = start.promptQkv.map(() => tf.keep(output(this.rows, this.capacity, this.cacheWidth)));
  }

  private get rows(): number {
    return this.prompts.length / 2;
  }

  attend(layer: number, qkv: tf.Tensor): tf.Tensor {
    const { heads, kvHeads, headDim } = this.start.shape;
    const out = this.output(this.rows, heads * headDim);
    this.kernels.decodeAttention(
      this.at(qkv),
      this.at(this.start.promptQkv[layer] as tf.Tensor),
      this.at(this.promptTable),
      this.at(this.layers[layer] as tf.Tensor),
      this.step,
      this.capacity,
      this.at(out),
      this.rows,
      heads,
      kvHeads,
      headDim,
      this.scratch(4 * (this.mostPromptRows + this.step + 1)),
    );
    return out;
  }

  advance(): void {
    this.step++;
    if (this.step < this.capacity) return;
    const [from, to] = [this.capacity, this.capacity * 2];
    this.layers = this.layers.map((old) => {
      const grown = tf.keep(this.output(this.rows, to, this.cacheWidth));
      this.moveRows(
        old,
        from,
        grown,
        to,
        Array.from({ length: this.rows }, (_, row) => row),
      );
      old.dispose();
      return grown;
    });
    this.capacity = to;
  }

  keep(rows: readonly number[]): void {
    for (const layer of this.layers) this.moveRows(layer, this.capacity, layer, this.capacity, rows);
    this.prompts = Int32Array.from(rows.flatMap((row) => [this.prompts[2 * row] ?? 0, this.prompts[2 * row + 1] ?? 0]));
    this.promptTable.dispose();
    this.promptTable = tf.keep(tf.tensor1d(this.prompts, 'int32'));
  }

  dispose(): void {
    this.promptTable.dispose();
    for (const tensor of [...this.layers, ...this.start.promptQkv]) tensor.dispose();
    this.release();
  }

  /** Row i of `to` becomes row rows[i] of `from`; within one tensor this is safe as rows only move down. */
  private moveRows(
    from: tf.Tensor,
    fromCapacity: number,
    to: tf.Tensor,
    toCapacity: number,
    rows: readonly number[],
  ): void {
    const heap = new Uint8Array(this.memory.buffer);
    const length = 4 * this.step * this.cacheWidth;
    rows.forEach((row, i) => {
      const source = this.at(from) + 4 * row * fromCapacity * this.cacheWidth;
      heap.copyWithin(this.at(to) + 4 * i * toCapacity * this.cacheWidth, source, source + length);
    });
  }
}
