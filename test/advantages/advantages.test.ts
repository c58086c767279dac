import { describe, expect, it } from 'vitest';
import {
  groupAdvantages,
  lengthWindow,
  type RewardParameters,
  type ScoredAnswer,
} from '../../trainer/advantages/advantages.ts';
import { overlongPunishment } from '../../trainer/advantages/overlong.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';

const paper: RewardParameters = presetParameters('paper', 'tgrpo');
const upstream: RewardParameters = presetParameters('upstream', 'tgrpo');

const answer = (accuracy: number, length = 400, format = 1): ScoredAnswer => ({
  accuracy,
  accuracyExplanation: '',
  format,
  formatExplanation: '',
  length,
  flagged: [],
});
const answers = (...accuracies: number[]) => accuracies.map((accuracy) => answer(accuracy));
const part = (group: ReturnType<typeof groupAdvantages>, i: number, name: string) =>
  group.ordered[i]?.parts.find((candidate) => candidate.name === name)?.value;

describe('temporal reward (eq. 1 and 2)', () => {
  it('pays alpha to each correct ordered answer when p > mu p̃, and to no other', () => {
    // p = 3/4, p̃ = 2/4: 0.75 > 0.8 x 0.5 = 0.4.
    const group = groupAdvantages(answers(1, 1, 1, 0), answers(1, 1, 0, 0), paper);
    expect(group.temporal).toEqual({ p: 0.75, pShuffled: 0.5, mu: 0.8, comparison: '>', passed: true, paid: 0.3 });
    expect([0, 1, 2, 3].map((i) => part(group, i, 'temporal'))).toEqual([0.3, 0.3, 0.3, 0]);
  });

  it('pays nothing when the shuffled answers are better than p / mu', () => {
    // p = 1/4, p̃ = 2/4: 0.25 > 0.4 does not hold.
    const group = groupAdvantages(answers(1, 0, 0, 0), answers(1, 1, 0, 0), paper);
    expect(group.temporal?.passed).toBe(false);
    expect(part(group, 0, 'temporal')).toBe(0);
    expect(group.explanation[0]).toContain('does not hold');
  });

  it('differs at p = p̃ = 0: the paper fails the test, upstream passes it and still pays nobody', () => {
    const asPaper = groupAdvantages(answers(0, 0), answers(0, 0), paper);
    const asUpstream = groupAdvantages(answers(0, 0), answers(0, 0), upstream);
    expect(asPaper.temporal?.passed).toBe(false);
    expect(asUpstream.temporal?.passed).toBe(true);
    expect([0, 1].map((i) => part(asUpstream, i, 'temporal'))).toEqual([0, 0]);
  });

  it('takes p from mean accuracy upstream, so fractions count', () => {
    const group = groupAdvantages(answers(0.5, 0.3), answers(0.6, 0.2), upstream);
    expect(group.temporal?.p).toBeCloseTo(0.4, 12);
    expect(group.temporal?.pShuffled).toBeCloseTo(0.4, 12);
  });

  it('is absent without a shuffled half', () => {
    expect(groupAdvantages(answers(1, 0), [], paper).temporal).toBeNull();
  });
});

describe('length bonus (eq. 5)', () => {
  it('pays correct answers inside the window, ends included', () => {
    const lengths = [319, 320, 512, 513].map((length) => answer(1, length));
    const group = groupAdvantages([...lengths, answer(0, 400)], [], paper);
    expect([0, 1, 2, 3, 4].map((i) => part(group, i, 'length'))).toEqual([0, 0.1, 0.1, 0, 0]);
  });

  it('upstream pays 0.2, and only when more than one answer is correct', () => {
    expect(part(groupAdvantages(answers(1, 0), [], upstream), 0, 'length')).toBe(0);
    expect(part(groupAdvantages(answers(1, 1), [], upstream), 0, 'length')).toBe(0.2);
  });
});

describe('a length window that adapts to the question', () => {
  const adapting = { ...paper, lengthAdaptation: 0.5 };

  it('is the window as set when half are correct, longer for hard questions, shorter for easy ones', () => {
    expect(lengthWindow(adapting, 1 / 2)).toEqual({ min: 320, max: 512 });
    // 1/4 correct: 1 + 0.5 x (1 - 0.5) = 1.25; all correct: 1 + 0.5 x (1 - 2) = 0.5.
    expect(lengthWindow(adapting, 1 / 4)).toEqual({ min: 400, max: 640 });
    expect(lengthWindow(adapting, 1)).toEqual({ min: 160, max: 256 });
  });

  it('decides the bonus and says so', () => {
    const hard = [answer(1, 600), answer(0), answer(0), answer(0)];
    expect(part(groupAdvantages(hard, [], paper), 0, 'length')).toBe(0);
    const group = groupAdvantages(hard, [], adapting);
    expect(part(group, 0, 'length')).toBe(0.1);
    expect(group.explanation.join(' ')).toContain('the length window 320–512 becomes 400–640');
  });

  it('is off in every preset', () => {
    for (const name of ['paper', 'upstream', 'sample'] as const) {
      expect(presetParameters(name, 'tgrpo').lengthAdaptation).toBe(0);
    }
    expect(groupAdvantages(answers(1, 0), [], paper).lengthWindow).toEqual({ min: 320, max: 512 });
  });
});

describe('advantages (eq. 3)', () => {
  it('are (r - mean) / std with n - 1, and add up to zero', () => {
    // Upstream, no shuffled half: rewards 1 + 1 + 0.2 = 2.2 twice, 1 twice; mean 1.6, squares 4 x 0.36, std sqrt(1.44 / 3).
    const group = groupAdvantages(answers(1, 1, 0, 0), [], upstream);
    expect(group.ordered.map((rewarded) => rewarded.total)).toEqual([2.2, 2.2, 1, 1]);
    expect(group.mean).toBeCloseTo(1.6, 12);
    expect(group.std).toBeCloseTo(Math.sqrt(0.48), 12);
    expect(group.advantages[0]).toBeCloseTo(0.6 / (Math.sqrt(0.48) + 1e-4), 12);
    expect(group.advantages.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 12);
  });

  it('use n instead of n - 1, or no division, when told so', () => {
    const overN = groupAdvantages(answers(1, 0), [], { ...paper, omega: 0, stdDegrees: 'n' });
    expect(overN.advantages).toEqual([1, -1]);
    const undivided = groupAdvantages(answers(1, 0), [], { ...paper, omega: 0, advantageScale: 'none' });
    expect(undivided.advantages).toEqual([0.5, -0.5]);
  });

  it('are zero in a flat group, without dividing by zero', () => {
    const group = groupAdvantages(answers(1, 1, 1), [], paper);
    expect(group.flat).toBe(true);
    expect(group.advantages).toEqual([0, 0, 0]);
  });

  it('have parts that add up to the total for every answer', () => {
    const group = groupAdvantages(answers(1, 0.4, 0), answers(1, 0), upstream);
    for (const { parts, total } of [...group.ordered, ...group.shuffled]) {
      expect(parts.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(total, 12);
    }
  });
});

describe('the penalty for overlong answers', () => {
  // DAPO eq. 13 with L_max 768 and L_cache 154: free up to 614, all of it from 768 on.
  it.each([
    [1, 0],
    [614, 0],
    [615, -1 / 154],
    [691, -0.5],
    [767, -153 / 154],
    [768, -1],
    [900, -1],
  ])('of %i tokens is %f', (length, punishment) => {
    expect(overlongPunishment(length, 768, 154)).toBeCloseTo(punishment, 12);
  });

  it('is taken by its weight in a part of its own that says how far the answer went', () => {
    const long = { ...paper, omega: 0, overlongPenalty: 0.5 };
    const group = groupAdvantages([answer(1, 400), answer(1, 691), answer(0, 768)], [answer(1, 768)], long);
    expect(group.ordered.map(({ total }) => total)).toEqual([1, 0.75, -0.5]);
    expect(group.ordered[1]?.parts.at(-1)).toEqual({
      ...{ name: 'overlong', value: -0.25, possible: 0 },
      explanation: '691 tokens: 77 above 614, of the 154 up to 768, so 0.5 of the penalty',
    });
    expect(group.ordered[0]?.parts.at(-1)?.explanation).toBe('400 tokens: not above 614');
    expect(group.shuffled[0]?.parts.map(({ name }) => name)).toEqual(['accuracy', 'format']);
    const off = groupAdvantages([answer(1, 768)], [], paper);
    expect(off.ordered.flatMap(({ parts }) => parts.map(({ name }) => name))).not.toContain('overlong');
  });
});

describe('the penalty for flagged words', () => {
  const holding = { ...answer(1), flagged: ['it is blue', 'then'] };

  it('is taken once from an answer that holds some, in a part of its own that says which, and the parts add up', () => {
    // 1 and 1 - 0.5: mean 0.75, deviations ±0.25, standard deviation of two √(2 × 0.25²) = 0.25 √2.
    const group = groupAdvantages([answer(1), holding], [], { ...paper, omega: 0, flagPenalty: 0.5 });
    expect(group.ordered.map(({ total }) => total)).toEqual([1, 0.5]);
    expect(group.ordered[1]?.parts.at(-1)).toEqual({
      ...{ name: 'flagged', value: -0.5, possible: 0 },
      explanation: 'holds what people flagged: “it is blue”, “then”',
    });
    expect(part(group, 0, 'flagged')).toBe(0);
    expect(group.advantages[1]).toBeCloseTo(-1 / Math.SQRT2, 12);
    for (const { parts, total } of group.ordered) expect(parts.reduce((sum, { value }) => sum + value, 0)).toBe(total);
  });

  it('is no part of any reward while it is 0, and never of a shuffled answer', () => {
    const off = groupAdvantages([answer(1), holding], [holding], { ...paper, flagPenalty: 0 });
    expect(off.ordered.flatMap(({ parts }) => parts.map(({ name }) => name))).not.toContain('flagged');
    expect(off.flat).toBe(true);
    const on = groupAdvantages([answer(1)], [holding], { ...paper, flagPenalty: 0.5 });
    expect(on.shuffled[0]?.parts.map(({ name }) => name)).toEqual(['accuracy', 'format']);
  });
});
