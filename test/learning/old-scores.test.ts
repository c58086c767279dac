/** Steps on an engine whose sampler is another program: old log-probabilities are the trainer's, and the difference is told and weighed. */
import { describe, expect, it } from 'vitest';
import type { PolicySequence } from '../../trainer/engines/engine.ts';
import { tgrpoStep } from '../../trainer/learning/tgrpo.ts';
import { Interrupted } from '../../trainer/learning/training.ts';
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import { type ScriptedEngine, samplerError, vllmLike, vocabulary } from '../engines/scripted-engine.ts';
import { aLoadedQuestion, scriptedTraining } from './scripted-training.ts';

const right = '<think>a</think><answer>B</answer>';
const wrong = '<think>a</think><answer>A</answer>';
const script = ({ index }: { index: number }) => (index > 0 ? wrong : right);
/** Nats of every token of the policy, which knows nothing yet, by the trainer. */
const uniform = -Math.log(vocabulary.length);

const parameters: Partial<ParameterValues> = {
  ...{ questionsPerStep: 1, groupSize: 2, shuffledGroupSize: 1, omega: 0, formatWeight: 1, stdEpsilon: 0 },
  ...{ beta: 0, learningRate: 0.1, schedule: 'constant', weightDecay: 0, gradClipNorm: 0, maxNewTokens: 50 },
};

async function stepped(
  given: Partial<ParameterValues> = {},
  can: ConstructorParameters<typeof ScriptedEngine>[1] = vllmLike,
  questions = [aLoadedQuestion(0)],
) {
  const made = await scriptedTraining('tgrpo', { script, questions, parameters: { ...parameters, ...given }, can });
  const { engine } = made;
  const trained: PolicySequence[][] = [];
  const forwardBackward = engine.forwardBackward.bind(engine);
  engine.forwardBackward = (model, loss) => {
    if (loss.kind === 'policy') trained.push([...loss.sequences]);
    return forwardBackward(model, loss);
  };
  const metrics = await tgrpoStep(made.training, 1, 'tgrpo');
  return { ...made, metrics, trained };
}

describe('a step whose sampler is another program', () => {
  it('takes the old log-probabilities from a forward pass, and keeps the sampler’s beside them', async () => {
    const { trained, recorded, engine } = await stepped();
    for (const { oldLogprobs, answer } of trained[0] ?? []) {
      for (const logprob of oldLogprobs) expect(logprob).toBeCloseTo(uniform, 5);
      expect(answer.weights).toBeUndefined();
    }
    const tokens = recorded[0]?.tokens.get('s1-0-o0');
    tokens?.logprobs.forEach((logprob, i) => {
      expect(logprob).toBeCloseTo(uniform - samplerError, 5);
      expect(tokens.trainerLogprobs?.[i]).toBeCloseTo(uniform, 5);
    });
    expect(engine.calls.slice(engine.calls.indexOf('sample'))).toEqual([
      ...['sample', 'forward', 'render', 'forwardBackward', 'optimStep'],
    ]);
  });

  it('tells what is between the two, of each answer that is trained on and of the step', async () => {
    const { metrics, recorded } = await stepped();
    const k3 = Math.exp(samplerError) - samplerError - 1;
    const expected = {
      difference: expect.closeTo(samplerError, 6),
      k3: expect.closeTo(k3, 6),
      weight: expect.closeTo(Math.exp(samplerError), 6),
    };
    expect(metrics.mismatch).toEqual(expected);
    const rollouts = recorded[0]?.group.rollouts ?? [];
    expect(rollouts.map(({ mismatch }) => mismatch)).toEqual([expected, expected, undefined]);
    expect(rollouts[0]?.trainerLogprob).toBeCloseTo(uniform, 5);
    expect(rollouts[0]?.meanLogprob).toBeCloseTo(uniform - samplerError, 5);
    expect(metrics.durations.oldLogprobs).toBeGreaterThan(0);
  });

  it('has the entropy from the same pass, where the sampler tells none; of shuffled answers there is none', async () => {
    const { metrics, recorded } = await stepped();
    expect(metrics.entropy).toBeCloseTo(-uniform, 5);
    const [ordered, , shuffled] = recorded[0]?.group.rollouts ?? [];
    expect(ordered?.meanEntropy).toBeCloseTo(-uniform, 5);
    expect(shuffled?.meanEntropy).toBeNull();
    expect(recorded[0]?.tokens.get('s1-0-o0')?.entropy).toHaveLength(7);
    expect(recorded[0]?.tokens.get('s1-0-s0')).not.toHaveProperty('entropy');
  });

  it('multiplies each token’s share of the loss by its truncated importance weight where it is told to', async () => {
    const ratio = Math.exp(samplerError);
    for (const [importanceCap, weight] of [
      [2, ratio],
      [1.005, 1.005],
    ] as const) {
      const { trained } = await stepped({ importanceCap });
      for (const { answer } of trained[0] ?? [])
        for (const one of answer.weights ?? []) expect(one).toBeCloseTo(weight, 5);
      expect(trained[0]?.map(({ answer }) => answer.weights?.length)).toEqual([7, 7]);
    }
    // The loss is minus the mean of weight × advantage, of which only one answer is left here.
    const lossOf = async (importanceCap: number) => {
      const made = await scriptedTraining('tgrpo', {
        ...{ script, questions: [aLoadedQuestion(0)], parameters: { ...parameters, importanceCap }, can: vllmLike },
      });
      made.atPoint = (point, open) => {
        if (point === 'before-update') open?.weigh('s1-0-o1', new Float32Array(7));
        return 0;
      };
      return (await tgrpoStep(made.training, 1, 'tgrpo')).loss as number;
    };
    expect((await lossOf(2)) / (await lossOf(0))).toBeCloseTo(ratio, 5);
    expect((await lossOf(1.005)) / (await lossOf(0))).toBeCloseTo(1.005, 5);
  });

  it('scores no group that is left out of the update because another question took its place', async () => {
    const questions = [aLoadedQuestion(0, { solution: 'C' }), aLoadedQuestion(1)];
    const { recorded, metrics } = await stepped({ fillFlatGroups: true }, vllmLike, questions);
    expect(recorded.map(({ group }) => group.leftOut)).toEqual(['flat', undefined]);
    const scored = (i: number) => recorded[i]?.group.rollouts.map(({ mismatch }) => mismatch !== undefined);
    expect([scored(0), scored(1)]).toEqual([
      [false, false, false],
      [true, true, false],
    ]);
    expect(metrics.mismatch?.difference).toBeCloseTo(samplerError, 6);
  });

  it('ends where it is told to while answers are scored', async () => {
    const stop = new AbortController();
    const made = await scriptedTraining('tgrpo', {
      ...{ script, questions: [aLoadedQuestion(0)], parameters, can: vllmLike, signal: stop.signal },
    });
    const gate = made.engine.holdNext('forward');
    const step = tgrpoStep(made.training, 1, 'tgrpo');
    await gate.entered;
    stop.abort();
    gate.open();
    await expect(step).rejects.toThrow(Interrupted);
    expect(made.recorded).toEqual([]);
  });
});

it('a step whose sampler is the trainer scores nothing, and no weight has an effect', async () => {
  const { trained, recorded, metrics, engine } = await stepped({ importanceCap: 1.005 }, {});
  expect(engine.calls).not.toContain('forward');
  expect(trained[0]?.map(({ answer }) => answer.weights)).toEqual([undefined, undefined]);
  expect(metrics).not.toHaveProperty('mismatch');
  expect(recorded[0]?.group.rollouts[0]).not.toHaveProperty('mismatch');
  expect(recorded[0]?.tokens.get('s1-0-o0')).not.toHaveProperty('trainerLogprobs');
});
