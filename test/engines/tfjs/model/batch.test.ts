/** What prompts have in common is computed once, and no bit of a result tells whether it was. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { newConfigFile, readConfig } from '../../../../trainer/engines/qwen/config.ts';
import { patchGrid, visionTokens } from '../../../../trainer/engines/qwen/grid.ts';
import { mropePositions } from '../../../../trainer/engines/qwen/positions.ts';
import type { EncodedPrompt } from '../../../../trainer/engines/qwen/prompts.ts';
import type { PackedBatch } from '../../../../trainer/engines/tfjs/model/batch.ts';
import { packBatch } from '../../../../trainer/engines/tfjs/model/batch.ts';
import { rowsAdded, sharedBatches } from '../../../../trainer/engines/tfjs/model/common-rows.ts';
import { Model } from '../../../../trainer/engines/tfjs/model/model.ts';
import type { Ops } from '../../../../trainer/engines/tfjs/model/ops.ts';
import { initialValues, parameterTable } from '../../../../trainer/engines/tfjs/model/parameters.ts';
import { PatchCache } from '../../../../trainer/engines/tfjs/model/patches.ts';
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

/** Prompts and answers as interventions make them: the same words, another frame pair, other orders, answers that begin alike. */
const changed = [
  { prompt: prompt(1, inOrder, [8, 9, 10]), answers: [[11, 12, 13, 14, 15], [11, 12, 13, 20], [11]] },
  { prompt: prompt(1, [0, 1, 0, 1, 4, 5], [8, 9, 10]), answers: [[11, 12, 13, 14, 15]] },
  { prompt: prompt(1, [0, 1, 2, 3, 2, 3], [8, 9, 10]), answers: [[11, 12, 13, 14, 15]] },
  { prompt: prompt(1, [5, 4, 3, 2, 1, 0], [8, 9, 10]), answers: [[11, 12, 13, 14, 15]] },
  { prompt: prompt(1, inOrder, [8, 9, 21, 22]), answers: [[11, 12, 13, 14, 15]] },
  { prompt: prompt(1, inOrder, [8, 9, 10, 11, 12]), answers: [[13, 14, 15]] },
].map(({ prompt: own, answers }) => ({ prompt: own, answers: answers.map((answer) => Int32Array.from(answer)) }));

test('with all rows in common, those that show the same behind the same stand once', () => {
  const rows = (groups: typeof changed) => packBatch(groups, 'all rows').index.length;
  const [seen, secondPair, thirdPair, reversed, otherWords, longer] = changed as [
    (typeof changed)[number],
    ...typeof changed,
  ];
  // A start of two tokens, three pairs of two tokens, the end of the video and three words; answers but their last token.
  const whole = 2 + 6 + 4;
  expect(rows([seen])).toBe(whole + 4);
  expect(rows([seen, secondPair as typeof seen])).toBe(whole + 4 + (whole - 4) + 4);
  expect(rows([seen, thirdPair as typeof seen])).toBe(whole + 4 + (whole - 6) + 4);
  expect(rows([seen, reversed as typeof seen])).toBe(whole + 4 + (whole - 2) + 4);
  expect(rows([seen, otherWords as typeof seen])).toBe(whole + 4 + 2 + 4);
  // What stands in a prompt is not what stands in an answer: attention adds it up in other pieces.
  expect(rows([seen, longer as typeof seen])).toBe(whole + 4 + 2 + 2);
  const added = rowsAdded([seen, secondPair as typeof seen]);
  expect(added.map((own) => own.length)).toEqual([3, 1]);
  expect(added.flat().reduce((sum, own) => sum + own, 0)).toBe(rows([seen, secondPair as typeof seen]) + 6);
});

test('batches with all rows in common hold what fits, and groups in their order', () => {
  const sizes = (most: number) => sharedBatches(changed, most);
  expect(sizes(1)).toEqual(changed.map((_, i) => [i, i + 1]));
  expect(sizes(10_000)).toEqual([[0, changed.length]]);
  for (const most of [20, 40, 60]) {
    const ranges = sizes(most);
    expect(ranges.map(([start]) => start)).toEqual([0, ...ranges.slice(0, -1).map(([, end]) => end)]);
    for (const [start, end] of ranges) {
      if (end > start + 1)
        expect(packBatch(changed.slice(start, end), 'all rows').index.length).toBeLessThanOrEqual(most);
    }
  }
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
    const shared = await logprobs(packBatch(changed, 'all rows'));
    const unshared: number[] = [];
    for (const group of changed) unshared.push(...(await logprobs(packBatch([group]))));
    expect(shared.length).toBe(unshared.length);
    if (backend.startsWith('wasm')) expect(shared, backend).toEqual(unshared);
    else {
      shared.forEach((value, i) => {
        expect(value).toBeCloseTo(unshared[i] ?? Number.NaN, 5);
      });
    }
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
