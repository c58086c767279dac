/** The losses against a scalar reference that is written from the equations, and against finite differences. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  exactKl,
  exactPolicySums,
  k3,
  lossSums,
  type PolicyTerms,
  policyToken,
  tokenWeight,
} from '../../trainer/engines/losses.ts';

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
  clip: { low: 0.2, high: 0.2 },
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

test.each([
  // DAPO's bounds, 1 - 0.2 and 1 + 0.28: the upper one alone is farther out.
  [1.25, 1, 1.25, 0],
  [1.3, 1, 1.28, 1],
  [1.3, -1, -1.3, 0],
  [0.75, -1, -0.8, 1],
  [0.85, -1, -0.85, 0],
])(
  'with bounds of its own on each side a ratio of %f with an advantage of %f gives %f',
  (ratio, advantage, value, clipped) => {
    const terms = policy({ advantages: Float32Array.of(advantage), clip: { low: 0.2, high: 0.28 } });
    const sums = lossSums(terms, Float32Array.of(Math.log(ratio)));
    expect(sums.loss).toBeCloseTo(-value, 5);
    expect(sums.clipped).toBe(clipped);
    expect(sums.gradient[0]).toBeCloseTo(clipped === 1 ? 0 : -value, 5);
  },
);

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
      fc.constantFrom([0.2, 0.2], [0.2, 0.28], [1, 3], [3e-4, 4e-4]),
      (tokens, beta, [below = 0, above = 0]) => {
        const [low, high] = [1 - below, 1 + above];
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
          clip: { low: below, high: above },
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

test('on the answers’ own policy the ratio is 1, nothing is clipped, and the slope is -A', () => {
  const token = policyToken(-0.7, -0.7, -0.7, 1.5, { clip: { low: 0.2, high: 0.2 }, beta: 0.04 });
  expect(token).toEqual({ ratio: 1, surrogate: 1.5, isClipped: false, kl: 0, loss: -1.5, derivative: -1.5 });
});

test('the KL term is added with its weight, and pulls towards the reference', () => {
  // d = 1: k3 = e - 2, slope 1 - e.
  const token = policyToken(-2, -2, -1, 0, { clip: { low: 0.2, high: 0.2 }, beta: 0.04 });
  expect(token.loss).toBeCloseTo(0.04 * (Math.E - 2), 12);
  expect(token.derivative).toBeCloseTo(0.04 * (1 - Math.E), 12);
});

const logSoftmax = (logits: readonly number[]): number[] => {
  const most = Math.max(...logits);
  const sum = most + Math.log(logits.reduce((total, z) => total + Math.exp(z - most), 0));
  return logits.map((z) => z - sum);
};

test('the exact KL of two coins is the sum by hand, and 0 between equals', () => {
  const { value } = exactKl([Math.log(0.75), Math.log(0.25)], [Math.log(0.5), Math.log(0.5)]);
  expect(value).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 12);
  expect(exactKl([Math.log(0.5), Math.log(0.5)], [Math.log(0.5), Math.log(0.5)]).value).toBe(0);
  expect(exactKl([0, Number.NEGATIVE_INFINITY], [Math.log(0.5), Math.log(0.5)]).value).toBeCloseTo(Math.log(2), 12);
});

test('the exact KL is never negative, its gradient is that of finite differences, and k3 averages to it', () => {
  const logits = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(logits, fc.infiniteStream(fc.double({ min: -3, max: 3, noNaN: true })), (policyLogits, stream) => {
      const reference = logSoftmax(policyLogits.map(() => stream.next().value as number));
      const logprobs = logSoftmax(policyLogits);
      const { value, byLogit } = exactKl(logprobs, reference);
      expect(value).toBeGreaterThan(-1e-12);
      const estimate = logprobs.reduce((sum, lp, v) => sum + Math.exp(lp) * k3(lp, reference[v] as number).value, 0);
      expect(estimate).toBeCloseTo(value, 9);
      policyLogits.forEach((z, v) => {
        const at = (moved: number) => exactKl(logSoftmax(policyLogits.with(v, moved)), reference).value;
        expect(byLogit[v]).toBeCloseTo((at(z + 1e-5) - at(z - 1e-5)) / 2e-5, 6);
      });
    }),
  );
});

test('the mean over answers gives every answer the same weight, the mean over tokens every token', () => {
  const lengths = [2, 6];
  const of = (answerTokens: number) => ({ answerTokens, answers: 2, allTokens: 8 });
  expect(lengths.map((n) => n * tokenWeight('answer', of(n)))).toEqual([0.5, 0.5]);
  expect(lengths.map((n) => n * tokenWeight('token', of(n)))).toEqual([0.25, 0.75]);
});

test('with the exact KL, value and gradient by every logit agree with finite differences of the equation', () => {
  const vocabulary = 5;
  const row = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), {
    minLength: 2 * vocabulary,
    maxLength: 2 * vocabulary,
  });
  fc.assert(
    fc.property(
      row,
      row,
      fc.double({ min: -2, max: 2, noNaN: true }),
      fc.double({ min: -3, max: -0.5, noNaN: true }),
      (x, q, advantage, old) => {
        const targets = Int32Array.of(1, 3);
        const terms = policy({
          weights: Float32Array.of(0.5, 0.25),
          advantages: Float32Array.of(advantage, -advantage),
          oldLogprobs: Float32Array.of(old, old),
          beta: 0.3,
        });
        const softmax = (from: number, logits: readonly number[]): number[] => {
          const e = logits.slice(from * vocabulary, (from + 1) * vocabulary).map(Math.exp);
          const sum = e.reduce((a, b) => a + b, 0);
          return e.map((value) => value / sum);
        };
        /** Written from the equation: -min(r A, clip(r) A) + beta sum p (ln p - ln q). */
        const lossOf = (logits: readonly number[]): number =>
          [0, 1].reduce((total, i) => {
            const [p, other] = [softmax(i, logits), softmax(i, q)];
            const a = terms.advantages[i] as number;
            const ratio = (p[targets[i] as number] as number) / Math.exp(terms.oldLogprobs[i] as number);
            const surrogate = Math.min(ratio * a, Math.max(0.8, Math.min(1.2, ratio)) * a);
            const kl = p.reduce((sum, pv, v) => sum + pv * Math.log(pv / (other[v] as number)), 0);
            return total + (terms.weights[i] as number) * (0.3 * kl - surrogate);
          }, 0);
        const sums = exactPolicySums(terms, targets, Float32Array.from(x), Float32Array.from(q));
        const rounded = [...Float32Array.from(x)];
        expect(sums.loss).toBeCloseTo(lossOf(rounded), 4);
        // Away from the corners of the clip, where the slope jumps.
        const corner = [0, 1].some((i) => {
          const ratio =
            (softmax(i, rounded)[targets[i] as number] as number) / Math.exp(terms.oldLogprobs[i] as number);
          return [0.8, 1.2].some((edge) => Math.abs(ratio - edge) < 1e-3);
        });
        if (corner) return;
        const h = 1e-5;
        rounded.forEach((value, k) => {
          const moved = (by: number): number => lossOf(rounded.with(k, value + by));
          expect(sums.gradient[k]).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 4);
        });
      },
    ),
  );
});
