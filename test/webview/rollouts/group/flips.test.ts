/** The values at which decisions flip, held to figures worked out by hand and to the trainer's arithmetic on both sides of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupAdvantages, type RewardParameters } from '../../../../trainer/advantages/advantages.ts';
import { presetParameters } from '../../../../trainer/learning/presets.ts';
import { type Asked, flipOf } from '../../../../webview/rollouts/group/flips.ts';
import { anyAnswer, anyParameters, scoredAnswer } from '../../../advantages/made-groups.ts';

const paper: RewardParameters = { ...presetParameters('paper', 'tgrpo'), omega: 0.2, formatWeight: 1 };
const right = (length = 10) => scoredAnswer(1, length);
const wrong = (length = 10) => scoredAnswer(0, length);

/** Four answers, two right; 2/4 against 1/2 shuffled, so that it passes below μ = 1. */
function asked(given: Partial<RewardParameters> = {}, index: number | null = 0): Asked {
  return {
    scores: {
      ordered: [right(400), right(), wrong(), wrong()],
      shuffled: [right(), wrong()],
      formatIsKnown: true,
    },
    parameters: { ...paper, ...given },
    index,
  };
}

describe('a flip, by hand', () => {
  it('of μ is p / p̃', () => {
    expect(flipOf(asked(), 'mu')).toEqual({ at: 1, words: 'flips at 1' });
    const scores = {
      ordered: [right(), wrong()],
      shuffled: [right(), right(), right(), wrong(), wrong()],
      formatIsKnown: true,
    };
    expect(flipOf({ ...asked(), scores }, 'mu').words).toBe('flips at 5/6 = 0.833');
    const blind = { ordered: [right(), wrong()], shuffled: [wrong()], formatIsKnown: true };
    expect(flipOf({ ...asked(), scores: blind }, 'mu')).toEqual({ at: null, words: 'p̃ is 0: holds at every μ' });
  });

  it('of α is where the answer’s reward is the mean', () => {
    // Rewards 2.2 + α, 2 + α, 1, 1; without the length bonus of the first the second is the mean nowhere above 0.
    expect(flipOf(asked({}, 0), 'alpha')).toEqual({ at: null, words: 'no sign flips at any value' });
    // A wrong answer with the form against a right one without: 1 + α, 1, 1, 1.
    const scores = {
      ordered: [scoredAnswer(1, 10, 0), wrong(), wrong(), wrong()],
      shuffled: [wrong()],
      formatIsKnown: true,
    };
    expect(flipOf({ ...asked(), scores }, 'alpha')).toEqual({ at: 0, words: 'its sign flips at 0' });
    // Format weighed 2: 1 + α, 2, 2, 2 are level at α = 1.
    const heavy = { ...asked({ formatWeight: 2 }), scores };
    expect(flipOf(heavy, 'alpha')).toEqual({ at: 1, words: 'its sign flips at 1' });
    expect(flipOf({ ...heavy, index: null }, 'alpha')).toEqual({ at: 1, words: 'answer 1’s sign flips at 1' });
  });

  it('of the ends of credit is what order is worth to the answer, and not there where it earns nothing', () => {
    const byAnswer = { temporalCredit: 'answer', creditWeight: 1, creditLow: 1, creditHigh: 3 } as const;
    const flip = (
      credit: number | undefined,
      name: 'creditLow' | 'creditHigh',
      given: Partial<RewardParameters> = {},
    ) =>
      flipOf(
        {
          scores: { ordered: [{ ...scoredAnswer(0.8, 10), credit }, wrong()], shuffled: [], formatIsKnown: true },
          parameters: { ...paper, ...byAnswer, ...given },
          index: 0,
        },
        name,
      );
    expect(flip(4.9, 'creditLow')).toEqual({ at: 4.9, words: 'its credit ends at 4.9' });
    expect(flip(4.9, 'creditHigh')).toEqual({ at: 4.9, words: 'in full up to 4.9' });
    expect(flip(0.5, 'creditLow')).toEqual({ at: 0.5, words: 'its credit ends at 0.5' });
    expect(flip(0.5, 'creditHigh')).toEqual({ at: null, words: 'its 0.5 nats are below c_low' });
    expect(flip(-0.5, 'creditLow')).toEqual({ at: null, words: 'its −0.5 nats earn nothing' });
    expect(flip(undefined, 'creditLow')).toEqual({ at: null, words: 'not measured of this answer' });
    expect(flip(4.9, 'creditLow', { correctThreshold: 0.9 }).words).toBe('the answer is wrong');
  });

  it('of α is not there where the test fails, or all are paid', () => {
    expect(flipOf(asked({ mu: 1 }), 'alpha').words).toBe('pays nobody here');
    const scores = { ordered: [right(), right(400)], shuffled: [wrong()], formatIsKnown: true };
    expect(flipOf({ ...asked(), scores }, 'alpha').words).toBe('pays all alike here');
  });

  it('of the length window is the answer’s own length', () => {
    expect(flipOf(asked(), 'lengthMin')).toEqual({ at: 400, words: 'its 400 are paid up to 400' });
    expect(flipOf(asked(), 'lengthMax')).toEqual({ at: 400, words: 'its 400 are paid from 400 on' });
    expect(flipOf(asked({ lengthMax: 399 }), 'lengthMin').words).toBe('400 tokens: above the window');
    expect(flipOf(asked({}, 2), 'lengthMin').words).toBe('the answer is wrong');
    expect(flipOf(asked({ omega: 0 }), 'lengthMin').words).toBe('ω is 0: not paid');
    expect(flipOf(asked({}, null), 'lengthMin').words).toBe('not paid to shuffled answers');
  });

  it('of choices says what the other one decides', () => {
    expect(flipOf(asked(), 'temporalTest').words).toBe('no tie: both decide alike');
    expect(flipOf(asked({ mu: 1 }), 'temporalTest').words).toBe('a tie: ≥ passes');
    expect(flipOf(asked({ mu: 1, temporalTest: '>=' }), 'temporalTest').words).toBe('a tie: > fails');
    expect(flipOf(asked(), 'stdDegrees').words).toBe('changes sizes, no sign');
  });

  it('of the threshold is at the accuracies that there are', () => {
    expect(flipOf(asked(), 'correctThreshold').words).toBe('no answer is a fraction: changes nothing');
    const scores = {
      ordered: [scoredAnswer(0.6, 10), wrong()],
      shuffled: [scoredAnswer(0.3, 10), wrong()],
      formatIsKnown: true,
    };
    const fractions = (correctThreshold: number) => ({
      ...asked({ correctThreshold, temporalShare: 'correct' as const, mu: 1 }),
      scores,
    });
    // 1/2 > 1/2 fails below 0.3, 1/2 > 0 holds from there, 0 > 0 fails from 0.6 on.
    expect(flipOf(fractions(0.1), 'correctThreshold')).toEqual({ at: 0.3, words: 'test flips from 0.3 on' });
    expect(flipOf(fractions(0.4), 'correctThreshold')).toEqual({ at: 0.3, words: 'test flips below 0.3' });
    expect(flipOf(fractions(0.55), 'correctThreshold')).toEqual({ at: 0.6, words: 'test flips from 0.6 on' });
  });
});

describe('a flip, by the trainer’s arithmetic', () => {
  it('parts the signs of an advantage in each of the weights', () => {
    fc.assert(
      fc.property(
        fc.array(anyAnswer, { minLength: 2, maxLength: 8 }),
        fc.array(anyAnswer, { minLength: 1, maxLength: 4 }),
        anyParameters,
        fc.constantFrom('alpha' as const, 'omega' as const, 'formatWeight' as const),
        fc.nat(),
        (ordered, shuffled, parameters, name, nth) => {
          const index = nth % ordered.length;
          const scores = { ordered, shuffled, formatIsKnown: true };
          const { at, words } = flipOf({ scores, parameters, index }, name);
          if (at === null || !words.startsWith('its sign')) return;
          const advantageAt = (value: number) =>
            groupAdvantages(ordered, shuffled, { ...parameters, [name]: value }).advantages[index] ?? 0;
          const far = 0.01 + at * 0.01;
          expect(Math.sign(advantageAt(at + far))).not.toBe(0);
          if (at > far) expect(Math.sign(advantageAt(at - far))).toBe(-Math.sign(advantageAt(at + far)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('parts paid from unpaid lengths, whole tokens apart', () => {
    fc.assert(
      fc.property(
        fc.array(anyAnswer, { minLength: 2, maxLength: 8 }),
        anyParameters,
        fc.constantFrom('lengthMin' as const, 'lengthMax' as const),
        (ordered, parameters, name) => {
          const { at } = flipOf({ scores: { ordered, shuffled: [], formatIsKnown: true }, parameters, index: 0 }, name);
          if (at === null) return;
          const paidAt = (value: number) =>
            (groupAdvantages(ordered, [], { ...parameters, [name]: value }).ordered[0]?.parts.find(
              (part) => part.name === 'length',
            )?.value ?? 0) > 0;
          expect(paidAt(at)).toBe(true);
          expect(paidAt(name === 'lengthMin' ? at + 1 : at - 1)).toBe(name === 'lengthMax' && at === 1);
        },
      ),
      { numRuns: 300 },
    );
  });
});
