/** Every value of every parameter: an engine like verl's trains by it, or the value is refused by its name before a step is made. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { withOverrides } from '../../trainer/learning/presets.ts';
import { sftStep } from '../../trainer/learning/sft.ts';
import { tgrpoStep } from '../../trainer/learning/tgrpo.ts';
import { engineLacks } from '../../trainer/protocol/engine.ts';
import {
  type Method,
  methods,
  type ParameterName,
  type ParameterValues,
  parameters,
  parametersOf,
} from '../../trainer/protocol/parameters.ts';
import { generateLike, vllmLike } from '../engines/scripted-engine.ts';
import { aLoadedQuestion, scriptedTraining } from './scripted-training.ts';

const engines = { 'generate, as trainer and sampler': generateLike, 'vLLM as the sampler': vllmLike };

const right = '<think>a</think><answer>B</answer>';
const wrong = '<think>a</think><answer>A</answer>';
/** No group is flat, and order is paid for. */
const script = ({ isShuffled, index }: { isShuffled: boolean; index: number }) =>
  isShuffled || index > 0 ? wrong : right;

/** Numbers that switch something, beside those that every number is tried with. */
const telling: { readonly [Name in ParameterName]?: readonly ParameterValues[Name][] } = {
  ...{ beta: [0, 0.04], importanceCap: [0, 0.5, 2], updatesPerSampling: [1, 3], temperature: [0, 1], topP: [0, 1] },
  ...{ topK: [0, 5], creditShuffles: [1, 4], creditWeight: [0, 0.3], gradClipNorm: [0, 1], weightDecay: [0, 0.01] },
  ...{ overlongPenalty: [0, 0.5], flagPenalty: [0, 0.5], lengthAdaptation: [0, 1], alternatives: [0, 5, 20] },
  ...{
    clipHigh: [0.2, 0.28, 4e-4],
    stdEpsilon: [0, 1e-4],
    omega: [0, 0.2],
    shuffledGroupSize: [0, 2],
    groupSize: [1, 2],
  },
  ...{ warmupSteps: [0, 4], scheduleFloor: [0, 1], receiptShare: [0, 1], evidenceShare: [0, 1], probeEvery: [0, 1] },
};

/** All values of switches and choices, and some of numbers. */
function valuesOf(name: ParameterName): readonly unknown[] {
  const { schema } = parameters[name] as { schema: z.ZodType };
  if (schema instanceof z.ZodBoolean) return [false, true];
  if (schema instanceof z.ZodEnum) return schema.options;
  return telling[name] ?? [];
}

const small: Partial<ParameterValues> = {
  ...{ questionsPerStep: 1, groupSize: 2, shuffledGroupSize: 2, steps: 4, maxNewTokens: 40, probeEvery: 1 },
  ...{ probeQuestions: 1, learningRate: 0.01, maxSamplingRounds: 2 },
};

async function stepped(method: Method, values: ParameterValues, can: (typeof engines)[keyof typeof engines]) {
  const target = '<think>ab</think><answer>B</answer>';
  const made = await scriptedTraining(method, {
    ...{ script, can, questions: [aLoadedQuestion(0, { target }), aLoadedQuestion(1, { target })], parameters: values },
  });
  const metrics = await (method === 'sft' ? sftStep(made.training, 1) : tgrpoStep(made.training, 1, method));
  return { metrics, made };
}

describe.each(Object.entries(engines))('with %s', (_, can) => {
  it.each([...methods])('%s is trained by every value, or the value is refused by its name', async (method) => {
    const { engine } = await scriptedTraining(method, { script, can, questions: [] });
    const refused: string[] = [];
    let tried = 0;
    for (const name of parametersOf(method))
      for (const value of valuesOf(name)) {
        const preset = {
          ...(await scriptedTraining(method, { script, questions: [] })).training.parameters(),
          ...small,
        };
        // Credit is tried where it is paid.
        const others = name.startsWith('credit') ? { temporalCredit: 'answer' } : {};
        const values = withOverrides(preset, { ...others, [name]: value }, 'bad-request', name);
        const lacks = engineLacks(engine.capabilities, { chunks: ['video'], training: { method, parameters: values } });
        if (lacks.length > 0) {
          expect(lacks.join(), `${name} ${value}`).toContain(name);
          refused.push(`${name} ${value}`);
          continue;
        }
        const { metrics } = await stepped(method, values, can);
        // A single answer is flat, and an update of nothing has no loss.
        const isEmpty = name === 'groupSize' && value === 1 && values.skipFlatGroups;
        expect(Number.isFinite(metrics.loss ?? (isEmpty ? 0 : Number.NaN)), `${name} ${value}`).toBe(true);
        tried++;
      }
    expect(tried).toBeGreaterThan(10);
    expect(refused).toEqual(method === 'sft' ? [] : ['klEstimator exact']);
  });
});

it('every parameter that is a switch or a choice is tried, and every number that changes a loss, a norm or a credit', () => {
  const untried = (Object.keys(parameters) as ParameterName[]).filter((name) => valuesOf(name).length === 0);
  // Of data, frames and files, how long, how often and how much: nothing of them comes to an engine.
  expect(untried.filter((name) => parameters[name].methods.includes('tgrpo' as never))).toEqual([
    ...['learningRate', 'beta1', 'beta2', 'steps', 'questionsPerStep', 'checkpointEvery', 'checkpointsKept'],
    ...['evaluateEvery', 'imageShare', 'maxPromptTokens', 'framesPerSecond', 'minFrames', 'maxFrames', 'minPixels'],
    ...['maxPixels', 'imageMinPixels', 'imageMaxPixels', 'maxNewTokens', 'formatWeight', 'alpha', 'mu', 'creditLow'],
    ...['creditHigh', 'correctThreshold', 'overlongCache', 'lengthMin', 'lengthMax', 'clipLow', 'maxSamplingRounds'],
    ...['evaluationTemperature', 'evaluationTopP', 'evaluationQuestions'],
  ]);
});
