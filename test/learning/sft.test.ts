/** A step of the supervised cold start on the scripted engine. */
import { describe, expect, it } from 'vitest';
import { sftStep } from '../../trainer/learning/sft.ts';
import { Interrupted } from '../../trainer/learning/training.ts';
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import { tokensOf, vocabulary } from '../engines/scripted-engine.ts';
import { aLoadedQuestion, scriptedTraining } from './scripted-training.ts';

const target = '<think>ab</think><answer>B</answer>';
const questions = [aLoadedQuestion(0, { target }), aLoadedQuestion(1, { target, dataType: 'image' })];
const parameters: Partial<ParameterValues> = {
  ...{ questionsPerStep: 2, trainPromptTokens: false, probeEvery: 0, learningRate: 0.1, schedule: 'constant' },
  ...{ weightDecay: 0, gradClipNorm: 0, warmupSteps: 0, probeQuestions: 1, maxNewTokens: 50 },
};
const wrong = '<answer>A</answer>';

describe('a step of SFT', () => {
  it('begins at the loss of a uniform policy, counts answer tokens alone, and makes its answers likelier', async () => {
    const made = await scriptedTraining('sft', { questions, parameters });
    const first = await sftStep(made.training, 1);
    expect(first.loss).toBeCloseTo(Math.log(vocabulary.length), 5);
    // Seven pieces and the end, twice.
    expect(first).toMatchObject({ trainedTokens: 16, sampledTokens: 0, questions: 2, learningRate: 0.1 });
    expect(first).toMatchObject({ kl: null, clipped: null, accuracy: null, reward: null });
    // The eight go up by 0.1 each, none of them comes twice, and the others go down.
    expect(new Set(tokensOf(target)).size).toBe(7);
    const second = await sftStep(made.training, 2);
    expect(second.loss).toBeCloseTo(Math.log(8 * Math.exp(0.1) + 94 * Math.exp(-0.1)) - 0.1, 5);
  });

  it('trains the prompt too where that is asked for', async () => {
    const made = await scriptedTraining('sft', { questions, parameters: { ...parameters, trainPromptTokens: true } });
    expect((await sftStep(made.training, 1)).trainedTokens).toBeGreaterThan(100);
  });

  it('trains the newline behind the end of the turn too where that is asked for: one token more an answer', async () => {
    const made = await scriptedTraining('sft', { questions, parameters: { ...parameters, trainTurnNewline: true } });
    expect((await sftStep(made.training, 1)).trainedTokens).toBe(18);
  });

  it('asks the model after the update at the first step and every so many, ordered and shuffled, and trains on none of it', async () => {
    const made = await scriptedTraining('sft', {
      ...{ questions, script: () => wrong },
      parameters: { ...parameters, probeEvery: 3 },
    });
    const probes: number[] = [];
    for (const step of [1, 2, 3, 4, 6]) if ((await sftStep(made.training, step)).accuracy !== null) probes.push(step);
    expect(probes).toEqual([1, 3, 6]);
    expect(made.recorded[0]?.group).toMatchObject({ id: 'p1-0', purpose: 'probe' });
    expect(made.recorded[0]?.group.rollouts.map(({ order, advantage }) => [order, advantage])).toEqual([
      ['ordered', null],
      ['ordered', null],
      ['shuffled', null],
      ['shuffled', null],
    ]);
    expect(made.engine.calls.indexOf('optimStep')).toBeLessThan(made.engine.calls.indexOf('sample'));
  });

  it('passes two safe points, keeps held time apart, and leaves all as it is when it is interrupted before the update', async () => {
    const made = await scriptedTraining('sft', { questions, parameters });
    made.atPoint = (point) => (point === 'before-update' ? 60_000 : 500);
    const { durations } = await sftStep(made.training, 1);
    expect(made.passed).toEqual(['before-step', 'before-update']);
    expect(durations.held).toBe(60_500);
    expect(durations.total).toBeLessThan(-50_000);
    const logits = made.engine.logitsOf(made.training.policy).slice();
    made.atPoint = () => {
      throw new Interrupted();
    };
    await expect(sftStep(made.training, 2)).rejects.toThrow(Interrupted);
    expect(made.engine.logitsOf(made.training.policy)).toEqual(logits);
  });
});
