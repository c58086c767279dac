/**
 * A curve by step: faint raw values under a strong smoothed line. All charts of a page share one hairline and one zoom;
 * numbers are written in the header, so that nothing covers the data.
 */
import { useEffect, useMemo, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { FormulaName } from '../formulas/formulas.ts';
import { OrderMark } from '../ui/icons.tsx';
import { compact } from '../ui/numbers.ts';
import { Store, useStore } from '../ui/store.ts';
import { type CanvasColours, canvasColours, themeTurn } from '../ui/theme.ts';
import styles from './chart.module.css';
import { trailingMean } from './smoothing.ts';

export const smoothedOver = 10;

export interface Curve {
  readonly name: string;
  readonly formula: FormulaName;
  readonly values: readonly (number | null)[];
  readonly colour: keyof CanvasColours;
  readonly dashed?: boolean;
  /** False draws the values alone, as for a learning rate. */
  readonly smoothed?: boolean;
  /** The mark in the header; plain curves have none. */
  readonly mark?: 'ordered' | 'shuffled';
}

/** What the charts of a page share. */
export class ChartGroup {
  /** Index of the step under the pointer. */
  readonly hover = new Store<number | null>(null);
  /** First and last step that are drawn; null draws all. */
  readonly zoom = new Store<readonly [number, number] | null>(null);
  private static made = 0;
  readonly syncKey: string;

  constructor() {
    ChartGroup.made += 1;
    this.syncKey = `charts-${ChartGroup.made}`;
  }

  /** Makes the range `factor` times as long around its middle, inside what there is. */
  scaleBy(factor: number, first: number, last: number): void {
    const [from, to] = this.zoom.get() ?? [first, last];
    const middle = (from + to) / 2;
    const half = Math.max(1, ((to - from) / 2) * factor);
    const next: [number, number] = [Math.max(first, middle - half), Math.min(last, middle + half)];
    this.zoom.set(next[0] <= first && next[1] >= last ? null : next);
  }
}

export interface ChartProps {
  readonly group: ChartGroup;
  readonly title: string;
  /** After the values in the header: "band 320–512". */
  readonly note?: string;
  readonly steps: readonly number[];
  readonly curves: readonly Curve[];
  readonly small?: boolean;
  /** Fixed ends of the vertical scale. */
  readonly range?: readonly [number, number];
  /** A band that is filled from one value to another. */
  readonly band?: readonly [number, number];
  /** Steps at which a vertical line is drawn. */
  readonly lines?: readonly number[];
}

/** The steps that a chart draws, for what is put under it. */
export function shownSteps(
  steps: readonly number[],
  zoom: readonly [number, number] | null,
): readonly [number, number] {
  const [from, to] = zoom ?? [steps[0] ?? 0, steps.at(-1) ?? 1];
  return to > from ? [from, to] : [from - 0.5, from + 0.5];
}

/** Width that the vertical axis takes, in CSS pixels; marks under a chart begin there. */
export const axisWidth = 34;
/** Room at the right of the last step, in CSS pixels, for half of its label. */
export const rightRoom = 10;
const smallHeight = 56;
const height = 214;

export function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const smoothed = useMemo(
    () =>
      props.curves.map((curve) => (curve.smoothed === false ? curve.values : trailingMean(curve.values, smoothedOver))),
    [props.curves],
  );
  const data = useMemo(
    () => [props.steps, ...props.curves.map((curve) => curve.values), ...smoothed] as unknown as uPlot.AlignedData,
    [props.steps, props.curves, smoothed],
  );
  const shape = props.curves.map((curve) => `${curve.colour}${curve.dashed}${curve.smoothed}`).join();

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const made = new uPlot(plotOptions(latest, element.clientWidth), data, element);
    plot.current = made;
    const watch = new ResizeObserver(() => {
      if (element.clientWidth > 0)
        made.setSize({ width: element.clientWidth, height: props.small ? smallHeight : height });
    });
    watch.observe(element);
    const { group } = latest.current;
    const stops = [
      themeTurn.watch(() => made.redraw(false)),
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
  }, [shape, props.small]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);
  useEffect(() => {
    plot.current?.redraw(false);
  }, [props.lines, props.band]);

  const lastStep = props.steps.at(-1);
  const summary = props.curves
    .map((curve, index) => `${curve.name} ${compact(smoothed[index]?.findLast((value) => value !== null) ?? null)}`)
    .join(', ');
  return (
    <figure class={`${styles.chart} ${props.small ? styles.small : ''}`}>
      <ChartHeader {...props} smoothed={smoothed} />
      <div
        ref={box}
        class={styles.plot}
        /* Before the curve is drawn too, so that nothing moves when it is. */
        style={{ height: `${props.small ? smallHeight : height}px` }}
        role="img"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the hairline
        tabIndex={0}
        aria-label={`${props.title} up to step ${lastStep ?? 0}: ${summary}. Arrow keys read out step by step.`}
        onKeyDown={(event) => moveHairline(event, plot.current, latest.current)}
      />
      {props.small && <Extent values={props.curves.flatMap((curve) => curve.values)} />}
    </figure>
  );
}

function ChartHeader(props: ChartProps & { smoothed: readonly (readonly (number | null)[])[] }) {
  const hover = useStore(props.group.hover, (index) => index);
  const step = hover === null ? undefined : props.steps[hover];
  const first = props.curves[0];
  if (!first) return null;
  const shownValue = (index: number) => {
    const values = props.smoothed[index] ?? [];
    const at = hover === null ? undefined : props.curves[index]?.values[hover];
    return compact(hover === null ? (values.findLast((value) => value !== null) ?? null) : (at ?? null));
  };
  if (props.small) {
    return (
      <header>
        <b>
          <FormulaLabel name={first.formula}>{props.title}</FormulaLabel>
        </b>
        <FormulaLabel name={first.formula} pointerOnly>
          {shownValue(0)}
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
        {step !== undefined && <span class="dim">step {step}</span>}
      </header>
      <p class={styles.values}>
        {props.curves.map((curve, index) => (
          <FormulaLabel key={curve.name} name={curve.formula}>
            {curve.mark && <OrderMark order={curve.mark} />} {curve.name} <b>{shownValue(index)}</b>
          </FormulaLabel>
        ))}
        {props.note && <span>{props.note}</span>}
      </p>
    </>
  );
}

function Extent({ values }: { values: readonly (number | null)[] }) {
  const numbers = values.filter((value) => value !== null);
  const low = numbers.reduce((least, value) => Math.min(least, value), Infinity);
  const high = numbers.reduce((most, value) => Math.max(most, value), -Infinity);
  if (numbers.length === 0) return null;
  return (
    <div class={styles.extent}>
      <FormulaLabel name="drawnCurve" pointerOnly>
        min {compact(low)}
      </FormulaLabel>
      <FormulaLabel name="drawnCurve" pointerOnly>
        max {compact(high)}
      </FormulaLabel>
    </div>
  );
}

function moveHairline(event: KeyboardEvent, plot: uPlot | null, { group, steps }: ChartProps): void {
  if (!plot || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) return;
  event.preventDefault();
  event.stopPropagation();
  const at = group.hover.get() ?? (event.key === 'ArrowLeft' ? steps.length : -1);
  const next = Math.min(steps.length - 1, Math.max(0, at + (event.key === 'ArrowLeft' ? -1 : 1)));
  plot.setCursor({ left: plot.valToPos(steps[next] ?? 0, 'x'), top: 0 });
}

function plotOptions(latest: { readonly current: ChartProps }, width: number): uPlot.Options {
  const { small, curves, group, range } = latest.current;
  const colour = (name: keyof CanvasColours) => () => canvasColours()[name];
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const line = (curve: Curve): uPlot.Series => ({
    stroke: colour(curve.colour),
    width: 1.75,
    spanGaps: true,
    points: { show: (plot, series, from, to) => countValues(plot.data[series] ?? [], from, to) <= 12, size: 5 },
    ...(curve.dashed ? { dash: [5, 3] } : {}),
  });
  const raw = (curve: Curve): uPlot.Series => ({
    stroke: colour(curve.colour),
    width: curve.smoothed === false ? 0 : 1,
    alpha: 0.26,
    spanGaps: true,
    points: { show: false },
  });
  return {
    width: Math.max(40, width),
    height: small ? smallHeight : height,
    legend: { show: false },
    padding: small ? [4, 2, 4, 2] : [8, rightRoom, 0, 0],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      sync: { key: group.syncKey },
      bind: {
        dblclick: () => () => {
          group.zoom.set(null);
          return null;
        },
      },
    },
    scales: {
      x: { time: false, range: () => [...shownSteps(latest.current.steps, group.zoom.get())] as uPlot.Range.MinMax },
      y: { range: range ? [...range] : (_, low, high) => paddedRange(low, high) },
    },
    axes: [
      {
        show: !small,
        stroke: colour('dim'),
        grid: { show: false },
        ticks: { show: false },
        size: 20,
        gap: 4,
        font,
        space: 46,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000],
      },
      {
        show: !small,
        stroke: colour('dim'),
        grid: { stroke: colour('line'), width: 1 },
        ticks: { show: false },
        size: axisWidth,
        gap: 5,
        font,
        space: 34,
        values: (_, splits) => splits.map((value) => tick(value)),
      },
    ],
    series: [{}, ...curves.map(raw), ...curves.map(line)],
    hooks: {
      drawClear: [(plot) => drawBackground(plot, latest.current)],
      setCursor: [(plot) => group.hover.set(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return;
          const from = plot.posToVal(plot.select.left, 'x');
          const to = plot.posToVal(plot.select.left + plot.select.width, 'x');
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          group.zoom.set([from, to]);
        },
      ],
    },
  };
}

function countValues(values: ArrayLike<number | null | undefined>, from: number, to: number): number {
  let found = 0;
  for (let index = from; index <= to; index += 1) if ((values[index] ?? null) !== null) found += 1;
  return found;
}

function paddedRange(low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null) return [0, 1];
  const spread = high - low;
  const pad = spread > 0 ? spread * 0.06 : Math.abs(high) * 0.1 || 1;
  /* What is never below zero is not drawn as if it could be. */
  return [low >= 0 ? Math.max(0, low - pad) : low - pad, high + pad];
}

function tick(value: number): string {
  const rounded = Number(value.toPrecision(6));
  return Math.abs(rounded) >= 1e-3 || rounded === 0 ? String(rounded).replace('-', '\u2212') : compact(rounded);
}

function drawBackground(plot: uPlot, { band, lines, steps, small }: ChartProps): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  if (band) {
    const top = plot.valToPos(band[1], 'y', true);
    ctx.fillStyle = canvasColours().band;
    ctx.fillRect(bbox.left, top, bbox.width, plot.valToPos(band[0], 'y', true) - top);
  }
  ctx.strokeStyle = canvasColours().line;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([]);
  if (small) {
    ctx.beginPath();
    ctx.moveTo(bbox.left, bbox.top + bbox.height - 0.5);
    ctx.lineTo(bbox.left + bbox.width, bbox.top + bbox.height - 0.5);
    ctx.stroke();
  }
  for (const step of lines ?? []) {
    if (steps.length === 0) break;
    const x = Math.round(plot.valToPos(step, 'x', true)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
