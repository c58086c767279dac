/**
 * The rows of the rollout list: pages from the store as they come into sight, rows of new groups as they arrive. While a
 * person reads, new rows wait above; nothing moves under the reader.
 */
import { asStudioError } from '../../../trainer/protocol/errors.ts';
import type { SeenValues } from '../../../trainer/protocol/query/complete.ts';
import { toggled } from '../../../trainer/protocol/query/edit.ts';
import { type Expression, everything } from '../../../trainer/protocol/query/expression.ts';
import { facetQueries } from '../../../trainer/protocol/query/facets.ts';
import type { FieldName, Subject } from '../../../trainer/protocol/query/fields.ts';
import { matches } from '../../../trainer/protocol/query/matches.ts';
import { parseQuery, type QueryFault } from '../../../trainer/protocol/query/parse.ts';
import type { GroupWithRollouts, RunEvent } from '../../../trainer/protocol/records.ts';
import type { RunFeed } from '../../state/run-feed.ts';
import { Store } from '../../ui/store.ts';
import { compactRow, type RolloutRow, rowsOfGroup } from './rollout-row.ts';

export interface FeedState {
  readonly line: string;
  /** The last line without a fault, and what it asks for: the one whose rows are shown. */
  readonly goodLine: string;
  readonly query: Expression;
  readonly faults: readonly QueryFault[];
  /** Newest group first, inside a group ordered answers before shuffled ones. */
  readonly rows: readonly RolloutRow[];
  /** Rows that the query keeps, and all rows, whether loaded or not. Null until known. */
  readonly matching: number | null;
  readonly total: number | null;
  /** Share of the rollouts that a query sees: less than 1 while a run of an older version is indexed anew. */
  readonly filled: number;
  /** New rows that wait to be shown, newest first. */
  readonly waiting: readonly RolloutRow[];
  /** New rows are shown as they arrive. */
  readonly following: boolean;
  readonly loading: boolean;
  /** Rows that would be left with this chip pressed; empty until they are counted. */
  readonly facets: Readonly<Record<string, number>>;
}

const pageRows = 200;
/** How long after a change of what was counted it is counted again. */
const recountDelayMs = 1000;
/** How long it must rest before rows are read: a word is not searched for letter by letter. */
const lineDelayMs = 120;
/** How far a row that was open before a reload is looked for. */
const rowsSought = 5000;
/** Values of one field that are remembered. */
const seenKept = 200;
/** New rows that wait; past this many the list is read again instead. */
const waitingKept = 2000;

/** A group that has just come, and what queries are held against. */
interface Arrival {
  readonly group: GroupWithRollouts;
  readonly subjects: readonly Subject[];
}

export class RolloutFeed {
  readonly state: Store<FeedState>;
  private readonly run: RunFeed;
  private readonly stops: readonly (() => void)[];
  private generation = 0;
  /** Cursor of the last row that was read: the next page begins behind it. */
  private before: string | null = null;
  private complete = false;
  /** Rows or counts could not be read; the next link has them read again. */
  private failed = false;
  /** Groups that arrived while the first page was on its way, which may hold them or not. */
  private meanwhile: Arrival[] = [];
  private sought: string | null;
  private lineTimer: ReturnType<typeof setTimeout> | null = null;
  private countTimer: ReturnType<typeof setTimeout> | null = null;
  /** The counts are of the present query. */
  private counted = false;
  private counting = false;
  /** Something changed during the count that is under way, which may hold it or not. */
  private outdated = false;
  /** What text fields held in groups that arrived. */
  private readonly seen = new Map<FieldName, Set<string>>();

  /** @param sought A rollout that was open before a reload: pages are read until its row is there. */
  constructor(run: RunFeed, line: string, sought: string | null = null) {
    this.run = run;
    this.sought = sought;
    const { expression, faults } = parseQuery(line);
    this.state = new Store<FeedState>({
      line,
      goodLine: expression === null ? '' : line,
      query: expression ?? everything,
      faults,
      rows: [],
      matching: null,
      total: null,
      filled: 1,
      waiting: [],
      following: true,
      loading: false,
      facets: {},
    });
    this.stops = [
      run.watchEvents((events) => this.take(events)),
      run.connection.whenReady(() => {
        if (this.failed) this.reload();
      }),
    ];
    this.reload();
  }

  dispose(): void {
    this.generation += 1;
    for (const stop of this.stops) stop();
    for (const timer of [this.countTimer, this.lineTimer]) if (timer !== null) clearTimeout(timer);
  }

  setLine(line: string): void {
    const { expression, faults } = parseQuery(line);
    if (expression === null) {
      this.patch({ line, faults });
      return;
    }
    const same = JSON.stringify(expression) === JSON.stringify(this.state.get().query);
    this.patch({ line, faults, query: expression, goodLine: line });
    if (same) return;
    /* What is on the way is of the query before. */
    this.generation += 1;
    if (this.lineTimer !== null) clearTimeout(this.lineTimer);
    this.lineTimer = setTimeout(() => this.reload(), lineDelayMs);
  }

  toggle(term: string): void {
    this.setLine(toggled(this.state.get().line, term));
  }

  /** Reads the next page if rows up to `index` are wanted. */
  want(index: number): void {
    const { rows, loading } = this.state.get();
    if (loading || this.complete || index < rows.length - pageRows / 2) return;
    void this.readPage();
  }

  /** From now on new rows wait. */
  hold(): void {
    if (this.state.get().following) this.patch({ following: false });
  }

  /** Shows the rows that wait, and new ones as they arrive. */
  follow(): void {
    const { waiting, rows } = this.state.get();
    this.patch({ following: true, waiting: [], rows: waiting.length > 0 ? [...waiting, ...rows] : rows });
  }

  reload(): void {
    this.generation += 1;
    this.before = null;
    this.complete = false;
    this.counted = false;
    this.failed = false;
    this.patch({ waiting: [], loading: false });
    void this.readPage();
    void this.count();
  }

  private async readPage(): Promise<void> {
    const generation = this.generation;
    const first = this.before === null;
    this.patch({ loading: true });
    if (first) this.meanwhile = [];
    try {
      const page = await this.run.request('rollouts/list', {
        query: this.state.get().goodLine,
        limit: pageRows,
        ...(this.before === null ? {} : { at: { after: this.before } }),
      });
      if (generation !== this.generation) return;
      const read = page.rows.map(compactRow);
      this.before = page.last ?? this.before ?? '';
      this.complete = !page.more;
      const { rows } = this.state.get();
      this.patch({
        rows: first ? inGroupOrder(read) : inGroupOrder([...rows, ...withoutKnown(read, rows)]),
        loading: false,
      });
      if (first && !this.counted) this.patch({ matching: this.complete ? read.length : null, total: page.total });
      this.show(this.meanwhile.splice(0));
      this.seekOn();
    } catch (thrown) {
      if (generation !== this.generation) return;
      this.complete = true;
      this.failed = true;
      this.patch({ loading: false });
      this.run.fail(thrown);
    }
  }

  /** Reads on until the row that is sought is there; then nothing moves under the reader. */
  private seekOn(): void {
    if (this.sought === null) return;
    const { rows } = this.state.get();
    if (rows.some(({ id }) => id === this.sought)) {
      this.sought = null;
      this.hold();
    } else if (this.complete || rows.length >= rowsSought) this.sought = null;
    else void this.readPage();
  }

  private take(events: readonly RunEvent[]): void {
    const arrivals: Arrival[] = [];
    for (const { body } of events) {
      if (body.type === 'group') arrivals.push({ group: body.group, subjects: this.subjectsOf(body.group) });
      if (body.type === 'rewound' || body.type === 'analysed') {
        this.reload();
        return;
      }
      if (body.type === 'annotation') {
        this.flagged(body.annotation.rolloutId, 1);
        this.note('flagBy', body.annotation.author);
        this.countSoon();
      }
      if (body.type === 'annotation-removed') this.reload();
    }
    if (arrivals.length === 0) return;
    this.addToCounts(arrivals.flatMap(({ subjects }) => subjects));
    if (this.state.get().loading && this.before === null) this.meanwhile.push(...arrivals);
    else this.show(arrivals);
  }

  /** Rows of new groups that the query keeps. */
  private show(arrivals: readonly Arrival[]): void {
    const { query, rows, waiting, following } = this.state.get();
    const known = new Set(rows.slice(0, 400).map(({ groupId }) => groupId));
    let fresh: RolloutRow[] = [];
    for (const { group, subjects } of arrivals) {
      if (known.has(group.id)) continue;
      const kept = new Set(subjects.filter((one) => matches(query, one)).map(({ rollout }) => rollout.id));
      fresh = [...inGroupOrder(rowsOfGroup(group).filter(({ id }) => kept.has(id))), ...fresh];
    }
    if (fresh.length === 0) return;
    if (waiting.length + fresh.length > waitingKept && !following) {
      this.patch({ waiting: [...fresh, ...waiting].slice(0, waitingKept) });
    } else {
      this.patch(following ? { rows: [...fresh, ...rows] } : { waiting: [...fresh, ...waiting] });
    }
  }

  private subjectsOf(group: GroupWithRollouts): Subject[] {
    const { id, name } = this.run.state.get().view.run;
    const { question } = group;
    this.note('source', question.source);
    this.note('dataset', question.dataset);
    if (question.family !== null) this.note('family', question.family);
    return group.rollouts.map((rollout) => ({ run: { id, name }, group, rollout, flags: [] }));
  }

  private addToCounts(made: readonly Subject[]): void {
    if (this.counting) this.outdated = true;
    if (!this.counted) return;
    const { query, matching, total, facets } = this.state.get();
    const kept = (expression: Expression) => made.filter((one) => matches(expression, one)).length;
    this.patch({
      matching: matching === null ? null : matching + kept(query),
      total: total === null ? null : total + made.length,
      facets: Object.fromEntries(
        Object.entries(facetQueries(query)).map(([term, expression]) => [term, (facets[term] ?? 0) + kept(expression)]),
      ),
    });
  }

  private flagged(rolloutId: string, added: number): void {
    const mark = (rows: readonly RolloutRow[]) =>
      rows.some((row) => row.id === rolloutId)
        ? rows.map((row) => (row.id === rolloutId ? { ...row, flags: row.flags + added } : row))
        : rows;
    const { rows, waiting } = this.state.get();
    this.patch({ rows: mark(rows), waiting: mark(waiting) });
  }

  /** Counts again in a moment; never before the count that is under way is done. */
  private countSoon(): void {
    if (this.counting) this.outdated = true;
    else this.countTimer ??= setTimeout(() => void this.count(), recountDelayMs);
  }

  private async count(): Promise<void> {
    const generation = this.generation;
    if (this.countTimer !== null) clearTimeout(this.countTimer);
    this.countTimer = null;
    this.counting = true;
    this.outdated = false;
    try {
      const query = this.state.get().goodLine;
      const { filled: before } = this.state.get();
      const { matching, total, facets, filled } = await this.run.request('rollouts/count', { query, facets: true });
      if (generation !== this.generation) return;
      this.counting = false;
      this.counted = true;
      this.patch({ matching, total, facets, filled });
      if (before < 1 && filled === 1) this.reload();
      else if (this.outdated || filled < 1) this.countSoon();
    } catch (thrown) {
      if (generation !== this.generation) return;
      this.counting = false;
      /* A newer count took its place. */
      if (asStudioError(thrown).kind === 'cancelled') return;
      this.failed = true;
      this.run.fail(thrown);
    }
  }

  /** Values to offer for fields that take any text: what has been seen of this run. */
  seenValues(): SeenValues {
    const { run, evaluations, annotations } = this.run.state.get().view;
    const held = (name: FieldName, more: readonly string[] = []) => [
      ...new Set([...(this.seen.get(name) ?? []), ...more]),
    ];
    return {
      source: held('source'),
      dataset: held('dataset', [run.dataset]),
      family: held(
        'family',
        evaluations.flatMap(({ byFamily }) => byFamily.map(({ name }) => name)),
      ),
      flagBy: held(
        'flagBy',
        annotations.map(({ author }) => author),
      ),
      run: [run.name],
    };
  }

  private note(name: FieldName, value: string): void {
    const values = this.seen.get(name) ?? new Set();
    this.seen.set(name, values);
    if (values.size < seenKept) values.add(value);
  }

  private patch(change: Partial<FeedState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}

function withoutKnown(added: readonly RolloutRow[], known: readonly RolloutRow[]): RolloutRow[] {
  const ids = new Set(known.map(({ id }) => id));
  return added.filter(({ id }) => !ids.has(id));
}

/** Rows of one group that follow each other are put in the order of the group view. */
export function inGroupOrder(rows: readonly RolloutRow[]): RolloutRow[] {
  const blocks: RolloutRow[][] = [];
  for (const row of rows) {
    const block = blocks.at(-1);
    if (block?.[0]?.groupId === row.groupId) block.push(row);
    else blocks.push([row]);
  }
  return blocks.flatMap((block) =>
    block.sort((a, b) => (a.order === b.order ? a.index - b.index : a.order === 'ordered' ? -1 : 1)),
  );
}
