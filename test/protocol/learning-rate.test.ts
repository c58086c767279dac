import { describe, expect, it } from 'vitest';
import { learningRateAt } from '../../trainer/protocol/learning-rate.ts';

const p = { learningRate: 1, schedule: 'cosine', scheduleFloor: 0.1, warmupSteps: 10, steps: 100 } as const;
const bare = { ...p, scheduleFloor: 0, warmupSteps: 0 } as const;

/** transformers.optimization, by its names: `current_step` counts the updates that were made. */
const transformers = {
  cosine: (currentStep: number, trainingSteps: number) =>
    Math.max(0, 0.5 * (1 + Math.cos(Math.PI * 0.5 * 2 * (currentStep / Math.max(1, trainingSteps))))),
  linear: (currentStep: number, trainingSteps: number) =>
    Math.max(0, (trainingSteps - currentStep) / Math.max(1, trainingSteps)),
  constant: () => 1,
} as const;

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

  it('falls in a straight line to the floor at the last step', () => {
    const linear = { ...p, schedule: 'linear' } as const;
    expect(learningRateAt(25, linear)).toBeCloseTo(0.1 + 0.9 * 0.75, 12);
    expect(learningRateAt(50, linear)).toBeCloseTo(0.1 + 0.9 * 0.5, 12);
    expect(learningRateAt(100, linear)).toBeCloseTo(0.1, 12);
    expect(learningRateAt(120, linear)).toBeCloseTo(0.1, 12);
    // Warm-up and fall together: half of what is left after 5 of 100 updates.
    expect(learningRateAt(5, linear)).toBeCloseTo(0.5 * (0.1 + 0.9 * 0.95), 12);
  });

  it.each(['cosine', 'linear', 'constant'] as const)(
    '%s without warm-up and floor is what transformers has after as many updates',
    (schedule) => {
      for (const step of [1, 7, 50, 99, 100])
        expect(learningRateAt(step, { ...bare, schedule })).toBeCloseTo(transformers[schedule](step, 100), 12);
    },
  );
});
