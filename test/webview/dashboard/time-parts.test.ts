import { expect, it } from 'vitest';
import { meanOf, timeParts } from '../../../webview/dashboard/time-parts.ts';
import { someMetrics } from '../../store/records.ts';

const { durations } = someMetrics(1);

it('adds up to the time of the step, with what nothing measured as the rest', () => {
  const parts = timeParts({ ...durations, total: 20 });
  expect(parts).toEqual({
    of: { decode: 1, sample: 2, score: 3, credit: 0, oldLogprobs: 0, update: 4, store: 5, other: 5 },
    whole: 20,
  });
  // Parts that overlap are more than the whole; nothing is less than none.
  expect(timeParts({ ...durations, total: 10 })).toMatchObject({ of: { other: 0 }, whole: 15 });
});

it('is on average part by part', () => {
  const mean = meanOf([timeParts({ ...durations, total: 15 }), timeParts({ ...durations, sample: 6, total: 25 })]);
  expect(mean).toMatchObject({ of: { decode: 1, sample: 4, other: 3 }, whole: 20 });
  expect(() => meanOf([])).toThrow(RangeError);
});
