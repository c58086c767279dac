/** How a chart is drawn: the options of its plot, and what stands behind and upon its lines. */
import type uPlot from 'uplot';
import { compact } from '../ui/numbers.ts';
import { type CanvasColours, canvasColours } from '../ui/theme.ts';
import { type ChartGroup, shownSteps } from './chart-group.ts';
import { bandEdges, stepSplits, verticalRange } from './chart-scales.ts';
import type { Curve, Values } from './curve.ts';
import { isFilled, markPath } from './run-marks.tsx';

export type ChartSize = 'large' | 'middle' | 'small';
export const heights: Readonly<Record<ChartSize, number>> = { large: 214, middle: 132, small: 56 };
/** Width that the vertical axis takes, in CSS pixels; marks under a chart begin there. */
export const axisWidth = 34;
/** Room at the right of the last step, in CSS pixels, for half of its label. */
export const rightRoom = 10;

/** What is drawn, as far as the plot goes. */
export interface Plotted {
  readonly group: ChartGroup;
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
  /** Where the run stands: a dotted line. */
  readonly now?: number | null;
}

/** Pairs of lines with a filled band between them: least and most of points of several steps, and intervals. */
const bandsOf = (curves: readonly Curve[]) =>
  curves.flatMap(({ colour, extent, interval }) => [
    ...(extent ? [{ colour, low: extent.low, high: extent.high, width: 1, alpha: 0.4, share: 45 }] : []),
    ...(interval ? [{ colour, low: interval.low, high: interval.high, width: 0, alpha: 1, share: 16 }] : []),
  ]);

/** Columns of the plot in the order of its series. */
export function plotData(steps: readonly number[], curves: readonly Curve[], strong: readonly Values[]) {
  return [
    steps,
    ...curves.map((curve) => curve.values),
    ...strong,
    ...bandsOf(curves).flatMap(({ low, high }) => [high, low]),
  ] as unknown as uPlot.AlignedData;
}

/** What of the curves a plot is made anew for when it changes. */
export const plotShape = (curves: readonly Curve[]) =>
  curves
    .map(({ colour, dash, smoothed, interval, extent, ofRun }) =>
      [colour, dash, smoothed, interval !== undefined, extent !== undefined, ofRun?.place].join(' '),
    )
    .join();

export function plotOptions(latest: { readonly current: Plotted }, width: number): uPlot.Options {
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
  /* Of several steps the least and the most are drawn in the place of the value. */
  const raw = (curve: Curve): uPlot.Series => ({
    stroke: colour(curve.colour),
    width: curve.smoothed === false || curve.extent ? 0 : 1,
    alpha: 0.26,
    spanGaps: true,
    points: { show: false },
  });
  const bands = bandsOf(curves);
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
        incrs: [1, 10, 100, 1000, 10_000, 100_000].flatMap((ten) => [ten, 2 * ten, 5 * ten]),
        values: (_, splits) => splits.map(stepTick),
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
        values: (_, splits) => splits.map(valueTick),
      },
    ],
    series: [
      {},
      ...curves.map(raw),
      ...curves.map(line),
      ...bands.flatMap(({ colour: name, width: bound, alpha }) => {
        const own = { width: bound, alpha, stroke: colour(name), spanGaps: true, points: { show: false } };
        return [own, { ...own }];
      }),
    ],
    bands: bands.map(({ colour: name, share }, at) => ({
      series: [1 + 2 * curves.length + 2 * at, 2 + 2 * curves.length + 2 * at],
      fill: () => `color-mix(in srgb, ${canvasColours()[name]} ${share}%, transparent)`,
    })),
    hooks: {
      drawClear: [(plot) => drawBackground(plot, latest.current)],
      draw: [(plot) => drawRunMarks(plot, latest.current.curves)],
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
  for (let index = from; index <= to && found <= 12; index += 1) if ((values[index] ?? null) !== null) found += 1;
  return found;
}

/** Of the vertical axis. */
export function valueTick(value: number): string {
  const rounded = Number(value.toPrecision(6));
  const size = Math.abs(rounded);
  return rounded === 0 || (size >= 1e-3 && size < 1e5) ? String(rounded).replace('-', '\u2212') : compact(rounded);
}

/** Of the axis of steps, short enough for six digits and more. */
export function stepTick(step: number): string {
  return step < 100_000 ? step.toLocaleString('en-US') : `${Number((step / 1000).toPrecision(6))}k`;
}

function drawBackground(plot: uPlot, { band, lines, now, steps, size }: Plotted): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  /* A line at the last step is whole. */
  ctx.rect(bbox.left - devicePixelRatio, bbox.top, bbox.width + 2 * devicePixelRatio, bbox.height);
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
  const upright = (step: number) => {
    const x = Math.round(plot.valToPos(step, 'x', true)) + 0.5;
    stroke(x, bbox.top, x, bottom);
  };
  if (size === 'small') stroke(bbox.left, bottom - 0.5, bbox.left + bbox.width, bottom - 0.5);
  if (steps.length > 0) {
    for (const step of lines ?? []) upright(step);
    if (now !== undefined && now !== null) {
      ctx.strokeStyle = canvasColours().now;
      ctx.lineWidth = 2 * devicePixelRatio;
      ctx.setLineDash([2 * devicePixelRatio, 2 * devicePixelRatio]);
      upright(now);
    }
  }
  ctx.restore();
}

/** Between two marks of one line, in CSS pixels. */
const markEvery = 64;

/** The marks of runs on their strong lines, one here and there, those of one run between those of another. */
function drawRunMarks(plot: uPlot, curves: readonly Curve[]): void {
  const { ctx, bbox } = plot;
  const [steps] = plot.data;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - 6, bbox.width + 6, bbox.height + 12);
  ctx.clip();
  ctx.setLineDash([]);
  ctx.lineWidth = 1.4 * devicePixelRatio;
  for (const [at, { ofRun, colour }] of curves.entries()) {
    if (ofRun === undefined) continue;
    const values = plot.data[1 + curves.length + at] ?? [];
    const every = markEvery * devicePixelRatio;
    let next = bbox.left + (every * (ofRun.place + 1)) / 5;
    for (const [index, step] of steps.entries()) {
      const value = values[index];
      if (value === null || value === undefined) continue;
      const x = plot.valToPos(step, 'x', true);
      if (x > bbox.left + bbox.width) break;
      if (x < next) continue;
      next = x + every;
      const mark = new Path2D(markPath(ofRun.place, x, plot.valToPos(value, 'y', true), 3.2 * devicePixelRatio));
      ctx.fillStyle = isFilled(ofRun.place) ? canvasColours()[colour] : canvasColours().ground;
      ctx.strokeStyle = canvasColours()[colour];
      ctx.fill(mark);
      ctx.stroke(mark);
    }
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
