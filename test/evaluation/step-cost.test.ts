import { describe, expect, it } from 'vitest';
import { addCosts, costOfStep } from '../../trainer/evaluation/step-cost.ts';
import { emptyMetrics } from '../../trainer/learning/training.ts';

describe('the cost of steps', () => {
  it('shares processor time out as the clock does, and sampling by tokens between the halves', () => {
    // Two questions, four ordered answers of 30 tokens each: 240 of 320 tokens, so a quarter is of shuffled answers.
    const { durations } = emptyMetrics(1, 0);
    const step = { durations: { ...durations, sample: 400, credit: 100, total: 1000 }, sampledTokens: 320, length: 30 };
    const one = costOfStep({ ...step, questions: 2 }, 4, 2);
    expect(one).toEqual({ steps: 1, processorSeconds: 2, shuffledSeconds: 0.2, creditSeconds: 0.2 });
    expect(addCosts(one, { ...one, steps: 3, processorSeconds: 4 })).toMatchObject({ steps: 4, processorSeconds: 6 });
    expect(addCosts(null, one)).toBe(one);
  });

  it('is of no shuffled half where none was drawn', () => {
    const { durations } = emptyMetrics(1, 0);
    const step = { durations: { ...durations, sample: 400, total: 400 }, sampledTokens: 240, length: 30, questions: 2 };
    expect(costOfStep(step, 4, 1).shuffledSeconds).toBe(0);
  });
});
