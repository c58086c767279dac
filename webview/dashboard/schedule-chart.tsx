/**
 * The learning rate over all steps of a run: as it was made, as the present parameters would have it from here on, and as
 * what is typed would. It is drawn anew with every key.
 */

import { useMemo, useState } from 'preact/hooks';
import { learningRateAt, type Schedule } from '../../trainer/protocol/learning-rate.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { MetricColumns } from '../state/metric-columns.ts';
import { compact, grouped } from '../ui/numbers.ts';
import styles from './schedule-chart.module.css';
import { madeRates, ratesAhead, type StepRate } from './schedule-points.ts';

interface ScheduleChartProps {
  readonly metrics: MetricColumns;
  /** Updates done. */
  readonly step: number;
  /** With what waits for its safe point. */
  readonly present: Schedule;
  /** With what is typed; null where nothing of the schedule is. */
  readonly typed: Schedule | null;
}

/** Units of the drawing, which is stretched to its place. */
const [width, height] = [1000, 100];

export function ScheduleChart({ metrics, step, present, typed }: ScheduleChartProps) {
  const [at, setAt] = useState<number | null>(null);
  const last = Math.max(step, present.steps, typed?.steps ?? 0, 1);
  const made = useMemo(() => madeRates(metrics), [metrics]);
  const ahead = ratesAhead(present, step);
  const tried = typed ? ratesAhead(typed, step) : [];
  const top = Math.max(...[...made, ...ahead, ...tried].map(({ rate }) => rate)) || 1;
  const points = (rates: readonly StepRate[]) =>
    rates.map((point) => `${x(point.step).toFixed(1)},${(height - (height * point.rate) / top).toFixed(1)}`).join(' ');
  const x = (of: number) => (last === 1 ? width : (width * (of - 1)) / (last - 1));
  const rateAt = (of: number, by: Schedule) => (of > by.steps ? null : learningRateAt(of, by));
  const shown = at ?? Math.min(step + 1, last);
  const wasMade = shown <= step;
  const present_ = wasMade ? (made.findLast((point) => point.step <= shown)?.rate ?? null) : rateAt(shown, present);
  const words = [
    `step ${grouped(shown)}: ${compact(present_)}${wasMade ? ', as it was' : ''}`,
    ...(typed && !wasMade ? [`as typed ${compact(rateAt(shown, typed))}`] : []),
  ].join(', ');
  return (
    <figure class={styles.chart} data-part="schedule">
      <figcaption>
        <FormulaLabel name="learningRate" pointerOnly>
          Learning rate
        </FormulaLabel>
        <FormulaLabel name="learningRate" pointerOnly class="dim">
          {words}
        </FormulaLabel>
      </figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={spoken(made, present, typed, step)}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
          setAt(1 + Math.round(share * (last - 1)));
        }}
        onPointerLeave={() => setAt(null)}
      >
        {step > 0 && step < last && <line class={styles.here} x1={x(step)} x2={x(step)} y1={0} y2={height} />}
        <polyline class={styles.ahead} points={points(ahead)} data-line="ahead" />
        {typed && <polyline class={styles.typed} points={points(tried)} data-line="typed" />}
        <polyline class={styles.made} points={points(made)} data-line="made" />
      </svg>
      <div class={styles.ends}>
        <FormulaLabel name="learningRate" pointerOnly>
          1
        </FormulaLabel>
        <FormulaLabel name="learningRate" pointerOnly>
          top {compact(top)}
        </FormulaLabel>
        <span class={styles.keys}>
          <i class={styles.madeKey} /> made <i class={styles.aheadKey} /> ahead
          {typed && (
            <>
              {' '}
              <i class={styles.typedKey} /> as typed
            </>
          )}
        </span>
        <FormulaLabel name="learningRate" pointerOnly>
          {grouped(last)}
        </FormulaLabel>
      </div>
    </figure>
  );
}

function spoken(made: readonly StepRate[], present: Schedule, typed: Schedule | null, step: number): string {
  const by = (of: Schedule) =>
    of.steps > step
      ? `${compact(learningRateAt(step + 1, of))} at step ${step + 1}, ${compact(learningRateAt(of.steps, of))} at step ${of.steps}`
      : 'no step is left';
  const newest = made.at(-1);
  return [
    ...(newest ? [`Learning rate ${compact(newest.rate)} at step ${newest.step}`] : []),
    `ahead ${by(present)}`,
    ...(typed ? [`as typed ${by(typed)}`] : []),
  ].join('; ');
}
