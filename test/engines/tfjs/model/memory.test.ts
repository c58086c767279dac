/** The engine's memory stays as it is, however long it works. Threads, kernels and model are real; the model is tiny. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, ModelHandle } from '../../../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../../../trainer/engines/tfjs/engine.ts';
import { newModel, rows, sampleAll, tinyStep } from '../tiny.ts';

const warmUps = 4;
const rounds = 40;

let engine: Engine;
let model: ModelHandle;

beforeAll(async () => {
  engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 1 });
  model = await newModel(engine);
});

afterAll(async () => await engine.dispose());

/** What the engine holds after the warm-up, and after all rounds. */
async function held(work: (round: number) => Promise<unknown>): Promise<[before: object, after: object]> {
  for (let round = 0; round < warmUps; round++) await work(round);
  const before = await engine.memory();
  for (let round = warmUps; round < rounds; round++) await work(round);
  return [before, await engine.memory()];
}

describe('after many rounds', () => {
  test('training has left no tensor and no byte behind', async () => {
    const [before, after] = await held(async () => {
      await engine.forwardBackward(model, { kind: 'cross-entropy', sequences: rows(), promptTokens: true });
      await engine.optimStep(model, tinyStep);
    });
    expect(after).toEqual(before);
  });

  test('sampling, and a reference that comes and goes, have left no tensor and no byte behind', async () => {
    const [before, after] = await held(async (round) => {
      const reference = await engine.createModel({ kind: 'copy', of: model }, 'reference');
      const requests = rows()
        .slice(0, 2)
        .map(({ prompt }) => ({ prompt, seeds: [round, round + 100, round + 200] }));
      const answers = await sampleAll(engine, model, requests);
      await engine.forward(
        reference,
        answers.flatMap((completions, i) =>
          completions.map(({ tokens }) => ({ prompt: requests[i]?.prompt ?? [], answer: { tokens } })),
        ),
      );
      await engine.unload(reference);
    });
    expect(after).toEqual(before);
  });
});
