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
import { normalise } from '../../trainer/protocol/normalise.ts';

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
  ratio: 'token',
  answers: new Int32Array(terms.weights?.length ?? 1),
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

test('the mean over answers gives every answer the same weight, the mean over tokens and a constant every token', () => {
  const lengths = [2, 6];
  const of = (answerTokens: number) => ({ answerTokens, answers: 2, allTokens: 8 });
  expect(lengths.map((n) => n * tokenWeight('answer', of(n)))).toEqual([0.5, 0.5]);
  expect(lengths.map((n) => n * tokenWeight('token', of(n)))).toEqual([0.25, 0.75]);
  // Divided by 4, whatever the length, and by the two answers.
  expect(lengths.map((n) => n * tokenWeight({ constant: 4 }, of(n)))).toEqual([0.25, 0.75]);
  expect(tokenWeight({ constant: 768 }, of(2))).toBe(tokenWeight({ constant: 768 }, of(6)));
});

test('Dr. GRPO: with a constant divisor and advantages that are not divided, the gradient is (1/G) Σ_i A_i ∇ Σ_t ln π / constant', () => {
  // Rewards 1 1 0 of answers of 2, 5 and 3 tokens; the mean is 2/3. On the answers' own policy the ratio is 1.
  const [rewards, lengths, constant] = [[1, 1, 0], [2, 5, 3], 64];
  const { advantages } = normalise(rewards, { stdDegrees: 'n-1', stdEpsilon: 1e-4, advantageScale: 'none' });
  const perToken = (value: (i: number) => number) =>
    Float32Array.from(lengths.flatMap((length, i) => Array.from({ length }, () => value(i))));
  const terms = policy({
    weights: perToken((i) =>
      tokenWeight({ constant }, { answerTokens: lengths[i] as number, answers: 3, allTokens: 10 }),
    ),
    advantages: perToken((i) => advantages[i] as number),
    oldLogprobs: perToken(() => -1),
  });
  const { loss, gradient } = lossSums(
    terms,
    perToken(() => -1),
  );
  // By hand: (2 × 1/3 + 5 × 1/3 − 3 × 2/3) / (3 × 64).
  expect(loss).toBeCloseTo(-(2 / 3 + 5 / 3 - 2) / 192, 8);
  const byHand = perToken((i) => -((rewards[i] as number) - 2 / 3) / 192);
  gradient.forEach((slope, k) => {
    expect(slope).toBeCloseTo(byHand[k] as number, 8);
  });
});

test('GSPO: an answer has one ratio, exp of the mean log-ratio of its tokens, which is clipped as a whole', () => {
  // (1/G) Σ_i min(s_i A_i, clip(s_i) A_i) with s = exp(0.1) = 1.105 of the first, above 1.08, and exp(-0.05 / 3) of the second.
  const logRatios = [0.3, -0.1, -0.2, 0.1, 0.05];
  const terms = policy({
    weights: Float32Array.of(1 / 4, 1 / 4, 1 / 6, 1 / 6, 1 / 6),
    advantages: Float32Array.of(1, 1, -2, -2, -2),
    oldLogprobs: new Float32Array(5),
    ratio: 'sequence',
    answers: Int32Array.of(7, 7, 3, 3, 3),
    clip: { low: 0.05, high: 0.08 },
  });
  const { loss, gradient, clipped } = lossSums(terms, Float32Array.from(logRatios));
  const second = Math.exp(-0.05 / 3);
  expect(loss).toBeCloseTo(-(1.08 - 2 * second) / 2, 6);
  // d s / d ln π_t = s / 3; the first is clipped in both of its tokens.
  expect(clipped).toBe(2);
  const slopes = [0, 0, second / 3, second / 3, second / 3];
  gradient.forEach((slope, i) => {
    expect(slope).toBeCloseTo(slopes[i] as number, 6);
  });
});

const anAnswer = fc.record({
  advantage: fc.double({ min: -2, max: 2, noNaN: true }),
  tokens: fc.array(
    fc.record({
      logprob: fc.double({ min: -3, max: -0.1, noNaN: true }),
      old: fc.double({ min: -3, max: -0.1, noNaN: true }),
      ref: fc.double({ min: -3, max: -0.1, noNaN: true }),
      weight: fc.oneof({ weight: 4, arbitrary: fc.double({ min: 0.01, max: 1, noNaN: true }) }, fc.constant(0)),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});
type AnAnswer = typeof anAnswer extends fc.Arbitrary<infer T> ? T : never;

function termsOf(
  answers: readonly AnAnswer[],
  given: Partial<PolicyTerms>,
): { terms: PolicyTerms; logprobs: Float32Array } {
  const tokens = answers.flatMap(({ advantage, tokens: own }, answer) =>
    own.map((one) => ({ ...one, advantage, answer })),
  );
  const column = (key: 'weight' | 'advantage' | 'old' | 'ref' | 'logprob') =>
    Float32Array.from(tokens, (one) => one[key]);
  const terms = policy({
    ...{ weights: column('weight'), advantages: column('advantage'), oldLogprobs: column('old') },
    ...{ refLogprobs: column('ref'), answers: Int32Array.from(tokens, ({ answer }) => answer) },
    ...given,
  });
  return { terms, logprobs: column('logprob') };
}

/** GSPO's objective written from its equation, with the KL token by token; the loss is minus it. Tokens of weight 0 are not there. */
function gspo(answers: readonly AnAnswer[], beta: number, { low, high }: { low: number; high: number }): number {
  let loss = 0;
  for (const { advantage, tokens } of answers) {
    const counted = tokens.filter(({ weight }) => weight !== 0);
    if (counted.length === 0) continue;
    const s = Math.exp(counted.reduce((sum, { logprob, old }) => sum + logprob - old, 0) / counted.length);
    const clip = Math.min(Math.max(s, 1 - low), 1 + high);
    for (const { weight, logprob, ref } of counted) {
      const d = ref - logprob;
      loss -= weight * (Math.min(s * advantage, clip * advantage) - beta * (Math.exp(d) - d - 1));
    }
  }
  return loss;
}

test('with the ratio of a sequence, value and gradient agree with GSPO’s equation and its finite differences', () => {
  const clip = { low: 0.2, high: 0.28 };
  fc.assert(
    fc.property(
      fc.array(anAnswer, { minLength: 1, maxLength: 3 }),
      fc.double({ min: 0, max: 0.5, noNaN: true }),
      (answers, beta) => {
        const { terms, logprobs } = termsOf(answers, { beta, clip, ratio: 'sequence' });
        const sums = lossSums(terms, logprobs);
        expect(sums.loss).toBeCloseTo(gspo(answers, beta, clip), 3);
        let at = 0;
        answers.forEach(({ tokens }, i) => {
          const counted = tokens.filter(({ weight }) => weight !== 0);
          const s = Math.exp(
            counted.reduce((sum, { logprob, old }) => sum + logprob - old, 0) / Math.max(1, counted.length),
          );
          tokens.forEach((token, k) => {
            const slope = sums.gradient[at++] ?? Number.NaN;
            if (Math.abs(s - 0.8) < 1e-3 || Math.abs(s - 1.28) < 1e-3) return;
            const moved = (by: number) => {
              const others = tokens.with(k, { ...token, logprob: token.logprob + by });
              return gspo(answers.with(i, { ...(answers[i] as AnAnswer), tokens: others }), beta, clip);
            };
            const expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            expect(Math.abs(slope - expected)).toBeLessThan(1e-3 * (1 + Math.abs(expected)));
          });
        });
      },
    ),
  );
});

test('of answers of one token, the ratio of a sequence is that of its token, in every bit', () => {
  const single = anAnswer.map(({ advantage, tokens }) => ({ advantage, tokens: tokens.slice(0, 1) }));
  fc.assert(
    fc.property(
      fc.array(single, { minLength: 1, maxLength: 6 }),
      fc.double({ min: 0, max: 0.5, noNaN: true }),
      (answers, beta) => {
        const { terms, logprobs } = termsOf(answers, { beta });
        fc.pre(!terms.weights.includes(0));
        expect(lossSums({ ...terms, ratio: 'sequence' }, logprobs)).toEqual(lossSums(terms, logprobs));
      },
    ),
  );
});

test('with the ratio of a sequence and the exact KL, the gradient by every logit is that of finite differences', () => {
  const logits = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 9, maxLength: 9 });
  fc.assert(
    fc.property(logits, logits, fc.double({ min: -2, max: 2, noNaN: true }), (x, q, advantage) => {
      // Two answers, of two tokens and of one, over three words.
      const [targets, answers, weights, old] = [
        [0, 2, 1],
        [0, 0, 1],
        [0.25, 0.25, 0.5],
        [-1, -1.2, -0.9],
      ];
      const terms = policy({
        weights: Float32Array.from(weights),
        advantages: Float32Array.of(advantage, advantage, -advantage),
        oldLogprobs: Float32Array.from(old),
        ...{ ratio: 'sequence', answers: Int32Array.from(answers), beta: 0.3 },
      });
      const rows = (of: readonly number[]) => [0, 1, 2].map((i) => logSoftmax(of.slice(3 * i, 3 * i + 3)));
      const ratiosOf = (p: readonly number[][]) => {
        const logRatio = (i: number) => (p[i]?.[targets[i] as number] as number) - Math.fround(old[i] as number);
        return [Math.exp((logRatio(0) + logRatio(1)) / 2), Math.exp(logRatio(2))];
      };
      const lossOf = (of: readonly number[]): number => {
        const [p, reference] = [rows(of), rows(q)];
        const ratios = ratiosOf(p);
        return answers.reduce((loss, answer, i) => {
          const [s, a] = [ratios[answer] as number, answer === 0 ? advantage : -advantage];
          const surrogate = Math.min(s * a, Math.max(0.8, Math.min(1.2, s)) * a);
          const kl = (p[i] ?? []).reduce((sum, lp, v) => sum + Math.exp(lp) * (lp - (reference[i]?.[v] as number)), 0);
          return loss + (weights[i] as number) * (0.3 * kl - surrogate);
        }, 0);
      };
      const rounded = [...Float32Array.from(x)];
      const sums = exactPolicySums(terms, Int32Array.from(targets), Float32Array.from(x), Float32Array.from(q));
      expect(sums.loss).toBeCloseTo(lossOf(rounded), 4);
      if (ratiosOf(rows(rounded)).some((s) => [0.8, 1.2].some((edge) => Math.abs(s - edge) < 1e-3))) return;
      rounded.forEach((value, k) => {
        const moved = (by: number): number => lossOf(rounded.with(k, value + by));
        expect(sums.gradient[k]).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 4);
      });
    }),
  );
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
