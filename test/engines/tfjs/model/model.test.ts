/** The gradient of the whole model, vision tower and shared prompts included, is that of finite differences. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { newConfigFile, readConfig } from '../../../../trainer/engines/qwen/config.ts';
import { patchGrid, visionTokens } from '../../../../trainer/engines/qwen/grid.ts';
import { mropePositions } from '../../../../trainer/engines/qwen/positions.ts';
import { createStockOps } from '../../../../trainer/engines/tfjs/backends/stock.ts';
import type { PackedGroup } from '../../../../trainer/engines/tfjs/model/batch.ts';
import { packBatch } from '../../../../trainer/engines/tfjs/model/batch.ts';
import { Model } from '../../../../trainer/engines/tfjs/model/model.ts';
import { initialValues, parameterTable } from '../../../../trainer/engines/tfjs/model/parameters.ts';
import { PatchCache } from '../../../../trainer/engines/tfjs/model/patches.ts';
import { uniform } from '../../../../trainer/engines/tfjs/model/random.ts';

const vocabulary = 20;
const config = readConfig(
  newConfigFile(
    {
      hidden_size: 16,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      intermediate_size: 12,
      vocab_size: 300,
      vision_hidden_size: 8,
      vision_depth: 1,
      vision_num_heads: 1,
      vision_intermediate_size: 8,
    },
    vocabulary,
    { pad: 0, turnEnd: 1, visionStart: 2, visionEnd: 3, image: 4, video: 5 },
  ),
  'test',
);

function group(
  seed: number,
  width: number,
  height: number,
  frames: number,
  answers: readonly (readonly number[])[],
): PackedGroup {
  const pixels = Uint8Array.from({ length: frames * width * height * 3 }, (_, i) => Math.floor(256 * uniform(seed, i)));
  const medium = { key: `${seed}`, width, height, pixels, order: Array.from({ length: frames }, (_, i) => i) };
  const count = visionTokens(patchGrid(medium));
  const tokens = Int32Array.from([7, ...Array.from({ length: count }, () => 5), 8, 9]);
  const spans = [
    { kind: 'text', tokens: 1 },
    { kind: 'vision', grid: patchGrid(medium), secondsPerPair: 1 },
    { kind: 'text', tokens: 2 },
  ] as const;
  const prompt = { tokens, ...mropePositions(spans, 2, '5.18'), media: [{ medium, firstToken: 1, tokens: count }] };
  return { prompt, answers: answers.map((answer) => Int32Array.from(answer)) };
}

/** Two media of different sizes; one prompt with two answers, one answer of a single token. */
const groups = [group(1, 28, 28, 4, [[10, 11, 12], [13]]), group(2, 56, 28, 2, [[14, 15]])];

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

test('the analytic gradient of every parameter agrees with finite differences where it is largest', () => {
  const table = parameterTable(config);
  const values = new Map(
    table.parameters.map((parameter) => {
      // Norms and biases away from their first values, so that their gradients count.
      const first = initialValues(parameter, 4);
      return [
        parameter.name,
        first.map(
          (value, i) => value * (parameter.name.includes('embed_tokens') ? 15 : 1) + 0.1 * (uniform(8, i) - 0.5),
        ),
      ];
    }),
  );
  const batch = packBatch(groups);
  const targets = {
    rows: Int32Array.from([...batch.answerTargets.rows, ...batch.promptTargets.rows]),
    targets: Int32Array.from([...batch.answerTargets.targets, ...batch.promptTargets.targets]),
  };
  const ops = createStockOps('host');
  const weights = new Map<string, tf.Tensor>();
  for (const { name, shape } of table.parameters)
    weights.set(name, tf.tensor(values.get(name) as Float32Array, [...shape]));
  const model = new Model(config, weights, ops, new PatchCache());
  const loss = (): tf.Scalar => tf.neg(tf.mean(model.logprobs(batch, targets))) as tf.Scalar;
  const lossOf = (): number => tf.tidy(() => loss().dataSync()[0] as number);
  const { grads } = tf.engine().gradients(loss, [...weights.values()], undefined, true);
  const gradients = grads.map((gradient) => gradient.dataSync() as Float32Array);
  let checked = 0;
  table.parameters.forEach(({ name, shape }, p) => {
    const gradient = gradients[p] as Float32Array;
    const largest = gradient.reduce(
      (best, value, i) => (Math.abs(value) > Math.abs(gradient[best] as number) ? i : best),
      0,
    );
    const analytic = gradient[largest] as number;
    const original = values.get(name) as Float32Array;
    const moved = (by: number): number => {
      const changed = original.slice();
      changed[largest] = (changed[largest] as number) + by;
      weights.set(name, tf.tensor(changed, [...shape]));
      return lossOf();
    };
    const h = 0.01;
    const numeric = (moved(h) - moved(-h)) / (2 * h);
    weights.set(name, tf.tensor(original, [...shape]));
    if (Math.abs(analytic) < 1e-4) return;
    checked++;
    expect(Math.abs(numeric - analytic) / Math.abs(analytic), name).toBeLessThan(0.02);
  });
  // The bias of the keys alone has no gradient, and it shares a tensor with others.
  expect(checked).toBe(table.parameters.length);
});
