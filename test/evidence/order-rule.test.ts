/** An answer uses order where its worth is at least half a nat and twice the standard error over the shuffles. */
import { expect, test } from 'vitest';
import { orderFloor, orderWorth } from '../../trainer/evidence/order-rule.ts';

test('the mean over shuffles with its standard error, worked out by hand', () => {
  // Deviations −3, −1, 1, 3: variance 20 / 3, over 4 shuffles.
  const { worth, error, uses } = orderWorth([4, 6, 8, 10]);
  expect(worth).toBe(7);
  expect(error).toBeCloseTo(Math.sqrt(20 / 3 / 4), 12);
  expect(uses).toBe(true);
});

test('what is worth less than the floor, or less than twice its error, does not count', () => {
  expect(orderFloor).toBe(0.5);
  expect(orderWorth([0.5, 0.5]).uses).toBe(true);
  expect(orderWorth([0.49, 0.49]).uses).toBe(false);
  // Mean 3, standard error √(2 · 9 / 1 / 2) = 3.
  expect(orderWorth([0, 6])).toMatchObject({ worth: 3, error: 3, uses: false });
  expect(orderWorth([-5, -5]).uses).toBe(false);
});

test('a single shuffle has no error and no verdict', () => {
  expect(orderWorth([9])).toEqual({ worth: 9, error: null, uses: null });
});
