/**
 * On which line of the list a row stands: its own place, or, where every question has a head above its answers, that and the
 * heads before it. Heads of pages that were never read are estimated, so that the list has its length from the start.
 */
import type { Lines } from '../../ui/virtual-list.tsx';
import { pageRows, type RowPages } from './row-pages.ts';

/** One line a row. */
export const plainLines = (count: number): Lines => ({
  total: count,
  before: (index) => index,
  at: (line) => line,
});

/** One more line where a question begins. */
export function headedLines(rows: RowPages): Lines {
  const top = rows.top.length;
  const pages = Math.ceil(rows.read / pageRows);
  const known = rows.starts.get(0)?.questions ?? 0;
  const share = rows.read === 0 ? 0 : known / Math.min(pageRows, rows.read);
  const rowsIn = (page: number) => Math.min(pageRows, rows.read - page * pageRows);
  /** Lines above what was read; then, by page, those above it. */
  const topLines = top + startsBetween(rows, 0, top);
  const above = new Float64Array(pages + 1);
  above[0] = topLines;
  for (let page = 0; page < pages; page += 1) {
    const heads = rows.starts.get(page)?.questions ?? Math.round(share * rowsIn(page));
    above[page + 1] = (above[page] ?? 0) + rowsIn(page) + heads;
  }
  const linesOf = (page: number) => (above[page + 1] ?? 0) - (above[page] ?? 0);
  const before = (index: number): number => {
    if (index < top) return index + startsBetween(rows, 0, index);
    const page = Math.min(pages, rows.pageOf(index));
    const place = index - top - page * pageRows;
    const start = above[page] ?? 0;
    if (rows.pages.has(page)) return start + place + startsBetween(rows, index - place, index);
    return start + (place === 0 ? 0 : Math.floor((place * linesOf(page)) / rowsIn(page)));
  };
  /** The last index from `low` to `high` whose block begins at or above a line. */
  const lastAtOrAbove = (line: number, low: number, high: number): number => {
    let [from, to] = [low, high];
    while (from < to) {
      const middle = Math.ceil((from + to) / 2);
      if (before(middle) <= line) from = middle;
      else to = middle - 1;
    }
    return from;
  };
  return {
    total: above[pages] ?? 0,
    before,
    at: (line) => lastAtOrAbove(line, 0, Math.max(0, rows.length - 1)),
  };
}

/** Questions that begin in the rows from one index to before another; rows that are not held begin none. */
function startsBetween(rows: RowPages, from: number, to: number): number {
  let starts = 0;
  for (let index = from; index < to; index += 1) if (rows.at(index) && rows.startsGroup(index)) starts += 1;
  return starts;
}
