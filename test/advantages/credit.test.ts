/** Credit for what order is worth to an answer: the share, the sentence, and how it stands beside the test of the group. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupAdvantages, type RewardParameters, type ScoredAnswer } from '../../trainer/advantages/advantages.ts';
import { type Credit, creditPart, creditSentence, creditShare } from '../../trainer/advantages/credit.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { anyAnswer, anyParameters, scoredAnswer } from './made-groups.ts';

const terms = { creditLow: 1, creditHigh: 3, creditWeight: 0.5 };
const paper: RewardParameters = { ...presetParameters('paper', 'tgrpo'), omega: 0 };
const credited = (accuracy: number, credit?: Credit): ScoredAnswer => ({ ...scoredAnswer(accuracy), credit });
const creditsOf = (ordered: readonly ScoredAnswer[], p: RewardParameters) =>
  groupAdvantages(ordered, [], p).ordered.map(({ parts }) => parts.find(({ name }) => name === 'credit')?.value);

describe('the share of the credit', () => {
  it('rises in a straight line from the low end to the high one', () => {
    expect([-2, 1, 1.5, 2, 3, 9].map((c) => creditShare(c, terms))).toEqual([0, 0, 0.25, 0.5, 1, 1]);
  });

  it('is a step where both ends are equal, the end itself included', () => {
    expect([0.99, 1, 1.01].map((c) => creditShare(c, { creditLow: 1, creditHigh: 1 }))).toEqual([0, 1, 1]);
  });
});

describe('the part of an answer', () => {
  const said = (credit: Credit | undefined, right = true, p = terms) => creditPart(credit, right, '', p).explanation;

  it('says what order is worth to it and how much of the credit that is', () => {
    expect(said(4.93)).toBe('order is worth 4.9 nats to this answer: full credit');
    expect(said(1.8)).toBe('order is worth 1.8 nats to this answer: 40 % of the credit');
    expect(said(0.24)).toBe('order is worth 0.2 nats to this answer: no credit below 1');
    expect(said(-0.3)).toBe('order is worth −0.3 nats to this answer: no credit below 1');
    expect(said(1)).toBe('order is worth 1.0 nats to this answer: no credit at 1');
  });

  it('writes no number that its own decision belies', () => {
    expect(said(0.996)).toBe('order is worth 0.996 nats to this answer: no credit below 1');
    expect(said(1.002)).toBe('order is worth 1.002 nats to this answer: less than 1 % of the credit');
    expect(said(2.999)).toBe('order is worth 2.999 nats to this answer: more than 99 % of the credit');
  });

  it('says why there is none', () => {
    expect(said(5, false)).toBe('no credit: this answer is wrong');
    expect(said(undefined)).toBe('no credit: what order is worth to it was not measured');
    expect(creditPart({ without: 'an image has no order of frames' }, true, '', terms)).toEqual({
      ...{ name: 'credit', value: 0, possible: 0 },
      explanation: 'no credit: an image has no order of frames',
    });
  });

  it('pays the share of γ', () => {
    expect(creditPart(2, true, '', terms)).toMatchObject({ value: 0.25, possible: 0.5 });
    expect(creditPart(2, false, '', terms)).toMatchObject({ value: 0, possible: 0.5 });
  });
});

describe('a group that is paid by answer', () => {
  const p: RewardParameters = { ...paper, temporalCredit: 'answer', ...terms };

  it('tells a right answer that used the order from one that did not, where eq. 1 pays both alike', () => {
    // A shortcut, one that reads, one half way, a wrong one; and a right one that was not measured.
    const ordered = [credited(1, 0), credited(1, 7), credited(1, 2), credited(0), credited(1)];
    expect(creditsOf(ordered, p)).toEqual([0, 0.5, 0.25, 0, 0]);
    const made = groupAdvantages(ordered, [], p);
    expect(made.temporal).toBeNull();
    expect(made.ordered.map(({ total }) => total)).toEqual([1, 1.5, 1.25, 0, 1]);
    expect(made.advantages[1]).toBeGreaterThan(made.advantages[0] ?? Number.NaN);
    expect(made.explanation).toContain(
      'Order is worth enough to 2 of 4 right answers (1 to 3 nats): 1 gets γ = 0.5 and 1 gets a part of it.',
    );
  });

  it('has an advantage where every answer is right, which eq. 1 leaves flat', () => {
    const ordered = [credited(1, 0), credited(1, 5)];
    expect(groupAdvantages(ordered, [scoredAnswer(0)], paper).flat).toBe(true);
    expect(groupAdvantages(ordered, [], p).flat).toBe(false);
  });

  it('says why nobody gets any', () => {
    expect(creditSentence([undefined, undefined], [false, false], p)).toBe(
      'No answer is right, so none gets credit for the order of its frames.',
    );
    expect(creditSentence([{ without: 'its frames are all alike' }], [true], p)).toBe(
      'No answer gets credit for the order of its frames: its frames are all alike.',
    );
    expect(creditSentence([undefined], [true], p)).toBe(
      'What order is worth was measured for no right answer, so none gets credit.',
    );
    expect(creditSentence([0.5, 0.2], [true, true], { ...p, creditHigh: 1 })).toBe(
      'Order is worth enough to none of 2 right answers (1 nat or more), so none gets credit.',
    );
  });

  it('names the whole credit where all that is paid is a part of it', () => {
    expect(creditSentence([2], [true], p)).toBe(
      'Order is worth enough to 1 of 1 right answer (1 to 3 nats): 1 gets a part of γ = 0.5.',
    );
  });
});

describe('credit beside the test of the group', () => {
  const ordered = fc.array(anyAnswer, { minLength: 1, maxLength: 9 });
  const shuffled = fc.array(anyAnswer, { minLength: 1, maxLength: 5 });
  const learned = (made: ReturnType<typeof groupAdvantages>) => ({
    totals: made.ordered.map(({ total }) => total),
    advantages: made.advantages,
    stats: [made.mean, made.std],
  });

  it('with γ = 0 is the test alone, to the last bit', () => {
    fc.assert(
      fc.property(ordered, shuffled, anyParameters, (answers, others, given) => {
        const p = { ...given, creditWeight: 0 };
        const both = groupAdvantages(answers, others, { ...p, temporalCredit: 'both' });
        const group = groupAdvantages(answers, others, { ...p, temporalCredit: 'group' });
        expect(learned(both)).toEqual(learned(group));
        expect(both.temporal).toEqual(group.temporal);
      }),
    );
  });

  it('with α = 0 is credit alone, to the last bit', () => {
    fc.assert(
      fc.property(ordered, shuffled, anyParameters, (answers, others, given) => {
        const p = { ...given, alpha: 0 };
        const both = groupAdvantages(answers, others, { ...p, temporalCredit: 'both' });
        expect(learned(both)).toEqual(learned(groupAdvantages(answers, [], { ...p, temporalCredit: 'answer' })));
      }),
    );
  });

  it('is between 0 and γ, 0 for wrong answers and without an order, and adds up in the reward', () => {
    const medium = fc.option(fc.constantFrom('an image has no order of frames', 'its frames are all alike'), {
      nil: null,
    });
    fc.assert(
      fc.property(ordered, shuffled, anyParameters, medium, (given, others, p, without) => {
        const answers = without === null ? given : given.map((answer) => ({ ...answer, credit: { without } }));
        for (const { correct, parts, total } of groupAdvantages(answers, others, p).ordered) {
          expect(parts.reduce((sum, { value }) => sum + value, 0)).toBe(total);
          const credit = parts.find(({ name }) => name === 'credit');
          expect(credit === undefined).toBe(p.temporalCredit === 'group');
          if (credit === undefined) continue;
          expect(credit.value).toBeGreaterThanOrEqual(0);
          expect(credit.value).toBeLessThanOrEqual(p.creditWeight);
          if (!correct || without !== null) expect(credit.value).toBe(0);
        }
      }),
    );
  });
});
