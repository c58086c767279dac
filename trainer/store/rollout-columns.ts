/**
 * What queries ask of a run's rollouts, as columns in memory: a filter over a million rows is then a loop over numbers. Read
 * from the database in portions, each field when it is first asked for; kept up to date from the highest key on, and by
 * `changed_rollouts` for what was changed since. Knows nothing of queries.
 */
import { type Field, type FieldName, fields } from '../protocol/query/fields.ts';
import type { Database } from './database.ts';
import { tableOf, valueSql } from './query-sql.ts';

/** How far a reading is that may have to look at every rollout. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

export type Level = 'facets' | 'groups' | 'rollouts';

/**
 * A field's values, one for each row of its level: numbers as they are, truths as 0 and 1, known values by their number, texts
 * by their number in `texts`. NaN is null.
 */
export interface Column {
  readonly level: Level;
  readonly values: Float64Array;
  /** Null for what is not a text. */
  readonly texts: Texts | null;
}

/** Different texts of a column, folded, in the order in which they came. */
export class Texts {
  readonly list: string[] = [];
  private readonly numbers = new Map<string, number>();
  private ranked: Float64Array = new Float64Array(0);

  /** The number of a text, given where it has none yet. */
  add(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.numbers.set(text, this.list.length);
    return this.list.push(text) - 1;
  }

  /** NaN for a text that is not there. */
  numberOf(text: string): number {
    return this.numbers.get(text) ?? Number.NaN;
  }

  /** By number: the place of the text in the order of all. */
  ranks(): Float64Array {
    const { list } = this;
    if (this.ranked.length !== list.length) {
      const order = list.map((_, number) => number);
      order.sort((a, b) => ((list[a] as string) < (list[b] as string) ? -1 : 1));
      this.ranked = new Float64Array(list.length);
      for (const [rank, number] of order.entries()) this.ranked[number] = rank;
    }
    return this.ranked;
  }

  get sizeBytes(): number {
    return this.list.length * 100;
  }
}

/** Rows of the database that are read in one go; so many fewer as more columns are read with them. */
const portionRows = 50_000;

/** Versions of which it is known what they changed. */
const versionsKept = 1000;

/** An array that grows. */
function room<A extends Float64Array | Uint32Array | Uint8Array>(held: A, rows: number): A {
  if (rows <= held.length) return held;
  const grown = new (held.constructor as new (length: number) => A)(Math.ceil(Math.max(rows, held.length * 1.3, 1000)));
  grown.set(held as never);
  return grown;
}

/** Place of a key in keys that ascend; -1 when it is not there. */
function placeIn(keys: Uint32Array, count: number, key: number): number {
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const held = keys[middle] as number;
    if (held === key) return middle;
    if (held < key) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

class StoredColumn implements Column {
  readonly name: FieldName;
  readonly level: 'groups' | 'rollouts';
  readonly sql: string;
  readonly texts: Texts | null;
  values: Float64Array = new Float64Array(0);
  /** Rows from the first on that are read. */
  filled = 0;
  /** The younger, the higher: the oldest go first when room is short. */
  usedAt = 0;
  private readonly known: ReadonlyMap<string, number> | null;

  constructor(name: FieldName, level: 'groups' | 'rollouts', sql: string) {
    this.name = name;
    this.level = level;
    this.sql = sql;
    const field: Field = fields[name];
    this.texts = field.kind === 'text' ? new Texts() : null;
    this.known = field.kind === 'choice' ? numbersOfKnown(field) : null;
  }

  put(place: number, value: number | string | null): void {
    this.values[place] = this.numbered(value);
  }

  get sizeBytes(): number {
    return this.values.byteLength + (this.texts?.sizeBytes ?? 0);
  }

  private numbered(value: number | string | null): number {
    if (value === null) return Number.NaN;
    if (typeof value === 'number') return value;
    if (this.texts !== null) return this.texts.add(value);
    return this.known?.get(value) ?? Number.NaN;
  }
}

const numbersOfKnown = ({ values }: Extract<Field, { kind: 'choice' }>): ReadonlyMap<string, number> =>
  new Map(Object.keys(values).map((value, number) => [value.toLowerCase(), number]));

/** A row of `facets`, with what the fields say of it. */
export interface FacetRow {
  readonly id: number;
  readonly count: number;
  readonly values: Readonly<Partial<Record<FieldName, number>>>;
}

const facetFields = (Object.keys(fields) as FieldName[]).filter((name) => tableOf(name) === 'facets');

/** The facets of a run as they stand, few hundred rows at most. */
export function readFacets(database: Database): FacetRow[] {
  const columns = facetFields.map((name) => `${valueSql(name)} AS "${name}"`).join(', ');
  const rows = database.all<Record<string, number | string>>(`SELECT f.id, f.count, ${columns} FROM facets f`);
  return rows.map(({ id, count, ...held }) => ({
    id: id as number,
    count: count as number,
    values: Object.fromEntries(
      facetFields.map((name) => {
        const value = held[name] as number | string;
        const field: Field = fields[name];
        if (field.kind !== 'choice') return [name, value as number];
        return [name, numbersOfKnown(field).get(value as string) ?? Number.NaN];
      }),
    ),
  }));
}

export class RolloutColumns {
  readonly database: Database;
  /** For words alone: what is read from it in slices keeps it at one state meanwhile. */
  readonly words: Database;
  /** Grows with every change of what had been read; more rows at the end are none. */
  version = 0;
  /** Rollouts, by their keys in order; all arrays below have room for more. */
  count = 0;
  keys: Uint32Array = new Uint32Array(0);
  groupPlaces: Uint32Array = new Uint32Array(0);
  facets: Uint32Array = new Uint32Array(0);
  /** 0: it stands; 1: the run went back over it; 2: it is gone. */
  gone: Uint8Array = new Uint8Array(0);
  groupCount = 0;
  facetRows: readonly FacetRow[] = [];
  private groupKeys: Uint32Array = new Uint32Array(0);
  private readonly columns = new Map<FieldName, StoredColumn>();
  private readonly portionRows: number;
  private lastChange: number | null = null;
  /** By version: the lowest place that was changed then. */
  private readonly lowest = new Map<number, number>();
  private clock = 0;
  /** All that the database has was read at least once. */
  private stands = false;

  constructor(database: Database, words = database, rows = portionRows) {
    this.database = database;
    this.words = words;
    this.portionRows = rows;
  }

  get isRead(): boolean {
    return this.stands;
  }

  get sizeBytes(): number {
    const base = this.keys.byteLength + this.groupPlaces.byteLength + this.facets.byteLength + this.gone.byteLength;
    return [...this.columns.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, base + this.groupKeys.byteLength);
  }

  dispose(): void {
    this.database.dispose();
    this.words.dispose();
  }

  /** Brings all that was read up to date. */
  *refresh(): Generator<Progress> {
    while (!this.refreshPortion()) yield this.progress(this.count);
  }

  /** Reads these fields as far as rollouts go; those without a column are left out. */
  *load(names: readonly FieldName[]): Generator<Progress> {
    for (;;) {
      const missing = names.flatMap((name) => {
        const column = this.columnOf(name);
        return column !== null && column.filled < this.rowsOf(column.level) ? [column] : [];
      });
      const [first] = missing;
      if (first === undefined) return;
      // Those that have come as far are read in one go.
      const together = missing.filter(({ level, filled }) => level === first.level && filled === first.filled);
      const rows = Math.ceil(this.portionRows / together.length);
      this.fillPortion(together, Math.min(this.rowsOf(first.level), first.filled + rows));
      yield this.progress(first.level === 'rollouts' ? first.filled : 0);
    }
  }

  /** A field that was loaded; null where it has no column. */
  column(name: FieldName): Column | null {
    if (tableOf(name) === 'facets') return this.facetColumn(name);
    return this.columnOf(name);
  }

  /** Lets go of the columns that were used longest ago until these take no more room; base columns stay. */
  shrink(bytes: number): void {
    const oldest = [...this.columns.values()].sort((a, b) => a.usedAt - b.usedAt);
    for (const column of oldest) {
      if (this.sizeBytes <= bytes) return;
      this.columns.delete(column.name);
    }
  }

  /** The lowest place that was changed after this version; 0 where that is not known any more. */
  lowestSince(version: number): number {
    let lowest = this.count;
    for (let later = version + 1; later <= this.version; later += 1)
      lowest = Math.min(lowest, this.lowest.get(later) ?? 0);
    return lowest;
  }

  /** Where a rollout stands; -1 when it is not there. */
  placeOf(key: number): number {
    return placeIn(this.keys, this.count, key);
  }

  private progress(done: number): Progress {
    return { done, total: Math.max(this.count, done) };
  }

  private rowsOf(level: 'groups' | 'rollouts'): number {
    return level === 'groups' ? this.groupCount : this.count;
  }

  private columnOf(name: FieldName): StoredColumn | null {
    const level = tableOf(name);
    if (level !== 'groups' && level !== 'rollouts') return null;
    const sql = valueSql(name) as string;
    const column = this.columns.get(name) ?? new StoredColumn(name, level, sql);
    this.columns.set(name, column);
    column.usedAt = ++this.clock;
    return column;
  }

  private facetColumn(name: FieldName): Column {
    const values = new Float64Array(this.facetRows.reduce((most, { id }) => Math.max(most, id), 0) + 1).fill(
      Number.NaN,
    );
    for (const row of this.facetRows) values[row.id] = row.values[name] as number;
    return { level: 'facets', values, texts: null };
  }

  /** True when nothing is left to read. Each portion sees one state of the database. */
  private refreshPortion(): boolean {
    const { database } = this;
    database.exec('BEGIN');
    try {
      const ends = database.get<{ rollout: number; group: number; change: number }>(
        `SELECT coalesce((SELECT max(key) FROM rollouts), 0) AS rollout, coalesce((SELECT max(key) FROM groups), 0) AS "group",
           coalesce((SELECT max(number) FROM changed_rollouts), 0) AS change`,
      ) as { rollout: number; group: number; change: number };
      this.lastChange ??= ends.change;
      this.facetRows = readFacets(database);
      const changes = this.readChanges(ends.change);
      const groups = this.readGroups(ends.group);
      const rollouts = groups && this.readRollouts(ends.rollout);
      if (changes && groups && rollouts) this.stands = true;
      return changes && groups && rollouts;
    } finally {
      database.exec('COMMIT');
    }
  }

  private readChanges(last: number): boolean {
    if (this.lastChange === null || this.lastChange >= last) return true;
    const changed = this.database.all<{ number: number; key: number }>(
      'SELECT number, key FROM changed_rollouts WHERE number > ? ORDER BY number LIMIT ?',
      this.lastChange,
      this.portionRows,
    );
    const keys = changed.map(({ key }) => key).filter((key) => this.placeOf(key) >= 0);
    this.lastChange = changed.at(-1)?.number ?? last;
    if (keys.length > 0) {
      this.version += 1;
      this.lowest.set(this.version, this.placeOf(keys.reduce((low, key) => Math.min(low, key))));
      this.lowest.delete(this.version - versionsKept);
      this.readAgain(keys);
    }
    return this.lastChange >= last;
  }

  private readAgain(keys: readonly number[]): void {
    const list = JSON.stringify(keys);
    for (const key of keys) this.gone[this.placeOf(key)] = 2;
    const columns = [...this.columns.values()];
    const ofRollouts = columns.filter(({ level }) => level === 'rollouts');
    this.database.take(
      ['r.key', 'r.facet', 'r.superseded', ...ofRollouts.map(({ sql }) => sql)],
      'json_each(?) asked CROSS JOIN rollouts r ON r.key = asked.value',
      [list],
      (key, facet, superseded, ...values) => {
        const place = this.placeOf(key as number);
        this.facets[place] = facet as number;
        this.gone[place] = Number((superseded as number) > 0);
        for (const [number, column] of ofRollouts.entries())
          if (place < column.filled) column.put(place, values[number] as number);
      },
    );
    const ofGroups = columns.filter(({ level }) => level === 'groups');
    if (ofGroups.length === 0) return;
    this.database.take(
      ['g.key', ...ofGroups.map(({ sql }) => sql)],
      'groups g WHERE g.key IN (SELECT r.group_key FROM json_each(?) asked CROSS JOIN rollouts r ON r.key = asked.value)',
      [list],
      (key, ...values) => {
        const place = placeIn(this.groupKeys, this.groupCount, key as number);
        for (const [number, column] of ofGroups.entries())
          if (place >= 0 && place < column.filled) column.put(place, values[number] as number);
      },
    );
  }

  private readGroups(last: number): boolean {
    const from = this.groupCount === 0 ? 0 : (this.groupKeys[this.groupCount - 1] as number);
    if (from >= last) return true;
    const to = this.end('groups', from, last);
    this.database.take(['g.key'], 'groups g NOT INDEXED WHERE g.key > ? AND g.key <= ?', [from, to], (key) => {
      this.groupKeys = room(this.groupKeys, this.groupCount + 1);
      this.groupKeys[this.groupCount] = key as number;
      this.groupCount += 1;
    });
    return to >= last;
  }

  private readRollouts(last: number): boolean {
    const from = this.count === 0 ? 0 : (this.keys[this.count - 1] as number);
    if (from >= last) return true;
    const to = this.end('rollouts', from, last);
    const most = this.count + Math.min(this.portionRows, to - from);
    this.keys = room(this.keys, most);
    this.groupPlaces = room(this.groupPlaces, most);
    this.facets = room(this.facets, most);
    this.gone = room(this.gone, most);
    let group = -1;
    this.database.take(
      ['r.key', 'r.group_key', 'r.facet', 'r.superseded'],
      'rollouts r NOT INDEXED WHERE r.key > ? AND r.key <= ?',
      [from, to],
      (key, groupKey, facet, superseded) => {
        const place = this.count;
        if (group < 0 || this.groupKeys[group] !== groupKey)
          group = placeIn(this.groupKeys, this.groupCount, groupKey as number);
        this.keys[place] = key as number;
        this.groupPlaces[place] = group;
        this.facets[place] = facet as number;
        this.gone[place] = Number((superseded as number) > 0);
        this.count += 1;
      },
    );
    return to >= last;
  }

  /** The key up to which one portion goes. */
  private end(table: 'groups' | 'rollouts', from: number, last: number): number {
    const row = this.database.get<{ key: number }>(
      `SELECT key FROM ${table} WHERE key > ? ORDER BY key LIMIT 1 OFFSET ?`,
      from,
      this.portionRows - 1,
    );
    return row?.key ?? last;
  }

  /** Reads columns that have come equally far up to a row. */
  private fillPortion(columns: readonly StoredColumn[], to: number): void {
    const [first] = columns;
    if (first === undefined || to <= first.filled) return;
    const from = first.filled;
    const isOfGroups = first.level === 'groups';
    const keys = isOfGroups ? this.groupKeys : this.keys;
    for (const column of columns) {
      column.values = room(column.values, this.rowsOf(first.level));
      column.values.fill(Number.NaN, from, to);
      column.filled = to;
    }
    let place = from;
    this.database.take(
      [isOfGroups ? 'g.key' : 'r.key', ...columns.map(({ sql }) => sql)],
      isOfGroups
        ? 'groups g NOT INDEXED WHERE g.key BETWEEN ? AND ?'
        : 'rollouts r NOT INDEXED WHERE r.key BETWEEN ? AND ?',
      [keys[from] as number, keys[to - 1] as number],
      (...values) => {
        // In the order of the keys, but for those that are gone.
        const key = values[0] as number;
        while (place < to && (keys[place] as number) < key) place += 1;
        if (keys[place] !== key) return;
        for (let number = 0; number < columns.length; number += 1)
          (columns[number] as StoredColumn).put(place, values[number + 1] as number);
      },
    );
  }
}
