import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupAdvantages, type RewardParameters } from '../../trainer/advantages/advantages.ts';
import { recordedParameters, recordedScores } from '../../trainer/advantages/recorded.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { anyAnswer, anyParameters, recordOf, scoredAnswer } from './made-groups.ts';

const paper: RewardParameters = presetParameters('paper', 'tgrpo');

const halves = {
  ordered: fc.array(anyAnswer, { minLength: 1, maxLength: 9 }),
  shuffled: fc.array(anyAnswer, { maxLength: 5 }),
};

describe('a group made again from its record', () => {
  test('has exactly the recorded numbers and sentences under the parameters that it was made with', () => {
    fc.assert(
      fc.property(halves.ordered, halves.shuffled, anyParameters, fc.boolean(), (ordered, shuffled, made, trained) => {
        const group = recordOf(ordered, shuffled, made, trained);
        const scores = recordedScores(group);
        expect(scores.formatIsKnown).toBe(made.formatWeight > 0);
        const { parameters, giveTheRecord } = recordedParameters(group, [made]);
        expect(giveTheRecord).toBe(true);
        const again = groupAdvantages(scores.ordered, scores.shuffled, parameters);
        expect({ mean: again.mean, std: again.std }).toEqual({ mean: group.stats.mean, std: group.stats.std });
        expect(again.temporal).toEqual(group.temporal);
        expect(again.explanation).toEqual(group.explanation);
        for (const rollout of group.rollouts) {
          const answer = again[rollout.order][rollout.index];
          expect(answer?.total).toBe(rollout.reward.total);
          expect(answer?.parts).toEqual(rollout.reward.parts);
          if (rollout.advantage !== null) expect(again.advantages[rollout.index]).toBe(rollout.advantage);
        }
      }),
    );
  });

  test('takes weights and the test from its own record, whatever the run has now', () => {
    fc.assert(
      fc.property(halves.ordered, halves.shuffled, anyParameters, (ordered, shuffled, made) => {
        const group = recordOf(ordered, shuffled, made);
        const since = {
          ...{ ...made, alpha: 9, mu: 9, omega: 9, formatWeight: 9, temporalTest: '>=' as const },
          ...{ temporalCredit: 'both' as const, creditLow: 9, creditHigh: 9, creditWeight: 9 },
        };
        const { parameters, giveTheRecord } = recordedParameters(group, [since]);
        expect(giveTheRecord).toBe(true);
        expect([parameters.omega, parameters.formatWeight]).toEqual([made.omega, made.formatWeight]);
        expect(parameters.temporalCredit).toBe(made.temporalCredit);
        const { creditLow, creditHigh, creditWeight } = made;
        if (made.temporalCredit !== 'group') expect(parameters).toMatchObject({ creditLow, creditHigh, creditWeight });
        if (shuffled.length > 0 && made.temporalCredit !== 'answer')
          expect([parameters.alpha, parameters.mu, parameters.temporalTest]).toEqual([
            made.alpha,
            made.mu,
            made.temporalTest,
          ]);
      }),
    );
  });
});

describe('which parameters a group was made with', () => {
  const before: RewardParameters = { ...paper, lengthMin: 100, lengthMax: 200, omega: 0.2, stdDegrees: 'n' };
  const now: RewardParameters = { ...before, lengthMin: 320, lengthMax: 512, stdDegrees: 'n-1' };
  const group = recordOf([scoredAnswer(1, 150), scoredAnswer(1, 400), scoredAnswer(0, 150)], [], before);

  test('are the first candidate that gives its numbers and its sentences', () => {
    expect(recordedParameters(group, [now, before])).toEqual({ parameters: before, giveTheRecord: true });
    // The same numbers, but the sentences name another window.
    const near = { ...before, lengthMin: 120 };
    expect(recordedParameters(group, [near, before]).parameters).toEqual(before);
    expect(recordedParameters(group, [near])).toEqual({ parameters: near, giveTheRecord: true });
  });

  test('are not known where no candidate gives its numbers, and that is said', () => {
    expect(recordedParameters(group, [now])).toEqual({ parameters: now, giveTheRecord: false });
  });
});
