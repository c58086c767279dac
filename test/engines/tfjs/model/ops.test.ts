/**
 * Every operation with own kernels gives the values and gradients of the same operation in plain TensorFlow.js; so does plain
 * TensorFlow.js on the native backend, where it is prepared.
 */
import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { startNative } from '../../../../trainer/engines/tfjs/backends/native.ts';
import { setNativeEnvironment } from '../../../../trainer/engines/tfjs/backends/native-environment.ts';
import { createStockOps } from '../../../../trainer/engines/tfjs/backends/stock.ts';
import { ensureKernels, wasmBackendFolder } from '../../../../trainer/engines/tfjs/files.ts';
import { createKernelOps } from '../../../../trainer/engines/tfjs/kernels/kernels.ts';
import type { Ops } from '../../../../trainer/engines/tfjs/model/ops.ts';
import { makeSegments } from '../../../../trainer/engines/tfjs/model/ops.ts';
import { uniform } from '../../../../trainer/engines/tfjs/model/random.ts';
import { preparedNative } from '../../../../trainer/engines/tfjs/setup/native-libraries.ts';

interface Operation {
  readonly inputs: readonly { readonly shape: readonly number[]; readonly values: Float32Array }[];
  readonly run: (ops: Ops, inputs: tf.Tensor[]) => tf.Tensor;
}

/** What this machine runs, by name. */
const variants: { name: string; backend: 'wasm' | 'tensorflow'; ops: Ops }[] = [];
/** The kernels with room for so few logits that they are computed in blocks. */
const inBlocks: { name: string; ops: Ops }[] = [];
const [native] = preparedNative();
const stock = createStockOps('host');
if (native === undefined)
  console.log('Skipped: the native backend is not prepared on this machine; "npx video-r1 setup native" prepares it.');

beforeAll(async () => {
  tf.enableProdMode();
  setWasmPaths(wasmBackendFolder());
  await tf.setBackend('wasm');
  await tf.ready();
  for (const path of await ensureKernels()) {
    const bytes = await readFile(path);
    if (!WebAssembly.validate(bytes)) continue;
    const module = await WebAssembly.compile(bytes);
    variants.push({ name: path, backend: 'wasm', ops: await createKernelOps(module) });
    inBlocks.push({ name: path, ops: await createKernelOps(module, { mostHeadLogits: 130 }) });
  }
  if (native === undefined) return;
  setNativeEnvironment();
  await startNative(native.addon);
  variants.push({ name: 'native', backend: 'tensorflow', ops: stock });
});

const random = (seed: number, ...shape: number[]) => ({
  shape,
  values: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 2 * uniform(seed, i) - 1),
});

/** Value, and gradients of the sum of value times fixed random numbers. */
async function evaluate(backend: string, ops: Ops, { inputs, run }: Operation): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const tensors = inputs.map(({ shape, values }) => tf.tensor(values, [...shape]));
    const y = run(ops, tensors);
    const weights = tf.tensor(random(99, ...y.shape).values, y.shape);
    const { grads } = tf.engine().gradients(() => tf.sum(tf.mul(run(ops, tensors), weights)) as tf.Scalar, tensors);
    return [y, ...grads]
      .map((tensor) => ({ values: Float32Array.from(tensor.dataSync()) }))
      .map(({ values }) => values);
  });
}

/** What float32 loses where a result is the small difference of numbers near 10. */
const absoluteRounding = 2e-6;

/** The error relative to the size of what is expected; 0 when no number is off by more than rounding. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let size = 1e-12;
  let isRounding = true;
  expected.forEach((value, i) => {
    const off = Math.abs((actual[i] ?? Number.NaN) - value);
    if (!(off <= absoluteRounding)) isRounding = false;
    difference += off ** 2;
    size += value ** 2;
  });
  return isRounding ? 0 : Math.sqrt(difference / size);
}

async function agrees(operation: Operation): Promise<void> {
  const expected = await evaluate('cpu', stock, operation);
  expect(variants.length).toBeGreaterThan(0);
  for (const { name, backend, ops } of variants) {
    const actual = await evaluate(backend, ops, operation);
    expect(actual.length).toBe(expected.length);
    actual.forEach((values, i) => {
      expect(values.length).toBe(expected[i]?.length);
      expect(
        relativeError(values, expected[i] as Float32Array),
        `${name}: ${i === 0 ? 'value' : `gradient ${i}`}`,
      ).toBeLessThan(2e-5);
    });
  }
}

const size = fc.integer({ min: 1, max: 30 });
const seed = fc.integer({ min: 0, max: 1e6 });
const runs = { numRuns: 15 };

test.skipIf(native === undefined)('the native backend is compared too', () => {
  expect(variants.map(({ name }) => name)).toContain('native');
});

describe('own kernels agree with plain TensorFlow.js', () => {
  test('linear with bias, of any sizes', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 80 }), size, size, seed, (n, input, output, s) =>
        agrees({
          inputs: [random(s, n, input), random(s + 1, output, input), random(s + 2, output)],
          run: (ops, [x, w, b]) => ops.linear(x as tf.Tensor, w as tf.Tensor, b as tf.Tensor),
        }),
      ),
      runs,
    ));

  test('linear deeper, higher and wider than one block of the matrix product', () =>
    agrees({
      inputs: [random(1, 150, 401), random(2, 19, 401)],
      run: (ops, [x, w]) => ops.linear(x as tf.Tensor, w as tf.Tensor, null),
    }));

  test('linear whose weight gradient sums over more rows than one block', () =>
    agrees({
      inputs: [random(1, 900, 13), random(2, 90, 13)],
      run: (ops, [x, w]) => ops.linear(x as tf.Tensor, w as tf.Tensor, null),
    }));

  test('RMS normalisation', () =>
    fc.assert(
      fc.asyncProperty(size, fc.integer({ min: 1, max: 12 }), seed, (n, d, s) =>
        agrees({
          inputs: [random(s, n, 4 * d), random(s + 1, 4 * d)],
          run: (ops, [x, gain]) => ops.rmsNorm(x as tf.Tensor, gain as tf.Tensor, 1e-6),
        }),
      ),
      runs,
    ));

  test('a residual sum, whose gradient goes on both ways', () =>
    fc.assert(
      fc.asyncProperty(size, size, seed, (n, d, s) =>
        agrees({
          inputs: [random(s, n, 4 * d), random(s + 1, 4 * d)],
          run: (ops, [x, gain]) => ops.add(x as tf.Tensor, ops.rmsNorm(x as tf.Tensor, gain as tf.Tensor, 1e-6)),
        }),
      ),
      runs,
    ));

  test('a sum of odd sizes', () =>
    fc.assert(
      fc.asyncProperty(size, size, seed, (n, d, s) =>
        agrees({
          inputs: [random(s, n, d), random(s + 1, n, d)],
          run: (ops, [x, y]) => ops.add(x as tf.Tensor, y as tf.Tensor),
        }),
      ),
      runs,
    ));

  test('SwiGLU', () =>
    fc.assert(
      fc.asyncProperty(size, size, fc.integer({ min: 1, max: 12 }), fc.boolean(), seed, (n, d, f, biased, s) =>
        agrees({
          inputs: [
            { ...random(s, n, d), values: random(s, n, d).values.map((x) => 6 * x) },
            random(s + 1, 8 * f, d),
            ...(biased ? [random(s + 2, 8 * f)] : []),
          ],
          run: (ops, [x, w, b]) => ops.swiglu(x as tf.Tensor, w as tf.Tensor, b ?? null),
        }),
      ),
      runs,
    ));

  test('GELU', () =>
    fc.assert(
      fc.asyncProperty(size, size, seed, (n, d, s) =>
        agrees({
          inputs: [{ shape: [n, d], values: random(s, n, d).values.map((x) => 4 * x) }],
          run: (ops, [x]) => ops.gelu(x as tf.Tensor),
        }),
      ),
      runs,
    ));

  const headShape = fc.record({
    kvHeads: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 3 }),
    headDim: fc.constantFrom(8, 16),
  });

  test('rotary turn of queries and keys', () =>
    fc.assert(
      fc.asyncProperty(size, headShape, seed, (n, { kvHeads, group, headDim }, s) => {
        const shape = { heads: kvHeads * group, kvHeads, headDim };
        const angles = random(s + 1, n, headDim / 2).values.map((x) => 10 * x);
        return agrees({
          inputs: [random(s, n, (shape.heads + 2 * kvHeads) * headDim)],
          run: (ops, [qkv]) =>
            ops.rotate(
              qkv as tf.Tensor,
              ops.rotaryTable({ cos: angles.map(Math.cos), sin: angles.map(Math.sin) }, shape),
              shape,
            ),
        });
      }),
      runs,
    ));

  // Mostly short; the example crosses the blocks in which the kernel takes queries.
  const length = fc.integer({ min: 1, max: 20 });

  test('attention within segments, causal or not, with prefixes that several segments share', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(length, fc.array(length, { maxLength: 3 })), { minLength: 1, maxLength: 2 }),
        headShape,
        fc.boolean(),
        seed,
        (groups, { kvHeads, group, headDim }, causal, s) => {
          const shape = { heads: kvHeads * group, kvHeads, headDim };
          let at = 0;
          const segments: [number, number, number, number][] = [];
          for (const [prompt, answers] of groups) {
            const first = at;
            segments.push([first, prompt, 0, 0]);
            at += prompt;
            for (const answer of answers) {
              segments.push([at, answer, first, prompt]);
              at += answer;
            }
          }
          return agrees({
            inputs: [random(s, at, (shape.heads + 2 * kvHeads) * headDim)],
            run: (ops, [qkv]) => ops.attention(qkv as tf.Tensor, makeSegments(segments, causal), shape),
          });
        },
      ),
      { numRuns: 12, examples: [[[[53, [50, 1]]], { kvHeads: 2, group: 2, headDim: 8 }, true, 7]] },
    ));

  test('attention of one row at a time over prompts and what was written before, answers taken out on the way', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(8, 32, 40),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 11 }), fc.integer({ min: 1, max: 3 })), {
          minLength: 2,
          maxLength: 5,
        }),
        seed,
        async (kvHeads, group, headDim, wanted, s) => {
          const shape = { heads: kvHeads * group, kvHeads, headDim };
          const width = (shape.heads + 2 * kvHeads) * headDim;
          const rows = wanted.reduce((sum, [length]) => sum + length, 0);
          let first = 0;
          const prompts = Int32Array.from(
            wanted.flatMap(([length, answers]) => {
              first += length;
              return Array.from({ length: answers }, () => [first - length, length]).flat();
            }),
          );
          const written = async (backend: string, ops: Ops): Promise<Float32Array[]> => {
            await tf.setBackend(backend);
            const promptQkv = [tf.tensor2d(random(s, rows, width).values, [rows, width])];
            const cache = ops.decodingCache({ promptQkv, prompts, shape });
            let answers = prompts.length / 2;
            // More steps than the cache first has room for.
            const out = Array.from({ length: 35 }, (_, step) => {
              if (step === 9) cache.keep(Array.from({ length: --answers }, (_unused, i) => i + 1));
              // About half of them: some prompts lose all answers, others some.
              if (step === 20) {
                const left = Array.from({ length: answers }, (_unused, i) => i).filter(
                  (i) => uniform(s, i) < 0.5 || i === 0,
                );
                cache.keep(left);
                answers = left.length;
              }
              const qkv = tf.tensor2d(random(s + 1 + step, answers, width).values, [answers, width]);
              const attended = Float32Array.from(cache.attend(0, qkv).dataSync());
              cache.advance();
              return attended;
            });
            cache.dispose();
            return out;
          };
          const expected = await written('cpu', stock);
          for (const { backend, ops } of variants) {
            for (const [step, values] of (await written(backend, ops)).entries()) {
              expect(relativeError(values, expected[step] as Float32Array)).toBeLessThan(2e-5);
            }
          }
        },
      ),
      { numRuns: 8 },
    ));

  test('while answers are written, a linear layer gives the same bits as at other times', () =>
    fc.assert(
      fc.asyncProperty(size, fc.integer({ min: 1, max: 800 }), size, seed, async (n, input, output, s) => {
        await tf.setBackend('wasm');
        for (const { ops } of variants) {
          const x = tf.tensor2d(random(s, n, input).values, [n, input]);
          const w = tf.tensor2d(random(s + 1, output, input).values, [output, input]);
          const run = () => Float32Array.from(ops.linear(x, w, null).dataSync());
          const before = run();
          const shape = { heads: 1, kvHeads: 1, headDim: 8 };
          const cache = ops.decodingCache({ promptQkv: [tf.zeros([1, 24])], prompts: Int32Array.of(0, 1), shape });
          expect(run()).toEqual(before);
          expect(run()).toEqual(before);
          cache.dispose();
        }
      }),
      runs,
    ));

  test('rows by index, rows from two tables, and the sums that go back', () =>
    fc.assert(
      fc.asyncProperty(
        size,
        size,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 40 }),
        seed,
        async (first, second, d, n, s) => {
          const index = Int32Array.from({ length: n }, (_, i) => Math.floor(uniform(s, i) * (first + second)) - second);
          await agrees({
            inputs: [random(s, first, d), random(s + 1, second, d)],
            run: (ops, [a, b]) => ops.gatherFromTwo(a as tf.Tensor, b as tf.Tensor, index),
          });
          await agrees({
            inputs: [random(s, first, d)],
            run: (ops, [a]) =>
              ops.gatherRows(
                a as tf.Tensor,
                index.map((i) => Math.max(0, i)),
              ),
          });
        },
      ),
      runs,
    ));

  test('log-probabilities of targets, and a loss computed on the host', () =>
    fc.assert(
      fc.asyncProperty(size, fc.integer({ min: 2, max: 50 }), seed, (n, vocabulary, s) => {
        const targets = Int32Array.from({ length: n }, (_, i) => Math.floor(uniform(s, i) * vocabulary));
        const logits = { shape: [n, vocabulary], values: random(s, n, vocabulary).values.map((x) => 8 * x) };
        return agrees({
          inputs: [logits],
          run: (ops, [x]) =>
            ops.hostLoss(ops.targetLogprobs(x as tf.Tensor, targets), (values) => ({
              value: values.reduce((sum, value, i) => sum + value * value * (i + 1), 0),
              gradient: values.map((value, i) => 2 * value * (i + 1)),
            })),
        });
      }),
      runs,
    ));

  test('log-probabilities under a head whose logits are not held all at once', () =>
    fc.assert(
      fc.asyncProperty(size, size, fc.integer({ min: 2, max: 50 }), seed, async (n, d, vocabulary, s) => {
        const targets = Int32Array.from({ length: n }, (_, i) => Math.floor(uniform(s, i) * vocabulary));
        const operation: Operation = {
          inputs: [random(s, n, d), random(s + 1, vocabulary, d)],
          run: (ops, [hidden, weight]) => ops.headLogprobs(hidden as tf.Tensor, weight as tf.Tensor, targets),
        };
        await agrees(operation);
        const expected = await evaluate('cpu', stock, operation);
        for (const { name, ops } of inBlocks) {
          const actual = await evaluate('wasm', ops, operation);
          actual.forEach((values, i) => {
            expect(relativeError(values, expected[i] as Float32Array), `${name}: ${i}`).toBeLessThan(2e-5);
          });
        }
      }),
      runs,
    ));

  test('the distribution that tokens are drawn from', () =>
    fc.assert(
      fc.asyncProperty(
        size,
        fc.integer({ min: 2, max: 50 }),
        fc.constantFrom(0.01, 0.5, 1, 1.3),
        seed,
        async (n, vocabulary, temperature, s) => {
          const values = random(s, n, vocabulary).values.map((x) => 8 * x);
          const allowed = Float32Array.from({ length: vocabulary }, (_, i) => (i % 3 === 0 ? 0 : 1));
          await tf.setBackend('cpu');
          const expected = await stock.distribution(tf.tensor2d(values, [n, vocabulary]), temperature, allowed);
          for (const { backend, ops } of variants) {
            await tf.setBackend(backend);
            const actual = await ops.distribution(tf.tensor2d(values, [n, vocabulary]), temperature, allowed);
            for (const key of ['weights', 'logSums', 'entropy'] as const)
              expect(relativeError(actual[key], expected[key])).toBeLessThan(1e-5);
          }
        },
      ),
      runs,
    ));

  test('the exponential is right to three units in the last place, from 1 down to the smallest normal numbers', async () => {
    await tf.setBackend('wasm');
    const logits = Float32Array.from({ length: 4001 }, (_, i) => (i === 0 ? 0 : -86 * uniform(5, i)));
    for (const { name, ops } of variants) {
      const { weights } = await ops.distribution(tf.tensor2d(logits, [1, 4001]), 1, new Float32Array(4001).fill(1));
      const worst = logits.reduce((most, x, i) => Math.max(most, Math.abs((weights[i] ?? 0) / Math.exp(x) - 1)), 0);
      expect(worst, name).toBeLessThan(3 * 2 ** -23);
    }
  });

  test('AdamW', async () => {
    const n = 37;
    const step = {
      scale: 0.7,
      learningRate: 0.01,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      weightDecay: 0.1,
      correction1: 0.19,
      correction2: 0.0975,
    };
    const run = async (backend: string, ops: Ops): Promise<Float32Array[]> => {
      await tf.setBackend(backend);
      const positive = random(3, n).values.map(Math.abs);
      const parameter = {
        value: tf.tensor1d(random(1, n).values),
        m: tf.tensor1d(random(2, n).values),
        v: tf.tensor1d(positive),
      };
      ops.adamw(parameter, random(4, n).values, step);
      return [parameter.value, parameter.m, parameter.v].map((tensor) => Float32Array.from(tensor.dataSync()));
    };
    const expected = await run('cpu', stock);
    for (const { backend, ops } of variants) {
      for (const [i, values] of (await run(backend, ops)).entries()) {
        expect(relativeError(values, expected[i] as Float32Array)).toBeLessThan(1e-6);
      }
    }
  });
});

test('the kernels hold no data of their own, which would overwrite the memory that they share', async () => {
  for (const path of await ensureKernels()) {
    const bytes = await readFile(path);
    const sections: number[] = [];
    for (let at = 8; at < bytes.length; ) {
      sections.push(bytes[at++] as number);
      let length = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[at++] as number;
        length |= (byte & 127) << shift;
        if (byte < 128) break;
      }
      at += length;
    }
    const [code, data] = [10, 11];
    expect(sections).toContain(code);
    expect(sections).not.toContain(data);
  }
});
