/** How many rollouts a filter keeps, of how many, and for every chip: counted by the trainer, kept right as groups arrive. */
import { asStudioError } from '../../../trainer/protocol/errors.ts';
import type { Expression } from '../../../trainer/protocol/query/expression.ts';
import { facetQueries } from '../../../trainer/protocol/query/facets.ts';
import type { Subject } from '../../../trainer/protocol/query/fields.ts';
import { matches } from '../../../trainer/protocol/query/matches.ts';
import type { ListSort } from '../../../trainer/protocol/query/sort.ts';
import type { RunFeed } from '../../state/run-feed.ts';
import { Store } from '../../ui/store.ts';

export interface CountsState {
  /** Rows that the filter keeps, and all rows. Null until known. */
  readonly matching: number | null;
  readonly total: number | null;
  /** Rows that would be left with this chip pressed; empty until they are counted. */
  readonly facets: Readonly<Record<string, number>>;
  /** Of the rows that the rest of the filter keeps, those in which the present rules have not looked for what it asks of them. */
  readonly outdated: number;
  /** Of the rows that the rest of the filter keeps, those with evidence, as far as the filter or the run has to do with any. */
  readonly weighed: { readonly weighed: number; readonly of: number } | null;
  /** Share of the rollouts that a filter sees: less than 1 while a run of an older version is indexed anew. */
  readonly filled: number;
  /** `stopped` by a person, or because it failed. */
  readonly state: 'counting' | 'counted' | 'stopped';
}

export interface CountedQuery {
  readonly line: string;
  readonly query: Expression;
  readonly sort: ListSort | null;
}

/** How long after a change of what was counted it is counted again. */
const recountDelayMs = 1000;

interface CountsOf {
  readonly run: Pick<RunFeed, 'request' | 'fail'>;
  /** What is counted. */
  readonly asked: () => CountedQuery;
  /** Told of a count; `settled` when nothing arrived while it was made. */
  readonly onCounted: (matching: number, settled: boolean) => void;
  /** It could not be counted. */
  readonly onFailed: () => void;
  /** More of the rollouts are seen by filters than before. */
  readonly onFilled: () => void;
}

export class ListCounts {
  readonly state = new Store<CountsState>({
    matching: null,
    total: null,
    facets: {},
    outdated: 0,
    weighed: null,
    filled: 1,
    state: 'stopped',
  });
  /** It could not be counted; the next link has it counted again. */
  failed = false;
  private readonly of: CountsOf;
  private turn = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  /** Something changed during the count that is under way, which may hold it or not. */
  private outdated = false;
  private counting = false;
  /** What the counts that are held are of, as JSON; null where they are not whole. */
  private countedOf: string | null = null;

  constructor(of: CountsOf) {
    this.of = of;
  }

  dispose(): void {
    this.turn += 1;
    this.clearTimer();
  }

  /** The counts held are of another query: those of rows that arrive are not added to them. */
  start(): void {
    this.patch({ state: 'counting' });
    void this.count();
  }

  /** A person does not want to wait. The counts that are held may be of what is asked for again. */
  stop(): void {
    this.turn += 1;
    this.counting = false;
    this.clearTimer();
    const isHeld = this.countedOf === JSON.stringify(this.of.asked().query) && !this.outdated;
    if (this.state.get().state !== 'counting') return;
    if (isHeld) this.patch({ state: 'counted' });
    else this.giveUp();
  }

  /** What a page of the list tells before it is counted. */
  tell(matching: number | null, total: number): void {
    if (this.state.get().state === 'counted') return;
    this.countedOf = null;
    this.patch({ matching, total });
  }

  add(made: readonly Subject[]): void {
    if (this.counting) this.outdated = true;
    const { matching, total, facets, state } = this.state.get();
    if (state !== 'counted') return;
    const { query } = this.of.asked();
    const kept = (expression: Expression) => made.filter((one) => matches(expression, one)).length;
    this.patch({
      matching: matching === null ? null : matching + kept(query),
      total: total === null ? null : total + made.length,
      facets: Object.fromEntries(
        Object.entries(facetQueries(query)).map(([term, expression]) => [term, (facets[term] ?? 0) + kept(expression)]),
      ),
    });
  }

  /** Counts again in a moment; never before the count that is under way is done. */
  countSoon(): void {
    if (this.counting) this.outdated = true;
    else this.timer ??= setTimeout(() => void this.count(), recountDelayMs);
  }

  private async count(): Promise<void> {
    this.clearTimer();
    this.turn += 1;
    const { turn } = this;
    this.counting = true;
    this.outdated = false;
    this.failed = false;
    const { line, sort, query } = this.of.asked();
    try {
      const counted = await this.of.run.request('rollouts/count', { query: line, ...(sort && { sort }), facets: true });
      if (turn !== this.turn) return;
      this.counting = false;
      this.countedOf = JSON.stringify(query);
      const { filled: before } = this.state.get();
      const { matching, total, facets, outdated, weighed, filled } = counted;
      this.patch({ matching, total, facets, outdated, weighed, filled, state: 'counted' });
      this.of.onCounted(matching, !this.outdated);
      if (before < 1 && filled === 1) this.of.onFilled();
      else if (this.outdated || filled < 1) this.countSoon();
    } catch (thrown) {
      if (turn !== this.turn) return;
      this.counting = false;
      const { kind } = asStudioError(thrown);
      /* Another count of this client took its place. */
      if (kind === 'cancelled') {
        this.countSoon();
        return;
      }
      /* Without a trainer the rows too are those of before, and the list says of which filter. */
      if (kind === 'connection-lost') this.patch({ state: 'stopped' });
      else this.giveUp();
      this.failed = true;
      this.of.onFailed();
      this.of.run.fail(thrown);
    }
  }

  /** What is held of another query is not told of this one: what is not counted is not 0. */
  private giveUp(): void {
    const isOfAnother = this.countedOf !== null && this.countedOf !== JSON.stringify(this.of.asked().query);
    this.patch({ state: 'stopped', facets: {}, ...(isOfAnother && { matching: null }) });
  }

  private clearTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private patch(change: Partial<CountsState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}
