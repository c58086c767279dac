/**
 * The rows of a result of any length, of which only some pages are held: what stands at a place, where a row stands, and
 * where a question begins. A value: every change gives another.
 */
import { answerOrder } from '../../../trainer/protocol/answer-order.ts';
import type { RolloutRow } from './rollout-row.ts';

export const pageRows = 100;

interface PageStarts {
  readonly questions: number;
  /** Its first row begins one. */
  readonly opens: boolean;
}

interface Held {
  /** Rows that came after the list was read and are shown above it, newest first. */
  readonly top: readonly RolloutRow[];
  readonly pages: ReadonlyMap<number, readonly RolloutRow[]>;
  /** How a page begins and how many questions do in it, kept for pages that were let go, so that nothing below them moves. */
  readonly starts: ReadonlyMap<number, PageStarts>;
  /** Rows of the result as it was read, held or not. */
  readonly read: number;
}

export class RowPages {
  readonly top: Held['top'];
  readonly pages: Held['pages'];
  readonly starts: Held['starts'];
  readonly read: number;

  constructor({ top, pages, starts, read }: Held) {
    this.top = top;
    this.pages = pages;
    this.starts = starts;
    this.read = read;
  }

  /** Rows in all, held or not. */
  get length(): number {
    return this.top.length + this.read;
  }

  /** Null where the row is not held. */
  at(index: number): RolloutRow | null {
    if (index < this.top.length) return this.top[index] ?? null;
    const below = index - this.top.length;
    return this.pages.get(Math.floor(below / pageRows))?.[below % pageRows] ?? null;
  }

  /** -1 where no row that is held has this id. */
  indexOf(id: string): number {
    const above = this.top.findIndex((row) => row.id === id);
    if (above >= 0) return above;
    for (const [page, rows] of this.pages) {
      const place = rows.findIndex((row) => row.id === id);
      if (place >= 0) return this.top.length + page * pageRows + place;
    }
    return -1;
  }

  /** Whether the row above is of another question, as far as that was ever known. */
  startsGroup(index: number): boolean {
    const above = this.at(index - 1);
    const page = this.pageOf(index);
    if (above === null && page > 0) return this.starts.get(page)?.opens ?? true;
    return this.at(index)?.groupId !== above?.groupId;
  }

  /** The page of a row; negative for rows above what was read. */
  pageOf(index: number): number {
    return Math.floor((index - this.top.length) / pageRows);
  }

  get heldRows(): number {
    let sum = this.top.length;
    for (const rows of this.pages.values()) sum += rows.length;
    return sum;
  }

  withTop(added: readonly RolloutRow[]): RowPages {
    return this.counted({ top: [...added, ...this.top] }, [0]);
  }

  withLength(read: number): RowPages {
    if (read === this.read) return this;
    const last = Math.ceil(read / pageRows);
    const pages = new Map([...this.pages].filter(([page]) => page < last));
    const starts = new Map([...this.starts].filter(([page]) => page < last));
    return new RowPages({ top: this.top, pages, starts, read });
  }

  /** With a page as it was read. A question that lies across its ends has its answers put in order on both sides. */
  withPage(page: number, rows: readonly RolloutRow[], order: Ordering): RowPages {
    const pages = new Map(this.pages).set(page, order(rows));
    for (const upper of [page - 1, page]) {
      const [above, below] = [pages.get(upper), pages.get(upper + 1)];
      if (!above || !below) continue;
      const joined = acrossEnds(above, below, order);
      if (joined) pages.set(upper, joined[0]).set(upper + 1, joined[1]);
    }
    return this.counted({ pages }, [page, page + 1]);
  }

  withoutPages(gone: readonly number[]): RowPages {
    if (!gone.some((page) => this.pages.has(page))) return this;
    const left = new Set(gone);
    const pages = new Map([...this.pages].filter(([page]) => !left.has(page)));
    return new RowPages({ top: this.top, pages, starts: this.starts, read: this.read });
  }

  /** Each row as `change` gives it. */
  map(change: (row: RolloutRow) => RolloutRow): RowPages {
    const pages = new Map([...this.pages].map(([page, rows]) => [page, rows.map(change)] as const));
    return new RowPages({ top: this.top.map(change), pages, starts: this.starts, read: this.read });
  }

  private counted(change: Partial<Held>, touched: readonly number[]): RowPages {
    const held: Held = { top: this.top, pages: this.pages, starts: this.starts, read: this.read, ...change };
    const changed = new RowPages(held);
    const starts = new Map(held.starts);
    for (const page of touched) {
      const rows = held.pages.get(page);
      if (!rows) continue;
      const first = held.top.length + page * pageRows;
      const begin = rows.map((_, place) => changed.startsGroup(first + place));
      starts.set(page, { questions: begin.filter(Boolean).length, opens: begin[0] ?? true });
    }
    return new RowPages({ ...held, starts });
  }
}

export const noRows = new RowPages({ top: [], pages: new Map(), starts: new Map(), read: 0 });

type Ordering = (rows: readonly RolloutRow[]) => readonly RolloutRow[];

/** Two pages whose common question has its answers in order; null where they have none in common. */
function acrossEnds(
  above: readonly RolloutRow[],
  below: readonly RolloutRow[],
  order: Ordering,
): readonly [readonly RolloutRow[], readonly RolloutRow[]] | null {
  const groupId = above.at(-1)?.groupId;
  if (groupId === undefined || below[0]?.groupId !== groupId) return null;
  const from = above.findLastIndex((row) => row.groupId !== groupId) + 1;
  const other = below.findIndex((row) => row.groupId !== groupId);
  const end = other === -1 ? below.length : other;
  const both = order([...above.slice(from), ...below.slice(0, end)]);
  const kept = above.length - from;
  return [
    [...above.slice(0, from), ...both.slice(0, kept)],
    [...both.slice(kept), ...below.slice(end)],
  ];
}

/** Rows of one question that follow each other are put in the order of the group view. */
export function inGroupOrder(rows: readonly RolloutRow[]): RolloutRow[] {
  const blocks: RolloutRow[][] = [];
  for (const row of rows) {
    const block = blocks.at(-1);
    if (block?.[0]?.groupId === row.groupId) block.push(row);
    else blocks.push([row]);
  }
  return blocks.flatMap((block) => block.sort(answerOrder));
}
