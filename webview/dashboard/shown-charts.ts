/** The charts as they stand on the page, as values: what is exported is what is shown. */

import { shownSteps, type Zoom } from './chart-group.ts';
import type { ChartSpec } from './chart-specs.tsx';
import { type Curve, strongOf, type Values } from './curve.ts';
import type { MarkerPlace } from './markers.ts';

export interface ShownCurve {
  readonly curve: Curve;
  readonly values: Values;
  /** Null where the values alone are drawn. */
  readonly strong: Values | null;
  /** Least and most of points that stand for several steps; null where each is one. */
  readonly low: Values | null;
  readonly high: Values | null;
}

export interface ShownChart {
  readonly title: string;
  readonly note: string | null;
  readonly range: readonly [number, number] | null;
  readonly band: readonly [number, number] | null;
  readonly curves: readonly ShownCurve[];
}

export interface ShownCharts {
  /** What the heading says: which steps, how smoothed. */
  readonly words: string;
  /** Runs in the order of their marks. */
  readonly runIds: readonly string[];
  /** First step of each point, inside what is zoomed into. */
  readonly steps: readonly number[];
  /** Steps that a point stands for. */
  readonly size: number;
  /** First and last step of the axis. */
  readonly axis: readonly [number, number];
  /** Steps that the strong lines are means of. */
  readonly smoothing: number;
  readonly large: readonly ShownChart[];
  readonly small: readonly ShownChart[];
  readonly markers: readonly MarkerPlace[];
  /** Steps at which a vertical line is drawn, and the one where the run stands. */
  readonly lines: readonly number[];
  readonly now: number | null;
}

interface Drawing {
  readonly steps: readonly number[];
  readonly zoom: Zoom;
  readonly smoothing: number;
}

/** The part of charts that is drawn. @returns a function of a chart, and the steps that it keeps */
export function cutOut({ steps, zoom, smoothing }: Drawing) {
  const [from, to] = shownSteps(steps, zoom);
  const first = steps.findIndex((step) => step >= from);
  const end = first < 0 ? 0 : steps.findLastIndex((step) => step <= to) + 1;
  const kept = <T>(values: readonly T[]): readonly T[] => values.slice(Math.max(0, first), end);
  const chart = ({ title, curves, note, range, band }: ChartSpec): ShownChart => ({
    title,
    note: note ?? null,
    range: range ?? null,
    band: band ?? null,
    curves: curves.map((curve) => ({
      curve,
      values: kept(curve.values),
      strong: curve.smoothed === false ? null : kept(strongOf(curve, smoothing)),
      low: curve.extent ? kept(curve.extent.low) : null,
      high: curve.extent ? kept(curve.extent.high) : null,
    })),
  });
  return { axis: [from, to] as const, steps: kept(steps), chart };
}
