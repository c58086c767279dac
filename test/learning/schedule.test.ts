import { describe, expect, it } from 'vitest';
import { learningRateAt } from '../../trainer/learning/schedule.ts';

const p = { learningRate: 1, schedule: 'cosine', scheduleFloor: 0.1, warmupSteps: 10, steps: 100 } as const;

describe('learningRateAt', () => {
  it('rises in equal parts during warm-up', () => {
    const constant = { ...p, schedule: 'constant' } as const;
    expect([1, 5, 10, 50].map((step) => learningRateAt(step, constant))).toEqual([0.1, 0.5, 1, 1]);
  });

  it('falls along half a cosine to the floor at the last step', () => {
    expect(learningRateAt(50, p)).toBeCloseTo(0.1 + 0.9 * 0.5, 12);
    expect(learningRateAt(100, p)).toBeCloseTo(0.1, 12);
    expect(learningRateAt(120, p)).toBeCloseTo(0.1, 12);
  });
});
