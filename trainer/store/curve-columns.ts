/**
 * Numbers of a run's steps as columns in memory, from which curves of any range and width are gathered: the least and the most
 * of the steps that are put together are never lost. Read in portions, kept up from the last step on, and read anew where the
 * run went back.
 */
import {
  type Attempt,
  type CurveColumn,
  type CurveName,
  type CurvesAnswer,
  type CurvesAsked,
  curveNames,
  curveValue,
  pointOf,
  pointSize,
  recentSteps,
} from '../protocol/curves.ts';
import type { RunEventBody, StepMetrics } from '../protocol/records.ts';
import type { Database } from './database.ts';

type StepEvent = Extract<RunEventBody, { type: 'step' }>;

const portionRows = 4000;

/** Columns of steps in ascending order; NaN where a step has no value. */
class Columns {
  count = 0;
  steps = new Float64Array(0);
  readonly values = new Map<CurveName, Float64Array>(curveNames.map((name) => [name, new Float64Array(0)]));

  add(metrics: StepMetrics): void {
    const { count } = this;
    if (count === this.steps.length) this.grow();
    this.steps[count] = metrics.step;
    for (const [name, column] of this.values) column[count] = curveValue(metrics, name) ?? Number.NaN;
    this.count = count + 1;
  }

  /** Places of the first step that is not below `step`. */
  placeOf(step: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.steps[middle] as number) < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first `count` steps, for others to be added to. */
  upTo(count: number): Columns {
    const copy = new Columns();
    copy.count = count;
    copy.steps = this.steps.slice(0, count);
    for (const [name, column] of this.values) copy.values.set(name, column.slice(0, count));
    return copy;
  }

  get sizeBytes(): number {
    return this.steps.byteLength * (1 + this.values.size);
  }

  private grow(): void {
    const room = Math.ceil(Math.max(1000, this.count * 1.5));
    const grown = (held: Float64Array) => {
      const made = new Float64Array(room);
      made.set(held);
      return made;
    };
    this.steps = grown(this.steps);
    for (const [name, column] of this.values) this.values.set(name, grown(column));
  }
}

export class CurveColumns {
  private readonly database: Database;
  private held = new Columns();
  /** Of the newest going back that the columns have heard of. */
  private attempt = 0;
  private attempts: readonly Attempt[] = [];

  /** @param database a connection of its own, which `dispose` closes */
  constructor(database: Database) {
    this.database = database;
  }

  get sizeBytes(): number {
    return this.held.sizeBytes;
  }

  dispose(): void {
    this.database.dispose();
  }

  /** @throws StudioError `bad-store` */
  *read({ fromStep, toStep, points, before }: CurvesAsked): Generator<null, CurvesAnswer> {
    yield* this.catchUp();
    const columns = before === null ? this.held : this.asBefore(before);
    const from = columns.placeOf(fromStep ?? 0);
    const to = toStep === null ? columns.count : columns.placeOf(toStep + 1);
    const { held } = this;
    return {
      ...gathered(columns, from, Math.max(from, to), points),
      total: columns.count,
      firstStep: columns.count === 0 ? null : (columns.steps[0] as number),
      lastStep: columns.count === 0 ? null : (columns.steps[columns.count - 1] as number),
      recent: this.bodies(
        'SELECT body FROM (SELECT step, body FROM steps WHERE step <= ? ORDER BY step DESC LIMIT ?) ORDER BY step',
        held.count === 0 ? -1 : (held.steps[held.count - 1] as number),
        recentSteps,
      ),
      attempts: [...this.attempts],
    };
  }

  /** Takes in what was recorded since. */
  private *catchUp(): Generator<null, void> {
    for (;;) {
      const newest = this.database.get<{ number: number }>('SELECT coalesce(max(number), 0) AS number FROM attempts');
      if ((newest?.number ?? 0) !== this.attempt) {
        this.attempt = newest?.number ?? 0;
        this.held = new Columns();
        this.attempts = this.database.all<Attempt & Record<string, number>>(
          `SELECT attempt, min(step) AS "from", max(step) AS "to" FROM superseded_events
           WHERE body IS NOT NULL AND json_extract(body, '$.type') = 'step' GROUP BY attempt ORDER BY attempt`,
        );
      }
      const { held } = this;
      const last = held.count === 0 ? -1 : (held.steps[held.count - 1] as number);
      const more = this.bodies<StepMetrics>(
        'SELECT body FROM steps WHERE step > ? ORDER BY step LIMIT ?',
        last,
        portionRows,
      );
      for (const metrics of more) held.add(metrics);
      if (more.length < portionRows) return;
      yield null;
    }
  }

  /** The steps that stood before the run went back: those before what was superseded, and that. */
  private asBefore(attempt: number): Columns {
    const superseded = this.bodies<StepEvent>(
      `SELECT body FROM superseded_events
       WHERE attempt = ? AND body IS NOT NULL AND json_extract(body, '$.type') = 'step' ORDER BY step`,
      attempt,
    );
    const [first] = superseded;
    if (!first) return this.held;
    const columns = this.held.upTo(this.held.placeOf(first.metrics.step));
    for (const { metrics } of superseded) columns.add(metrics);
    return columns;
  }

  private bodies<T>(sql: string, ...parameters: number[]): T[] {
    return this.database.all<{ body: string }>(sql, ...parameters).map(({ body }) => JSON.parse(body) as T);
  }
}

const orNull = (value: number) => (Number.isNaN(value) ? null : value);

/** The steps at the places from `from` to before `to`, as many together as there is no room for alone. */
function gathered(
  { steps, values }: Columns,
  from: number,
  to: number,
  points: number,
): Pick<CurvesAnswer, 'size' | 'steps' | 'columns'> {
  const span = to > from ? (steps[to - 1] as number) - (steps[from] as number) + 1 : 0;
  const size = pointSize(span, points);
  if (size === 1) {
    const columns = [...values].map(([name, column]) => [
      name,
      { mean: Array.from(column.subarray(from, to), orNull) } satisfies CurveColumn,
    ]);
    return { size, steps: [...steps.subarray(from, to)], columns: Object.fromEntries(columns) };
  }
  /* Where each point begins among the places. */
  const starts: number[] = [];
  const labels: number[] = [];
  for (let place = from; place < to; place += 1) {
    const label = pointOf(steps[place] as number, size);
    if (label === labels.at(-1)) continue;
    labels.push(label);
    starts.push(place);
  }
  starts.push(to);
  const columns = [...values].map(([name, column]) => [name, together(column, starts)]);
  return { size, steps: labels, columns: Object.fromEntries(columns) };
}

function together(column: Float64Array, starts: readonly number[]): CurveColumn {
  const made = {
    mean: [] as (number | null)[],
    low: [] as (number | null)[],
    high: [] as (number | null)[],
    count: [] as number[],
  };
  for (let point = 0; point < starts.length - 1; point += 1) {
    let [sum, count, low, high] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const end = starts[point + 1] as number;
    for (let place = starts[point] as number; place < end; place += 1) {
      const value = column[place] as number;
      if (Number.isNaN(value)) continue;
      sum += value;
      count += 1;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    made.mean.push(count === 0 ? null : sum / count);
    made.low.push(count === 0 ? null : low);
    made.high.push(count === 0 ? null : high);
    made.count.push(count);
  }
  return made;
}
