/** Means, intervals and tests of pairs of two runs and of two evaluations. */
import { describe, expect, it } from 'vitest';
import type { EvaluationPair } from '../../trainer/protocol/questions.ts';
import { comparedEvaluationsOf } from '../../trainer/runs/compare-runs.ts';

const pair = (first: number, second: number, given: Partial<EvaluationPair> = {}): EvaluationPair => {
  const answer = (accuracy: number) => ({
    groupId: 'g',
    rolloutId: 'r',
    answer: 'A',
    accuracy,
    correct: accuracy > 0.1,
  });
  return {
    ...{ key: 'k', problem: '?', problemType: 'multiple choice', family: 'direction', needsOrder: false },
    ...{ first: answer(first), second: answer(second) },
    ...given,
  };
};

describe('two evaluations', () => {
  const pairs = [
    pair(1, 0, { needsOrder: true }),
    pair(0, 1),
    pair(0, 1),
    pair(0, 1, { family: 'count', problemType: 'numerical' }),
    pair(1, 1),
  ];
  const { slices } = comparedEvaluationsOf({
    pairs,
    leftOut: { first: 0, second: 0 },
    otherFrames: 0,
    otherPrompts: 0,
  });

  it('have a slice for all, those that need the order, types and families', () => {
    expect(slices.map(({ kind, name, mean }) => [kind, name, mean.count])).toEqual([
      ['all', 'all', 5],
      ['needs order', 'needs the order of frames', 1],
      ['type', 'multiple choice', 4],
      ['type', 'numerical', 1],
      ['family', 'count', 1],
      ['family', 'direction', 4],
    ]);
  });

  it('differ by the paired mean with its t interval, and by the exact McNemar test', () => {
    // Differences -1, 1, 1, 1, 0: mean 0.4, s = sqrt(3.2 / 4), t(0.975, 4) = 2.776445; p = 2 (1 + 4) / 16.
    const half = (2.776445105 * Math.sqrt(0.8)) / Math.sqrt(5);
    expect(slices[0]).toMatchObject({ onlyFirst: 1, onlySecond: 3 });
    expect(slices[0]?.p).toBeCloseTo(0.625, 12);
    expect(slices[0]?.mean).toMatchObject({ first: 0.4, second: 0.8 });
    expect(slices[0]?.mean.difference).toBeCloseTo(0.4, 12);
    expect(slices[0]?.mean.low).toBeCloseTo(0.4 - half, 9);
    expect(slices[0]?.mean.high).toBeCloseTo(0.4 + half, 9);
  });

  it('have a slice for what both were asked besides, over the pairs that were', () => {
    const scored = (accuracy: number) => ({ accuracy, correct: accuracy > 0.1 });
    const both = (first: number, second: number) => ({ first: scored(first), second: scored(second) });
    const besides = comparedEvaluationsOf({
      pairs: [pair(1, 1, { direct: both(0, 1), reversal: both(1, 0) }), pair(1, 1, { direct: both(1, 1) }), pair(1, 1)],
      ...{ leftOut: { first: 0, second: 0 }, otherFrames: 0, otherPrompts: 0 },
    });
    expect(besides.slices.slice(-2)).toMatchObject([
      { kind: 'direct', mean: { count: 2, first: 0.5, second: 1 }, onlyFirst: 0, onlySecond: 1 },
      { kind: 'reversal', mean: { count: 1, first: 1, second: 0 }, onlyFirst: 1, onlySecond: 0 },
    ]);
  });

  it('say nothing of the spread of one pair', () => {
    expect(slices[1]?.mean).toMatchObject({ difference: -1, low: null, high: null });
  });
});
