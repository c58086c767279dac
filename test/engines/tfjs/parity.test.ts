/**
 * The model gives what transformers 5.24 gives (test/fidelity/qwen.py): patches, positions, logits, the loss, the gradient of every
 * parameter and 64 tokens of greedy continuation, for text, images, videos, several media in one prompt and padded batches.
 */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../../trainer/engines/qwen/config.ts';
import type { Medium } from '../../../trainer/engines/qwen/grid.ts';
import { patchGrid, visionTokens } from '../../../trainer/engines/qwen/grid.ts';
import type { PositionSpan } from '../../../trainer/engines/qwen/positions.ts';
import { mropePositions } from '../../../trainer/engines/qwen/positions.ts';
import type { EncodedPrompt } from '../../../trainer/engines/qwen/prompts.ts';
import type { SampleReport } from '../../../trainer/engines/qwen/sample-stream.ts';
import { joinParts, splitParts } from '../../../trainer/engines/tfjs/checkpoint/weights.ts';
import type { PackedGroup } from '../../../trainer/engines/tfjs/model/batch.ts';
import { packBatch } from '../../../trainer/engines/tfjs/model/batch.ts';
import { generate } from '../../../trainer/engines/tfjs/model/generation.ts';
import { Model } from '../../../trainer/engines/tfjs/model/model.ts';
import type { Ops } from '../../../trainer/engines/tfjs/model/ops.ts';
import { parameterTable } from '../../../trainer/engines/tfjs/model/parameters.ts';
import type { FramePair } from '../../../trainer/engines/tfjs/model/patches.ts';
import { framePairs, makePatches, PatchCache } from '../../../trainer/engines/tfjs/model/patches.ts';
import { hashSeed, uniform } from '../../../trainer/engines/tfjs/model/random.ts';
import { backends } from './backends.ts';
import { floats, frames, imageToken, videoToken, weight } from './made-model.ts';

interface FixtureMedium {
  readonly name: string;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  readonly seconds: number | null;
}

interface FixtureSequence {
  readonly prompt: readonly (readonly ['text', readonly number[]] | readonly ['image' | 'video', FixtureMedium])[];
  readonly answer: readonly number[];
  /** [3][tokens] */
  readonly positions: readonly (readonly number[])[];
  readonly rows: readonly number[];
  /** [rows, vocabulary] */
  readonly logits: string;
  readonly greedy: readonly number[];
}

interface Fixture {
  readonly models: readonly {
    readonly name: string;
    readonly config: object;
    readonly parameters: Readonly<Record<string, readonly number[]>>;
    readonly cases: readonly {
      readonly name: string;
      readonly sequences: readonly FixtureSequence[];
      readonly loss: number;
      /** The norm, then the products with vectors of random signs. */
      readonly gradients: Readonly<Record<string, readonly number[]>>;
    }[];
  }[];
  readonly patches: readonly {
    readonly name: string;
    readonly height: number;
    readonly width: number;
    readonly patches: number;
    readonly at: readonly number[];
    readonly values: string;
  }[];
}

const fixture = JSON.parse(readFileSync(new URL('../../fixtures/qwen.json', import.meta.url), 'utf8')) as Fixture;

const signsByName = new Map<string, Int8Array>();

/** The vector of random signs that `signs` in qwen.py makes. */
function signs(name: string, count: number): Int8Array {
  const known = signsByName.get(`${name} ${count}`);
  if (known !== undefined) return known;
  const key = hashSeed(9, name);
  const made = Int8Array.from({ length: count }, (_, i) => (uniform(key, i) < 0.5 ? -1 : 1));
  signsByName.set(`${name} ${count}`, made);
  return made;
}

function encode(prompt: FixtureSequence['prompt'], tokensPerSecond: number): EncodedPrompt {
  const tokens: number[] = [];
  const spans: PositionSpan[] = [];
  const media: { medium: Medium; firstToken: number; tokens: number }[] = [];
  for (const chunk of prompt) {
    if (chunk[0] === 'text') {
      tokens.push(...chunk[1]);
      spans.push({ kind: 'text', tokens: chunk[1].length });
      continue;
    }
    const [kind, { name, frames: count, height, width, seconds }] = chunk;
    const order = kind === 'image' ? [0, 0] : Array.from({ length: count }, (_, i) => i);
    const medium = { key: name, width, height, pixels: frames(name, count, height, width), order };
    const grid = patchGrid(medium);
    media.push({ medium, firstToken: tokens.length, tokens: visionTokens(grid) });
    for (let i = 0; i < visionTokens(grid); i++) tokens.push(kind === 'image' ? imageToken : videoToken);
    spans.push({ kind: 'vision', grid, secondsPerPair: seconds });
  }
  return { tokens: Int32Array.from(tokens), ...mropePositions(spans, tokensPerSecond, '5.18'), media };
}

let started: Map<string, () => Promise<Ops>>;

beforeAll(async () => {
  started = await backends();
});

test('patches are those of the image processor to 1e-6', () => {
  for (const { name, height, width, patches, at, values } of fixture.patches) {
    const medium = { key: name, width, height, pixels: frames(name, 1, height, width), order: [0, 0] };
    const [pair] = framePairs(medium);
    const made = makePatches(pair as FramePair);
    expect(made.length).toBe(patches * 1176);
    const expected = floats(values);
    at.forEach((place, i) => {
      expect(Math.abs((made[place] as number) - (expected[i] as number))).toBeLessThan(1e-6);
    });
  }
});

describe.each(fixture.models)('$name', ({ config: file, parameters, cases }) => {
  const config = readConfig(file, 'fixture');
  const table = parameterTable(config);
  const tensors = new Map(Object.entries(parameters).map(([name, shape]) => [name, weight(name, shape)]));

  const model = (ops: Ops): { model: Model; weights: Map<string, tf.Tensor> } => {
    const weights = new Map(
      table.parameters.map((parameter) => [
        parameter.name,
        tf.keep(tf.tensor(joinParts(parameter, tensors, 'fixture'), [...parameter.shape])),
      ]),
    );
    return { model: new Model(config, weights, ops, new PatchCache()), weights };
  };

  test('the parameters are those of transformers', () => {
    const own = table.parameters.flatMap(({ parts }) => parts.map(({ name, shape }) => `${name} ${shape.join('x')}`));
    expect(own.sort()).toEqual(
      Object.entries(parameters)
        .map(([name, shape]) => `${name} ${shape.join('x')}`)
        .sort(),
    );
  });

  test.each(cases)('$name: positions', ({ sequences }) => {
    for (const { prompt, positions } of sequences) {
      const encoded = encode(prompt, config.vision.tokensPerSecond);
      const axes = [0, 1, 2].map((axis) => Array.from(encoded.tokens, (_, i) => encoded.positions[3 * i + axis]));
      expect(axes).toEqual(positions);
    }
  });

  test.each(cases)('$name: logits within 1e-4', async ({ sequences }) => {
    for (const [backend, start] of started) {
      const ops = await start();
      const { model: own, weights } = model(ops);
      const groups = sequences.map(({ prompt }) => ({
        prompt: encode(prompt, config.vision.tokensPerSecond),
        answers: [],
      }));
      const batch = packBatch(groups);
      const wanted = Int32Array.from(
        sequences.flatMap(({ rows }, i) => rows.map((row) => batch.prompts[i]?.rows[row] ?? -1)),
      );
      const logits = tf.tidy(() => {
        const { hidden, qkv } = own.prefill(batch, wanted);
        tf.dispose(qkv);
        return own.logits(hidden, null);
      });
      const actual = (await ops.read(logits)).slice();
      const expected = sequences.flatMap((sequence) => [...floats(sequence.logits)]);
      const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (actual[i] ?? Number.NaN))), 0);
      tf.dispose([logits, ...weights.values()]);
      expect(actual.length).toBe(expected.length);
      expect(worst, backend).toBeLessThan(1e-4);
    }
  });

  test.each(cases)('$name: loss, and the gradient of every parameter within 1e-3', async (expected) => {
    for (const [backend, start] of started) {
      const ops = await start();
      const { model: own, weights } = model(ops);
      const groups: PackedGroup[] = expected.sequences.map(({ prompt, answer }) => ({
        prompt: encode(prompt, config.vision.tokensPerSecond),
        answers: [Int32Array.from(answer)],
      }));
      const batch = packBatch(groups);
      const { value, grads } = tf
        .engine()
        .gradients(
          () => tf.neg(tf.mean(own.logprobs(batch, batch.answerTargets))) as tf.Scalar,
          [...weights.values()],
          undefined,
          true,
        );
      expect((await ops.read(value))[0], backend).toBeCloseTo(expected.loss, 4);
      for (const [p, parameter] of table.parameters.entries()) {
        const gradient = grads[p] == null ? new Float32Array(parameter.size) : (await ops.read(grads[p])).slice();
        for (const { name, values } of splitParts(parameter, gradient)) {
          const [norm = 0, ...products] = expected.gradients[name] ?? [];
          const squares = products.map((product, k) => {
            const sign = signs(`${name} ${k}`, values.length);
            const sum = values.reduce((total, g, i) => total + g * (sign[i] ?? 0), 0);
            return (sum - product) ** 2;
          });
          const difference = Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length);
          // A key's bias moves all scores of a row alike: its gradient is nothing but rounding.
          expect(difference, `${backend}: ${name}`).toBeLessThan(1e-3 * norm + 2e-7);
        }
      }
      tf.dispose([value, ...grads.filter((grad) => grad != null), ...weights.values()]);
    }
  });

  test.each(cases)('$name: the greedy continuation is the same for 64 tokens', async ({ sequences }) => {
    for (const [backend, start] of started) {
      const ops = await start();
      const { model: own, weights } = model(ops);
      const finished: SampleReport['finished'][number][] = [];
      await generate(
        own,
        ops,
        {
          prompts: sequences.map(({ prompt }) => encode(prompt, config.vision.tokensPerSecond)),
          answers: sequences.map((_, i) => ({ answer: i, prompt: i, seed: 0 })),
          options: { maxTokens: 64, temperature: 0, topP: 1 },
          allowed: new Float32Array(config.text.vocabularySize).fill(1),
          endTokens: [],
          stop: null,
          abort: new Int32Array(1),
        },
        (report) => finished.push(...report.finished),
      );
      tf.dispose([...weights.values()]);
      const written = finished.sort((a, b) => a.answer - b.answer).map(({ tokens }) => [...tokens]);
      expect(written, backend).toEqual(sequences.map(({ greedy }) => greedy));
    }
  });
});
