/** Δ is what was seen minus what was changed, token by token, and adds up to words and to the whole answer. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  answerDelta,
  deltasOf,
  orderDeltas,
  orderWorthOf,
  pairDeltas,
  sumOver,
} from '../../trainer/evidence/deltas.ts';
import type { ChangedScore } from '../../trainer/protocol/evidence.ts';

const order = (logprobs: number[]): ChangedScore => ({
  intervention: { kind: 'order', order: [1, 0] },
  first: 0,
  logprobs,
});

test('what is less likely under the change has a Δ above 0', () => {
  const weighing = { seen: [-1, -2, -0.5] };
  expect(deltasOf(weighing, order([-3, -2, -0.25]))).toEqual([2, 0, -0.25]);
});

test('tokens that a change does not score have none', () => {
  const weighing = { seen: [-1, -2, -0.5] };
  const change: ChangedScore = { intervention: { kind: 'no reasoning' }, first: 1, logprobs: [-6] };
  expect(deltasOf(weighing, change)).toEqual([0, 4, 0]);
  expect(answerDelta(weighing, change)).toBe(4);
});

test('the worth of order is the mean over the shuffles, of any tokens', () => {
  const weighing = { seen: [-1, -1], changes: [order([-2, -1]), order([-4, -1])] };
  expect(orderDeltas(weighing)).toEqual([2, 0]);
  expect(orderWorthOf(weighing)).toMatchObject({ worth: 2, error: 1 });
  expect(orderWorthOf(weighing, [1])).toMatchObject({ worth: 0, error: 0, uses: false });
  expect(orderWorthOf({ ...weighing, changes: [] })).toBeNull();
});

test('pairs stand at their places, those that were not weighed are null', () => {
  const pair = (number: number, logprobs: number[]): ChangedScore => ({
    intervention: { kind: 'pair', pair: number },
    first: 0,
    logprobs,
  });
  const weighing = { seen: [-1, -1], changes: [pair(2, [-3, -1]), pair(0, [-1, -2])] };
  expect(pairDeltas(weighing)).toEqual([1, null, 2]);
  expect(pairDeltas(weighing, [0])).toEqual([0, null, 2]);
});

test('any partition of the tokens adds up to the answer', () => {
  const logprob = fc.double({ min: -20, max: 0, noNaN: true });
  const scores = fc.array(fc.record({ seen: logprob, changed: logprob, part: fc.nat(3) }), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(scores, (tokens) => {
      const weighing = { seen: tokens.map(({ seen }) => seen) };
      const change = order(tokens.map(({ changed }) => changed));
      const deltas = deltasOf(weighing, change);
      const parts = [0, 1, 2, 3].map((wanted) =>
        sumOver(
          deltas,
          tokens.flatMap(({ part }, i) => (part === wanted ? [i] : [])),
        ),
      );
      expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(answerDelta(weighing, change), 9);
    }),
  );
});
