import { expect, it } from 'vitest';
import type { StepCounts } from '../../../trainer/protocol/step-counts.ts';
import { rateOf } from '../../../webview/dashboard/rates.ts';

const counts: StepCounts = {
  purpose: 'train',
  steps: [1, 2, 4, 5],
  sums: { groups: [10, 10, 10, 10], flatAllRight: [5, 0, 10, 2] },
};

it('gives each step its own share, and the strong line the counts of the last steps together', () => {
  const rate = rateOf(counts, 'flatAllRight', { steps: [1, 2, 3, 4], size: 1 }, 2);
  expect(rate.raw).toEqual([0.5, 0, null, 1]);
  expect(rate.counts).toEqual([[5, 10], [0, 10], null, [10, 10]]);
  // 5 of 10; 5 of 20; nothing at step 3; 10 of 20, of steps 2 and 4.
  expect(rate.pooled).toEqual([0.5, 0.25, null, 0.5]);
  // Wilson's interval of 5 in 20 and of 10 in 20.
  expect(rate.low[1]).toBeCloseTo(0.1119, 4);
  expect(rate.high[1]).toBeCloseTo(0.4687, 4);
  expect(rate.low[3]).toBeCloseTo(0.2993, 4);
});

it('is a share of 0 where nothing of the kind was counted, and nothing where there are no counts at all', () => {
  expect(rateOf(counts, 'flatAlike', { steps: [1, 5], size: 1 }, 10).raw).toEqual([0, 0]);
  expect(rateOf(undefined, 'flatAlike', { steps: [1, 5], size: 1 }, 10).pooled).toEqual([null, null]);
});

it('adds up the counts of the steps that a point stands for', () => {
  const rate = rateOf(counts, 'flatAllRight', { steps: [0, 4], size: 4 }, 1);
  expect(rate.counts).toEqual([
    [5, 20],
    [12, 20],
  ]);
  expect(rate.pooled).toEqual([0.25, 0.6]);
  // A mean over eight steps is one over two points: 17 of 40.
  expect(rateOf(counts, 'flatAllRight', { steps: [0, 4], size: 4 }, 8).pooled).toEqual([0.25, 0.425]);
});
