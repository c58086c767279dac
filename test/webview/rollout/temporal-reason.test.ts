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

it('says what its credit is where order is paid by answer, beside the test where both are', () => {
  const terms = { shuffles: 1, low: 1, high: 1, weight: 0.3, without: null };
  const explanation = 'order is worth 4.9 nats to this answer: full credit';
  const right = answer(1, 'ordered', 0.3);
  const credit = { name: 'credit' as const, value: 0.3, possible: 0.3, explanation };
  const paid = { ...right, reward: { ...right.reward, parts: [...right.reward.parts, credit] } };
  const rollouts = [paid, answer(0, 'shuffled', 0)];
  const alone = { ...aGroup(1, { credit: { by: 'answer', ...terms } }), temporal: null, rollouts };
  expect(temporalReason(paid, alone, 0.1)).toEqual({ title: 'Credit for order:', text: `${explanation}.` });
  const both = { ...aGroup(1, { temporal, credit: { by: 'both', ...terms } }), rollouts };
  expect(temporalReason(paid, both, 0.1)?.text).toMatch(/so it gets α = 0\.3\. Beside it, order is worth 4\.9 nats/);
});
