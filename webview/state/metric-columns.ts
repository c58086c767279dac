/** Step metrics as columns by step, the form that charts draw from. Columns are replaced, never changed in place. */
import type { StepMetrics } from '../../trainer/protocol/records.ts';

export const metricNames = [
  'loss',
  'gradNorm',
  'learningRate',
  'kl',
  'entropy',
  'accuracy',
  'accuracyShuffled',
  'format',
  'temporal',
  'reward',
  'length',
  'flatGroups',
  'clipped',
] as const satisfies readonly (keyof StepMetrics)[];
export type MetricName = (typeof metricNames)[number];

export interface MetricColumns {
  /** Ascending, without repeats. */
  readonly steps: readonly number[];
  readonly columns: Readonly<Record<MetricName, readonly (number | null)[]>>;
  /** Whole records of the newest steps (twenty at most), newest last: durations and token counts. */
  readonly recent: readonly StepMetrics[];
}

const recentKept = 20;

export const noMetrics: MetricColumns = {
  steps: [],
  columns: Object.fromEntries(metricNames.map((name) => [name, []])) as unknown as MetricColumns['columns'],
  recent: [],
};

/** Adds records; one of a step that is there already replaces it. Not-finite numbers become gaps, which a chart can draw. */
export function withSteps(metrics: MetricColumns, added: readonly StepMetrics[]): MetricColumns {
  if (added.length === 0) return metrics;
  const steps = [...metrics.steps];
  const columns = Object.fromEntries(metricNames.map((name) => [name, [...metrics.columns[name]]])) as Record<
    MetricName,
    (number | null)[]
  >;
  for (const record of added) {
    const { at, replaces } = placeOf(steps, record.step);
    steps.splice(at, replaces ? 1 : 0, record.step);
    for (const name of metricNames) columns[name].splice(at, replaces ? 1 : 0, finite(record[name]));
  }
  const newest = new Map([...metrics.recent, ...added].map((record) => [record.step, record]));
  const recent = [...newest.values()].sort((a, b) => a.step - b.step).slice(-recentKept);
  return { steps, columns, recent };
}

/** A step's value; null where there is none. */
export function metricOf({ steps, columns }: MetricColumns, name: MetricName, step: number): number | null {
  const { at, replaces } = placeOf(steps, step);
  return replaces ? (columns[name][at] ?? null) : null;
}

/** Drops what was recorded of steps after `toStep`. */
export function rewoundTo(metrics: MetricColumns, toStep: number): MetricColumns {
  const kept = metrics.steps.filter((step) => step <= toStep).length;
  return {
    steps: metrics.steps.slice(0, kept),
    columns: Object.fromEntries(
      metricNames.map((name) => [name, metrics.columns[name].slice(0, kept)]),
    ) as unknown as MetricColumns['columns'],
    recent: metrics.recent.filter((record) => record.step <= toStep),
  };
}

export function hasValues(values: readonly (number | null)[]): boolean {
  return values.some((value) => value !== null);
}

function placeOf(steps: readonly number[], step: number): { at: number; replaces: boolean } {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? Infinity) < step) low = middle + 1;
    else high = middle;
  }
  return { at: low, replaces: steps[low] === step };
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
