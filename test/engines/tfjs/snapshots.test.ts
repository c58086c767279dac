/** A model that was put back is the one that was kept, to the last bit, whatever was done to it meanwhile. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, ModelHandle } from '../../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../../trainer/engines/tfjs/engine.ts';
import { newModel, rows, sampleAll, tinyStep, train } from './tiny.ts';

let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tfjs-snapshots-'));
});

afterAll(() => rm(scratch, { recursive: true }));

describe('on two threads', () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 2 });
  });

  afterAll(() => engine.dispose());

  const saved = async (model: ModelHandle): Promise<string[]> => {
    const folder = await mkdtemp(join(scratch, 'checkpoint-'));
    await engine.saveState(model, folder);
    const files = ['model.safetensors', 'optimizer.safetensors', 'optimizer.json'];
    return Promise.all(files.map((name) => readFile(join(folder, name), 'base64')));
  };
  const sequences = rows();
  const told = async (model: ModelHandle) => ({
    scored: (await engine.forward(model, sequences)).map(({ logprobs }) => [...logprobs]),
    answers: (await sampleAll(engine, model, [{ prompt: sequences[0]?.prompt ?? [], seeds: [1, 2] }])).flat(),
  });
  const gradient = (model: ModelHandle) =>
    engine.forwardBackward(model, { kind: 'cross-entropy', sequences, promptTokens: false });

  test.each([0, 3])('after %d steps: weights, optimizer, answers and the steps that follow', async (steps) => {
    const model = await newModel(engine, 7);
    await train(engine, model, steps);
    const before = { files: await saved(model), ...(await told(model)) };
    const snapshot = await engine.snapshot(model);

    await gradient(model);
    await engine.optimStep(model, { ...tinyStep, learningRate: 0.1 });
    const moved = await told(model);
    expect(moved.scored).not.toEqual(before.scored);
    expect(await saved(model)).not.toEqual(before.files);
    await engine.restore(snapshot);
    expect({ files: await saved(model), ...(await told(model)) }).toEqual(before);

    // The same number of steps as the one that was taken back: nothing of that one is left, in the sampler's copy neither.
    await gradient(model);
    const step = { ...tinyStep, learningRate: 0.01 };
    await engine.optimStep(model, step);
    const after = { files: await saved(model), ...(await told(model)) };
    expect(after.scored).not.toEqual(moved.scored);

    // It can be put back again, and what never was tried gives the same.
    await engine.restore(snapshot);
    await gradient(model);
    await engine.optimStep(model, step);
    expect({ files: await saved(model), ...(await told(model)) }).toEqual(after);
    const untouched = await newModel(engine, 7);
    await train(engine, untouched, steps);
    await gradient(untouched);
    await engine.optimStep(untouched, step);
    expect({ files: await saved(untouched), ...(await told(untouched)) }).toEqual(after);
    await engine.release(snapshot);
    await engine.unload(untouched);
    await engine.unload(model);
  });

  test('a gradient that was held is void', async () => {
    const model = await newModel(engine, 7);
    await train(engine, model, 1);
    const snapshot = await engine.snapshot(model);
    await gradient(model);
    const { gradNorm } = await engine.optimStep(model, tinyStep);
    await engine.restore(snapshot);
    await gradient(model);
    await engine.restore(snapshot);
    await gradient(model);
    expect((await engine.optimStep(model, tinyStep)).gradNorm).toBe(gradNorm);
    await engine.unload(model);
  });

  test('nothing is left behind, of snapshots that went with their model neither', async () => {
    const model = await newModel(engine, 7);
    await train(engine, model, 2);
    const { tensors } = await engine.memory();
    const snapshot = await engine.snapshot(model);
    await train(engine, model, 1);
    await engine.restore(snapshot);
    await engine.release(snapshot);
    await engine.release(snapshot);
    expect((await engine.memory()).tensors).toBe(tensors);
    await expect(engine.restore(snapshot)).rejects.toThrow(/no snapshot/);
    const other = await newModel(engine, 8);
    const ofOther = await engine.snapshot(other);
    await engine.unload(other);
    await engine.release(ofOther);
    await expect(engine.restore(ofOther)).rejects.toThrow(/not loaded/);
    expect((await engine.memory()).tensors).toBe(tensors);
    await engine.unload(model);
  });
});
