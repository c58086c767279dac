/** What prompts have in common is computed once, and no bit of a result tells whether it was. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import type { EncodedPrompt, PackedBatch } from '../../../../trainer/engines/tfjs/model/batch.ts';
import { packBatch } from '../../../../trainer/engines/tfjs/model/batch.ts';
import { newConfigFile, readConfig } from '../../../../trainer/engines/tfjs/model/config.ts';
import { Model } from '../../../../trainer/engines/tfjs/model/model.ts';
import type { Ops } from '../../../../trainer/engines/tfjs/model/ops.ts';
import { initialValues, parameterTable } from '../../../../trainer/engines/tfjs/model/parameters.ts';
import { PatchCache, patchGrid } from '../../../../trainer/engines/tfjs/model/patches.ts';
import { mropePositions, visionTokens } from '../../../../trainer/engines/tfjs/model/positions.ts';
import { uniform } from '../../../../trainer/engines/tfjs/model/random.ts';
import { backends } from '../backends.ts';
import { tinySize } from '../tiny.ts';

const vocabulary = 40;
const config = readConfig(
  newConfigFile(tinySize, vocabulary, { pad: 0, turnEnd: 1, visionStart: 2, visionEnd: 3, image: 4, video: 5 }),
  'test',
);
const table = parameterTable(config);

/** A question about a clip: its words, a start, the frames in an order, and the words of the question. */
function prompt(clip: number, order: readonly number[], words: readonly number[]): EncodedPrompt {
  const [width, height, frames] = [56, 28, 6];
  const pixels = Uint8Array.from({ length: frames * width * height * 3 }, (_, i) => Math.floor(256 * uniform(clip, i)));
  const medium = { key: `clip ${clip}`, width, height, pixels, order };
  const grid = patchGrid(medium);
  const tokens = [7, 2, ...Array.from({ length: visionTokens(grid) }, () => 5), 3, ...words];
  const spans = [
    { kind: 'text', tokens: 2 },
    { kind: 'vision', grid, secondsPerPair: 1 },
    { kind: 'text', tokens: 1 + words.length },
  ] as const;
  return {
    tokens: Int32Array.from(tokens),
    ...mropePositions(spans, 2, '5.18'),
    media: [{ medium, firstToken: 2, tokens: visionTokens(grid) }],
  };
}

const inOrder = [0, 1, 2, 3, 4, 5];
const first = { prompt: prompt(1, inOrder, [8, 9, 10]), answers: [Int32Array.of(11, 12, 13), Int32Array.of(14)] };
const sameClip = { prompt: prompt(1, inOrder, [20, 21]), answers: [Int32Array.of(22, 23)] };
const shuffled = { prompt: prompt(1, [4, 5, 1, 0, 2, 3], [8, 9, 10]), answers: [Int32Array.of(11, 12, 13)] };
const otherClip = { prompt: prompt(2, inOrder, [8, 9, 10]), answers: [Int32Array.of(24, 25)] };

let started: Map<string, () => Promise<Ops>>;

beforeAll(async () => {
  started = await backends();
});

test('the part up to the end of the frames stands once for two questions about the same clip, and a frame pair once for all', () => {
  const alone = packBatch([sameClip]);
  const both = packBatch([first, sameClip]);
  const head = 2 + 6;
  expect(both.index.length).toBe(packBatch([first]).index.length + alone.index.length - head);
  expect(both.pairs.length).toBe(3);
  // Of the shuffled pairs, (4, 5) and (2, 3) are known; (1, 0) is a pair of its own.
  expect(packBatch([first, shuffled]).pairs.length).toBe(4);
  expect(packBatch([first, shuffled]).attention.copied).toBeNull();
});

test('log-probabilities are bit for bit those of a prompt alone, and gradients the sum of theirs', async () => {
  const groups = [first, sameClip, shuffled, otherClip];
  for (const [backend, start] of started) {
    const ops = await start();
    const weights = new Map(
      table.parameters.map((parameter) => [
        parameter.name,
        tf.keep(tf.tensor(initialValues(parameter, 3), [...parameter.shape])),
      ]),
    );
    const model = new Model(config, weights, ops, new PatchCache());
    const logprobs = async (batch: PackedBatch): Promise<number[]> => {
      const result = tf.tidy(() => model.logprobs(batch, batch.answerTargets));
      const values = [...(await ops.read(result))];
      result.dispose();
      return values;
    };
    const together = await logprobs(packBatch(groups));
    const apart: number[] = [];
    for (const group of groups) apart.push(...(await logprobs(packBatch([group]))));
    // The plain operations pad a batch to its longest row, which changes the order of their sums.
    if (backend.startsWith('wasm')) expect(together, backend).toEqual(apart);
    else {
      together.forEach((value, i) => {
        expect(value).toBeCloseTo(apart[i] ?? Number.NaN, 5);
      });
    }

    const gradients = async (batch: PackedBatch): Promise<Float32Array[]> => {
      const sum = (): tf.Scalar => tf.sum(model.logprobs(batch, batch.answerTargets)) as tf.Scalar;
      const { value, grads } = tf.engine().gradients(sum, [...weights.values()], undefined, true);
      const values: Float32Array[] = [];
      for (const grad of grads) values.push((await ops.read(grad)).slice());
      tf.dispose([value, ...grads]);
      return values;
    };
    const ofAll = await gradients(packBatch(groups));
    const ofEach: Float32Array[][] = [];
    for (const group of groups) ofEach.push(await gradients(packBatch([group])));
    ofAll.forEach((gradient, p) => {
      const size = Math.sqrt(gradient.reduce((total, g) => total + g * g, 0));
      const difference = gradient.map(
        (g, i) => g - ofEach.reduce((total, each) => total + (each[p]?.[i] ?? Number.NaN), 0),
      );
      const error = Math.sqrt(difference.reduce((total, g) => total + g * g, 0));
      expect(error, `${backend}: ${table.parameters[p]?.name}`).toBeLessThan(1e-4 * size + 1e-6);
    });
    tf.dispose([...weights.values()]);
  }
});
