/**
 * The rows of the rollout list: pages from the store where one looks, rows of new groups as they arrive. While a person
 * reads, new rows wait above; nothing moves under the reader.
 */
import { asStudioError } from '../../../trainer/protocol/errors.ts';
import type { ListPlace } from '../../../trainer/protocol/messages.ts';
import type { SeenValues } from '../../../trainer/protocol/query/complete.ts';
import { toggled } from '../../../trainer/protocol/query/edit.ts';
import { type Expression, everything, fieldsOf } from '../../../trainer/protocol/query/expression.ts';
import type { FieldName, Subject } from '../../../trainer/protocol/query/fields.ts';
import { matches } from '../../../trainer/protocol/query/matches.ts';
import { parseQuery, type QueryFault } from '../../../trainer/protocol/query/parse.ts';
import type { ListSort } from '../../../trainer/protocol/query/sort.ts';
import { butForEvidence } from '../../../trainer/protocol/query/weighed-fields.ts';
import type { GroupWithRollouts, RunEvent } from '../../../trainer/protocol/records.ts';
import { groupWithTold, type ToldOfAnswers, toldOfAnswers } from '../../../trainer/protocol/updated-group.ts';
import type { RunFeed } from '../../state/run-feed.ts';
import { Store } from '../../ui/store.ts';
import type { Counted } from './causes.ts';
import { type CountedQuery, ListCounts } from './list-counts.ts';
import { compactRow, type RolloutRow, rowsOfGroup, rowWithTold } from './rollout-row.ts';
import { inGroupOrder, noRows, pageRows, RowPages } from './row-pages.ts';

export interface FeedState {
  readonly line: string;
  /** The last line without a fault, and what it asks for: the one whose rows are shown. */
  readonly goodLine: string;
  readonly query: Expression;
  readonly faults: readonly QueryFault[];
  /** Null: newest group first, inside a group ordered answers before shuffled ones. */
  readonly sort: ListSort | null;
  readonly rows: RowPages;
  /** Another number for every list that was read from its top; 0 before the first. */
  readonly list: number;
  /** The top of another list is on its way; the rows are of the one before. */
  readonly reading: boolean;
  /** Reading or counting goes on for so long that a person sees it, and can stop it. */
  readonly slow: boolean;
  /** Share that a scan under way has looked at; null while there is none. */
  readonly progress: number | null;
  /** New rows that the filter keeps and that are not shown. */
  readonly waiting: number;
  /** New rows are shown as they arrive. */
  readonly following: boolean;
  /** When the trainer was lost that the rows and counts are of, milliseconds since 1970; null while there is one. */
  readonly lostAt: number | null;
  /** What the rows are of, where what was asked for since could not be read; it is read once there is a trainer again. */
  readonly behind: CountedQuery | null;
  /** The rollout that is read, and whether it has a row in this list. */
  readonly chosen: { readonly id: string; readonly is: 'held' | 'sought' | 'outside' } | null;
}

/** Rows beyond those in sight that are read ahead. */
const rowsAhead = 100;
/** Pages that are held; others are let go, the farthest from the reader first. */
const pagesKept = 40;
/** Pages that are read at the same time. */
const readsAtOnce = 2;
/** Values of one field that are remembered. */
const seenKept = 200;
/** New rows that are held while they wait or are shown on top; past this many the list is read again instead. */
const newKept = 2000;
/** How long reading and counting go on before they show. */
const slowMs = 250;

/** A group that has just come, and what filters are held against. */
interface Arrival {
  readonly group: GroupWithRollouts;
  readonly subjects: readonly Subject[];
}

export class RolloutFeed {
  readonly state: Store<FeedState>;
  readonly counts: ListCounts;
  private readonly run: RunFeed;
  private readonly stops: readonly (() => void)[];
  /** Counts the lists that were asked for: answers to an earlier one are void. */
  private turn = 0;
  /** What the rows that are shown were asked with. */
  private shown: CountedQuery;
  /** By page: the cursors of its first and its last row. */
  private readonly ends = new Map<number, { readonly first: string | null; readonly last: string | null }>();
  private readonly underWay = new Set<number>();
  /** Pages whose place was only about right. */
  private readonly inexact = new Set<number>();
  private sight = { first: 0, last: 0 };
  /** A row that is waited for. */
  private goal: number | null = null;
  /** Rows could not be read; the next link has them read again. */
  private failed = false;
  private slowTimer: ReturnType<typeof setTimeout> | null = null;
  /** Groups that arrived while the first page was on its way, which may hold them or not. */
  private meanwhile: Arrival[] = [];
  /** New rows that wait, newest first, unless they are too many. */
  private fresh: readonly RolloutRow[] = [];
  /** What text fields held in groups that arrived. */
  private readonly seen = new Map<FieldName, Set<string>>();

  constructor(run: RunFeed, line: string, sort: ListSort | null = null) {
    this.run = run;
    const { expression, faults } = parseQuery(line);
    const query = expression ?? everything;
    const goodLine = expression === null ? '' : line;
    this.shown = { line: goodLine, query, sort };
    this.state = new Store<FeedState>({
      line,
      goodLine,
      query,
      faults,
      sort,
      rows: noRows,
      list: 0,
      reading: false,
      slow: false,
      progress: null,
      waiting: 0,
      following: true,
      lostAt: null,
      behind: null,
      chosen: null,
    });
    this.counts = new ListCounts({
      run,
      asked: () => this.asked,
      onCounted: (matching, settled) => this.counted(matching, settled),
      onFailed: () => this.rest(),
      onFilled: () => this.reload(),
    });
    const { connection } = run;
    this.stops = [
      run.watchEvents((events) => this.take(events)),
      connection.on('rollouts/progress', ({ runId, done, total }) => {
        if (runId === run.id && this.isBusy) this.patch({ progress: total === 0 ? null : done / total });
      }),
      connection.state.watch(() => this.followLink()),
      connection.whenReady(() => this.recover()),
    ];
    this.reload();
  }

  dispose(): void {
    this.turn += 1;
    this.clearSlow();
    this.counts.dispose();
    for (const stop of this.stops) stop();
  }

  setLine(line: string): void {
    const { expression, faults } = parseQuery(line);
    if (expression === null) {
      this.patch({ line, faults });
      return;
    }
    const same = JSON.stringify(expression) === JSON.stringify(this.state.get().query);
    this.patch({ line, faults, query: expression, goodLine: line, ...(!same && { chosen: this.unplaced }) });
    if (!same) this.reload();
  }

  toggle(term: string): void {
    this.setLine(toggled(this.state.get().line, term));
  }

  /** @param sort null for the newest first */
  setSort(sort: ListSort | null): void {
    const { sort: before } = this.state.get();
    if (sort?.by === before?.by && sort?.descending === before?.descending) return;
    this.patch({ sort });
    this.reload();
  }

  /** Gives up what is being read and counted; what is shown stays, and the filter and order that it was read with. */
  stop(): boolean {
    if (!this.state.get().slow) return false;
    this.cancel();
    this.turn += 1;
    this.underWay.clear();
    const { line, query, sort } = this.shown;
    if (this.state.get().reading && this.state.get().list > 0) {
      this.patch({ line, goodLine: line, query, sort, faults: [] });
    }
    this.patch({ reading: false, behind: null, chosen: this.unplaced });
    this.counts.stop();
    this.rest();
    this.seek();
    return true;
  }

  /** Reads the list again from its top. */
  reload(): void {
    if (this.isBusy) this.cancel();
    this.turn += 1;
    this.failed = false;
    this.goal = null;
    this.underWay.clear();
    this.meanwhile = [];
    this.patch({ reading: true, progress: null, chosen: this.unplaced });
    this.slowTimer ??= setTimeout(() => this.patch({ slow: true }), slowMs);
    void this.readFirst();
    this.counts.start();
  }

  /** Rows that are in sight. */
  see(first: number, last: number): void {
    this.sight = { first, last };
    this.fill();
  }

  /** The rollout that is read: its row is looked for, and its page stays. */
  choose(id: string | null): void {
    if (this.state.get().chosen?.id === (id ?? undefined)) return;
    this.patch({ chosen: id === null ? null : { id, is: 'sought' } });
    this.seek();
    this.fill();
  }

  /** The row at a place, read if need be; null where there is none, or another list took its place. */
  row(index: number): Promise<RolloutRow | null> {
    const { list } = this.state.get();
    if (index < 0) return Promise.resolve(null);
    return new Promise((resolve) => {
      const look = (): boolean => {
        const { rows, list: now } = this.state.get();
        const row = now === list && index < rows.length ? rows.at(index) : null;
        if (row === null && now === list && index < rows.length && !this.failed) return false;
        resolve(row);
        return true;
      };
      if (look()) return;
      const stop = this.state.watch(() => {
        if (look()) stop();
      });
      this.goal = index;
      this.fill();
    });
  }

  /** The number, from 0, of the row at a place of the result; null where that can't be told. */
  async find(at: ListPlace): Promise<number | null> {
    const { turn } = this;
    try {
      const found = await this.request(at, 1);
      if (turn !== this.turn) return null;
      if (found.rows.length === 0) return null;
      const index = found.index - this.hidden;
      if (index >= 0) return index;
      this.follow();
      return found.index;
    } catch (thrown) {
      if (turn === this.turn) this.refuse(thrown);
      return null;
    }
  }

  /** What each of these lines keeps; null where another count came between. */
  async countEach(lines: readonly string[]): Promise<Counted[] | null> {
    try {
      const counted: Counted[] = [];
      /* One after the other: a newer count ends the one before. */
      for (const query of lines) counted.push(await this.run.request('rollouts/count', { query }));
      return counted;
    } catch (thrown) {
      /* The list says the same without these figures. */
      if (asStudioError(thrown).kind !== 'cancelled') this.run.fail(thrown);
      return null;
    }
  }

  /** From now on new rows wait. */
  hold(): void {
    if (this.state.get().following) this.patch({ following: false });
  }

  /** Shows the rows that wait, and new ones as they arrive. */
  follow(): void {
    const { waiting, rows, sort } = this.state.get();
    this.patch({ following: true });
    if (waiting === 0) return;
    if (sort !== null || this.fresh.length < waiting) this.reload();
    else this.patch({ waiting: 0, rows: rows.withTop(this.fresh) });
    this.fresh = [];
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

  private get asked(): CountedQuery {
    const { goodLine: line, query, sort } = this.state.get();
    return { line, query, sort };
  }

  private get isBusy(): boolean {
    return this.state.get().reading || this.underWay.size > 0 || this.counts.state.get().state === 'counting';
  }

  /** The rollout that is read, where another list is to say whether it holds it. */
  private get unplaced(): FeedState['chosen'] {
    const { chosen } = this.state.get();
    return chosen && { id: chosen.id, is: 'sought' };
  }

  /** Rows of the trainer's list that stand above those that are shown. */
  private get hidden(): number {
    const { waiting, sort } = this.state.get();
    return sort === null ? waiting : 0;
  }

  private request(at: ListPlace | null, limit: number) {
    const { line, sort } = this.asked;
    return this.run.request('rollouts/list', { query: line, ...(sort && { sort }), ...(at && { at }), limit });
  }

  private cancel(): void {
    /* It tells of nothing that a person could do something about: what was to end has ended, or its answer is dropped. */
    this.run.request('rollouts/cancel', {}).catch(() => {});
  }

  private async readFirst(): Promise<void> {
    const { turn } = this;
    const asked = this.asked;
    try {
      const page = await this.request(null, pageRows);
      if (turn !== this.turn) return;
      const read = page.more ? (asked.line.trim() === '' ? page.total : 2 * pageRows) : page.rows.length;
      this.shown = asked;
      this.fresh = [];
      this.ends.clear();
      this.inexact.clear();
      this.ends.set(0, { first: page.first, last: page.last });
      this.sight = { first: 0, last: 0 };
      const empty = new RowPages({ top: [], pages: new Map(), starts: new Map(), read });
      this.counts.tell(page.more ? null : page.rows.length, page.total);
      this.patch({
        rows: page.rows.length === 0 ? empty : empty.withPage(0, page.rows.map(compactRow), this.ordering),
        list: this.state.get().list + 1,
        reading: false,
        waiting: 0,
        behind: null,
        chosen: this.unplaced,
      });
      const { matching, state } = this.counts.state.get();
      if (state === 'counted' && matching !== null) this.counted(matching, this.meanwhile.length === 0);
      this.show(this.meanwhile.splice(0));
      this.rest();
      this.seek();
      this.fill();
    } catch (thrown) {
      if (turn !== this.turn) return;
      const { list } = this.state.get();
      this.patch({ reading: false, behind: list > 0 && !isSameList(asked, this.shown) ? this.shown : null });
      this.rest();
      this.refuse(thrown);
    }
  }

  /** Inside a question the newest first is the order of the group view. */
  private get ordering() {
    return this.state.get().sort === null ? inGroupOrder : (rows: readonly RolloutRow[]) => rows;
  }

  /** Reads pages that are wanted and not held, the nearest to what is in sight first, and lets far ones go. */
  private fill(): void {
    const { rows, list, reading } = this.state.get();
    if (list === 0 || reading || this.failed) return;
    const lastPage = Math.ceil(rows.read / pageRows) - 1;
    const pageAt = (index: number) => Math.max(0, Math.min(lastPage, rows.pageOf(index)));
    const wanted = new Set<number>();
    const want = (first: number, last: number) => {
      for (let page = pageAt(first); page <= pageAt(last); page += 1) wanted.add(page);
    };
    if (this.goal !== null) want(this.goal, this.goal);
    want(this.sight.first, this.sight.last);
    want(this.sight.first - rowsAhead, this.sight.last + rowsAhead);
    const chosen = this.chosenIndex;
    if (chosen >= 0) want(chosen - rowsAhead, chosen + rowsAhead);
    for (const page of wanted) {
      if (this.underWay.size >= readsAtOnce) break;
      if (!rows.pages.has(page) && !this.underWay.has(page) && page <= lastPage) void this.readPage(page);
    }
    const middle = pageAt((this.sight.first + this.sight.last) / 2);
    const far = [...rows.pages.keys()]
      .filter((page) => !wanted.has(page))
      .sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle))
      .slice(0, Math.max(0, rows.pages.size - pagesKept));
    for (const page of far) this.ends.delete(page);
    if (far.length > 0) this.patch({ rows: rows.withoutPages(far) });
  }

  private get chosenIndex(): number {
    const { chosen, rows } = this.state.get();
    return chosen?.is === 'held' ? rows.indexOf(chosen.id) : -1;
  }

  private async readPage(page: number): Promise<void> {
    const { turn } = this;
    const above = this.ends.get(page - 1)?.last ?? null;
    const below = this.ends.get(page + 1)?.first ?? null;
    const index = page * pageRows + this.state.get().rows.top.length + this.hidden;
    const at: ListPlace = above ? { after: above } : below && page > 0 ? { before: below } : { index };
    this.underWay.add(page);
    try {
      const read = await this.request(at, pageRows);
      if (turn !== this.turn) return;
      this.underWay.delete(page);
      /* Rows went or came above, so that this page does not fill the gap: it is read by its number. */
      if ('before' in at && read.rows.length < pageRows) this.ends.delete(page + 1);
      else this.putPage(page, read, 'index' in at && !read.exact);
      this.rest();
      this.fill();
    } catch (thrown) {
      if (turn !== this.turn) return;
      this.underWay.delete(page);
      this.rest();
      if (asStudioError(thrown).kind !== 'cancelled') this.refuse(thrown);
    }
  }

  private putPage(page: number, read: Awaited<ReturnType<RolloutFeed['request']>>, inexact: boolean): void {
    let { rows } = this.state.get();
    const end = page * pageRows + read.rows.length;
    if (!read.more) rows = rows.withLength(end);
    else if (rows.read <= end) rows = rows.withLength(end + pageRows);
    if (read.rows.length > 0) {
      const ids = new Set(read.rows.map(({ id }) => id));
      const twice = [...rows.pages].filter(([, held]) => held.some(({ id }) => ids.has(id))).map(([held]) => held);
      for (const held of twice) this.ends.delete(held);
      this.ends.set(page, { first: read.first, last: read.last });
      if (inexact) this.inexact.add(page);
      rows = rows.withoutPages(twice).withPage(page, read.rows.map(compactRow), this.ordering);
    }
    if (this.goal !== null && rows.at(this.goal)) this.goal = null;
    this.patch({ rows });
  }

  /** The length of the list is known, and where every row stands. */
  private counted(matching: number, settled: boolean): void {
    this.rest();
    const { rows, reading, list } = this.state.get();
    if (reading || list === 0) return;
    const read = Math.max(0, matching - rows.top.length - this.hidden);
    const sized = settled ? rows.withLength(read) : rows;
    const moved = [...this.inexact];
    this.inexact.clear();
    for (const page of moved) this.ends.delete(page);
    this.patch({ rows: sized.withoutPages(moved) });
    this.fill();
  }

  /** Nothing scans any more. */
  private rest(): void {
    if (this.isBusy) return;
    this.clearSlow();
    const { progress, slow } = this.state.get();
    if (progress !== null || slow) this.patch({ progress: null, slow: false });
  }

  private clearSlow(): void {
    if (this.slowTimer !== null) clearTimeout(this.slowTimer);
    this.slowTimer = null;
  }

  private seek(): void {
    const { chosen, list, reading } = this.state.get();
    if (!chosen || list === 0 || reading || chosen.is === 'held') return;
    void this.seekRow(chosen.id);
  }

  private async seekRow(id: string): Promise<void> {
    const { turn } = this;
    const isWanted = () => turn === this.turn && this.state.get().chosen?.id === id;
    try {
      const found = await this.request({ rollout: id }, 1);
      if (!isWanted()) return;
      if (found.rows[0]?.id !== id) {
        this.patch({ chosen: { id, is: 'outside' } });
        return;
      }
      if (found.index < this.hidden) {
        this.follow();
        this.hold();
      }
      await this.row(found.index - this.hidden);
    } catch (thrown) {
      if (!isWanted()) return;
      if (asStudioError(thrown).kind === 'not-found') this.patch({ chosen: { id, is: 'outside' } });
      else this.refuse(thrown);
    }
  }

  private take(events: readonly RunEvent[]): void {
    let arrivals: Arrival[] = [];
    for (const { body } of events) {
      if (body.type === 'group') arrivals.push({ group: body.group, subjects: this.subjectsOf(body.group) });
      if (body.type === 'rewound' || body.type === 'analysed') {
        this.reload();
        return;
      }
      if (body.type === 'annotation') {
        if (body.annotation.category !== null) this.flagged(body.annotation.rolloutId);
        this.note('flagBy', body.annotation.author);
        this.counts.countSoon();
      }
      if (body.type === 'annotation-removed') {
        this.unflagged();
        this.counts.countSoon();
      }
      const told = toldOfAnswers(body);
      if (told !== null) arrivals = arrivals.map((arrival) => arrivalWithTold(arrival, told));
      if (told !== null) this.tell(told);
      if (body.type !== 'masked' && body.type !== 'corrected' && body.type !== 'weighed') continue;
      this.counts.countSoon();
      const { query } = this.state.get();
      if (body.type === 'weighed' ? butForEvidence(query) !== null : fieldsOf(query).includes('masked')) {
        this.reload();
        return;
      }
    }
    if (arrivals.length === 0) return;
    this.counts.add(arrivals.flatMap(({ subjects }) => subjects));
    if (this.state.get().reading) this.meanwhile.push(...arrivals);
    else this.show(arrivals);
  }

  /** Rows of new groups that the filter keeps: on top, or counted among those that wait. */
  private show(arrivals: readonly Arrival[]): void {
    const { query, rows, waiting, following, sort } = this.state.get();
    const known = new Set((rows.pages.get(0) ?? []).map(({ groupId }) => groupId));
    let added: RolloutRow[] = [];
    for (const { group, subjects } of arrivals) {
      if (known.has(group.id)) continue;
      const kept = new Set(subjects.filter((one) => matches(query, one)).map(({ rollout }) => rollout.id));
      added = [...inGroupOrder(rowsOfGroup(group).filter(({ id }) => kept.has(id))), ...added];
    }
    if (added.length === 0) return;
    if (sort !== null || !following) {
      if (this.fresh.length === waiting) this.fresh = [...added, ...this.fresh].slice(0, newKept);
      this.patch({ waiting: waiting + added.length });
    } else if (rows.top.length > newKept) this.reload();
    else this.patch({ rows: rows.withTop(added) });
  }

  private subjectsOf(group: GroupWithRollouts): Subject[] {
    const { id, name } = this.run.state.get().view.run;
    const { question } = group;
    this.note('source', question.source);
    this.note('dataset', question.dataset);
    if (question.family !== null) this.note('family', question.family);
    for (const words of group.rollouts.flatMap(({ flagged = [] }) => flagged)) this.note('flaggedWords', words);
    return group.rollouts.map((rollout) => ({ run: { id, name }, group, rollout, annotations: [] }));
  }

  private tell(told: ToldOfAnswers): void {
    const renewed = (row: RolloutRow) => rowWithTold(row, told);
    this.fresh = this.fresh.map(renewed);
    this.meanwhile = this.meanwhile.map((arrival) => arrivalWithTold(arrival, told));
    this.patch({ rows: this.state.get().rows.map(renewed) });
  }

  private flagged(rolloutId: string): void {
    const mark = (row: RolloutRow) => (row.id === rolloutId ? { ...row, flags: row.flags + 1 } : row);
    this.fresh = this.fresh.map(mark);
    this.patch({ rows: this.state.get().rows.map(mark) });
  }

  /** The event does not say whose flag it was; what flags are left, the run's list says. */
  private unflagged(): void {
    const left = new Map<string, number>();
    for (const { rolloutId, category } of this.run.state.get().view.annotations) {
      if (category === null) continue;
      left.set(rolloutId, (left.get(rolloutId) ?? 0) + 1);
    }
    const mark = (row: RolloutRow) => (row.flags === 0 ? row : { ...row, flags: left.get(row.id) ?? 0 });
    this.fresh = this.fresh.map(mark);
    this.patch({ rows: this.state.get().rows.map(mark) });
  }

  private followLink(): void {
    const isLost = this.run.connection.state.get().link.state !== 'open';
    const { lostAt, list } = this.state.get();
    if (isLost && lostAt === null && list > 0) this.patch({ lostAt: Date.now() });
    else if (!isLost && lostAt !== null) this.patch({ lostAt: null });
  }

  /** A link is there: reads what could not be read over the one before. */
  private recover(): void {
    const wasLost = this.failed || this.counts.failed;
    if (!wasLost) return;
    this.failed = false;
    const { list, behind } = this.state.get();
    if (list === 0 || behind !== null) {
      this.reload();
      return;
    }
    this.counts.start();
    this.seek();
    this.fill();
  }

  private refuse(thrown: unknown): void {
    if (asStudioError(thrown).kind === 'cancelled') return;
    this.failed = true;
    /* Whoever waits for a row is told. */
    this.patch({});
    this.run.fail(thrown);
  }

  private note(name: FieldName, value: string): void {
    const values = this.seen.get(name) ?? new Set();
    this.seen.set(name, values);
    if (values.size < seenKept) values.add(value);
  }

  private patch(change: Partial<FeedState>): void {
    this.state.update((state) => {
      const changed = { ...state, ...change };
      const { chosen, rows } = changed;
      if (!chosen || chosen.is === 'held' || (!change.rows && !change.chosen) || changed.reading) return changed;
      return rows.indexOf(chosen.id) < 0 ? changed : { ...changed, chosen: { id: chosen.id, is: 'held' } };
    });
  }
}

const arrivalWithTold = ({ group, subjects }: Arrival, told: ToldOfAnswers): Arrival => ({
  group: groupWithTold(group, told),
  subjects,
});

const isSameList = (one: CountedQuery, other: CountedQuery): boolean =>
  JSON.stringify([one.query, one.sort]) === JSON.stringify([other.query, other.sort]);
