/** The losses against a scalar reference that is written from the equations, and against finite differences. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PolicyTerms } from '../../../trainer/engines/tfjs/losses.ts';
import { k3, lossSums } from '../../../trainer/engines/tfjs/losses.ts';

test('cross-entropy is the weighted sum of negative log-probabilities', () => {
  const { loss, gradient } = lossSums(
    { kind: 'cross-entropy', weights: Float32Array.of(0.5, 0.25) },
    Float32Array.of(-2, -4),
  );
  expect(loss).toBe(2);
  expect([...gradient]).toEqual([-0.5, -0.25]);
});

test('k3 is exp(d) - d - 1 with d = ref - logprob: 0 where both agree, e - 2 one nat above, 1 / e one nat below', () => {
  expect(k3(-1, -1)).toEqual({ value: 0, derivative: 0 });
  expect(k3(-2, -1).value).toBeCloseTo(Math.E - 2, 12);
  expect(k3(-1, -2).value).toBeCloseTo(1 / Math.E, 12);
  expect(k3(-2, -1).derivative).toBeCloseTo(1 - Math.E, 12);
});

test('k3 takes differences beyond ten nats as ten, where it has no slope', () => {
  expect(k3(-30, -1)).toEqual({ value: Math.exp(10) - 11, derivative: 0 });
  expect(k3(-1, -30).value).toBeCloseTo(9 + Math.exp(-10), 9);
  expect(k3(-1, -30).derivative).toBe(0);
});

const policy = (terms: Partial<PolicyTerms>): PolicyTerms => ({
  kind: 'policy',
  weights: Float32Array.of(1),
  advantages: Float32Array.of(1),
  oldLogprobs: Float32Array.of(0),
  refLogprobs: null,
  clipEpsilon: 0.2,
  beta: 0,
  ...terms,
});

test.each([
  // ratio, advantage, value of the minimum, its slope by logprob, whether the clip is what counts
  [1.5, 1, 1.2, 0, 1],
  [1.5, -1, -1.5, -1.5, 0],
  [0.5, 1, 0.5, 0.5, 0],
  [0.5, -1, -0.8, 0, 1],
  [1.1, 2, 2.2, 2.2, 0],
])('a ratio of %f with an advantage of %f gives %f with slope %f', (ratio, advantage, value, slope, clipped) => {
  const sums = lossSums(policy({ advantages: Float32Array.of(advantage) }), Float32Array.of(Math.log(ratio)));
  expect(sums.loss).toBeCloseTo(-value, 5);
  expect(sums.gradient[0]).toBeCloseTo(-slope, 5);
  expect(sums.clipped).toBe(clipped);
});

test('value and gradient of random batches agree with the equation and its finite differences', () => {
  const token = fc.record({
    logprob: fc.double({ min: -4, max: -0.1, noNaN: true }),
    old: fc.double({ min: -4, max: -0.1, noNaN: true }),
    ref: fc.double({ min: -4, max: -0.1, noNaN: true }),
    advantage: fc.double({ min: -2, max: 2, noNaN: true }),
    weight: fc.double({ min: 0.01, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(token, { minLength: 1, maxLength: 6 }),
      fc.double({ min: 0, max: 0.5, noNaN: true }),
      (tokens, beta) => {
        const [low, high] = [0.8, 1.2];
        const single = (t: (typeof tokens)[number], logprob: number): number => {
          const r = Math.exp(logprob - t.old);
          const d = t.ref - logprob;
          const clip = Math.min(Math.max(r, low), high);
          return -t.weight * (Math.min(r * t.advantage, clip * t.advantage) - beta * (Math.exp(d) - d - 1));
        };
        const column = (key: keyof (typeof tokens)[number]): Float32Array => Float32Array.from(tokens, (t) => t[key]);
        const terms = policy({
          weights: column('weight'),
          advantages: column('advantage'),
          oldLogprobs: column('old'),
          refLogprobs: column('ref'),
          beta,
        });
        const sums = lossSums(terms, column('logprob'));
        expect(sums.loss).toBeCloseTo(
          tokens.reduce((sum, t) => sum + single(t, t.logprob), 0),
          3,
        );
        tokens.forEach((t, i) => {
          const ratio = Math.exp(t.logprob - t.old);
          if (Math.abs(ratio - low) < 1e-3 || Math.abs(ratio - high) < 1e-3) return;
          const h = 1e-5;
          const slope = (single(t, t.logprob + h) - single(t, t.logprob - h)) / (2 * h);
          expect(Math.abs((sums.gradient[i] ?? Number.NaN) - slope)).toBeLessThan(1e-3 * (1 + Math.abs(slope)));
        });
      },
    ),
  );
});
