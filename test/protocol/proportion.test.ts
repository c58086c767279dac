import fc from 'fast-check';
import { expect, test } from 'vitest';
import { proportion } from '../../trainer/protocol/proportion.ts';

// statsmodels 0.14: proportion_confint(count, total, method='wilson').
test.each([
  [0, 10, 0, 0.2775328],
  [1, 10, 0.0178762, 0.40415],
  [5, 10, 0.2365931, 0.7634069],
  [8, 10, 0.4901625, 0.9433178],
  [50, 100, 0.4038315, 0.5961685],
])('%i of %i lies between %f and %f', (count, total, low, high) => {
  const found = proportion(count, total);
  expect(found?.share).toBe(count / total);
  expect(found?.low).toBeCloseTo(low, 6);
  expect(found?.high).toBeCloseTo(high, 6);
});

test('the interval holds the share, lies in 0 to 1, and is not there for nothing', () => {
  expect(proportion(0, 0)).toBeNull();
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat(), (total, drawn) => {
      const count = drawn % (total + 1);
      const { share, low, high } = proportion(count, total) ?? { share: 0, low: 1, high: 0 };
      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(1);
      expect(low).toBeLessThanOrEqual(share);
      expect(high).toBeGreaterThanOrEqual(share);
    }),
  );
});
