import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ExplainedGroup, explainGroup, readGroupNumbers } from '../../trainer/learning/explain.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';

interface GroupCase {
  preset: 'paper' | 'upstream';
  input: unknown;
  output: Omit<ExplainedGroup, 'explanation'>;
}

/** Made by test/fidelity/groups.py with numpy. */
const cases: GroupCase[] = JSON.parse(readFileSync(new URL('../fixtures/groups.json', import.meta.url), 'utf8'));

const video = { data_type: 'video', accuracy: [1, 0], format: [1, 1], lengths: [400, 90], shuffled_accuracy: [0, 0] };
const explain = (group: unknown, preset: 'paper' | 'upstream' = 'paper') =>
  explainGroup(readGroupNumbers(group, 'test'), presetParameters(preset, 'tgrpo'));

describe('a group explained', () => {
  it('agrees with numpy on every number, in both presets', () => {
    expect(cases.length).toBeGreaterThanOrEqual(50);
    for (const preset of ['paper', 'upstream']) {
      expect(cases.filter((one) => one.preset === preset).length).toBeGreaterThanOrEqual(25);
    }
    for (const { preset, input, output } of cases) {
      const { explanation, ...numbers } = explain(input, preset);
      expect(explanation.length).toBeGreaterThan(1);
      for (const [key, expected] of Object.entries(output)) {
        const given = numbers[key as keyof typeof numbers];
        if (typeof expected !== 'number' && !Array.isArray(expected))
          expect({ input, [key]: given }).toEqual({ input, [key]: expected });
        else {
          const far = [given].flat().map((value, i) => Math.abs((value as number) - ([expected].flat()[i] as number)));
          expect({ input, key, given, expected, far: Math.max(...far) < 1e-9 }).toMatchObject({ far: true });
        }
      }
    }
  });

  it('says for the group and for each answer where its reward comes from', () => {
    // p = 1/2 against 0: passes. 1 + 0.3 + 0.1 against 0; mean 0.7, std 0.99 (n - 1).
    const { explanation, rewards } = explain(video);
    expect(rewards[0]).toBeCloseTo(1.4, 12);
    expect(explanation).toEqual([
      '1 of 2 ordered answers were right against 0 of 2 shuffled: 0.5 > 0.8 × 0 = 0 holds, so each right ordered answer gets α = 0.3.',
      'Mean 0.7, standard deviation 0.99 over 2 answers (n-1).',
      'Answer 1: accuracy 1 + temporal 0.3 + length 0.1 = 1.4, advantage 0.707 (400 tokens: inside 320–512).',
      'Answer 2: nothing paid = 0, advantage -0.707 (90 tokens: outside 320–512).',
      'In the loss each answer weighs 1/2, shared by its tokens; the ratio of each token is clipped to 0.8–1.2.',
    ]);
  });

  it('pays order by answer where it is told to, and says what each got for it', () => {
    const parameters = {
      ...presetParameters('paper', 'tgrpo'),
      ...{ temporalCredit: 'answer' as const, creditLow: 1, creditHigh: 3, creditWeight: 0.5, omega: 0 },
    };
    const numbers = { data_type: 'video', accuracy: [1, 1, 0], format: [1, 1, 1], lengths: [9, 9, 9] };
    const of = (group: object) =>
      explainGroup(readGroupNumbers({ ...numbers, ...group }, 'test', 'answer'), parameters);
    const found = of({ credit: [4.9, 1.8, null], len_control: false });
    expect(found.credit_paid).toEqual([0.5, expect.closeTo(0.2, 12), 0]);
    expect(found.rewards).toEqual([1.5, expect.closeTo(1.2, 12), 0]);
    expect(found.temporal_pass).toBeNull();
    expect(found.temporal_felt).toEqual([true, true, true]);
    expect(found.explanation.filter((line) => line.startsWith('Answer'))).toEqual([
      expect.stringContaining('(order is worth 4.9 nats to this answer: full credit)'),
      expect.stringContaining('(order is worth 1.8 nats to this answer: 40 % of the credit)'),
      expect.stringContaining('(no credit: this answer is wrong)'),
    ]);
    // Without it eq. 1 is explained, and asks for shuffled answers.
    expect(() => readGroupNumbers(numbers, 'test')).toThrow(/shuffled_accuracy is empty/);
    expect(() => of({ credit: [1] })).toThrow(/credit has 1 entries for 3 answers/);
    expect(() => of({ data_type: 'image', credit: [1, 1, 1] })).toThrow(/no order of frames, so it has no credit/);
    expect(of({ data_type: 'image' }).credit_paid).toEqual([0, 0, 0]);
    expect(of({ temporal: false, credit: [9, 9, 9] })).toMatchObject({ credit_paid: [], rewards: [1, 1, 0] });
    expect(of({ temporal: false, credit: [9, 9, 9] }).explanation).toContain(
      '"credit" is not paid: "temporal" is false.',
    );
    const byGroup = readGroupNumbers({ ...numbers, shuffled_accuracy: [0], credit: [9, 9, 9] }, 'test');
    expect(explainGroup(byGroup, presetParameters('paper', 'tgrpo')).explanation).toContain(
      '"credit" is not paid: temporalCredit is group, and --set temporal_credit=answer or both pays it.',
    );
  });

  it('says how tokens stand in the loss', () => {
    const paper = presetParameters('paper', 'tgrpo');
    const of = (given: Partial<typeof paper>) => explainGroup(readGroupNumbers(video, 'test'), { ...paper, ...given });
    expect(of({}).token_weights).toEqual([1 / 800, 1 / 180]);
    const byToken = of({ lossMean: 'token', clipHigh: 0.28 });
    expect(byToken.token_weights).toEqual([1 / 490, 1 / 490]);
    expect(byToken.explanation.at(-1)).toBe(
      'In the loss each of the 490 tokens weighs the same; the ratio of each token is clipped to 0.8–1.28.',
    );
    const byConstant = of({ lossMean: 'constant', ratio: 'sequence', clipLow: 3e-4, clipHigh: 4e-4 });
    expect(byConstant.token_weights).toEqual([1 / 1536, 1 / 1536]);
    expect(byConstant.explanation.at(-1)).toBe(
      'In the loss each token weighs 1/(2 × 768), whatever the length of its answer; an answer has one ratio, exp of the mean log-ratio of its tokens, clipped to 0.9997–1.0004.',
    );
    expect(of({ importanceCap: 2 }).explanation.at(-1)).toBe(
      'In the loss each answer weighs 1/2, shared by its tokens, each token times its importance weight of at most 2 where another program samples than trains; the ratio of each token is clipped to 0.8–1.2.',
    );
  });

  it('is divided by the batch’s standard deviation where that is wanted, by its own where that is not given', () => {
    const batch = { ...presetParameters('paper', 'tgrpo'), advantageScale: 'batch' } as const;
    const explainedWith = (given: object) => explainGroup(readGroupNumbers({ ...video, ...given }, 'test'), batch);
    // 0.7 from the mean.
    const given = explainedWith({ batch_std: 0.35 });
    expect(given.advantages[0]).toBeCloseTo(2, 12);
    expect(given.explanation).toContain(
      'Advantages are divided by the standard deviation of the batch from its groups’ means, 0.35.',
    );
    expect(explainedWith({}).advantages).toEqual(explain(video).advantages);
    // A batch whose rewards were all alike can't be that of these.
    expect(explainedWith({ batch_std: 0 }).advantages).toEqual(explain(video).advantages);
    expect(explainedWith({ batch_std: 0 }).explanation).toEqual(explainedWith({}).explanation);
    expect(() => readGroupNumbers({ ...video, batch_std: -1 }, 'test')).toThrow('batch_std must be at least 0, not -1');
  });

  it('is plain GRPO for an image, and where the temporal reward is off', () => {
    const image = { ...video, data_type: 'image', shuffled_accuracy: [] };
    for (const group of [image, { ...video, temporal: false }]) {
      expect(explain(group)).toMatchObject({
        p: 0.5,
        p_shuffled: null,
        temporal_pass: null,
        temporal_reward: 0,
        rewards: [1.1, 0],
      });
    }
  });

  it('pays no length bonus where it is off', () => {
    expect(explain({ ...video, len_control: false })).toMatchObject({ length_bonus: [0, 0], rewards: [1.3, 0] });
  });

  it.each([
    [{ ...video, lenghts: [1, 2] }, 'there is no key "lenghts"; the nearest is "lengths"'],
    [{ ...video, lengths: [1] }, 'lengths has 1 entries for 2 answers'],
    // An answer has its end token, and no share of the loss is one over nothing.
    [{ ...video, lengths: [0, 90] }, 'lengths[0] must be at least 1, not 0'],
    [{ ...video, accuracy: [1, 2] }, 'accuracy[1] must be at most 1, not 2'],
    [{ ...video, shuffled_accuracy: [] }, '"temporal": false'],
    [{ ...video, data_type: 'image' }, 'An image has no order of frames'],
    [{ ...video, accuracy: [] }, 'accuracy'],
    [[], 'the group'],
    [null, 'the group'],
  ])('refuses %j', (group, message) => {
    expect(() => explain(group)).toThrow(message);
  });
});
