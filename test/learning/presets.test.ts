import { describe, expect, it } from 'vitest';
import { presetParameters, withOverrides } from '../../trainer/learning/presets.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { parameterMeant, parameters, parameterValues } from '../../trainer/protocol/parameters.ts';

describe('the presets', () => {
  it('differ where the paper and the released code do, and in nothing else', () => {
    const paper = presetParameters('paper', 'tgrpo');
    const upstream = presetParameters('upstream', 'tgrpo');
    const differing = Object.entries(paper).filter(
      ([name, value]) => upstream[name as keyof typeof upstream] !== value,
    );
    expect(
      Object.fromEntries(differing.map(([name, value]) => [name, [value, upstream[name as keyof typeof upstream]]])),
    ).toEqual({
      temporalTest: ['>', '>='],
      temporalShare: ['correct', 'accuracy'],
      shuffledGroupSize: [8, 4],
      omega: [0.1, 0.2],
      lengthNeedsMoreThanOne: [false, true],
      formatWeight: [0, 1],
      stdEpsilon: [0, 1e-4],
      nanRegressionPays: [false, true],
      trainPromptTokens: [false, true],
      trainTurnNewline: [false, true],
      frameRounding: ['half-even', 'down'],
      evaluationTemperature: [0.01, 0.1],
    });
  });

  it('have the constants of the method', () => {
    expect(presetParameters('paper', 'tgrpo')).toMatchObject({
      ...{ alpha: 0.3, mu: 0.8, lengthMin: 320, lengthMax: 512, groupSize: 8, beta: 0.04, correctThreshold: 0.1 },
      ...{ temperature: 1, topP: 0.95, maxNewTokens: 768, learningRate: 1e-6, weightDecay: 0.01, gradClipNorm: 5 },
      ...{ framesPerSecond: 2, minFrames: 4, maxFrames: 16, maxPixels: 128 * 28 * 28, steps: 1000, stdDegrees: 'n-1' },
    });
  });

  it('make advantages and the loss as GRPO does, whatever else they choose', () => {
    for (const name of ['paper', 'upstream', 'sample'] as const)
      expect(presetParameters(name, 'tgrpo')).toMatchObject({
        ...{ advantageScale: 'group', lossMean: 'answer', ratio: 'token', clipLow: 0.2, clipHigh: 0.2 },
        ...{ fillFlatGroups: false, overlongPenalty: 0 },
      });
  });

  it('hold values that their own parameters accept', () => {
    for (const name of ['paper', 'upstream', 'sample'] as const) {
      for (const method of ['sft', 'tgrpo', 'grpo'] as const) {
        const values = presetParameters(name, method);
        expect(parameterValues.parse(values)).toEqual(values);
      }
    }
  });
});

describe('values with some set anew', () => {
  const paper = presetParameters('paper', 'tgrpo');
  const set = (given: Record<string, unknown>) => withOverrides(paper, given, 'bad-request', '--set');

  it('keep the others', () => {
    expect(set({ omega: 0.5 })).toEqual({ ...paper, omega: 0.5 });
  });

  it.each([
    [{ omgea: 1 }, 'there is no parameter omgea; the nearest is omega'],
    [{ omega: -1 }, 'omega must be '],
    [{ omega: 'much' }, 'omega must be '],
    [{ minFrames: 20 }, 'minFrames (20) is above maxFrames (16)'],
    [{ __proto__x: 1, toString: 1 }, 'there is no parameter toString'],
  ])('refuse %j, saying why', (given, message) => {
    expect(() => set(given)).toThrow(message);
    expect(() => set(given)).toThrow(StudioError);
  });
});

describe('a parameter', () => {
  it('is meant by its name, with underscores, and by its symbol', () => {
    expect(['maxFrames', 'max_frames', 'l_min', 'ω', 'G̃'].map(parameterMeant)).toEqual([
      ...['maxFrames', 'maxFrames', 'lengthMin', 'omega', 'shuffledGroupSize'],
    ]);
    expect(['max__frames', 'toString', '__proto__', ''].map(parameterMeant)).toEqual([null, null, null, null]);
  });

  it('that older records lack has the value that they were made with', () => {
    const {
      lengthAdaptation,
      nanRegressionPays,
      frameRounding,
      topK,
      klEstimator,
      trainTurnNewline,
      maxPromptTokens,
      ...older
    } = presetParameters('upstream', 'tgrpo');
    expect(parameterValues.parse(older)).toEqual({
      ...older,
      lengthAdaptation: 0,
      nanRegressionPays: false,
      frameRounding: 'half-even',
      topK: 0,
      klEstimator: 'k3',
      trainTurnNewline: false,
      maxPromptTokens: 0,
    });
    const { omega, ...broken } = older;
    expect(parameterValues.safeParse(broken).success).toBe(false);
    for (const info of Object.values(parameters)) {
      if ('before' in info && info.before !== undefined) expect(info.schema.safeParse(info.before).success).toBe(true);
    }
  });
});
