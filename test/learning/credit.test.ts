/** What order is worth to right answers, measured in a step: which are scored, once each, and what is kept of it. */
import { describe, expect, it } from 'vitest';
import type { LoadedQuestion } from '../../trainer/data/questions.ts';
import type { Scored, Sequence } from '../../trainer/engines/engine.ts';
import { withoutOrder } from '../../trainer/learning/credit.ts';
import { tgrpoStep } from '../../trainer/learning/tgrpo.ts';
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import type { Question } from '../../trainer/protocol/records.ts';
import { coloured } from '../evidence/interventions/answered.ts';
import { aLoadedQuestion, scriptedTraining } from './scripted-training.ts';

const right = '<think>a</think><answer>B</answer>';
const longRight = '<think>aa</think><answer>B</answer>';
const wrong = '<think>a</think><answer>A</answer>';

/** A video of frames with content of their own, unless colours are given. */
function aVideo(row: number, colours = [10, 60, 110, 160], given: Partial<Question> = {}): LoadedQuestion {
  const loaded = aLoadedQuestion(row, given);
  const frames = coloured(colours);
  return { ...loaded, frames, view: { ...loaded.view, key: frames.key, indices: colours.map((_, i) => i) } };
}

const parameters: Partial<ParameterValues> = {
  ...{ questionsPerStep: 1, groupSize: 4, shuffledGroupSize: 2, omega: 0, formatWeight: 1, stdEpsilon: 0 },
  ...{ beta: 0, learningRate: 0.1, schedule: 'constant', weightDecay: 0, gradClipNorm: 0, maxNewTokens: 50 },
  ...{ temporalCredit: 'answer', creditWeight: 0.5, creditLow: 1, creditHigh: 9, creditShuffles: 3 },
};

/** Answers 0 and 1 are the same and right, 2 is right in other words, 3 is wrong. */
const script = ({ index }: { index: number }) => [right, right, longRight, wrong][index] ?? wrong;

/** What a token loses under the shuffle of this number, in nats. */
const losses = [0.5, 1, 1.5];

async function stepped(
  given: {
    questions?: LoadedQuestion[];
    parameters?: Partial<ParameterValues>;
    can?: { samplerIsTrainer: boolean };
    method?: 'tgrpo' | 'grpo';
  } = {},
) {
  const made = await scriptedTraining(given.method ?? 'tgrpo', {
    ...{ script, questions: given.questions ?? [aVideo(0)], parameters: { ...parameters, ...given.parameters } },
    ...(given.can && { can: given.can }),
  });
  const { engine } = made;
  const scored: Sequence[][] = [];
  const forward = engine.forward.bind(engine);
  // Its policy does not look at frames; here each shuffle takes as much from every token as stands in `losses`.
  engine.forward = async (model, sequences, want) => {
    scored.push([...sequences]);
    let shuffles = -1;
    return (await forward(model, sequences, want)).map((one, i): Scored => {
      const order = orderOf(sequences[i]);
      if (order.every((frame, place) => frame === place)) {
        shuffles = -1;
        return one;
      }
      shuffles = (shuffles + 1) % losses.length;
      return { ...one, logprobs: one.logprobs.map((logprob) => logprob - (losses[shuffles] ?? 0)) };
    });
  };
  const sampled: number[] = [];
  const sample = engine.sample.bind(engine);
  engine.sample = (model, requests, options, signal) => {
    sampled.push(...requests.map(({ seeds }) => seeds.length));
    return sample(model, requests, options, signal);
  };
  const metrics = await tgrpoStep(made.training, 1, given.method ?? 'tgrpo');
  return { ...made, metrics, scored, sampled, groups: made.recorded.map(({ group }) => group) };
}

const orderOf = (sequence: Sequence | undefined): readonly number[] =>
  sequence?.prompt.flatMap((chunk) => (chunk.kind === 'video' ? chunk.order : [])) ?? [];

const creditParts = (groups: Awaited<ReturnType<typeof stepped>>['groups']) =>
  groups.flatMap(({ rollouts }) =>
    rollouts.map(({ reward }) => reward.parts.find(({ name }) => name === 'credit')?.value),
  );

describe('a step whose order is paid by answer', () => {
  it('draws no shuffled answers, and scores each right answer once under each of K shuffles', async () => {
    const { sampled, scored } = await stepped();
    expect(sampled).toEqual([4]);
    expect(scored).toHaveLength(1);
    const [sequences = []] = scored;
    // Two answers that differ and are right, three orders each, the same for both.
    expect(sequences).toHaveLength(6);
    const orders = sequences.map((sequence) => orderOf(sequence).join());
    expect(new Set(orders).size).toBe(3);
    expect(orders.slice(0, 3)).toEqual(orders.slice(3));
    expect(orders).not.toContain('0,1,2,3');
  });

  it('pays the share of γ that follows from the sum over tokens and the mean over shuffles', async () => {
    const { groups, metrics } = await stepped();
    // 7 and 8 tokens that lose 1 nat each in the mean: c is 7 and 8, the share (c - 1) / 8.
    expect(creditParts(groups)).toEqual([
      expect.closeTo((0.5 * 6) / 8, 5),
      expect.closeTo((0.5 * 6) / 8, 5),
      expect.closeTo((0.5 * 7) / 8, 5),
      0,
    ]);
    const [group] = groups;
    expect(group?.temporal).toBeNull();
    expect(group?.credit).toEqual({ by: 'answer', shuffles: 3, low: 1, high: 9, weight: 0.5, without: null });
    expect(group?.rollouts[2]?.reward.parts.map(({ name }) => name)).toEqual([
      ...['accuracy', 'format', 'credit', 'length'],
    ]);
    expect(metrics).toMatchObject({ temporal: null, accuracyShuffled: null });
    expect(metrics.durations.credit).toBeGreaterThan(0);
  });

  it('keeps Δ of each token as evidence of the answer, by the weights that gave it', async () => {
    const { recorded, groups } = await stepped();
    const [first, second, third, last] = groups[0]?.rollouts ?? [];
    expect(first?.credit).toBeCloseTo(7, 5);
    // The spread over 3.5, 7 and 10.5 nats is 3.5.
    expect(first?.orderWorth).toMatchObject({ step: 0, same: true, uses: true });
    expect(first?.orderWorth?.error).toBeCloseTo(3.5 / Math.sqrt(3), 5);
    expect(third?.credit).toBeCloseTo(8, 5);
    expect([last?.credit, last?.orderWorth]).toEqual([undefined, undefined]);
    const weighed = recorded[0]?.weighed ?? [];
    expect(weighed.map(({ rolloutId }) => rolloutId)).toEqual([first?.id, second?.id, third?.id]);
    for (const { forCredit, seen, changes } of weighed) {
      expect(forCredit).toBe(true);
      expect(changes.map(({ intervention }) => intervention.kind)).toEqual(['order', 'order', 'order']);
      changes.forEach(({ logprobs }, shuffle) => {
        logprobs.forEach((logprob, t) => {
          expect((seen[t] ?? Number.NaN) - logprob).toBeCloseTo(losses[shuffle] ?? Number.NaN, 5);
        });
      });
    }
  });

  it('scores the unchanged answers in the same call where what the sampler told is not the trainer’s', async () => {
    const { scored, groups } = await stepped({ can: { samplerIsTrainer: false } });
    // The other one is of the old log-probabilities.
    expect(scored).toHaveLength(2);
    const orders = (scored[0] ?? []).map((sequence) => orderOf(sequence).join());
    expect(orders.filter((order) => order === '0,1,2,3')).toHaveLength(2);
    expect(orders).toHaveLength(8);
    // The sampler tells 0.01 too little of each token, which must not count.
    expect(groups[0]?.rollouts[0]?.credit).toBeCloseTo(7, 5);
  });

  it('draws other shuffles at another step, and the same from the same seed', async () => {
    const ordersAt = async (step: number) => {
      const made = await scriptedTraining('tgrpo', {
        ...{ script, questions: [aVideo(0, [1, 2, 3, 4, 5, 6, 7, 8])], parameters },
      });
      await tgrpoStep(made.training, step, 'tgrpo');
      return made.recorded[0]?.weighed[0]?.changes.map(({ intervention }) => intervention);
    };
    expect(await ordersAt(1)).toEqual(await ordersAt(1));
    expect(await ordersAt(2)).not.toEqual(await ordersAt(1));
  });

  it('scores nothing of media without an order, and says why', async () => {
    const questions = [aVideo(0, [5, 5, 5, 5]), aVideo(1, [5]), aLoadedQuestion(2, { dataType: 'image' })];
    // A step at 0 nats would pay whatever is not below it.
    const { scored, groups } = await stepped({
      questions,
      parameters: { questionsPerStep: 3, creditLow: 0, creditHigh: 0 },
    });
    expect(scored).toEqual([]);
    expect(creditParts(groups).every((value) => value === 0)).toBe(true);
    expect(groups.map(({ credit }) => credit?.without)).toEqual([
      ...['its frames are all alike', 'one frame alone has no order', 'an image has no order of frames'],
    ]);
    expect(groups[0]?.explanation).toContain(
      'No answer gets credit for the order of its frames: its frames are all alike.',
    );
  });
});

describe('a step whose order is paid by both', () => {
  it('draws the shuffled answers too, and adds the credit to what the test pays', async () => {
    const { sampled, groups } = await stepped({ parameters: { temporalCredit: 'both', alpha: 0.3 } });
    expect(sampled).toEqual([4, 2]);
    const [group] = groups;
    // 3 of 4 right against both shuffled ones: 0.75 > 0.8 × 1 does not hold.
    expect(group?.temporal).toMatchObject({ p: 0.75, pShuffled: 1, passed: false });
    expect(group?.rollouts[0]?.reward.parts.map(({ name }) => name)).toEqual([
      ...['accuracy', 'format', 'temporal', 'credit', 'length'],
    ]);
    expect(group?.credit?.by).toBe('both');
  });
});

describe('a step without credit', () => {
  it('scores nothing more and records nothing of it, as T-GRPO by group and as GRPO whatever the parameter says', async () => {
    for (const given of [
      { parameters: { temporalCredit: 'group' as const } },
      { method: 'grpo' as const, parameters: { temporalCredit: 'answer' as const } },
    ]) {
      const { scored, groups, recorded, metrics } = await stepped(given);
      expect(scored).toEqual([]);
      expect(metrics.durations.credit).toBe(0);
      expect(recorded[0]?.weighed).toEqual([]);
      expect(groups[0]).not.toHaveProperty('credit');
      for (const { reward } of groups[0]?.rollouts ?? [])
        expect(reward.parts.map(({ name }) => name)).not.toContain('credit');
    }
  });
});

describe('media without an order', () => {
  it('are told from those that have one by their pixels alone', () => {
    const of = (colours: number[]) => withoutOrder(true, coloured(colours));
    expect(of([1, 2])).toBeNull();
    expect(of([1, 1, 1, 2])).toBeNull();
    expect(of([7, 7, 7])).toBe('its frames are all alike');
    const nearly = coloured([7, 7, 7]);
    nearly.pixels[nearly.pixels.length - 1] = 8;
    expect(withoutOrder(true, nearly)).toBeNull();
  });
});
