/** Paid and felt: groups worked out by hand, and groups at random against the arithmetic that training itself uses. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupAdvantages, type RewardParameters, type ScoredAnswer } from '../../trainer/advantages/advantages.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import {
  advantagesIfOnlyUsed,
  feltOf,
  normalisationOf,
  type PaidAndFelt,
  paidAndFelt,
  paidOf,
  rightWithoutOrder,
} from '../../trainer/protocol/paid-and-felt.ts';
import type { GroupWithRollouts } from '../../trainer/protocol/records.ts';
import { anyAnswer, anyParameters, recordOf, scoredAnswer } from '../advantages/made-groups.ts';

/** α 0.3, μ 0.8, divided by the standard deviation over n - 1; the form pays nothing, the length 0.1 from 320 to 512 tokens. */
const paper: RewardParameters = presetParameters('paper', 'tgrpo');

type Scores = readonly ScoredAnswer[];
const inWindow = (accuracy: number) => scoredAnswer(accuracy, 400);
const outside = (accuracy: number) => scoredAnswer(accuracy, 100);
/** Nobody right on shuffled frames, so that the test holds wherever somebody is right on ordered ones. */
const lost = [inWindow(0), inWindow(0)];

/** As training records it now, with how rewards were made advantages. */
function made(ordered: Scores, given: Partial<RewardParameters> = {}, shuffled: Scores = lost): GroupWithRollouts {
  const parameters = { ...paper, ...given };
  const { stdDegrees, stdEpsilon, advantageScale, batchStd } = parameters;
  const group = recordOf(ordered, shuffled, parameters);
  const normalised = { stdDegrees, stdEpsilon, advantageScale, ...(batchStd !== undefined && { batchStd }) };
  return { ...group, stats: { ...group.stats, normalised } };
}

/** As a version before it recorded it. */
function older(group: GroupWithRollouts): GroupWithRollouts {
  const { normalised: _, ...stats } = group.stats;
  return { ...group, stats };
}

const rounded = (values: readonly number[]) => values.map((value) => Number(value.toFixed(3)));
const numbers = (found: readonly PaidAndFelt[] | null) =>
  found && {
    paid: found.map(({ paid }) => paid),
    with: rounded(found.map(({ advantage }) => advantage)),
    without: rounded(found.map(({ without }) => without)),
    felt: found.map(({ felt }) => felt),
  };

describe('the temporal reward of a group', () => {
  it('is paid and not felt where rewards come in two sizes: dividing by the standard deviation takes it out', () => {
    // 1.3 1.3 0 0 and 1 1 0 0: both are (x - x/2) / (x/2 × sqrt(4/3)) = ±0.866.
    expect(numbers(paidAndFelt(made([outside(1), outside(1), outside(0), outside(0)])))).toEqual({
      paid: [0.3, 0.3, 0, 0],
      with: [0.866, 0.866, -0.866, -0.866],
      without: [0.866, 0.866, -0.866, -0.866],
      felt: [false, false, false, false],
    });
    // A stdEpsilon of 1e-4 leaves something in the fifth digit, which is not what r_t is for.
    for (let right = 0; right <= 8; right++) {
      const group = made(
        Array.from({ length: 8 }, (_, i) => outside(Number(i < right))),
        { stdEpsilon: 1e-4 },
      );
      expect(paidAndFelt(group)?.filter(({ felt }) => felt)).toEqual([]);
    }
  });

  it('is felt with a third size of reward, here by the length bonus, by the wrong answer too', () => {
    // 1.4 1.3 1.4 0: mean 1.025, std 0.6850. Without 0.3: 1.1 1 1.1 0: mean 0.8, std 0.5354.
    expect(numbers(paidAndFelt(made([inWindow(1), outside(1), inWindow(1), outside(0)])))).toEqual({
      paid: [0.3, 0.3, 0.3, 0],
      with: [0.547, 0.401, 0.547, -1.496],
      without: [0.56, 0.374, 0.56, -1.494],
      felt: [true, true, true, true],
    });
  });

  it('is felt where accuracies are fractions, also by the answer that did not get it', () => {
    // 0.8 + 0.3, 0.4 + 0.3, 0.1 (not above the threshold): 1.1 0.7 0.1, mean 0.6333, std 0.5033. Without: 0.8 0.4 0.1, 0.4333, 0.3512.
    expect(numbers(paidAndFelt(made([outside(0.8), outside(0.4), outside(0.1)])))).toEqual({
      paid: [0.3, 0.3, 0],
      with: [0.927, 0.132, -1.06],
      without: [1.044, -0.095, -0.949],
      felt: [true, true, true],
    });
  });

  it('is felt in every group of two sizes where advantages are not divided', () => {
    // 1.3 1.3 0 0 less 0.65, and 1 1 0 0 less 0.5.
    expect(
      numbers(paidAndFelt(made([outside(1), outside(1), outside(0), outside(0)], { advantageScale: 'none' }))),
    ).toEqual({
      paid: [0.3, 0.3, 0, 0],
      with: [0.65, 0.65, -0.65, -0.65],
      without: [0.5, 0.5, -0.5, -0.5],
      felt: [true, true, true, true],
    });
  });

  it('takes the degrees of freedom that the group was made with', () => {
    // Over n: std 0.5932 of 1.4 1.3 1.4 0, and 0.4637 of 1.1 1 1.1 0.
    const group = made([inWindow(1), outside(1), inWindow(1), outside(0)], { stdDegrees: 'n' });
    expect(numbers(paidAndFelt(group))).toMatchObject({
      with: [0.632, 0.464, 0.632, -1.728],
      without: [0.647, 0.431, 0.647, -1.725],
    });
  });

  it('is not felt where all are right and paid alike: the mean moves with them', () => {
    for (const advantageScale of ['group', 'none'] as const) {
      expect(numbers(paidAndFelt(made([outside(1), outside(1), outside(1)], { advantageScale })))).toEqual({
        paid: [0.3, 0.3, 0.3],
        with: [0, 0, 0],
        without: [0, 0, 0],
        felt: [false, false, false],
      });
      // Not flat, by the length bonus; still the same distance from the mean.
      const found = paidAndFelt(made([inWindow(1), outside(1), inWindow(1)], { advantageScale }));
      expect(found?.map(({ advantage, without }) => advantage === without)).toEqual([true, true, true]);
    }
  });

  it('is felt where it alone makes rewards alike, or alone makes them differ', () => {
    const half = Number(Math.SQRT1_2.toFixed(3));
    // The form pays 1: 0.8 + 0.3 without it, 0.1 + 1 with it. Without r_t 0.8 and 1.1, ±0.15 / 0.2121.
    const flat = made([scoredAnswer(0.8, 100, 0), scoredAnswer(0.1, 100, 1)], { formatWeight: 1 });
    expect(numbers(paidAndFelt(flat))).toMatchObject({ with: [0, 0], without: [-half, half], felt: [true, true] });
    // 1 + 0.3 without the form, 0 + 1 with it: without r_t 1 and 1.
    const only = made([scoredAnswer(1, 100, 0), scoredAnswer(0, 100, 1)], { formatWeight: 1 });
    expect(numbers(paidAndFelt(only))).toMatchObject({ with: [half, -half], without: [0, 0], felt: [true, true] });
  });

  it('does nothing where it was not paid', () => {
    const found = paidAndFelt(made([inWindow(1), outside(1), outside(0)], {}, [inWindow(1), inWindow(1)]));
    expect(found?.map(({ paid, advantage, without, felt }) => paid === 0 && advantage === without && !felt)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('has nothing to say without a test, without an update, and of shuffled answers', () => {
    const group = made([outside(1), outside(0)]);
    const shuffled = group.rollouts.find(({ order }) => order === 'shuffled');
    expect(feltOf(group, shuffled ?? { id: '', order: 'shuffled' })).toBeNull();
    expect(feltOf(group, { id: 'g-ordered-0', order: 'ordered' })).toBe(false);
    expect(paidAndFelt({ ...group, purpose: 'evaluation' })).toBeNull();
    expect(paidAndFelt(made([outside(1), outside(0)], {}, []))).toBeNull();
  });
});

const halves = {
  ordered: fc.array(anyAnswer, { minLength: 1, maxLength: 9 }),
  shuffled: fc.array(anyAnswer, { minLength: 1, maxLength: 5 }),
};

describe('groups at random', () => {
  it('would have had these advantages with α and γ 0', () => {
    fc.assert(
      fc.property(halves.ordered, halves.shuffled, anyParameters, (ordered, shuffled, parameters) => {
        const found = paidAndFelt(made(ordered, parameters, shuffled)) ?? [];
        const { advantages } = groupAdvantages(ordered, shuffled, { ...parameters, alpha: 0, creditWeight: 0 });
        const exact = { ...parameters, stdEpsilon: 0 };
        const [paid, unpaid] = [exact, { ...exact, alpha: 0, creditWeight: 0 }].map(
          (p) => groupAdvantages(ordered, shuffled, p).advantages,
        );
        expect(found.length).toBe(ordered.length);
        for (const [i, { without, felt }] of found.entries()) {
          expect(Math.abs(without - (advantages[i] ?? Number.NaN))).toBeLessThan(1e-5);
          const difference = Math.abs((paid?.[i] ?? 0) - (unpaid?.[i] ?? 0));
          // What lies about the bound may fall to either side of it.
          if (difference > 1e-7 || difference < 1e-11) expect(felt).toBe(difference > 1e-9);
        }
      }),
    );
  });

  it('say the same of themselves where their record is older, or nothing', () => {
    let told = 0;
    fc.assert(
      fc.property(halves.ordered, halves.shuffled, anyParameters, (ordered, shuffled, parameters) => {
        // No older record was divided by the deviation of a batch.
        fc.pre(parameters.advantageScale !== 'batch');
        const group = made(ordered, parameters, shuffled);
        const before = paidAndFelt(older(group));
        if (before === null) return;
        told++;
        const now = paidAndFelt(group) ?? [];
        expect(before.length).toBe(now.length);
        for (const [i, { without }] of before.entries())
          expect(Math.abs(without - (now[i]?.without ?? Number.NaN))).toBeLessThan(1e-4);
      }),
    );
    expect(told).toBeGreaterThan(50);
  });
});

describe('an older record', () => {
  const sizes = [inWindow(1), outside(1), inWindow(1), outside(0)];

  it.each([
    { stdDegrees: 'n-1', stdEpsilon: 0, advantageScale: 'group' },
    { stdDegrees: 'n', stdEpsilon: 1e-4, advantageScale: 'group' },
    { stdDegrees: 'n-1', stdEpsilon: 0, advantageScale: 'none' },
  ] as const)('tells how rewards were made advantages: %o', (normalised) => {
    const found = normalisationOf(older(made(sizes, normalised)));
    expect(found).toMatchObject({ stdDegrees: normalised.stdDegrees, advantageScale: normalised.advantageScale });
    expect(found?.stdEpsilon).toBeCloseTo(normalised.stdEpsilon, 9);
  });

  it('does not where it was divided by 1 or not at all, and nothing is said of r_t then', () => {
    // α 1: rewards 2 2 0 0, over n a standard deviation of 1.
    const group = made([outside(1), outside(1), outside(0), outside(0)], {
      alpha: 1,
      stdDegrees: 'n',
      advantageScale: 'none',
    });
    expect(group.stats.std).toBe(1);
    expect(paidAndFelt(older(group))).toBeNull();
    expect(feltOf(older(group), { id: 'g-ordered-0', order: 'ordered' })).toBeNull();
    expect(paidAndFelt(group)?.map(({ felt }) => felt)).toEqual([true, true, true, true]);
  });

  it('does not where its numbers fit no rule', () => {
    const group = older(made(sizes));
    const bent = group.rollouts.map((one) =>
      one.index === 0 && one.order === 'ordered' ? { ...one, advantage: 3 } : one,
    );
    expect(paidAndFelt({ ...group, rollouts: bent })).toBeNull();
  });
});

describe('if only answers that use order had been paid', () => {
  const weighed = (group: GroupWithRollouts, uses: readonly (boolean | null)[]): GroupWithRollouts => ({
    ...group,
    rollouts: group.rollouts.map((one) => {
      const own = one.order === 'ordered' ? (uses[one.index] ?? null) : null;
      return own === null
        ? one
        : { ...one, orderWorth: { worth: own ? 3 : 0, error: 0.1, uses: own, step: 1, same: true } };
    }),
  });
  const group = made([inWindow(1), inWindow(1), outside(0), outside(0)]);

  it('others get less: one in two here', () => {
    // 1.4 1.1 0 0: mean 0.625, std 0.7320.
    const then = advantagesIfOnlyUsed(weighed(group, [true, false, null, null]));
    expect(rounded([...(then?.values() ?? [])])).toEqual([1.059, 0.649, -0.854, -0.854]);
  });

  it('is as trained where all that were paid use it, and not known before they are weighed', () => {
    const all = advantagesIfOnlyUsed(weighed(group, [true, true, null, null]));
    expect([...(all?.values() ?? [])]).toEqual(group.rollouts.slice(0, 4).map(({ advantage }) => advantage));
    expect(advantagesIfOnlyUsed(weighed(group, [true, null, null, null]))).toBeNull();
    expect(advantagesIfOnlyUsed({ ...weighed(group, [true, true, null, null]), purpose: 'probe' })).toBeNull();
  });
});

describe('credit by answer', () => {
  const byAnswer = { temporalCredit: 'answer', creditLow: 1, creditHigh: 1, creditWeight: 0.3, omega: 0 } as const;
  const credited = (accuracy: number, credit?: ScoredAnswer['credit']) => ({ ...outside(accuracy), credit });

  it('is paid and felt as r_t is, where a group of right answers is told apart by it', () => {
    const group = made([credited(1, 5), credited(1, 0.2), credited(0)], byAnswer, []);
    expect(numbers(paidAndFelt(group))).toEqual({
      paid: [0.3, 0, 0],
      // 1.3 1 0 with mean 0.767 and standard deviation 0.681; 1 1 0 with 0.667 and 0.577.
      with: [0.784, 0.343, -1.126],
      without: [0.577, 0.577, -1.155],
      felt: [true, true, true],
    });
    expect(group.rollouts.map((rollout) => paidOf(group, rollout))).toEqual([true, false, false]);
    expect(group.rollouts.map((rollout) => rightWithoutOrder(group, rollout))).toEqual([false, true, null]);
  });

  it('is not there to be paid or felt where the medium has no order', () => {
    const without = { without: 'an image has no order of frames' };
    const group = made([credited(1, without), credited(0, without)], byAnswer, []);
    expect(paidAndFelt(group)).toBeNull();
    expect(group.rollouts.map((rollout) => paidOf(group, rollout))).toEqual([null, null]);
    expect(group.rollouts.map((rollout) => rightWithoutOrder(group, rollout))).toEqual([null, null]);
  });
});
