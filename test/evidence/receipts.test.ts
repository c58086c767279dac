/** What an update moved, by hand: differences of log-probabilities, by side, by token. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mostMoved, movedBySide, movedTogether, moveOf, movesOf, sideOf } from '../../trainer/evidence/receipts.ts';
import type { MovedAnswer } from '../../trainer/protocol/receipts.ts';

const answer = (rolloutId: string, advantage: number | null, before: number[], after: number[]): MovedAnswer => ({
  ...{ rolloutId, advantage, before, after },
});

const good = answer('a', 0.5, [-1, -2, -0.5], [-0.5, -2, -0.25]);
const better = answer('b', 1, [-4], [-4.25]);
const bad = answer('c', -0.5, [-1, -1], [-1.5, -0.75]);
const left = answer('d', null, [-1], [-0.875]);
const even = answer('e', 0, [-1], [-1]);

test('an answer is moved by the sum over its tokens, and becomes likelier above 0', () => {
  expect(movesOf(good)).toEqual([0.5, 0, 0.25]);
  expect([good, better, bad, left, even].map(moveOf)).toEqual([0.75, -0.25, -0.25, 0.125, 0]);
});

test('rewarded and punished are told apart by the advantage in the update; who is left out, or has none, is neither', () => {
  expect([good, better, bad, left, even].map(sideOf)).toEqual([
    ...['rewarded', 'rewarded', 'punished', 'neither', 'neither'],
  ]);
  // (0.75 − 0.25) / 4 tokens; −0.25 / 2; 0.125 / 2.
  expect(movedBySide({ answers: [good, better, bad, left, even] })).toEqual({
    rewarded: { answers: 2, likelier: 1, tokens: 4, perToken: 0.125 },
    punished: { answers: 1, likelier: 0, tokens: 2, perToken: -0.125 },
    neither: { answers: 2, likelier: 1, tokens: 2, perToken: 0.0625 },
  });
  expect(movedBySide({ answers: [bad] }).rewarded).toBeNull();
  expect(movedTogether([answer('f', 1, [], [])])).toBeNull();
});

test('the tokens that moved most come first whichever way they moved, and those that did not are not named', () => {
  expect(mostMoved([good, better, bad, even], 3)).toEqual([
    { rolloutId: 'a', token: 0, move: 0.5 },
    { rolloutId: 'c', token: 0, move: -0.5 },
    { rolloutId: 'a', token: 2, move: 0.25 },
  ]);
  expect(mostMoved([even], 3)).toEqual([]);
});

test('the mean a token times the tokens is what the answers moved together', () => {
  const numbers = fc.array(
    fc.tuple(fc.float({ min: -20, max: 0, noNaN: true }), fc.float({ min: -20, max: 0, noNaN: true })),
    {
      maxLength: 8,
    },
  );
  const answers = fc.array(
    fc.record({
      rolloutId: fc.string(),
      advantage: fc.option(fc.double({ min: -2, max: 2, noNaN: true })),
      tokens: numbers,
    }),
  );
  fc.assert(
    fc.property(answers, (made) => {
      const all = made.map(({ tokens, ...rest }) => ({
        ...rest,
        before: tokens.map(([before]) => before),
        after: tokens.map(([, after]) => after),
      }));
      const sides = Object.values(movedBySide({ answers: all }));
      const told = sides.reduce((sum, side) => sum + (side ? side.perToken * side.tokens : 0), 0);
      expect(told).toBeCloseTo(
        all.reduce((sum, one) => sum + moveOf(one), 0),
        6,
      );
      const moved = mostMoved(all, 1000).map(({ move }) => Math.abs(move));
      expect(moved).toEqual([...moved].sort((a, b) => b - a));
      expect(moved).toHaveLength(all.flatMap(movesOf).filter((move) => move !== 0).length);
    }),
  );
});
