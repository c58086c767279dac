/** Sampling from an engine that answers from a list: how completions become scored groups. */
import { describe, expect, it } from 'vitest';
import type { LoadedQuestion } from '../../trainer/data/questions.ts';
import type { Completion, Engine, Frames, SampleEvent, SampleRequest } from '../../trainer/engines/engine.ts';
import { groupMetrics } from '../../trainer/learning/group-metrics.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { type GroupSampling, sampleGroups, shuffledOrder } from '../../trainer/learning/sampling.ts';
import { emptyMetrics, Interrupted } from '../../trainer/learning/training.ts';
import type { PresetName } from '../../trainer/protocol/runfile.ts';
import { defaultTemplate } from '../../trainer/reasoning/template.ts';

const frames: Frames = {
  key: 'k',
  width: 28,
  height: 28,
  count: 4,
  pixels: new Uint8Array(28 * 28 * 12),
  place: null,
  sampleFps: 2,
};

const loaded = (problemType: LoadedQuestion['question']['problemType'], solution: string): LoadedQuestion => ({
  question: {
    ...{
      row: 0,
      dataset: 'd',
      problemId: '1',
      problem: 'What?',
      problemType,
      dataType: 'video',
      options: [],
      solution,
    },
    ...{ path: 'p', source: 's', family: null, needsOrder: null },
  },
  frames,
  view: {
    ...{ key: 'k', kind: 'video', width: 28, height: 28, sourceWidth: 28, sourceHeight: 28, durationSeconds: 2 },
    ...{ indices: [0, 1, 2, 3], times: [0, 0.5, 1, 1.5] },
  },
  target: null,
  flagged: [],
});

function completion(text: string): Completion {
  const one = Float32Array.of(-0.5);
  const numbers = { logprobs: one, entropy: one, alternatives: null };
  return { tokens: Int32Array.of(1), pieces: [text], text, ...numbers, stopReason: 'stop' };
}

/** Answers of the ordered request from the first list, of the shuffled one from the second. */
function engineThatSays(...answers: string[][]): { engine: Engine; asked: SampleRequest[] } {
  const asked: SampleRequest[] = [];
  const engine = {
    async *sample(_model: unknown, requests: readonly SampleRequest[]): AsyncIterable<SampleEvent> {
      asked.push(...requests);
      for (const [request, { seeds }] of requests.entries()) {
        for (const index of seeds.keys())
          yield { kind: 'done', request, index, completion: completion(answers[request]?.[index] ?? '') };
      }
    },
    capabilities: { topAlternatives: 0 },
    render: async () => ({ text: 'prompt', ids: Int32Array.of(7), pieces: ['prompt'], visionTokens: 2 }),
  };
  return { engine: engine as unknown as Engine, asked };
}

const sampling = (engine: Engine, preset: PresetName, signal = new AbortController().signal): GroupSampling => ({
  ...{
    engine,
    model: { id: 1, role: 'policy' },
    template: defaultTemplate,
    parameters: presetParameters(preset, 'tgrpo'),
  },
  ...{ seed: 1, step: 3, purpose: 'train', prefix: 's3', ordered: 2, shuffled: 2, signal },
  sampling: { maxTokens: 8, temperature: 1, topP: 1 },
});

const { durations } = emptyMetrics(1, 0);
const right = '<think>a</think><answer>5</answer>';

describe('a question that is asked', () => {
  it('gets ordered and shuffled answers, scored apart, with advantages for the ordered ones alone', async () => {
    const { engine, asked } = engineThatSays([right, 'no'], ['no', 'no']);
    const [sampled] = await sampleGroups([loaded('numerical', '5')], sampling(engine, 'paper'), durations);
    expect(
      sampled?.group.rollouts.map(({ order, correct, advantage }) => [order, correct, advantage === null]),
    ).toEqual([
      ['ordered', true, false],
      ['ordered', false, false],
      ['shuffled', false, true],
      ['shuffled', false, true],
    ]);
    expect(sampled?.group.temporal).toMatchObject({ p: 0.5, pShuffled: 0, passed: true });
    expect(sampled?.group.stats.normalised).toEqual({
      ...{ stdDegrees: 'n-1', stdEpsilon: 0, advantageScale: 'group' },
      batchStd: sampled?.group.stats.std,
    });
    const [ordered, shuffled] = asked.map(({ prompt }) => prompt.find((chunk) => chunk.kind === 'video'));
    expect(ordered).toMatchObject({ order: [0, 1, 2, 3] });
    expect(shuffled).toMatchObject({ order: sampled?.group.media.shuffledOrder });
    expect(new Set(asked.flatMap(({ seeds }) => seeds)).size).toBe(4);
    expect(groupMetrics(sampled ? [sampled] : [])).toMatchObject({ accuracy: 0.5, accuracyShuffled: 0, temporal: 1 });
  });

  it('is scored by the rules of its preset: nan in a regression is paid upstream alone', async () => {
    const nan = '<think>a</think><answer>nan</answer>';
    const accuracyUnder = async (preset: PresetName) => {
      const { engine } = engineThatSays([nan, nan], [nan, nan]);
      const [sampled] = await sampleGroups([loaded('regression', '5')], sampling(engine, preset), durations);
      return sampled?.group.rollouts[0]?.accuracy;
    };
    expect(await accuracyUnder('upstream')).toBe(1);
    expect(await accuracyUnder('paper')).toBe(0);
  });

  it('gives up when it is interrupted', async () => {
    const { engine } = engineThatSays([right, right], [right, right]);
    await expect(
      sampleGroups([loaded('numerical', '5')], sampling(engine, 'paper', AbortSignal.abort()), durations),
    ).rejects.toThrow(Interrupted);
  });
});

it('a shuffled order is a permutation, never the order itself, and the same for the same seed', () => {
  for (let seed = 0; seed < 200; seed++) {
    const order = shuffledOrder(4, seed) as number[];
    expect(order.toSorted()).toEqual([0, 1, 2, 3]);
    expect(order).not.toEqual([0, 1, 2, 3]);
    expect(shuffledOrder(4, seed)).toEqual(order);
  }
  expect(shuffledOrder(1, 1)).toBeNull();
});
