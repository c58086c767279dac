/**
 * Numbers of steps as columns, the form that charts draw from: a point for each step, or for as many steps as are put together
 * where a run has very many. Columns are replaced, never changed in place.
 */
import {
  type Attempt,
  type CurveName,
  type CurvesAnswer,
  curveNames,
  curveValue,
  ownPoints,
  pointOf,
  recentSteps,
} from '../../trainer/protocol/curves.ts';
import type { StepMetrics } from '../../trainer/protocol/records.ts';

export interface MetricColumn {
  /** By point; null where none of its steps has a value. */
  readonly mean: readonly (number | null)[];
  /** Least and most of the point's steps; `mean` itself where each is one step. */
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  /** Steps of each point that have a value; null where each is one step. */
  readonly count: readonly number[] | null;
}

export interface MetricColumns {
  /** Steps that a point stands for. */
  readonly size: number;
  /** First step of each point, ascending, without repeats. */
  readonly steps: readonly number[];
  readonly columns: Readonly<Record<CurveName, MetricColumn>>;
  /** Of the whole run, also where the points are of a part: steps with a record, the first and the last of them. */
  readonly total: number;
  readonly firstStep: number | null;
  readonly lastStep: number | null;
  /** Whole records of the newest steps (twenty at most), newest last: durations and token counts. */
  readonly recent: readonly StepMetrics[];
  /** Times that the run went back. */
  readonly attempts: readonly Attempt[];
}

/** Points that the trainer is asked for, and those that are held at most before twice as many steps are put together. */
export const askedPoints = 1024;
const mostPoints = (size: number) => 2 * askedPoints * (size === 1 ? ownPoints : 1);

const columnsOf = (of: (name: CurveName) => MetricColumn) =>
  Object.fromEntries(curveNames.map((name) => [name, of(name)])) as MetricColumns['columns'];

const alone = (values: readonly (number | null)[]): MetricColumn => ({
  mean: values,
  low: values,
  high: values,
  count: null,
});

export const noMetrics: MetricColumns = {
  size: 1,
  steps: [],
  columns: columnsOf(() => alone([])),
  total: 0,
  firstStep: null,
  lastStep: null,
  recent: [],
  attempts: [],
};

/** What the trainer answered. A curve that it does not know has no values. */
export function fromAnswer(answer: CurvesAnswer): MetricColumns {
  const { columns, ...rest } = answer;
  const nothing = rest.steps.map(() => null);
  return {
    ...rest,
    columns: columnsOf((name) => {
      const { mean = nothing, low = mean, high = mean, count = null } = columns[name] ?? {};
      return { mean, low, high, count };
    }),
  };
}

/**
 * Adds records of steps that follow. One of a step that has a point of its own replaces it; one that is in a point of several
 * already changes nothing.
 */
export function withSteps(metrics: MetricColumns, added: readonly StepMetrics[]): MetricColumns {
  if (added.length === 0) return metrics;
  const grown = metrics.size === 1 ? withOwnPoints(metrics, added) : withTogether(metrics, added);
  const newest = new Map([...metrics.recent, ...added].map((record) => [record.step, record]));
  const recent = [...newest.values()].sort((a, b) => a.step - b.step).slice(-recentSteps);
  const whole = { ...grown, recent };
  return whole.steps.length > mostPoints(whole.size) ? coarser(whole) : whole;
}

/** A step's value; null where there is none, and where its point stands for several steps. */
export function metricOf({ size, steps, columns }: MetricColumns, name: CurveName, step: number): number | null {
  const { at, replaces } = placeOf(steps, step);
  return replaces && size === 1 ? (columns[name].mean[at] ?? null) : null;
}

/** Drops what was recorded of steps after `toStep`; a point that has both steps before and after it goes too, until it is read again. */
export function rewoundTo(metrics: MetricColumns, toStep: number): MetricColumns {
  const { size, steps, firstStep } = metrics;
  const kept = steps.filter((step) => step + size - 1 <= toStep).length;
  const gone = steps.length - kept;
  return {
    ...metrics,
    steps: steps.slice(0, kept),
    columns: columnsOf((name) => {
      const { mean, low, high, count } = metrics.columns[name];
      if (count === null) return alone(mean.slice(0, kept));
      return {
        mean: mean.slice(0, kept),
        low: low.slice(0, kept),
        high: high.slice(0, kept),
        count: count.slice(0, kept),
      };
    }),
    total: Math.max(0, metrics.total - gone * size),
    firstStep: kept === 0 ? null : firstStep,
    lastStep: kept === 0 ? null : (steps[kept - 1] as number) + size - 1,
    recent: metrics.recent.filter((record) => record.step <= toStep),
  };
}

export function hasValues({ mean }: MetricColumn): boolean {
  return mean.some((value) => value !== null);
}

function withOwnPoints(metrics: MetricColumns, added: readonly StepMetrics[]): MetricColumns {
  const steps = [...metrics.steps];
  const values = new Map(curveNames.map((name) => [name, [...metrics.columns[name].mean]]));
  let { total } = metrics;
  for (const record of added) {
    const { at, replaces } = placeOf(steps, record.step);
    if (!replaces) total += 1;
    steps.splice(at, replaces ? 1 : 0, record.step);
    for (const [name, column] of values) column.splice(at, replaces ? 1 : 0, curveValue(record, name));
  }
  return {
    ...metrics,
    steps,
    columns: columnsOf((name) => alone(values.get(name) as (number | null)[])),
    total,
    firstStep: steps[0] ?? null,
    lastStep: steps.at(-1) ?? null,
  };
}

function withTogether(metrics: MetricColumns, added: readonly StepMetrics[]): MetricColumns {
  const fresh = added.filter(({ step }) => step > (metrics.lastStep ?? -1));
  if (fresh.length === 0) return metrics;
  const { size } = metrics;
  const own = fresh.map(({ step }) => step);
  const columns = columnsOf((name) => {
    const values = fresh.map((record) => curveValue(record, name));
    const { mean, low, high, count } = metrics.columns[name];
    return together(
      [...metrics.steps, ...own],
      {
        mean: [...mean, ...values],
        low: [...low, ...values],
        high: [...high, ...values],
        count: [...(count ?? mean.map(Number)), ...values.map((value) => Number(value !== null))],
      },
      size,
    );
  });
  return {
    ...metrics,
    steps: [...new Set([...metrics.steps, ...own.map((step) => pointOf(step, size))])],
    columns,
    total: metrics.total + fresh.length,
    lastStep: own.at(-1) ?? metrics.lastStep,
  };
}

/** With twice as many steps a point. */
function coarser(metrics: MetricColumns): MetricColumns {
  const size = metrics.size * 2;
  const columns = columnsOf((name) => together(metrics.steps, metrics.columns[name], size));
  const made = { ...metrics, size, steps: [...new Set(metrics.steps.map((step) => pointOf(step, size)))], columns };
  return made.steps.length > mostPoints(size) ? coarser(made) : made;
}

/** Puts neighbours together that are in one point of the size. */
function together(steps: readonly number[], column: MetricColumn, size: number): MetricColumn {
  const made = {
    mean: [] as (number | null)[],
    low: [] as (number | null)[],
    high: [] as (number | null)[],
    count: [] as number[],
  };
  let label = -1;
  for (const [at, step] of steps.entries()) {
    const last = made.mean.length - 1;
    const [mean, low, high] = [column.mean[at] ?? null, column.low[at] ?? null, column.high[at] ?? null];
    const count = column.count?.[at] ?? Number(mean !== null);
    if (pointOf(step, size) !== label) {
      label = pointOf(step, size);
      made.mean.push(mean);
      made.low.push(low);
      made.high.push(high);
      made.count.push(count);
    } else if (mean !== null) {
      const before = made.count[last] as number;
      made.mean[last] = ((made.mean[last] ?? 0) * before + mean * count) / (before + count);
      made.low[last] = Math.min(made.low[last] ?? Number.POSITIVE_INFINITY, low ?? mean);
      made.high[last] = Math.max(made.high[last] ?? Number.NEGATIVE_INFINITY, high ?? mean);
      made.count[last] = before + count;
    }
  }
  return made;
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
