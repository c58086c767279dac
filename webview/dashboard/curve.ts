/** A curve of a chart as it is drawn and exported: its values, its strong line, and what is said of it. */
import type { ComponentChildren } from 'preact';
import type { FormulaName } from '../formulas/formulas.ts';
import type { MetricColumn } from '../state/metric-columns.ts';
import { compact } from '../ui/numbers.ts';
import type { CanvasColours } from '../ui/theme.ts';
import { trailingMean } from './smoothing.ts';

export type Values = readonly (number | null)[];

export interface Curve {
  readonly name: string;
  readonly formula: FormulaName;
  readonly values: Values;
  readonly colour: keyof CanvasColours;
  /** Least and most of each point, where it stands for several steps, and of how many it has a value. */
  readonly extent?: { readonly low: Values; readonly high: Values; readonly counts: readonly number[] };
  /** Lengths of dash and gap, in CSS pixels. */
  readonly dash?: readonly number[];
  /** False draws the values alone, as for a learning rate. */
  readonly smoothed?: boolean;
  /** The strong line, where it is not the trailing mean of the values. */
  readonly strong?: Values;
  /** Bounds of the strong line, drawn as a band around it. */
  readonly interval?: { readonly low: Values; readonly high: Values };
  /** Before the name in the header; plain curves have none. */
  readonly mark?: ComponentChildren;
  /** Place of its run among those that are overlaid, and the run's name; absent where there is one. */
  readonly ofRun?: { readonly place: number; readonly id: string };
  /** What the header shows at a place in the steps, or of all for null, where that is not the value alone. */
  readonly words?: (at: number | null) => string;
}

/** Values and extent of a curve out of a column. */
export function valuesOf({ mean, low, high, count }: MetricColumn): Pick<Curve, 'values' | 'extent'> {
  return count === null ? { values: mean } : { values: mean, extent: { low, high, counts: count } };
}

/** The strong line: a mean over `smoothing` steps, or over those of one point where that are more. */
export function strongOf({ values, smoothed, strong, extent }: Curve, smoothing: number): Values {
  if (smoothed === false) return values;
  return strong ?? trailingMean(values, smoothing, extent?.counts ?? null);
}

/**
 * At a point its own value, with the least and the most where it stands for several steps; without one the last of the strong
 * line.
 * @param last index of the last point that is drawn
 */
export function headerValue(curve: Curve, strong: Values, at: number | null, last: number): string {
  if (curve.words) return curve.words(at);
  if (at === null) return compact(strong.slice(0, last + 1).findLast((value) => value !== null) ?? null);
  const value = curve.values[at] ?? null;
  const [low, high] = [curve.extent?.low[at] ?? null, curve.extent?.high[at] ?? null];
  if (low === null || high === null || low === high) return compact(value);
  return `${compact(value)} (${compact(low)} to ${compact(high)})`;
}

/** What a point is called: a step, or the steps that it stands for. */
export function pointWords(first: number, size: number): string {
  return size === 1 ? `step ${first}` : `steps ${Math.max(1, first)}–${first + size - 1}`;
}
