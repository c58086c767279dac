/** The drawn schedule: what was made, and what the parameters say of the rest, in a bounded number of points. */
import { describe, expect, it } from 'vitest';
import { madeRates, mostPoints, ratesAhead } from '../../../webview/dashboard/schedule-points.ts';
import { noMetrics } from '../../../webview/state/metric-columns.ts';

const linear = { learningRate: 1, schedule: 'linear', scheduleFloor: 0, warmupSteps: 0, steps: 10 } as const;

describe('a schedule ahead', () => {
  it('begins after the step that is done and ends at the last', () => {
    expect(ratesAhead(linear, 7).map(({ step, rate }) => [step, Number(rate.toFixed(12))])).toEqual([
      [8, 0.2],
      [9, 0.1],
      [10, 0],
    ]);
    expect(ratesAhead(linear, 10)).toEqual([]);
  });

  it('has its first and last step among a bounded number of points, however long it is', () => {
    const points = ratesAhead({ ...linear, steps: 1_000_000 }, 3);
    expect(points).toHaveLength(mostPoints);
    expect([points[0]?.step, points.at(-1)?.step]).toEqual([4, 1_000_000]);
  });
});

describe('rates that were made', () => {
  it('are those of the steps, gaps left out', () => {
    const steps = [1, 2, 4];
    const columns = {
      ...noMetrics.columns,
      learningRate: { ...noMetrics.columns.learningRate, mean: [0.1, null, 0.3] },
    };
    expect(madeRates({ steps, columns })).toEqual([
      { step: 1, rate: 0.1 },
      { step: 4, rate: 0.3 },
    ]);
  });
});
