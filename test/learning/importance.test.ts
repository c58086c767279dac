/** What is between sampler and trainer, and what it weighs in the loss, worked out by hand. */
import { describe, expect, it } from 'vitest';
import { importanceWeights, mismatchOf, mismatchOfAll } from '../../trainer/learning/importance.ts';

/** d = 0.5, −1 and 0: the trainer finds the first token likelier, the second less likely. */
const answer = { trainer: Float32Array.of(-0.5, -2, -1), sampler: Float32Array.of(-1, -1, -1) };

describe('importance weights', () => {
  it('are exp(d), and no more than the cap', () => {
    const weights = importanceWeights(answer, 1.25) ?? [];
    expect([...weights]).toEqual([1.25, expect.closeTo(Math.exp(-1), 6), 1]);
    expect([...(importanceWeights(answer, 2) ?? [])][0]).toBeCloseTo(Math.exp(0.5), 6);
  });

  it('are off at 0', () => expect(importanceWeights(answer, 0)).toBeNull());

  it('stay above 0 and finite however far apart the two are', () => {
    const far = { trainer: [-500, 0], sampler: [0, -500] };
    const weights = [...(importanceWeights(far, 1e30) ?? [])];
    expect(weights[0]).toBeCloseTo(Math.exp(-20), 15);
    expect(weights[0]).toBeGreaterThan(0);
    expect((weights[1] ?? 0) / Math.exp(20)).toBeCloseTo(1, 6);
  });
});

describe('the mismatch', () => {
  const k3 = (d: number) => Math.exp(d) - d - 1;

  it('is the mean difference, the mean k3 of sampler against trainer, and the largest weight', () => {
    expect(mismatchOf(answer)).toEqual({
      difference: 0.5,
      k3: expect.closeTo((k3(0.5) + k3(-1)) / 3, 12),
      weight: expect.closeTo(Math.exp(0.5), 12),
    });
    expect(mismatchOf({ trainer: [-1, -2], sampler: [-1, -2] })).toEqual({ difference: 0, k3: 0, weight: 1 });
  });

  it('of a step is over all tokens alike, and not there where no answer has one', () => {
    const long = { tokenCount: 3, mismatch: { difference: 0.5, k3: 0.1, weight: 1.5 } };
    const short = { tokenCount: 1, mismatch: { difference: 0.1, k3: 0.5, weight: 3 } };
    expect(mismatchOfAll([long, { tokenCount: 9 }, short])).toEqual({
      ...{ difference: expect.closeTo(0.4, 12), k3: expect.closeTo(0.2, 12), weight: 3 },
    });
    expect(mismatchOfAll([{ tokenCount: 9 }])).toBeUndefined();
  });
});
