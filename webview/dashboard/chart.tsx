/**
 * A curve by step: faint raw values under a strong smoothed line. All charts of a page share one hairline, one zoom and one
 * smoothing; numbers are written in the header, so that nothing covers the data.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { FormulaLabel } from '../formulas/formula.tsx';
import { compact } from '../ui/numbers.ts';
import { useStore } from '../ui/store.ts';
import { themeTurn } from '../ui/theme.ts';
import styles from './chart.module.css';
import { lastShown, shownSteps } from './chart-group.ts';
import { heights, type Plotted, plotData, plotOptions, plotShape } from './chart-plot.ts';
import { drawnExtent } from './chart-scales.ts';
import { headerValue, pointWords, strongOf, type Values } from './curve.ts';
import { RunMark } from './run-marks.tsx';

export interface ChartProps extends Plotted {
  readonly title: string;
  /** Steps that a point stands for; 1 unless it is said. */
  readonly pointSize?: number;
  /** After the values in the header: "band 320–512". */
  readonly note?: string;
}

export function Chart(props: ChartProps) {
  const { size = 'large', group, pointSize = 1 } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  /* What the arrow keys have come to, to be read out. */
  const [read, setRead] = useState('');
  const smoothing = useStore(group.smoothing, (held) => held);
  const strong = useMemo(() => props.curves.map((curve) => strongOf(curve, smoothing)), [props.curves, smoothing]);
  const data = useMemo(() => plotData(props.steps, props.curves, strong), [props.steps, props.curves, strong]);
  const shape = plotShape(props.curves);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const made = new uPlot(plotOptions(latest, element.clientWidth), data, element);
    plot.current = made;
    const watch = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height: heights[size] });
    });
    watch.observe(element);
    const stops = [
      themeTurn.watch(() => made.redraw(false)),
      /* The pointer's place is shared by uPlot itself, one that keys chose is not. */
      group.hover.watch(() => {
        const at = group.hover.get();
        const step = at === null ? undefined : latest.current.steps[at];
        if (step !== undefined && made.cursor.idx !== at)
          made.setCursor({ left: made.valToPos(step, 'x'), top: 0 }, false);
      }),
      group.zoom.watch(() => {
        const [min, max] = shownSteps(latest.current.steps, group.zoom.get());
        made.setScale('x', { min, max });
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, size]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);
  useEffect(() => {
    plot.current?.redraw(false);
  }, [props.lines, props.band, props.now]);

  const valuesAt = (at: number | null) =>
    props.curves
      .map((curve, index) => {
        const of = curve.ofRun ? `${curve.ofRun.id} ` : '';
        const last = lastShown(props.steps, group.zoom.get());
        return `${of}${curve.name} ${headerValue(curve, strong[index] ?? [], at, last)}`;
      })
      .join(', ');
  const readOut = (event: KeyboardEvent) => {
    const at = moveHairline(event, plot.current, latest.current);
    if (at !== null) setRead(`${pointWords(props.steps[at] ?? 0, pointSize)}: ${valuesAt(at)}`);
  };
  return (
    <figure class={`${styles.chart} ${size === 'small' ? styles.small : ''}`} data-chart={props.title}>
      <ChartHeader {...props} strong={strong} />
      <div
        ref={box}
        class={styles.plot}
        /* Before the curve is drawn too, so that nothing moves when it is. */
        style={{ height: `${heights[size]}px` }}
        role="img"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the hairline
        tabIndex={0}
        aria-label={`${props.title} up to step ${props.steps.at(-1) ?? 0}: ${valuesAt(null)}. Arrow keys read out step by step.`}
        onKeyDown={readOut}
      />
      <span class="sr-only" role="status">
        {read}
      </span>
      {size === 'small' && (
        <div class={styles.extent}>
          <Extent {...props} strong={strong} />
        </div>
      )}
    </figure>
  );
}

type HeaderProps = ChartProps & { readonly strong: readonly Values[] };

function ChartHeader(props: HeaderProps) {
  const { steps, curves, strong, pointSize = 1 } = props;
  const hover = useStore(props.group.hover, (index) => index);
  const zoom = useStore(props.group.zoom, (held) => held);
  const step = hover === null ? undefined : steps[hover];
  const [first] = curves;
  if (!first) return null;
  const last = lastShown(steps, zoom);
  const shown = curves.map((curve, index) => ({
    curve,
    value: headerValue(curve, strong[index] ?? [], step === undefined ? null : hover, last),
  }));
  const values = (of: readonly (typeof shown)[number][]) =>
    of.map(({ curve, value }) => (
      <b key={curve.ofRun?.id ?? ''}>
        {curve.ofRun && (
          <>
            <RunMark place={curve.ofRun.place} />{' '}
          </>
        )}
        {value}
      </b>
    ));
  if (props.size === 'small') {
    return (
      <header>
        <b>
          <FormulaLabel name={first.formula}>{props.title}</FormulaLabel>
        </b>
        <FormulaLabel name={first.formula} pointerOnly class={styles.ofRuns}>
          {values(shown)}
        </FormulaLabel>
      </header>
    );
  }
  return (
    <>
      <header>
        <b>
          <FormulaLabel name={first.formula} pointerOnly>
            {props.title}
          </FormulaLabel>
        </b>
        <span class={styles.ends}>{step === undefined ? <Extent {...props} /> : pointWords(step, pointSize)}</span>
      </header>
      <p class={styles.values}>
        {/* Those of all runs stand together. */}
        {[...Map.groupBy(shown, ({ curve }) => curve.name)].map(([name, of]) => (
          <FormulaLabel key={name} name={of[0]?.curve.formula ?? first.formula}>
            {of[0]?.curve.mark} {name} <span class={styles.ofRuns}>{values(of)}</span>
          </FormulaLabel>
        ))}
        {props.note && <span>{props.note}</span>}
      </p>
    </>
  );
}

/** The least and the most that is drawn, of the steps that are. */
function Extent({ group, size, steps, curves, strong }: HeaderProps) {
  const zoom = useStore(group.zoom, (held) => held);
  const columns = [
    ...curves.flatMap(({ values, extent }) => (extent ? [extent.low, extent.high] : [values])),
    ...strong,
  ];
  const extent = drawnExtent(steps, shownSteps(steps, zoom), columns);
  if (extent === null) return null;
  const [low, high] = [compact(extent.low), compact(extent.high)];
  if (size !== 'small')
    return (
      <FormulaLabel name="drawnCurve" pointerOnly>
        {low} to {high}
      </FormulaLabel>
    );
  return (
    <>
      <FormulaLabel name="drawnCurve" pointerOnly>
        min {low}
      </FormulaLabel>
      <FormulaLabel name="drawnCurve" pointerOnly>
        max {high}
      </FormulaLabel>
    </>
  );
}

/** Moves the hairline to the next point of those that are drawn, or to the first or last of them. @returns its index */
function moveHairline(event: KeyboardEvent, plot: uPlot | null, { group, steps }: ChartProps): number | null {
  if (!plot || !['ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(event.key)) return null;
  event.preventDefault();
  event.stopPropagation();
  const [from, to] = shownSteps(steps, group.zoom.get());
  const first = steps.findIndex((step) => step >= from);
  const last = steps.findLastIndex((step) => step <= to);
  if (first < 0 || last < first) return null;
  const held = group.hover.get();
  const next = {
    ArrowLeft: (held ?? last + 1) - 1,
    ArrowRight: (held ?? first - 1) + 1,
    Home: first,
    End: last,
  }[event.key] as number;
  const at = Math.min(last, Math.max(first, next));
  plot.setCursor({ left: plot.valToPos(steps[at] ?? 0, 'x'), top: 0 });
  group.hover.set(at);
  return at;
}
