/** The gradient of every operation is the slope of its value along a random direction, on every backend that this machine has. */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { Ops } from '../../../trainer/engines/tfjs/model/ops.ts';
import { makeSegments } from '../../../trainer/engines/tfjs/model/ops.ts';
import { uniform } from '../../../trainer/engines/tfjs/model/random.ts';
import { backends } from './backends.ts';

interface Operation {
  /** Shapes of the inputs, whose entries are drawn from -1 to 1 times `scale`. */
  readonly shapes: readonly (readonly number[])[];
  readonly scale?: number;
  readonly run: (ops: Ops, inputs: tf.Tensor[]) => tf.Tensor;
}

const size = fc.integer({ min: 1, max: 20 });
const fours = fc.integer({ min: 1, max: 8 }).map((n) => 4 * n);
const heads = fc.record({
  kvHeads: fc.integer({ min: 1, max: 2 }),
  group: fc.integer({ min: 1, max: 3 }),
  headDim: fc.constantFrom(8, 16, 24, 32),
});
type Heads = typeof heads extends fc.Arbitrary<infer T> ? T : never;
const shapeOf = ({ kvHeads, group, headDim }: Heads) => ({ heads: kvHeads * group, kvHeads, headDim });
const widthOf = ({ kvHeads, group, headDim }: Heads): number => kvHeads * (group + 2) * headDim;

const operations: Record<string, fc.Arbitrary<Operation>> = {
  linear: fc.tuple(size, size, size).map(([n, input, output]) => ({
    shapes: [[n, input], [output, input], [output]],
    run: (ops, [x, w, b]) => ops.linear(x as tf.Tensor, w as tf.Tensor, b as tf.Tensor),
  })),
  'RMS normalisation': fc.tuple(size, fours).map(([n, d]) => ({
    shapes: [[n, d], [d]],
    run: (ops, [x, gain]) => ops.rmsNorm(x as tf.Tensor, gain as tf.Tensor, 1e-2),
  })),
  SwiGLU: fc.tuple(size, size, fours, fc.boolean()).map(([n, d, f, biased]) => ({
    shapes: [[n, d], [2 * f, d], ...(biased ? [[2 * f]] : [])],
    run: (ops, [x, w, b]) => ops.swiglu(x as tf.Tensor, w as tf.Tensor, b ?? null),
  })),
  GELU: fc.tuple(size, size).map(([n, d]) => ({
    shapes: [[n, d]],
    scale: 2,
    run: (ops, [x]) => ops.gelu(x as tf.Tensor),
  })),
  'residual sum': fc.tuple(size, size).map(([n, d]) => ({
    shapes: [
      [n, d],
      [n, d],
    ],
    run: (ops, [x, y]) => ops.add(x as tf.Tensor, y as tf.Tensor),
  })),
  'rotary turn': fc.tuple(size, heads, fc.integer({ min: 0, max: 1e6 })).map(([n, head, s]) => {
    const angles = Float32Array.from({ length: (n * head.headDim) / 2 }, (_, i) => 20 * uniform(s, i));
    const turns = { cos: angles.map(Math.cos), sin: angles.map(Math.sin) };
    return {
      shapes: [[n, widthOf(head)]],
      run: (ops, [qkv]) => ops.rotate(qkv as tf.Tensor, ops.rotaryTable(turns, shapeOf(head)), shapeOf(head)),
    };
  }),
  attention: fc.tuple(size, size, size, heads, fc.boolean()).map(([prompt, first, second, head, causal]) => ({
    shapes: [[prompt + first + second, widthOf(head)]],
    scale: 2,
    run: (ops, [qkv]) => {
      const segments = makeSegments(
        [
          [0, prompt, 0, 0],
          [prompt, first, 0, prompt],
          [prompt + first, second, 0, prompt],
        ],
        causal,
      );
      return ops.attention(qkv as tf.Tensor, segments, shapeOf(head));
    },
  })),
  'rows by index': fc.tuple(size, size, size, fc.integer({ min: 0, max: 1e6 })).map(([rows, d, n, s]) => ({
    shapes: [[rows, d]],
    run: (ops, [x]) =>
      ops.gatherRows(
        x as tf.Tensor,
        Int32Array.from({ length: n }, (_, i) => Math.floor(rows * uniform(s, i))),
      ),
  })),
  'rows from two tables': fc
    .tuple(size, size, size, size, fc.integer({ min: 0, max: 1e6 }))
    .map(([first, second, d, n, s]) => ({
      shapes: [
        [first, d],
        [second, d],
      ],
      run: (ops, [a, b]) =>
        ops.gatherFromTwo(
          a as tf.Tensor,
          b as tf.Tensor,
          Int32Array.from({ length: n }, (_, i) => Math.floor((first + second) * uniform(s, i)) - second),
        ),
    })),
  'log-probabilities of targets': fc
    .tuple(size, fc.integer({ min: 2, max: 60 }), fc.integer({ min: 0, max: 1e6 }))
    .map(([n, vocabulary, s]) => ({
      shapes: [[n, vocabulary]],
      scale: 4,
      run: (ops, [logits]) =>
        ops.targetLogprobs(
          logits as tf.Tensor,
          Int32Array.from({ length: n }, (_, i) => Math.floor(vocabulary * uniform(s, i))),
        ),
    })),
  'loss on the host': fc.tuple(size, size).map(([n, d]) => ({
    shapes: [[n, d]],
    run: (ops, [x]) =>
      ops.hostLoss(x as tf.Tensor, (values) => ({
        value: values.reduce((sum, value) => sum + value ** 3, 0),
        gradient: values.map((value) => 3 * value * value),
      })),
  })),
};

const random = (seed: number, length: number, scale = 1): Float32Array =>
  Float32Array.from({ length }, (_, i) => scale * (2 * uniform(seed, i) - 1));

let started: Map<string, () => Promise<Ops>>;

beforeAll(async () => {
  started = await backends();
  process.stdout.write(`gradients are checked on ${[...started.keys()].join(', ')}\n`);
});

test.each(Object.entries(operations))('%s', async (name, operation) => {
  await fc.assert(
    fc.asyncProperty(operation, fc.integer({ min: 0, max: 1e6 }), async ({ shapes, scale = 1, run }, seed) => {
      const sizes = shapes.map((shape) => shape.reduce((a, b) => a * b, 1));
      const values = sizes.map((count, i) => random(seed + i, count, scale));
      const direction = sizes.map((count, i) => random(seed + 100 + i, count));
      for (const [backend, start] of started) {
        const ops = await start();
        // Not for backends that are read later: there `lossGradients` takes a second pass, which the engine's tests check.
        if (backend === 'webgpu' && name === 'loss on the host') continue;
        const h = 2e-3;
        const steps = [-2 * h, -h, h, 2 * h];
        const { grads, results, weights } = tf.tidy(() => {
          const at = (step: number): tf.Tensor[] =>
            values.map((own, i) =>
              tf.tensor(
                own.map((value, j) => value + step * (direction[i]?.[j] ?? 0)),
                [...(shapes[i] as number[])],
              ),
            );
          const results = steps.map((step) => run(ops, at(step)));
          const [{ size, shape }] = results as [tf.Tensor];
          const weights = random(seed + 200, size);
          const inputs = at(0);
          const sum = () => tf.sum(tf.mul(run(ops, inputs), tf.tensor(weights, shape))) as tf.Scalar;
          return { weights, results, grads: tf.engine().gradients(sum, inputs, undefined, true).grads };
        });
        /** The values at each step, summed in float64. */
        const sums: number[] = [];
        for (const result of results) {
          const read = await ops.read(result);
          sums.push(read.reduce((sum, y, i) => sum + y * (weights[i] ?? 0), 0));
        }
        let slope = 0;
        let length = 0;
        for (const [i, grad] of grads.entries()) {
          (await ops.read(grad)).forEach((g, j) => {
            slope += g * (direction[i]?.[j] ?? 0);
            length += g * g;
          });
        }
        tf.dispose([...results, ...grads]);
        const [before2 = 0, before = 0, after = 0, after2 = 0] = sums;
        // Five points: the error falls with the fourth power of the step.
        const measured = (8 * (after - before) - (after2 - before2)) / (12 * h);
        expect(Math.abs(slope - measured), backend).toBeLessThan(2e-3 * Math.sqrt(length) + 2e-3);
      }
    }),
    { numRuns: 12 },
  );
});
