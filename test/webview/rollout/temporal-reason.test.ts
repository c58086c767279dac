/** Why an answer got the temporal reward: counts of answers that are fractions say by which rule they were counted. */
import { expect, it } from 'vitest';
import { temporalReason } from '../../../webview/rollout/temporal-reason.ts';
import { aGroup, aRollout } from '../../store/records.ts';

const answer = (accuracy: number, order: 'ordered' | 'shuffled', temporal: number) =>
  aRollout({
    id: `${order}-${accuracy}`,
    groupId: 'g',
    order,
    accuracy,
    correct: accuracy > 0.1,
    reward: { parts: [{ name: 'temporal', value: temporal, possible: 0.3, explanation: '' }], total: accuracy },
  });
const temporal = { p: 0.5, pShuffled: 0, mu: 0.8, comparison: '>', passed: true, paid: 0.3 } as const;

it('names the threshold and the value where an answer is a fraction', () => {
  const [near, wrong] = [answer(0.63, 'ordered', 0.3), answer(0.04, 'ordered', 0)];
  const group = { ...aGroup(1, { temporal }), rollouts: [near, wrong, answer(0, 'shuffled', 0)] };
  const counts = '1 of 2 ordered answers were right against 0 of 1 shuffled (above 0.1 counts as correct)';
  expect(temporalReason(near, group, 0.1)?.text).toBe(
    `${counts}, so 0.500 > 0.8 × 0.000 = 0.000; this answer is right with an accuracy of 0.63, so it gets α = 0.3.`,
  );
  expect(temporalReason(wrong, group, 0.1)?.text).toContain('this answer is wrong with an accuracy of 0.04.');
});

it('says nothing of a threshold where answers are right or wrong', () => {
  const right = answer(1, 'ordered', 0.3);
  const group = { ...aGroup(1, { temporal }), rollouts: [right, answer(0, 'ordered', 0), answer(0, 'shuffled', 0)] };
  expect(temporalReason(right, group, 0.1)?.text).toBe(
    '1 of 2 ordered answers were right against 0 of 1 shuffled, so 0.500 > 0.8 × 0.000 = 0.000; this answer is right, so it gets α = 0.3.',
  );
});
