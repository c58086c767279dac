/** Tokens are drawn in proportion to their weights, from the nucleus alone, and from equal seeds equally. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawToken, likeliest } from '../../../../trainer/engines/tfjs/model/drawing.ts';
import { hashSeed, uniform } from '../../../../trainer/engines/tfjs/model/random.ts';

const share = (weights: Float32Array, topP: number, draws = 20_000): number[] => {
  const counts = Array.from(weights, () => 0);
  for (let i = 0; i < draws; i++) {
    const token = drawToken(weights, 0, weights.length, topP, uniform(7, i));
    counts[token] = (counts[token] ?? 0) + 1;
  }
  return counts.map((count) => count / draws);
};

test('with top-p 1 the shares are those of the weights', () => {
  const [a, b, c, d] = share(Float32Array.of(1, 0, 3, 4), 1) as [number, number, number, number];
  expect(a).toBeCloseTo(1 / 8, 1);
  expect(b).toBe(0);
  expect(c).toBeCloseTo(3 / 8, 1);
  expect(d).toBeCloseTo(4 / 8, 1);
});

test('with top-p 0.8, of weights 1 : 2 : 3 : 4 the last three are drawn, in proportion', () => {
  const [a, b, c, d] = share(Float32Array.of(1, 2, 3, 4), 0.8) as [number, number, number, number];
  expect(a).toBe(0);
  expect(b).toBeCloseTo(2 / 9, 1);
  expect(c).toBeCloseTo(3 / 9, 1);
  expect(d).toBeCloseTo(4 / 9, 1);
});

test('a tiny top-p leaves the likeliest token, of equals the first', () => {
  expect(share(Float32Array.of(2, 5, 5, 1), 1e-6)).toEqual([0, 1, 0, 0]);
});

test('the nucleus is the smallest set of likeliest tokens that sums to top-p, however the weights lie', () => {
  fc.assert(
    fc.property(
      fc
        .array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 40 })
        .filter((weights) => weights.some((w) => w > 0)),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.double({ min: 0, max: 0.999999, noNaN: true }),
      (weights, topP, u) => {
        const total = weights.reduce((a, b) => a + b, 0);
        const sorted = weights
          .map((weight, token) => ({ weight, token }))
          .sort((a, b) => b.weight - a.weight || a.token - b.token);
        let sum = 0;
        const nucleus = sorted.filter(({ weight }) => {
          const taken = sum < topP * total;
          sum += taken ? weight : 0;
          return taken;
        });
        expect(nucleus.map(({ token }) => token)).toContain(
          drawToken(Float32Array.from(weights), 0, weights.length, topP, u),
        );
      },
    ),
  );
});

test('the likeliest allowed logit is taken at temperature 0', () => {
  const logits = Float32Array.of(9, 9, 9, 1, 5, 5, 8);
  expect(likeliest(logits, 3, Float32Array.of(1, 1, 1, 0))).toBe(1);
});

test('random numbers are a function of seed and place, spread over [0, 1), and differ between seeds', () => {
  const draw = (seed: number): number[] => Array.from({ length: 5000 }, (_, i) => uniform(seed, i));
  expect(draw(3)).toEqual(draw(3));
  const numbers = draw(3);
  expect(numbers.every((x) => x >= 0 && x < 1)).toBe(true);
  expect(numbers.reduce((a, b) => a + b, 0) / numbers.length).toBeCloseTo(0.5, 1);
  const tenths = numbers.reduce(
    (counts, x) => counts.with(Math.floor(10 * x), (counts[Math.floor(10 * x)] ?? 0) + 1),
    Array.from({ length: 10 }, () => 0),
  );
  for (const count of tenths) expect(Math.abs(count - 500)).toBeLessThan(100);
  const neighbours = draw(4).filter((x, i) => Math.abs(x - (numbers[i] ?? 0)) < 0.01).length;
  expect(neighbours).toBeLessThan(200);
  expect(hashSeed(1, 'a')).not.toBe(hashSeed(1, 'b'));
});

test('of weights that are all equal, the first tokens fill the nucleus', () => {
  expect(share(Float32Array.of(1, 1, 1, 1), 0.5).map((part) => Math.round(10 * part))).toEqual([5, 5, 0, 0]);
});
