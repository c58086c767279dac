/**
 * Shares over steps with their intervals: a chart as the others, with their hairline, zoom and keys. Strong lines are pooled
 * over as many steps as curves are smoothed over; the band around each is its 95 % interval (Wilson).
 */
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { CountName, StepCounts } from '../../trainer/protocol/step-counts.ts';
import type { FormulaName } from '../formulas/formulas.ts';
import { fixed } from '../ui/numbers.ts';
import { useStore } from '../ui/store.ts';
import { Chart } from './chart.tsx';
import type { ChartGroup } from './chart-group.ts';
import type { Curve } from './curve.ts';
import type { Drawn } from './drawn-runs.ts';
import { rateOf } from './rates.ts';

export interface RateSeries {
  readonly name: string;
  readonly count: CountName;
  /** Where it is another than the chart's. */
  readonly formula?: FormulaName;
  readonly colour: Curve['colour'];
  /** Lengths of dash and gap; each series of a chart has its own, since colour alone tells nothing. */
  readonly dash?: readonly number[];
  /** Before the name in the header. */
  readonly mark?: ComponentChildren;
}

interface RateChartProps {
  readonly group: ChartGroup;
  readonly title: string;
  readonly formula: FormulaName;
  /** Of one purpose; undefined where nothing was counted. */
  readonly counts: StepCounts | undefined;
  /** With the points of the other charts. */
  readonly drawn: Drawn;
  readonly series: readonly RateSeries[];
  readonly lines?: readonly number[];
}

export function RateChart({ group, title, formula, counts, drawn, series, lines }: RateChartProps) {
  const { steps, size } = drawn;
  const smoothing = useStore(group.smoothing, (held) => held);
  const curves = useMemo(
    () =>
      series.map(({ name, count, formula: own, colour, dash, mark }): Curve => {
        const { raw, pooled, low, high, counts: found } = rateOf(counts, count, { steps, size }, smoothing);
        return {
          name,
          formula: own ?? formula,
          colour,
          values: raw,
          strong: pooled,
          interval: { low, high },
          ...(dash && { dash }),
          mark,
          words: (step) => {
            if (step !== null) return found[step] ? found[step].join(' of ') : '–';
            const last = pooled.findLastIndex((value) => value !== null);
            if (last < 0) return '–';
            return `${fixed(pooled[last] ?? null, 2)} (${fixed(low[last] ?? null, 2)}–${fixed(high[last] ?? null, 2)})`;
          },
        };
      }),
    [counts, steps, size, series, formula, smoothing],
  );
  return (
    <Chart {...{ group, title, steps, curves }} pointSize={size} {...(lines && { lines })} size="middle" fromZero />
  );
}
