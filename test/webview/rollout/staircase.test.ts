/** The reward as it is drawn: parts add up to the total. */
import { describe, expect, it } from 'vitest';
import type { RewardPart } from '../../../trainer/protocol/records.ts';
import { staircase } from '../../../webview/rollout/staircase.ts';

const part = (name: RewardPart['name'], value: number, possible: number): RewardPart => ({
  name,
  value,
  possible,
  explanation: name,
});

describe('staircase', () => {
  it('begins each part where the last one ended', () => {
    const parts = [part('accuracy', 1, 1), part('format', 1, 1), part('temporal', 0.3, 0.3), part('length', 0, 0.1)];
    const { stairs, sum, low, high } = staircase(parts, 2.3, 1.9);
    expect(stairs.map(({ from, to }) => [from, to])).toEqual([
      [0, 1],
      [1, 2],
      [2, 2.3],
      [2.3, 2.3],
    ]);
    expect(sum).toBeCloseTo(2.3, 12);
    expect([low, high]).toEqual([0, 2.4]);
  });

  it('shows a total that is not the sum of its parts as it is', () => {
    const { sum, total } = staircase([part('accuracy', 0.5, 1)], 0.75, 0.5);
    expect([sum, total]).toEqual([0.5, 0.75]);
  });

  it('has room for a reward below zero and for a mean above all', () => {
    const { low, high } = staircase([part('length', -0.5, 0)], -0.5, 3);
    expect([low, high]).toEqual([-0.5, 3]);
  });
});
