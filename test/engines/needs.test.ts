import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Chunk, Engine, OptimStep, TrainingLoss } from '../../trainer/engines/engine.ts';
import { requireOfEngine } from '../../trainer/engines/needs.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import type {
  ChunkKind,
  EngineCapabilities,
  EngineNeeds,
  LossKind,
  OptimizerKey,
} from '../../trainer/protocol/engine.ts';
import { engineLacks } from '../../trainer/protocol/engine.ts';
import { engineStatus } from '../../trainer/protocol/run-state.ts';

const all: EngineCapabilities = {
  chunks: ['text', 'special', 'image', 'video'],
  losses: ['cross-entropy', 'policy'],
  lossMeans: ['answer', 'token'],
  ratios: ['token', 'sequence'],
  fullParameters: true,
  entropy: true,
  samplerIsTrainer: true,
  sampledEntropy: true,
  seeds: 'exact' as const,
  topAlternatives: 20,
  optimizerKeys: ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay', 'gradClipNorm'],
  reference: true,
  exactKl: true,
  prefix: true,
  snapshot: true,
  abort: true,
};

const parameters = {
  ...presetParameters('sample', 'tgrpo'),
  beta: 0.04,
  klEstimator: 'exact',
  lossMean: 'answer',
  ratio: 'sequence',
} as const;
const tgrpo: EngineNeeds = { chunks: ['image', 'video'], training: { method: 'tgrpo', parameters } };

describe('what an engine lacks for a run', () => {
  it('is nothing where it can do everything', () => {
    expect(engineLacks(all, tgrpo)).toEqual([]);
  });

  it.each<[string, Partial<EngineCapabilities>, string]>([
    ['a kind of chunk', { chunks: ['text', 'special', 'image'] }, 'It takes no video.'],
    ['the loss', { losses: ['cross-entropy'] }, 'It has no policy loss, which tgrpo trains with.'],
    ['a reference', { reference: false }, 'It holds no second model as the KL reference.'],
    ['an exact KL', { exactKl: false }, 'It can’t sum the KL over the whole vocabulary (klEstimator exact).'],
    ['the loss mean', { lossMeans: ['token', 'constant'] }, 'It can’t average the loss by answer (lossMean).'],
    ['the ratio', { ratios: ['token'] }, 'It has no ratio of a sequence in its loss (ratio).'],
    [
      'an optimizer key',
      { optimizerKeys: ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay'] },
      'gradient norm limit has no effect on its optimizer (gradClipNorm).',
    ],
  ])('is said of %s', (_what, less, sentence) => {
    expect(engineLacks({ ...all, ...less }, tgrpo)).toEqual([sentence]);
  });

  it('does not name what the run does not ask for', () => {
    const little: EngineCapabilities = {
      ...all,
      chunks: ['text', 'special', 'video'],
      losses: ['cross-entropy'],
      lossMeans: [],
      optimizerKeys: ['learningRate', 'beta1', 'beta2'],
      reference: false,
      exactKl: false,
    };
    const still = { ...parameters, weightDecay: 0, gradClipNorm: 0 };
    expect(engineLacks(little, { chunks: ['video'], training: { method: 'sft', parameters: still } })).toEqual([]);
    expect(engineLacks(little, { chunks: ['video'], training: null })).toEqual([]);
    const estimated = { ...all, exactKl: false };
    for (const change of [{ klEstimator: 'k3' }, { beta: 0 }] as const)
      expect(
        engineLacks(estimated, { chunks: [], training: { method: 'tgrpo', parameters: { ...parameters, ...change } } }),
      ).toEqual([]);
  });

  it('is refused before a model is loaded, with all of it, the place and what to do', () => {
    const engine = { capabilities: { ...all, chunks: ['text'], exactKl: false }, status: () => ({ name: 'other' }) };
    expect(() => requireOfEngine(engine as unknown as Engine, tgrpo, 'a.run.json')).toThrow(
      expect.objectContaining({
        kind: 'engine-failed',
        message:
          "The engine other can't do this. It takes no image. It takes no video. It can’t sum the KL over the whole vocabulary (klEstimator exact).",
        place: 'a.run.json',
        remedy: expect.stringContaining('another engine'),
      }),
    );
    expect(() => requireOfEngine({ ...engine, capabilities: all } as unknown as Engine, tgrpo, '')).not.toThrow();
  });
});

describe('capabilities', () => {
  it('speak of chunks, losses and optimizer keys by the names that the engine’s interface has', () => {
    expectTypeOf<ChunkKind>().toEqualTypeOf<Exclude<Chunk['kind'], 'tokens'>>();
    expectTypeOf<LossKind>().toEqualTypeOf<TrainingLoss['kind']>();
    expectTypeOf<OptimizerKey>().toEqualTypeOf<keyof OptimStep>();
  });

  it('are null in a status that was stored before there were any', () => {
    const old = { name: 'tfjs', backend: 'wasm', threads: 2, parameters: 10, why: '' };
    expect(engineStatus.parse(old)).toEqual({ ...old, capabilities: null });
    expect(engineStatus.parse({ ...old, capabilities: all }).capabilities).toEqual(all);
  });
});
