/**
 * What is counted of groups and answers, as shares over steps: why groups are flat, whether the temporal reward is felt, and
 * whether what people flagged comes back.
 */
import { useMemo } from 'preact/hooks';
import { counters, sumsOf } from '../../trainer/protocol/step-counts.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { RunView } from '../state/run-view.ts';
import { Section } from '../ui/heads.tsx';
import { TickOrCross } from '../ui/icons.tsx';
import type { ChartGroup } from './chart-group.ts';
import type { Drawn } from './drawn-runs.ts';
import { RateChart, type RateSeries } from './rate-chart.tsx';
import styles from './rates-section.module.css';

/** The name beside it says the same. */
const tickOrCross = (tick: boolean) => (
  <span aria-hidden="true">
    <TickOrCross tick={tick} label="" />
  </span>
);

const flatReasons: readonly RateSeries[] = [
  { name: 'all right', count: 'flatAllRight', colour: 'right', mark: tickOrCross(true) },
  {
    name: 'all wrong',
    count: 'flatAllWrong',
    colour: 'wrong',
    dash: [6, 3],
    mark: tickOrCross(false),
  },
  { name: 'alike otherwise', count: 'flatAlike', colour: 'foreground', dash: [2, 3], mark: '=' },
];

const flagged: readonly RateSeries[] = [{ name: 'flagged words', count: 'flagged', colour: 'wrong' }];

const temporal: readonly RateSeries[] = [
  { name: 'answers paid', count: 'paid', colour: 'temporal', dash: [6, 3], mark: '- -' },
  { name: 'answers felt', count: 'felt', colour: 'foreground', mark: '—' },
  {
    ...{ name: 'right without order', count: 'rightWithoutOrder', formula: 'rightWithoutOrder' },
    ...{ colour: 'wrong', dash: [2, 3], mark: '···' },
  },
];

/**
 * Charts of one purpose each; one is left out where there is nothing that its counts are of, and one that is `ifAny` also where
 * they are all 0.
 */
const charts = [
  {
    title: 'Flat groups, by reason',
    formula: 'flatReasons',
    purpose: 'train',
    series: flatReasons,
    ifAny: false,
    said: null,
  },
  {
    title: 'Temporal reward, paid and felt',
    formula: 'paidAndFelt',
    purpose: 'train',
    series: temporal,
    ifAny: false,
    said: 'Of the answers that were trained on, in groups where order could be paid; right without order: of the right ones whose credit was measured. Where a group paid all of them or none, its mean moved with them and none is felt.',
  },
  {
    title: 'Flagged words that came back',
    formula: 'flaggedBack',
    purpose: 'train',
    series: flagged,
    ifAny: true,
    said: null,
  },
] as const;

export function RatesSection({ view, group, drawn }: { view: RunView; group: ChartGroup; drawn: Drawn }) {
  const { counts, counted } = view.counted;
  const shown = useMemo(
    () =>
      charts.flatMap((chart) => {
        const own = counts.find(({ purpose }) => purpose === chart.purpose);
        if (!own || own.steps.length === 0) return [];
        const hasAny = chart.series.some(({ count }) =>
          sumsOf(own, chart.ifAny ? count : counters[count].of).some((sum) => sum > 0),
        );
        // Of a series that is of nothing here, as without credit, there is no line either.
        const series = chart.series.filter(({ count }) => sumsOf(own, counters[count].of).some((sum) => sum > 0));
        return hasAny ? [{ ...chart, counts: own, series }] : [];
      }),
    [counts],
  );
  if (shown.length === 0 && counted === 1) return null;
  return (
    <section aria-label="Shares by step" data-part="rates">
      <Section title="Shares by step" meta={<FormulaLabel name="rate">with their 95 % intervals</FormulaLabel>} />
      {counted < 1 && (
        <p class={`${styles.counting} dim`} role="status">
          Groups of this older run are counted anew: {Math.floor(counted * 100)} % are in, the newest first.
          <progress value={counted} max={1} />
        </p>
      )}
      <div class={styles.charts}>
        {shown.map(({ title, formula, counts: own, series, said }) => (
          <div key={title} class={styles.chart}>
            <RateChart {...{ title, formula, series, drawn, group }} counts={own} />
            {said && <p class="dim">{said}</p>}
          </div>
        ))}
      </div>
    </section>
  );
}
