/**
 * A curve by step: faint raw values under a strong smoothed line. All charts of a page share one hairline and one zoom;
 * numbers are written in the header, so that nothing covers the data.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { FormulaName } from '../formulas/formulas.ts';
import { compact } from '../ui/numbers.ts';
import { Store, useStore } from '../ui/store.ts';
import { type CanvasColours, canvasColours, themeTurn } from '../ui/theme.ts';
import styles from './chart.module.css';
import { bandEdges, drawnExtent, stepSplits, verticalRange } from './chart-scales.ts';
import { trailingMean } from './smoothing.ts';

export const smoothedOver = 10;

export interface Curve {
  readonly name: string;
  readonly formula: FormulaName;
  readonly values: readonly (number | null)[];
  readonly colour: keyof CanvasColours;
  /** Lengths of dash and gap, in CSS pixels. */
  readonly dash?: readonly number[];
  /** False draws the values alone, as for a learning rate. */
  readonly smoothed?: boolean;
  /** The strong line, where it is not the trailing mean of the values. */
  readonly strong?: readonly (number | null)[];
  /** Bounds of the strong line, drawn as a band around it. */
  readonly interval?: { readonly low: readonly (number | null)[]; readonly high: readonly (number | null)[] };
  /** Before the name in the header; plain curves have none. */
  readonly mark?: ComponentChildren;
  /** What the header shows at a place in the steps, or of all for null, where that is not the value alone. */
  readonly words?: (at: number | null) => string;
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
  /** Large unless it is said. */
  readonly size?: ChartSize;
  /** Fixed ends of the vertical scale. */
  readonly range?: readonly [number, number];
  /** The vertical scale begins at 0. */
  readonly fromZero?: boolean;
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
type ChartSize = 'large' | 'middle' | 'small';
const heights: Readonly<Record<ChartSize, number>> = { large: 214, middle: 132, small: 56 };

export function Chart(props: ChartProps) {
  const { size = 'large' } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const smoothed = useMemo(
    () =>
      props.curves.map(({ values, smoothed, strong }) =>
        smoothed === false ? values : (strong ?? trailingMean(values, smoothedOver)),
      ),
    [props.curves],
  );
  const data = useMemo(
    () =>
      [
        props.steps,
        ...props.curves.map((curve) => curve.values),
        ...smoothed,
        ...props.curves.flatMap(({ interval }) => (interval ? [interval.high, interval.low] : [])),
      ] as unknown as uPlot.AlignedData,
    [props.steps, props.curves, smoothed],
  );
  const shape = props.curves
    .map((curve) => `${curve.colour}${curve.dash}${curve.smoothed}${curve.interval !== undefined}`)
    .join();

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const made = new uPlot(plotOptions(latest, element.clientWidth), data, element);
    plot.current = made;
    const watch = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height: heights[size] });
    });
    watch.observe(element);
    const { group } = latest.current;
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
  }, [props.lines, props.band]);

  const lastStep = props.steps.at(-1);
  const summary = props.curves
    .map((curve, index) => `${curve.name} ${headerValue(curve, smoothed[index] ?? [], null)}`)
    .join(', ');
  return (
    <figure class={`${styles.chart} ${size === 'small' ? styles.small : ''}`}>
      <ChartHeader {...props} smoothed={smoothed} />
      <div
        ref={box}
        class={styles.plot}
        /* Before the curve is drawn too, so that nothing moves when it is. */
        style={{ height: `${heights[size]}px` }}
        role="img"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the hairline
        tabIndex={0}
        aria-label={`${props.title} up to step ${lastStep ?? 0}: ${summary}. Arrow keys read out step by step.`}
        onKeyDown={(event) => moveHairline(event, plot.current, latest.current)}
      />
      {size === 'small' && (
        <div class={styles.extent}>
          <Extent {...props} smoothed={smoothed} />
        </div>
      )}
    </figure>
  );
}

function ChartHeader(props: ChartProps & { smoothed: readonly (readonly (number | null)[])[] }) {
  const hover = useStore(props.group.hover, (index) => index);
  const step = hover === null ? undefined : props.steps[hover];
  const first = props.curves[0];
  if (!first) return null;
  const shownValue = (index: number) =>
    headerValue(props.curves[index] as Curve, props.smoothed[index] ?? [], step === undefined ? null : hover);
  if (props.size === 'small') {
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
        <span class={styles.ends}>{step === undefined ? <Extent {...props} /> : `step ${step}`}</span>
      </header>
      <p class={styles.values}>
        {props.curves.map((curve, index) => (
          <FormulaLabel key={curve.name} name={curve.formula}>
            {curve.mark} {curve.name} <b>{shownValue(index)}</b>
          </FormulaLabel>
        ))}
        {props.note && <span>{props.note}</span>}
      </p>
    </>
  );
}

/** At a step its own value; without one the last of the strong line. */
function headerValue(curve: Curve, strong: readonly (number | null)[], at: number | null): string {
  if (curve.words) return curve.words(at);
  return compact((at === null ? strong.findLast((value) => value !== null) : curve.values[at]) ?? null);
}

/** The least and the most that is drawn, of the steps that are. */
function Extent({
  group,
  size,
  steps,
  curves,
  smoothed,
}: ChartProps & { smoothed: readonly (readonly (number | null)[])[] }) {
  const zoom = useStore(group.zoom, (held) => held);
  const extent = drawnExtent(steps, shownSteps(steps, zoom), [...curves.map(({ values }) => values), ...smoothed]);
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

function moveHairline(event: KeyboardEvent, plot: uPlot | null, { group, steps }: ChartProps): void {
  if (!plot || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) return;
  event.preventDefault();
  event.stopPropagation();
  const at = group.hover.get() ?? (event.key === 'ArrowLeft' ? steps.length : -1);
  const next = Math.min(steps.length - 1, Math.max(0, at + (event.key === 'ArrowLeft' ? -1 : 1)));
  plot.setCursor({ left: plot.valToPos(steps[next] ?? 0, 'x'), top: 0 });
}

function plotOptions(latest: { readonly current: ChartProps }, width: number): uPlot.Options {
  const { size = 'large', curves, group } = latest.current;
  const small = size === 'small';
  const colour = (name: keyof CanvasColours) => () => canvasColours()[name];
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const line = (curve: Curve): uPlot.Series => ({
    stroke: colour(curve.colour),
    width: 1.75,
    spanGaps: true,
    points: { show: (plot, series, from, to) => countValues(plot.data[series] ?? [], from, to) <= 12, size: 5 },
    ...(curve.dash ? { dash: [...curve.dash] } : {}),
  });
  const raw = (curve: Curve): uPlot.Series => ({
    stroke: colour(curve.colour),
    width: curve.smoothed === false ? 0 : 1,
    alpha: 0.26,
    spanGaps: true,
    points: { show: false },
  });
  const bound = (): uPlot.Series => ({ width: 0, spanGaps: true, points: { show: false } });
  const withInterval = curves.filter(({ interval }) => interval !== undefined);
  return {
    width: Math.max(40, width),
    height: heights[size],
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
      y: { range: (_, low, high) => verticalRange(latest.current, low, high) },
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
        splits: (_, __, from, to, increment) => stepSplits(from, to, increment),
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
    series: [{}, ...curves.map(raw), ...curves.map(line), ...withInterval.flatMap(() => [bound(), bound()])],
    bands: withInterval.map(({ colour: name }, at) => ({
      series: [1 + 2 * curves.length + 2 * at, 2 + 2 * curves.length + 2 * at],
      fill: () => `color-mix(in srgb, ${canvasColours()[name]} 16%, transparent)`,
    })),
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

function tick(value: number): string {
  const rounded = Number(value.toPrecision(6));
  return Math.abs(rounded) >= 1e-3 || rounded === 0 ? String(rounded).replace('-', '\u2212') : compact(rounded);
}

function drawBackground(plot: uPlot, { band, lines, steps, size }: ChartProps): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  if (band) drawBand(plot, band);
  ctx.strokeStyle = canvasColours().line;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([]);
  const stroke = (fromX: number, fromY: number, toX: number, toY: number) => {
    ctx.beginPath();
    ctx.moveTo(fromX, fromY);
    ctx.lineTo(toX, toY);
    ctx.stroke();
  };
  const bottom = bbox.top + bbox.height;
  if (size === 'small') stroke(bbox.left, bottom - 0.5, bbox.left + bbox.width, bottom - 0.5);
  for (const step of lines ?? []) {
    if (steps.length === 0) break;
    const x = Math.round(plot.valToPos(step, 'x', true)) + 0.5;
    stroke(x, bbox.top, x, bottom);
  }
  ctx.restore();
}

/** Its ends as lines, or as words where they lie beyond what is drawn: a band that fills its chart would say nothing else. */
function drawBand(plot: uPlot, band: readonly [number, number]): void {
  const { ctx, bbox } = plot;
  const { fill, line, dim } = { fill: canvasColours().band, line: canvasColours().plain, dim: canvasColours().dim };
  const { min = 0, max = 1 } = plot.scales.y ?? {};
  const [from, to] = [plot.valToPos(band[0], 'y', true), plot.valToPos(band[1], 'y', true)];
  ctx.fillStyle = fill;
  ctx.fillRect(bbox.left, to, bbox.width, from - to);
  ctx.strokeStyle = line;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 2 * devicePixelRatio]);
  ctx.fillStyle = dim;
  ctx.font = `${11 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.textAlign = 'right';
  for (const { at, words, edge } of bandEdges(band, [min, max])) {
    if (edge === null) {
      const y = Math.round(plot.valToPos(at, 'y', true)) + 0.5;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      continue;
    }
    ctx.textBaseline = edge;
    const inset = 3 * devicePixelRatio;
    ctx.fillText(
      words,
      bbox.left + bbox.width - inset,
      edge === 'top' ? bbox.top + inset : bbox.top + bbox.height - inset,
    );
  }
  ctx.setLineDash([]);
}
