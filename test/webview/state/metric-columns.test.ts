/** Columns stay within their bounds however many steps come, and the least and the most of them stay in. */
import { describe, expect, it } from 'vitest';
import { ownPoints } from '../../../trainer/protocol/curves.ts';
import { askedPoints, fromAnswer, noMetrics, rewoundTo, withSteps } from '../../../webview/state/metric-columns.ts';
import { someMetrics } from '../../store/records.ts';
import { curvesOf } from './curves-answer.ts';

const step = (number: number, loss: number | null) => someMetrics(number, { loss });
const most = 2 * askedPoints * ownPoints;

/** Two points of four steps each, as a trainer answers. */
const byFour = fromAnswer(
  curvesOf([], {
    ...{ size: 4, steps: [0, 4], total: 6, firstStep: 1, lastStep: 6 },
    columns: { loss: { mean: [2, 5], low: [1, 5], high: [3, 5], count: [3, 2] } },
  }),
);

describe('of points of several steps', () => {
  it('takes a step into its point, or a new one, once', () => {
    const more = withSteps(byFour, [step(7, 11), step(8, null), step(9, 2)]);
    expect([more.steps, more.total, more.lastStep]).toEqual([[0, 4, 8], 9, 9]);
    // (5 * 2 + 11) / 3.
    expect(more.columns.loss).toEqual({ mean: [2, 7, 2], low: [1, 5, 2], high: [3, 11, 2], count: [3, 3, 1] });
    expect(withSteps(more, [step(7, 100), step(9, 100)]).columns).toEqual(more.columns);
    expect(byFour.columns.loss.mean).toEqual([2, 5]);
  });

  it('has a gap for a curve that the trainer does not know', () => {
    expect(byFour.columns.memory).toMatchObject({ mean: [null, null] });
  });

  it('drops the points that reach beyond the step that a run went back to', () => {
    expect(rewoundTo(byFour, 5)).toMatchObject({ steps: [0], lastStep: 3 });
    expect(rewoundTo(byFour, 0)).toMatchObject({ steps: [], firstStep: null, lastStep: null });
  });
});

it('puts steps together when there are very many, and keeps the least and the most of them', () => {
  const records = Array.from({ length: most }, (_, at) => step(at + 1, at === 4321 ? 50 : at === 17 ? -50 : 1));
  const own = withSteps(noMetrics, records);
  expect([own.size, own.steps.length]).toEqual([1, most]);
  const { size, steps, columns, total, firstStep, lastStep } = withSteps(own, [step(most + 1, 2)]);
  expect([total, firstStep, lastStep]).toEqual([most + 1, 1, most + 1]);
  expect(size).toBeGreaterThan(1);
  expect(steps.length).toBeLessThanOrEqual(2 * askedPoints);
  const { low, high, count } = columns.loss;
  expect([Math.min(...low.map(Number)), Math.max(...high.map(Number))]).toEqual([-50, 50]);
  expect(count?.reduce((sum, one) => sum + one, 0)).toBe(most + 1);
});
