/** A step of T-GRPO on an engine that answers from a script: every number that it reports is worked out by hand. */
import { describe, expect, it } from 'vitest';
import { meanKl } from '../../trainer/learning/groups.ts';
import { tgrpoStep } from '../../trainer/learning/tgrpo.ts';
import { Interrupted } from '../../trainer/learning/training.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { maskedSentence } from '../../trainer/protocol/masked-answers.ts';
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import type { RolloutTokens } from '../../trainer/protocol/records.ts';
import { frameToken, samplerError, tokensOf, vocabulary } from '../engines/scripted-engine.ts';
import { aLoadedQuestion, scriptedTraining } from './scripted-training.ts';

const right = '<think>a</think><answer>B</answer>';
const wrong = '<think>a</think><answer>A</answer>';
/** Tokens, the end included; the letter is the fifth. */
const length = 7;
const letter = 4;

/** Two ordered answers of which the first is right, and a shuffled one that is wrong. */
const halfRight = ({ isShuffled, index }: { isShuffled: boolean; index: number }) =>
  isShuffled || index > 0 ? wrong : right;

const parameters: Partial<ParameterValues> = {
  ...{ questionsPerStep: 1, groupSize: 2, shuffledGroupSize: 1, omega: 0, formatWeight: 1, stdEpsilon: 0 },
  ...{ beta: 0.1, learningRate: 0.1, schedule: 'constant', weightDecay: 0, gradClipNorm: 0, maxNewTokens: 50 },
};

describe('a step of T-GRPO', () => {
  it('pays accuracy, form and order, takes advantages within the group, and reports the means', async () => {
    const made = await scriptedTraining('tgrpo', { script: halfRight, questions: [aLoadedQuestion(0)], parameters });
    const metrics = await tgrpoStep(made.training, 1, 'tgrpo');

    // p = 1/2 against 0.8 × 0: the test passes, and the right answer is paid 0.3 beside 1 and 1; the wrong one has its form alone.
    const [group] = made.recorded;
    expect(group?.group.temporal).toMatchObject({ p: 0.5, pShuffled: 0, passed: true, paid: 0.3 });
    expect(group?.group.rollouts.map(({ id, reward }) => [id, reward.total])).toEqual([
      ['s1-0-o0', 2.3],
      ['s1-0-o1', 1],
      ['s1-0-s0', 1],
    ]);
    // Mean 1.65, deviations ±0.65, standard deviation over n - 1 = 1: 0.65 × √2.
    expect(group?.group.stats.mean).toBeCloseTo(1.65, 12);
    expect(group?.group.stats.std).toBeCloseTo(0.65 * Math.SQRT2, 12);
    const advantages = group?.group.rollouts.map(({ advantage }) => advantage);
    expect(advantages?.[0]).toBeCloseTo(Math.SQRT1_2, 12);
    expect(advantages?.[1]).toBeCloseTo(-Math.SQRT1_2, 12);
    expect(advantages?.[2]).toBeNull();

    expect(metrics).toMatchObject({ step: 1, learningRate: 0.1, questions: 1, flatGroups: 0, clipped: 0, kl: 0 });
    expect(metrics).toMatchObject({ accuracy: 0.5, accuracyShuffled: 0, format: 1, temporal: 1, length });
    expect(metrics.reward).toBeCloseTo(1.65, 12);
    expect(metrics.entropy).toBeCloseTo(Math.log(vocabulary.length), 5);
    expect([metrics.sampledTokens, metrics.trainedTokens]).toEqual([3 * length, 2 * length]);
    // On the policy itself every ratio is 1, so the loss is minus the mean advantage, which is 0.
    expect(metrics.loss).toBeCloseTo(0, 12);
  });

  it('moves the policy towards the answer that was better than its group, and away from the other', async () => {
    const made = await scriptedTraining('tgrpo', { script: halfRight, questions: [aLoadedQuestion(0)], parameters });
    const metrics = await tgrpoStep(made.training, 1, 'tgrpo');
    const logits = made.engine.logitsOf(made.training.policy);
    const [a, b] = [tokensOf('A')[0] as number, tokensOf('B')[0] as number];
    // The answers differ in one letter. AdamW's first step moves each logit that has a slope by the learning rate.
    expect(logits[b]).toBeCloseTo(0.1, 6);
    expect(logits[a]).toBeCloseTo(-0.1, 6);
    expect(logits.filter((logit) => Math.abs(logit) > 1e-6)).toHaveLength(2);
    // Each answer's seventh of half the loss, times √½ at either letter: both logits have the slope √½ / 14, with opposite signs.
    expect(metrics.gradNorm).toBeCloseTo((Math.SQRT1_2 / 14) * Math.SQRT2, 6);
  });

  it('sees ratios and the KL as soon as it updates twice on the same answers', async () => {
    const made = await scriptedTraining('tgrpo', {
      script: halfRight,
      questions: [aLoadedQuestion(0)],
      parameters: { ...parameters, updatesPerSampling: 2 },
    });
    const { loss, kl, clipped } = await tgrpoStep(made.training, 1, 'tgrpo');
    // After one update B is at +0.1 and A at -0.1, so all log-probabilities fall by ln((100 + 2 cosh 0.1) / 102), but for the letters'.
    const shift = Math.log((vocabulary.length - 2 + 2 * Math.cosh(0.1)) / vocabulary.length);
    const k3 = (d: number) => Math.exp(d) - d - 1;
    const perAnswer = (logit: number) => ({
      ratio: (6 * Math.exp(-shift) + Math.exp(logit - shift)) / length,
      kl: (6 * k3(shift) + k3(shift - logit)) / length,
    });
    const [good, bad] = [perAnswer(0.1), perAnswer(-0.1)];
    expect(clipped).toBe(0);
    expect(kl).toBeCloseTo((good.kl + bad.kl) / 2, 6);
    expect(loss).toBeCloseTo(-Math.SQRT1_2 * (good.ratio - bad.ratio) * 0.5 + 0.1 * ((good.kl + bad.kl) / 2), 6);
  });

  it('asks the reference once for k3, and never for the exact KL or without a KL term', async () => {
    const forwards = async (change: Partial<ParameterValues>) => {
      const made = await scriptedTraining('tgrpo', {
        script: halfRight,
        questions: [aLoadedQuestion(0)],
        parameters: { ...parameters, updatesPerSampling: 2, ...change },
      });
      const { kl } = await tgrpoStep(made.training, 1, 'tgrpo');
      return [made.engine.calls.filter((call) => call === 'forward').length, kl !== null];
    };
    expect(await forwards({})).toEqual([1, true]);
    expect(await forwards({ klEstimator: 'exact' })).toEqual([0, true]);
    expect(await forwards({ beta: 0 })).toEqual([0, false]);
  });

  it('draws no shuffled answers for GRPO or for an image, and then pays nothing for order', async () => {
    const questions = [aLoadedQuestion(0), aLoadedQuestion(1, { dataType: 'image' })];
    const two = { ...parameters, questionsPerStep: 2 };
    const tgrpo = await scriptedTraining('tgrpo', { script: halfRight, questions, parameters: two });
    expect(await tgrpoStep(tgrpo.training, 1, 'tgrpo')).toMatchObject({ temporal: 1, accuracyShuffled: 0 });
    expect(tgrpo.recorded.map(({ group }) => group.rollouts.length)).toEqual([3, 2]);
    const grpo = await scriptedTraining('grpo', { script: halfRight, questions, parameters: two });
    expect(await tgrpoStep(grpo.training, 1, 'grpo')).toMatchObject({ temporal: null, accuracyShuffled: null });
    expect(grpo.recorded.flatMap(({ group }) => group.rollouts.map(({ reward }) => reward.total))).toEqual([
      2, 1, 2, 1,
    ]);
  });

  it('leaves flat groups out of the update where it is to, and then changes nothing when all are flat', async () => {
    const run = async (skipFlatGroups: boolean) => {
      const made = await scriptedTraining('tgrpo', {
        script: () => right,
        questions: [aLoadedQuestion(0)],
        parameters: { ...parameters, skipFlatGroups },
      });
      const metrics = await tgrpoStep(made.training, 1, 'tgrpo');
      return { metrics, trained: made.engine.calls.includes('optimStep') };
    };
    const skipped = await run(true);
    expect(skipped.metrics).toMatchObject({ flatGroups: 1, loss: null, gradNorm: null, trainedTokens: 0 });
    expect(skipped.trained).toBe(false);
    const kept = await run(false);
    expect(kept.metrics).toMatchObject({ flatGroups: 1, loss: 0, trainedTokens: 2 * length });
    expect(kept.trained).toBe(true);
  });

  it('passes its four safe points but the last in order, and keeps the time that was held apart from its own', async () => {
    const made = await scriptedTraining('tgrpo', { script: halfRight, questions: [aLoadedQuestion(0)], parameters });
    made.atPoint = (point) => (point === 'before-step' ? 1000 : 60_000);
    const { durations } = await tgrpoStep(made.training, 1, 'tgrpo');
    expect(made.passed).toEqual(['before-step', 'after-sampling', 'before-update']);
    expect(durations.held).toBe(121_000);
    // A minute each at two points inside the step is taken off the clock that ran through them.
    expect(durations.total).toBeLessThan(-100_000);
  });

  it('takes its parameters at the beginning and not again', async () => {
    const made = await scriptedTraining('tgrpo', { script: halfRight, questions: [aLoadedQuestion(0)], parameters });
    let asked = 0;
    const training = {
      ...made.training,
      parameters: () => {
        asked++;
        return made.training.parameters();
      },
    };
    await tgrpoStep(training, 1, 'tgrpo');
    expect(asked).toBe(1);
  });

  it.each(['before-step', 'after-sampling', 'before-update'] as const)(
    'leaves weights and optimizer as they are when it is interrupted at %s',
    async (where) => {
      const made = await scriptedTraining('tgrpo', { script: halfRight, questions: [aLoadedQuestion(0)], parameters });
      made.atPoint = (point) => {
        if (point === where) throw new Interrupted();
        return 0;
      };
      await expect(tgrpoStep(made.training, 1, 'tgrpo')).rejects.toThrow(Interrupted);
      expect(made.engine.logitsOf(made.training.policy).every((logit) => logit === 0)).toBe(true);
      expect(made.engine.calls).not.toContain('forwardBackward');
    },
  );

  it('is interrupted by an abort in the middle of sampling, before anything is recorded', async () => {
    const abort = new AbortController();
    const made = await scriptedTraining('tgrpo', {
      ...{ script: halfRight, questions: [aLoadedQuestion(0)], parameters },
      signal: abort.signal,
    });
    const gate = made.engine.holdNext('sample');
    const step = tgrpoStep(made.training, 1, 'tgrpo');
    await gate.entered;
    abort.abort();
    await expect(step).rejects.toThrow(Interrupted);
    expect(made.recorded).toEqual([]);
  });

  it.each(['sample', 'forward', 'forwardBackward', 'optimStep'] as const)(
    'passes on a fault of %s with its kind',
    async (primitive) => {
      const made = await scriptedTraining('tgrpo', { script: halfRight, questions: [aLoadedQuestion(0)], parameters });
      made.engine.failNext(primitive, new StudioError('engine-failed', 'It died.'));
      await expect(tgrpoStep(made.training, 1, 'tgrpo')).rejects.toMatchObject({ kind: 'engine-failed' });
    },
  );
});

describe('groups that are open at before-update', () => {
  const stepWith = async (change: Parameters<typeof tgrpoStep>[0]['at'] | null) => {
    const made = await scriptedTraining('tgrpo', { script: halfRight, questions: [aLoadedQuestion(0)], parameters });
    if (change)
      made.atPoint = async (point, open) => {
        if (point === 'before-update') await change(point, open);
        return 0;
      };
    const metrics = await tgrpoStep(made.training, 1, 'tgrpo');
    return { ...made, metrics, logits: made.engine.logitsOf(made.training.policy) };
  };

  it('train as they were sampled, bit for bit, when nobody changes them', async () => {
    const [plain, looked] = [
      await stepWith(null),
      await stepWith(async (_, open) => {
        open?.advantagesOf('s1-0');
        open?.weigh('s1-0-o0', null);
        return 0;
      }),
    ];
    expect(looked.logits).toEqual(plain.logits);
    expect(looked.metrics.loss).toBe(plain.metrics.loss);
  });

  it('train on another score: the answer that a person finds wrong loses its advantage, and the record keeps what was sampled', async () => {
    const { logits, recorded } = await stepWith(async (_, open) => {
      open?.rescore('s1-0-o0', { accuracy: 0 });
      open?.rescore('s1-0-o1', { accuracy: 1 });
      return 0;
    });
    expect(logits[tokensOf('B')[0] as number]).toBeCloseTo(-0.1, 6);
    expect(logits[tokensOf('A')[0] as number]).toBeCloseTo(0.1, 6);
    expect(recorded[0]?.group.rollouts.map(({ accuracy }) => accuracy)).toEqual([1, 0, 0]);
  });

  it('train without the tokens that are masked, which leaves nothing to learn where the answers differ there alone', async () => {
    expect(tokensOf(right)[letter]).toBe(tokensOf('B')[0]);
    const { logits } = await stepWith(async (_, open) => {
      const weights = new Float32Array(length).fill(1);
      weights[letter] = 0;
      for (const id of ['s1-0-o0', 's1-0-o1']) open?.weigh(id, weights);
      return 0;
    });
    expect(logits.every((logit) => Math.abs(logit) < 1e-6)).toBe(true);
  });
});

describe('what an update tells of its answers', () => {
  const [a, b] = [tokensOf('A')[0] as number, tokensOf('B')[0] as number];

  /** A step whose policy gives B a logit of 1, if not said otherwise, where the reference has 0. */
  const stepped = async (
    change: Partial<ParameterValues>,
    given: Partial<Parameters<typeof scriptedTraining>[1]> = {},
    logitOfB = 1,
  ) => {
    const all = { ...parameters, learningRate: 0, ...change };
    const made = await scriptedTraining('tgrpo', {
      ...{ script: halfRight, questions: [aLoadedQuestion(0)], ...given },
      parameters: all,
    });
    made.engine.logitsOf(made.training.policy)[b] = logitOfB;
    const metrics = await tgrpoStep(made.training, 1, 'tgrpo');
    return { ...made, metrics };
  };
  /** ln of the policy's sum of exponentials, and of the reference's. */
  const policySum = Math.log(vocabulary.length - 1 + Math.E);
  const referenceSum = Math.log(vocabulary.length);
  const k3 = (d: number) => Math.exp(d) - d - 1;
  const klOfRight = (6 * k3(policySum - referenceSum) + k3(policySum - referenceSum - 1)) / length;
  const klOfWrong = k3(policySum - referenceSum);

  it('is the log-probability of each token by both models, and its mean k3, for the ordered answers alone', async () => {
    const { updated, metrics } = await stepped({});
    expect(updated.map(({ rolloutId }) => rolloutId)).toEqual(['s1-0-o0', 's1-0-o1']);
    const [good] = updated;
    expect(good?.refLogprobs).toHaveLength(length);
    for (const logprob of good?.refLogprobs ?? []) expect(logprob).toBeCloseTo(-referenceSum, 5);
    good?.logprobs?.forEach((logprob, i) => {
      expect(logprob).toBeCloseTo(i === letter ? 1 - policySum : -policySum, 5);
    });
    expect(updated.map(meanKl)).toEqual([expect.closeTo(klOfRight, 6), expect.closeTo(klOfWrong, 6)]);
    // Both answers are of one length, so the step's mean over tokens is that of the two.
    expect(metrics.kl).toBeCloseTo((klOfRight + klOfWrong) / 2, 6);
  });

  it('has the reference for an exact KL too, whose own value is another one', async () => {
    const { updated, metrics } = await stepped({ klEstimator: 'exact' });
    for (const logprob of updated[0]?.refLogprobs ?? []) expect(logprob).toBeCloseTo(-referenceSum, 5);
    expect(updated.map(meanKl)).toEqual([expect.closeTo(klOfRight, 6), expect.closeTo(klOfWrong, 6)]);
    // The exact KL is that of the whole row: of B at e/Z more than at 1/V, of the others less.
    const p = Math.E / (vocabulary.length - 1 + Math.E);
    expect(metrics.kl).toBeCloseTo(p - policySum + referenceSum, 6);
  });

  it('has no reference without a KL term, and nothing of a flat group that is left out', async () => {
    const { updated } = await stepped({ beta: 0 });
    expect(updated.map(({ refLogprobs }) => refLogprobs)).toEqual([null, null]);
    expect(updated[0]?.logprobs).toHaveLength(length);
    expect(updated.map(meanKl)).toEqual([null, null]);
    const flat = await stepped({ skipFlatGroups: true }, { script: () => right });
    expect(flat.updated).toEqual(
      ['s1-0-o0', 's1-0-o1'].map((rolloutId) => ({ rolloutId, logprobs: null, refLogprobs: null })),
    );
    expect(flat.updated.map(meanKl)).toEqual([null, null]);
  });

  it('is what stood before the first of several updates', async () => {
    const once = await stepped({ learningRate: 0.1 });
    const twice = await stepped({ learningRate: 0.1, updatesPerSampling: 2 });
    expect(twice.updated).toEqual(once.updated);
    expect(twice.metrics.kl).not.toBeCloseTo(once.metrics.kl as number, 3);
  });

  it('is the trainer’s own where the sampler is another program', async () => {
    const { updated, recorded } = await stepped({}, { can: { samplerIsTrainer: false } });
    const told = recorded[0]?.tokens.get('s1-0-o0')?.logprobs ?? [];
    updated[0]?.logprobs?.forEach((logprob, i) => {
      expect(logprob - (told[i] as number)).toBeCloseTo(samplerError, 5);
    });
    expect(updated.map(meanKl)).toEqual([expect.closeTo(klOfRight, 6), expect.closeTo(klOfWrong, 6)]);
  });

  it('changes nothing by alternatives that are kept, which are the likeliest and no more than the engine tells', async () => {
    const none = await stepped({ alternatives: 0 }, { can: { topAlternatives: 3 } });
    const kept = await stepped({ alternatives: 5 }, { can: { topAlternatives: 3 } });
    expect(kept.updated).toEqual(none.updated);
    const tokensWith = (made: typeof kept) => made.recorded[0]?.tokens.get('s1-0-o0');
    const { alternatives, ...same } = tokensWith(kept) as RolloutTokens;
    expect(same).toEqual(tokensWith(none));
    expect(same.ids).toEqual([...tokensOf(right), 0]);
    expect(alternatives).toHaveLength(length);
    for (const likeliest of alternatives ?? []) {
      expect(likeliest).toHaveLength(3);
      expect(likeliest[0]).toEqual({ id: b, piece: 'B', logprob: expect.closeTo(1 - policySum, 6) });
      expect(likeliest.some(({ id }) => id === a)).toBe(false);
    }
  });

  it('leaves out alternatives below 0.1 %, but the likeliest', async () => {
    const keptOf = async (logit: number) => {
      const { recorded } = await stepped({ alternatives: 5 }, { can: { topAlternatives: 3 } }, logit);
      return recorded[0]?.tokens.get('s1-0-o0')?.alternatives?.map((likeliest) => likeliest.length);
    };
    // Of the other 101 tokens each has 1 / (101 + e^logit): 0.101 % for 890 in place of e^logit, 0.0999 % for 900.
    expect(await keptOf(Math.log(890))).toEqual(Array(length).fill(3));
    expect(await keptOf(Math.log(900))).toEqual(Array(length).fill(1));
  });

  it('gives the prompt as the engine rendered it, frames as their token', async () => {
    const { recorded } = await stepped({});
    const { ids, pieces } = recorded[0]?.promptTokens ?? { ids: [], pieces: [] };
    expect(pieces.join('')).toBe(recorded[0]?.group.prompt);
    expect(ids.filter((id) => id === frameToken)).toHaveLength(4);
    expect(recorded[0]?.group.rollouts.map(({ kl }) => kl)).toEqual([undefined, undefined, null]);
  });
});

describe('a step that leaves flagged answers out', () => {
  const three = { ...parameters, groupSize: 3, shuffledGroupSize: 0 };
  const script = ({ index }: { index: number }) =>
    index === 0 ? right : index === 1 ? wrong : '<think>c</think><answer>A</answer>';
  const step = async (maskFlagged: boolean, flaggedNow: readonly string[]) => {
    const made = await scriptedTraining('grpo', {
      ...{ script, questions: [aLoadedQuestion(0, { flagged: ['c'] })] },
      parameters: { ...three, maskFlagged },
    });
    for (const id of flaggedNow) made.flagged.add(id);
    return { made, metrics: await tgrpoStep(made.training, 1, 'grpo') };
  };

  it('trains on the others alone, and records which they are, why, and what that does to the advantages', async () => {
    const { made, metrics } = await step(true, []);
    expect(made.masked).toEqual([
      {
        step: 1,
        rollouts: [{ id: 's1-0-o2', words: ['c'] }],
        advantages: [
          { rolloutId: 's1-0-o0', from: expect.closeTo(2 / Math.sqrt(3), 12), to: expect.closeTo(Math.SQRT1_2, 12) },
          { rolloutId: 's1-0-o1', from: expect.closeTo(-1 / Math.sqrt(3), 12), to: expect.closeTo(-Math.SQRT1_2, 12) },
          { rolloutId: 's1-0-o2', from: expect.closeTo(-1 / Math.sqrt(3), 12), to: null },
        ],
      },
    ]);
    expect(metrics.trainedTokens).toBe(2 * length);
    expect(made.updated.map(({ rolloutId, logprobs }) => [rolloutId, logprobs === null])).toEqual([
      ['s1-0-o0', false],
      ['s1-0-o1', false],
      ['s1-0-o2', true],
    ]);
    expect(maskedSentence(made.masked[0] as never)).toBe(
      'Step 1: 1 answer is left out of the update (s1-0-o2 holds “c”); 2 other advantages change, by 0.448 at most.',
    );
  });

  it('leaves out what was flagged while its group was open, and makes no update where nothing is left', async () => {
    const { made, metrics } = await step(true, ['s1-0-o0', 's1-0-o1']);
    expect(made.masked[0]?.rollouts).toEqual([
      { id: 's1-0-o0', words: [] },
      { id: 's1-0-o1', words: [] },
      { id: 's1-0-o2', words: ['c'] },
    ]);
    expect([metrics.trainedTokens, made.engine.calls.includes('optimStep')]).toEqual([0, false]);
  });

  it('leaves out nothing where it is not told to', async () => {
    const { made, metrics } = await step(false, ['s1-0-o0']);
    expect([made.masked, metrics.trainedTokens]).toEqual([[], 3 * length]);
  });
});
