/** A replica that writes answers on a backend of their own: as TensorFlow on the CPU does with the kernels. Here plain JavaScript trains. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { newConfigFile, readConfig } from '../../../trainer/engines/qwen/config.ts';
import type { SampleReport } from '../../../trainer/engines/qwen/sample-stream.ts';
import { type AnswerBackend, answersOnKernels, startBackend } from '../../../trainer/engines/tfjs/backends/backend.ts';
import type { ReplicaAnswers, ReplicaRequest } from '../../../trainer/engines/tfjs/messages.ts';
import type { Ops } from '../../../trainer/engines/tfjs/model/ops.ts';
import { parameterTable } from '../../../trainer/engines/tfjs/model/parameters.ts';
import { Replica } from '../../../trainer/engines/tfjs/replica.ts';
import { tinySize, tinyStep } from './tiny.ts';

const vocabulary = 40;
const configFile = newConfigFile(
  tinySize,
  vocabulary,
  { pad: 0, turnEnd: 1, visionStart: 2, visionEnd: 3, image: 4, video: 5 },
  '5.18',
);
const place = 'test';
const { size } = parameterTable(readConfig(configFile, place));
const prompt = {
  tokens: Int32Array.of(7, 8, 9),
  positions: Int32Array.of(0, 0, 0, 1, 1, 1, 2, 2, 2),
  next: 3,
  media: [],
};
const maxTokens = 6;

let kernels: Ops;
let plain: Ops;
beforeAll(async () => {
  kernels = (await startBackend('wasm')).ops;
  plain = (await startBackend('cpu')).ops;
});

async function ask<K extends ReplicaRequest['kind']>(
  replica: Replica,
  request: Extract<ReplicaRequest, { kind: K }>,
  report: (report: SampleReport) => void = () => undefined,
): Promise<ReplicaAnswers[K]> {
  return (await replica.answer(request, report)) as ReplicaAnswers[K];
}

async function sampled(replica: Replica): Promise<SampleReport['finished'][number][]> {
  const finished: SampleReport['finished'][number][] = [];
  const chunk = {
    prompts: [prompt],
    answers: [
      { answer: 0, prompt: 0, seed: 1 },
      { answer: 1, prompt: 0, seed: 2 },
    ],
    options: { maxTokens, temperature: 1, topP: 1 },
    allowed: new Float32Array(vocabulary).fill(1),
    endTokens: [],
    stop: null,
    abort: new Int32Array(1),
  };
  await ask<'sample'>(replica, { kind: 'sample', model: 0, chunk }, (report) => finished.push(...report.finished));
  return finished.sort((a, b) => a.answer - b.answer);
}

/** A step that raises the probability of one token. */
async function step(replica: Replica, learningRate = 0.05): Promise<void> {
  const groups = [{ prompt, answers: [Int32Array.of(11, 12, 13)] }];
  const terms = { kind: 'cross-entropy', weights: new Float32Array(3).fill(1 / 3) } as const;
  const work = { groups, terms, promptWeights: null, reference: null, fresh: true };
  await ask<'forward-backward'>(replica, { kind: 'forward-backward', model: 0, work });
  const optim = { ...tinyStep, learningRate };
  await ask<'optim-step'>(replica, { kind: 'optim-step', model: 0, step: optim, gradientOf: 0, scale: 1 });
}

test('answers written on another backend are those of the weights after each step, and leave nothing behind', async () => {
  const currents: string[] = [];
  const onKernels = answersOnKernels(kernels, 'cpu');
  const answers: AnswerBackend = {
    ...onKernels,
    within: (work) =>
      onKernels.within(() => {
        currents.push(tf.getBackend());
        return work();
      }),
  };
  const replica = new Replica({ ops: plain, answers }, 0, 2048);
  const before = tf.memory().numTensors;
  const gradients = [new Float32Array(new SharedArrayBuffer(4 * size))];
  const origin = { kind: 'seed', seed: 1 } as const;
  await ask<'create'>(replica, { kind: 'create', model: 0, config: configFile, place, origin, gradients });
  const logprobs: number[] = [];
  for (let round = 0; round < 3; round++) {
    const written = await sampled(replica);
    const groups = [{ prompt, answers: written.map(({ tokens }) => tokens) }];
    const scored = await ask<'forward'>(replica, { kind: 'forward', model: 0, groups, entropy: false });
    const told = written.flatMap((answer) => [...answer.logprobs]);
    expect(told.length).toBe(2 * maxTokens);
    told.forEach((value, i) => {
      expect(value).toBeCloseTo(scored.logprobs[i] ?? Number.NaN, 4);
    });
    logprobs.push(told[0] ?? Number.NaN);
    await step(replica);
  }
  expect(new Set(logprobs).size).toBe(3);
  expect(currents).toEqual(['wasm', 'wasm', 'wasm']);
  await sampled(replica);
  const held = tf.memory().numTensors;
  await sampled(replica);
  expect(tf.memory().numTensors).toBe(held);
  await ask<'unload'>(replica, { kind: 'unload', model: 0 });
  expect(tf.memory().numTensors).toBe(before);
});

test('a step that is taken back leaves nothing of itself in the weights, nor in the copy that answers are written with', async () => {
  const replica = new Replica({ ops: plain, answers: answersOnKernels(kernels, 'cpu') }, 0, 2048);
  const before = tf.memory().numTensors;
  const gradients = [new Float32Array(new SharedArrayBuffer(4 * size))];
  const origin = { kind: 'seed', seed: 1 } as const;
  await ask<'create'>(replica, { kind: 'create', model: 0, config: configFile, place, origin, gradients });
  await step(replica);
  const kept = await sampled(replica);
  const held = tf.memory().numTensors;
  await ask<'snapshot'>(replica, { kind: 'snapshot', model: 0, snapshot: 5 });
  await step(replica, 0.3);
  const tried = await sampled(replica);
  await ask<'restore'>(replica, { kind: 'restore', model: 0, snapshot: 5 });
  // It has taken as many steps then as the one that was tried.
  await step(replica);
  const after = await sampled(replica);
  expect(after.map(({ logprobs }) => logprobs)).not.toEqual(tried.map(({ logprobs }) => logprobs));
  await step(replica);
  await ask<'restore'>(replica, { kind: 'restore', model: 0, snapshot: 5 });
  await ask<'release'>(replica, { kind: 'release', model: 0, snapshot: 5 });
  expect(await sampled(replica)).toEqual(kept);
  expect(tf.memory().numTensors).toBe(held);
  await ask<'unload'>(replica, { kind: 'unload', model: 0 });
  expect(tf.memory().numTensors).toBe(before);
});
