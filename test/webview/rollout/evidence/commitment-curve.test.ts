/** The curve says in words what it draws. */
import { expect, it } from 'vitest';
import { commitmentSentence } from '../../../../webview/rollout/evidence/commitment-curve.tsx';

const curve = (...probabilities: number[]) => probabilities.map((p, end) => ({ end, logprob: Math.log(p) }));

it('names the sentence with which it was decided, and how many came after', () => {
  expect(commitmentSentence(curve(0.2, 0.1, 0.8, 0.4, 0.7, 0.9), 'A')).toBe(
    'The answer A was decided with sentence 4 of 5, at 0.70; 1 sentence came after; at its lowest 0.10 after sentence 1.',
  );
  expect(commitmentSentence(curve(0.6, 0.9), 'A')).toBe(
    'The answer A was decided before the first sentence, at 0.60; 1 sentence came after; at its lowest 0.60 before the first sentence.',
  );
});

it('says where it was not decided by the reasoning', () => {
  expect(commitmentSentence(curve(0.6, 0.3), 'x\u202Ey')).toBe(
    'The answer x\\u202ey was not decided by the reasoning: 0.30 at its end, at its lowest 0.30 after sentence 1.',
  );
});
