/** Whether the engine's memory grows: a tiny model is trained and sampled from for long, and its heap and tensors are counted. */
import { createTfjsEngine } from '../../trainer/engines/tfjs/engine.ts';
import { newModel, rows, sampleAll, tinyStep } from '../engines/tfjs/tiny.ts';
import type { BenchFigure, BenchOptions } from './part.ts';

const steps = 1000;
const samplingRounds = 100;
const answersPerRound = 32;

export async function* benchLeak({ backend, threads }: BenchOptions): AsyncGenerator<BenchFigure> {
  const engine = await createTfjsEngine({ name: 'tfjs', backend: backend ?? 'wasm', threads });
  try {
    const model = await newModel(engine);
    const count = async (name: string): Promise<BenchFigure> => {
      const { bytes, tensors } = await engine.memory();
      const resident = (process.memoryUsage.rss() / 1e6).toFixed(0);
      return {
        name,
        value: bytes,
        unit: 'bytes',
        note: `the engine's heap; ${tensors} tensors; ${resident} MB resident`,
      };
    };
    for (let step = 1; step <= steps; step++) {
      await engine.forwardBackward(model, { kind: 'cross-entropy', sequences: rows(), promptTokens: false });
      await engine.optimStep(model, { ...tinyStep, learningRate: 1e-4 });
      if (step % 100 === 0) yield await count(`after ${step} training steps`);
    }
    const seeds = (round: number): number[] => Array.from({ length: answersPerRound }, (_, i) => 1000 * round + i);
    for (let round = 1; round <= samplingRounds; round++) {
      const requests = rows()
        .slice(0, 2)
        .map(({ prompt }) => ({ prompt, seeds: seeds(round) }));
      await sampleAll(engine, model, requests);
      if (round % 20 === 0) yield await count(`after ${round} sampling rounds`);
    }
  } finally {
    await engine.dispose();
  }
}
