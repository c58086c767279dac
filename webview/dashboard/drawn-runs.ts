/**
 * The steps and numbers that the charts of a page draw: of its run and of those that are overlaid, all on the same steps. Where a
 * run has more steps than points, a part that one has zoomed into is asked for anew, finer.
 */
import { mostBeside } from '../../trainer/protocol/place.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { askedPoints, fromAnswer, type MetricColumn, type MetricColumns, noMetrics } from '../state/metric-columns.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { Store } from '../ui/store.ts';
import type { ChartGroup, Zoom } from './chart-group.ts';

export interface DrawnRun {
  readonly run: RunSummary;
  /** On the steps that all share. */
  readonly metrics: MetricColumns;
}

export interface Drawn {
  /** Steps that a point stands for, of the run whose points stand for most. */
  readonly size: number;
  /** First step of each point, ascending: those of all runs. */
  readonly steps: readonly number[];
  /** The page's own comes first. */
  readonly runs: readonly DrawnRun[];
  /** First and last step of all runs, drawn or not; null while there are none. */
  readonly extent: readonly [number, number] | null;
  /** Steps of the page's own run, drawn or not. */
  readonly total: number;
}

/** What is asked for of a run, beside what its feed holds. */
interface Asked {
  readonly fromStep?: number;
  readonly toStep?: number;
  readonly before?: number;
}

class Part {
  readonly feed: RunFeed;
  private readonly group: ChartGroup;
  private readonly isFirst: boolean;
  private readonly changed: () => void;
  private readonly stops: (() => void)[];
  /** What is shown in place of what the feed holds, and the steps that it was asked for. */
  private other: { readonly metrics: MetricColumns; readonly asked: Asked } | null = null;
  private key = '';
  private asking = false;
  private ended = false;

  constructor(feed: RunFeed, group: ChartGroup, isFirst: boolean, changed: () => void) {
    this.feed = feed;
    this.group = group;
    this.isFirst = isFirst;
    this.changed = changed;
    let held = this.own;
    this.stops = [
      feed.state.watch(() => {
        if (this.own === held) return;
        held = this.own;
        this.look();
      }),
      group.zoom.watch(() => this.look()),
      group.before.watch(() => this.look()),
      group.smoothing.watch(() => this.look()),
    ];
  }

  get metrics(): MetricColumns {
    return this.other?.metrics ?? this.own;
  }

  private get own(): MetricColumns {
    return this.feed.state.get().view.metrics;
  }

  dispose(): void {
    this.ended = true;
    for (const stop of this.stops) stop();
    if (!this.isFirst) this.feed.dispose();
  }

  /** Asks for what the feed does not hold, one at a time, the newest last. */
  look(): void {
    const { own, group } = this;
    const asked = wanted(
      own,
      group.zoom.get(),
      this.isFirst ? group.before.get() : null,
      group.smoothing.get(),
      this.other,
    );
    /* Of what is over nothing changes but by going back; of the rest its end. */
    const isOver = asked?.before !== undefined || (asked?.toStep ?? Number.POSITIVE_INFINITY) < (own.lastStep ?? 0);
    const key = asked === null ? '' : JSON.stringify([asked, own.attempts.length, isOver ? null : own.lastStep]);
    if (asked === null || !covers(this.other?.asked ?? null, asked)) this.other = null;
    const isNew = key !== this.key;
    this.key = key;
    if (asked !== null && isNew && !this.asking) void this.ask(asked, key);
    this.changed();
  }

  private async ask(asked: Asked, key: string): Promise<void> {
    this.asking = true;
    try {
      const answer = await this.feed.request('metrics/curves', { ...asked, points: askedPoints });
      if (this.ended) return;
      if (this.key === key) this.other = { metrics: fromAnswer(answer), asked };
    } catch (thrown) {
      if (!this.ended) this.feed.fail(thrown);
    } finally {
      this.asking = false;
    }
    const isOutdated = this.key !== key;
    if (this.ended) return;
    if (isOutdated) this.key = '';
    if (isOutdated || this.other !== null) this.look();
  }
}

/** Null where the feed holds what is to be drawn. */
function wanted(
  own: MetricColumns,
  zoom: Zoom,
  before: number | null,
  smoothing: number,
  held: { readonly metrics: MetricColumns; readonly asked: Asked } | null,
): Asked | null {
  /* The first strong points are means of steps before them. */
  const range =
    zoom === null ? {} : { fromStep: Math.max(0, Math.floor(zoom[0]) - smoothing), toStep: Math.ceil(zoom[1]) };
  if (before !== null) {
    const isHeldWhole = held?.asked.before === before && held.metrics.size === 1 && held.asked.fromStep === undefined;
    return { before, ...(isHeldWhole ? {} : range) };
  }
  return zoom !== null && own.size > 1 ? range : null;
}

/** Whether what was asked for has all steps of what is asked for now. */
function covers(held: Asked | null, asked: Asked): boolean {
  if (held === null || held.before !== asked.before) return false;
  const startsBefore = (held.fromStep ?? 0) <= (asked.fromStep ?? 0);
  return startsBefore && (held.toStep ?? Number.POSITIVE_INFINITY) >= (asked.toStep ?? Number.POSITIVE_INFINITY);
}

export class DrawnRuns {
  readonly state: Store<Drawn>;
  private readonly session: Session;
  private readonly group: ChartGroup;
  private readonly first: Part;
  private beside: readonly Part[] = [];
  private readonly stops: readonly (() => void)[];

  /** @param besideIds runs that are overlaid; those that are not there yet come when they are */
  constructor(session: Session, feed: RunFeed, group: ChartGroup, besideIds: Store<readonly string[]>) {
    this.session = session;
    this.group = group;
    this.state = new Store<Drawn>({ size: 1, steps: [], runs: [], extent: null, total: 0 });
    this.first = new Part(feed, group, true, () => this.publish());
    const follow = () => this.follow(besideIds.get());
    this.stops = [besideIds.watch(follow), session.state.watch(follow)];
    this.first.look();
    follow();
  }

  dispose(): void {
    for (const stop of this.stops) stop();
    for (const part of [this.first, ...this.beside]) part.dispose();
  }

  private follow(ids: readonly string[]): void {
    const wantedIds = ids.filter((id) => id !== this.first.feed.id).slice(0, mostBeside);
    const held = this.beside.map(({ feed }) => feed.id);
    const kept = this.beside.filter(({ feed }) => wantedIds.includes(feed.id));
    const added = wantedIds.flatMap((id) => {
      if (held.includes(id)) return [];
      const feed = this.session.follow(id);
      if (feed === null) return [];
      feed.need('curves');
      return [new Part(feed, this.group, false, () => this.publish())];
    });
    if (added.length === 0 && kept.length === held.length) return;
    for (const part of this.beside) if (!kept.includes(part)) part.dispose();
    this.beside = [...kept, ...added];
    for (const part of added) part.look();
    this.publish();
  }

  private publish(): void {
    const parts = [this.first, ...this.beside];
    const steps = joined(parts.map(({ metrics }) => metrics.steps));
    const ends = parts.flatMap(({ metrics: { firstStep, lastStep } }) =>
      firstStep === null || lastStep === null ? [] : [firstStep, lastStep],
    );
    this.state.set({
      size: Math.max(...parts.map(({ metrics }) => metrics.size)),
      steps,
      runs: parts.map(({ feed, metrics }) => ({ run: feed.state.get().view.run, metrics: onSteps(metrics, steps) })),
      extent: ends.length === 0 ? null : [Math.min(...ends), Math.max(...ends)],
      total: this.first.metrics.total,
    });
  }
}

/** All that are in any of the lists, each of which ascends; the first list itself where the others add nothing. */
export function joined(lists: readonly (readonly number[])[]): readonly number[] {
  const [first = [], ...others] = lists;
  if (others.every((one) => one.length === 0)) return first;
  const all = [...new Set(lists.flat())].sort((a, b) => a - b);
  return all.length === first.length ? first : all;
}

/** The columns with a gap at each of the steps that they do not have. */
export function onSteps(metrics: MetricColumns, steps: readonly number[]): MetricColumns {
  if (metrics.steps === steps) return metrics;
  const places = new Map(metrics.steps.map((step, at) => [step, at]));
  const at = steps.map((step) => places.get(step) ?? -1);
  const put = (values: readonly (number | null)[]) => at.map((place) => values[place] ?? null);
  const columns = Object.fromEntries(
    Object.entries(metrics.columns).map(([name, { mean, low, high, count }]): [string, MetricColumn] => {
      const own = put(mean);
      if (count === null) return [name, { mean: own, low: own, high: own, count }];
      return [name, { mean: own, low: put(low), high: put(high), count: at.map((place) => count[place] ?? 0) }];
    }),
  );
  return { ...metrics, steps, columns: { ...noMetrics.columns, ...columns } };
}
