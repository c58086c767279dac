/**
 * The rows of the rollout list: pages from the store as they come into sight, rows of new groups as they arrive. While a
 * person reads, new rows wait above; nothing moves under the reader.
 */
import { asStudioError } from '../../trainer/protocol/errors.ts';
import type { RolloutFilter } from '../../trainer/protocol/messages.ts';
import type { RunEvent } from '../../trainer/protocol/records.ts';
import type { Session } from '../state/session.ts';
import { Store } from '../ui/store.ts';
import { type FilterFault, matches, parseFilter, toggled } from './filter.ts';
import { compactRow, type RolloutRow, rowsOfGroup } from './rollout-row.ts';

export interface FeedState {
  readonly line: string;
  /** The last line without a fault, and its filter: the one whose rows are shown. */
  readonly goodLine: string;
  readonly filter: RolloutFilter;
  readonly faults: readonly FilterFault[];
  /** Newest group first, inside a group ordered answers before shuffled ones. */
  readonly rows: readonly RolloutRow[];
  /** Rows that the filter keeps, and all rows, whether loaded or not. Null until known. */
  readonly matching: number | null;
  readonly total: number | null;
  /** New rows that wait to be shown, newest first. */
  readonly waiting: readonly RolloutRow[];
  /** New rows are shown as they arrive. */
  readonly following: boolean;
  readonly loading: boolean;
  /** Rows that would be left if this chip's term were in the filter too. */
  readonly facets: Readonly<Record<string, number>>;
}

/** Terms that are offered as chips, by the row they stand in. */
export const facetTerms: readonly { readonly name: string; readonly terms: readonly string[] }[] = [
  { name: 'Order', terms: ['order:ordered', 'order:shuffled'] },
  { name: 'Answer', terms: ['correct:true', 'correct:false'] },
  { name: 'Aha', terms: ['aha>=2', 'aha>=3', 'aha>=4', 'aha>=5'] },
  { name: 'Type', terms: ['type:choice', 'type:number', 'type:free', 'type:regression', 'type:ocr'] },
  { name: 'Purpose', terms: ['purpose:train', 'purpose:probe', 'purpose:evaluation', 'flagged'] },
];

const pageRows = 200;
/** How long the filter line must rest before chips are counted again. */
const facetDelayMs = 250;
/** How long it must rest before rows are read: a word is not searched for letter by letter. */
const lineDelayMs = 120;
/** How far a row that was open before a reload is looked for. */
const rowsSought = 5000;
/** New rows that wait; past this many the list is read again instead. */
const waitingKept = 2000;

export class RolloutFeed {
  readonly state: Store<FeedState>;
  private readonly session: Session;
  private readonly stopWatching: () => void;
  private generation = 0;
  /** Smallest key that was read: the next page begins below it. */
  private before: number | null = null;
  private complete = false;
  private sought: string | null;
  private lineTimer: ReturnType<typeof setTimeout> | null = null;
  private facetTimer: ReturnType<typeof setTimeout> | null = null;

  /** @param sought A rollout that was open before a reload: pages are read until its row is there. */
  constructor(session: Session, line: string, sought: string | null = null) {
    this.session = session;
    this.sought = sought;
    const parsed = parseFilter(line);
    this.state = new Store<FeedState>({
      line,
      goodLine: parsed.faults.length === 0 ? line : '',
      filter: parsed.faults.length === 0 ? parsed.filter : {},
      faults: parsed.faults,
      rows: [],
      matching: null,
      total: null,
      waiting: [],
      following: true,
      loading: false,
      facets: {},
    });
    this.stopWatching = session.watchEvents((events) => this.take(events));
    this.reload();
  }

  dispose(): void {
    this.generation += 1;
    this.stopWatching();
    for (const timer of [this.facetTimer, this.lineTimer]) if (timer !== null) clearTimeout(timer);
  }

  setLine(line: string): void {
    const { filter, faults } = parseFilter(line);
    if (faults.length > 0) {
      this.patch({ line, faults });
      return;
    }
    const same = JSON.stringify(filter) === JSON.stringify(this.state.get().filter);
    this.patch({ line, faults, filter, goodLine: line });
    if (same) return;
    /* What is on the way is of the filter before. */
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
    this.patch({ waiting: [], loading: false });
    void this.readPage();
    this.countFacets();
  }

  private async readPage(): Promise<void> {
    const { runId } = this.session.state.get();
    if (!runId) return;
    const generation = this.generation;
    const first = this.before === null;
    this.patch({ loading: true });
    try {
      const page = await this.session.request('rollouts/list', {
        runId,
        filter: this.state.get().filter,
        limit: pageRows,
        ...(this.before === null ? {} : { before: this.before }),
      });
      if (generation !== this.generation) return;
      const read = page.rows.map(compactRow);
      this.before = read.reduce((low, row) => Math.min(low, row.key ?? low), this.before ?? Infinity);
      this.complete = page.rows.length < pageRows;
      const { rows } = this.state.get();
      this.patch({
        rows: first ? inGroupOrder(read) : inGroupOrder([...rows, ...withoutKnown(read, rows)]),
        matching: page.matching,
        total: page.total,
        loading: false,
      });
      this.seekOn();
    } catch (thrown) {
      if (generation !== this.generation) return;
      this.complete = true;
      this.patch({ loading: false });
      this.session.fail(asStudioError(thrown));
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
    const { filter } = this.state.get();
    let arrived: RolloutRow[] = [];
    let made = 0;
    for (const { body } of events) {
      if (body.type === 'group') {
        const texts = new Map(body.group.rollouts.map(({ id, text }) => [id, text]));
        const rows = rowsOfGroup(body.group);
        made += rows.length;
        arrived = [...inGroupOrder(rows.filter((row) => matches(filter, row, texts.get(row.id) ?? ''))), ...arrived];
      }
      if (body.type === 'rewound') {
        this.reload();
        return;
      }
      if (body.type === 'annotation') this.flagged(body.annotation.rolloutId, 1);
      if (body.type === 'annotation-removed') this.reload();
    }
    if (made === 0) return;
    const { rows, waiting, following, matching, total, facets } = this.state.get();
    const fresh = withoutKnown(arrived, rows.slice(0, 400));
    if (waiting.length + fresh.length > waitingKept && !following) {
      this.patch({ waiting: [...fresh, ...waiting].slice(0, waitingKept) });
    } else {
      this.patch(following ? { rows: [...fresh, ...rows] } : { waiting: [...fresh, ...waiting] });
    }
    this.patch({
      matching: matching === null ? null : matching + fresh.length,
      total: total === null ? null : total + made,
      facets: Object.fromEntries(
        Object.entries(facets).map(([term, held]) => {
          const also = parseFilter(term).filter;
          return [term, held + fresh.filter((row) => matches(also, row, '')).length];
        }),
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

  private countFacets(): void {
    if (this.facetTimer !== null) clearTimeout(this.facetTimer);
    this.facetTimer = setTimeout(() => void this.readFacets(), facetDelayMs);
  }

  private async readFacets(): Promise<void> {
    const { runId } = this.session.state.get();
    if (!runId) return;
    const generation = this.generation;
    const { line } = this.state.get();
    const facets: Record<string, number> = {};
    for (const term of facetTerms.flatMap(({ terms }) => terms)) {
      const { filter } = parseFilter(parseFilter(line).faults.length === 0 ? toggledOn(line, term) : term);
      try {
        const { matching } = await this.session.request('rollouts/list', { runId, filter, limit: 1 });
        if (generation !== this.generation) return;
        facets[term] = matching;
      } catch {
        /* The link's own notice tells why; the chips stay without numbers. */
        return;
      }
    }
    this.patch({ facets });
  }

  private patch(change: Partial<FeedState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}

/** The line with the term in it, whether or not it was. */
function toggledOn(line: string, term: string): string {
  const without = toggled(line, term);
  return without.length < line.length && !without.includes(term) ? line : without;
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
