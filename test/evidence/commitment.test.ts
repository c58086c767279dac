/** The decision falls with the sentence from which on the answer stays likelier than not. */
import { expect, test } from 'vitest';
import { decided, tellingPoints } from '../../trainer/evidence/commitment.ts';

const curve = (...probabilities: number[]) => probabilities.map((p, i) => ({ end: i, logprob: Math.log(p) }));

test('a decision that is taken back does not count', () => {
  expect(decided(curve(0.1, 0.8, 0.2, 0.7, 0.9))).toMatchObject({ sentence: 3, after: 1 });
});

test('decided before the first sentence, and never', () => {
  expect(decided(curve(0.9, 0.95))).toMatchObject({ sentence: 0, after: 1 });
  expect(decided(curve(0.9, 0.5))).toBeNull();
  expect(decided([])).toBeNull();
});

test('numbers stand at the jumps and at the lowest point', () => {
  expect(tellingPoints(curve(0.3, 0.04, 0.31, 0.77, 0.8))).toEqual([1, 2, 3]);
  expect(tellingPoints(curve(0.5, 0.6))).toEqual([0]);
});
