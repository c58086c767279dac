/** Reads a table of a damaged database past the damage: row by row, going on behind what can't be read. */
import type { Database } from './database.ts';

/** Keys that can't be read, the last one included; `last` is null where nothing behind can be read. */
export interface Hole {
  readonly first: number;
  readonly last: number | null;
}

export type Row = Readonly<Record<string, string | number | bigint | null | Uint8Array>>;

/** Keys tried one by one behind the last row that was read: more than a page holds, so that no page between two is missed. */
const triedOneByOne = 2000;
/** No table of a run has a larger key. */
const largestKey = 2 ** 40;

/**
 * Hands every row that can be read to `take`, by ascending key.
 * @param key the table's INTEGER PRIMARY KEY
 * @param take whether the row makes sense: a damaged page can give one that does not
 * @returns what could not be read. A key in a hole may never have been given
 */
export function readRows(database: Database, table: string, key: string, take: (row: Row) => boolean): Hole[] {
  const holes: Hole[] = [];
  for (let next = 0; ; ) {
    let last = next - 1;
    try {
      for (const row of database.iterate<Row>(`SELECT * FROM ${table} WHERE ${key} >= ? ORDER BY ${key}`, next)) {
        const found = row[key];
        if (typeof found !== 'number' || found <= last) continue;
        if (!take(row)) holes.push({ first: found, last: found });
        else last = found;
      }
      return holes;
    } catch {
      const first = last + 1;
      while ((holes.at(-1)?.first ?? -1) >= first) holes.pop();
      const behind = readableFrom((from) => canSeek(database, table, key, from), first);
      holes.push({ first, last: behind === null ? null : behind - 1 });
      if (behind === null) return holes;
      next = behind;
    }
  }
}

function canSeek(database: Database, table: string, key: string, from: number): boolean {
  try {
    database.get(`SELECT * FROM ${table} WHERE ${key} >= ? ORDER BY ${key} LIMIT 1`, from);
    return true;
  } catch {
    return false;
  }
}

/** The first key at or behind `first` from which rows can be read; null where there is none. */
function readableFrom(canRead: (from: number) => boolean, first: number): number | null {
  const near = first + triedOneByOne;
  for (let key = first + 1; key <= near; key++) if (canRead(key)) return key;
  for (let [below, step] = [near, triedOneByOne]; below + step < largestKey; below += step, step *= 2) {
    if (!canRead(below + step)) continue;
    // Between the two lies the end of what can't be read.
    let [bad, good] = [below, below + step];
    while (good - bad > 1) {
      const middle = Math.floor((bad + good) / 2);
      if (canRead(middle)) good = middle;
      else bad = middle;
    }
    return good;
  }
  return null;
}
