/**
 * The rollouts that a query keeps, in an order, as places of the columns: the ladder by which any place of a list is reached at
 * once. The orders asked for last are kept; rollouts that arrive, or are changed soon after, are put into them, and a change of
 * older ones makes them anew.
 */
import { type Expression, everything, fieldsOf } from '../protocol/query/expression.ts';
import type { FieldName, Subject } from '../protocol/query/fields.ts';
import { compareSortValues, type ListSort, type SortValue } from '../protocol/query/sort.ts';
import { type Column, type Progress, type RolloutColumns, readFacets } from './rollout-columns.ts';
import { facetsThatHold, isOfFacets, maskOf } from './rollout-mask.ts';
import { sortPlaces, type WriteValues } from './sort-places.ts';

/** Work in slices: whoever runs it can answer others between two of them, or give up. */
export type Slices<T> = Generator<Progress | null, T>;

/** A query taken apart: what facets alone decide, and the rest. */
export interface Question {
  readonly expression: Expression;
  readonly ofFacets: Expression;
  readonly rest: Expression;
  /** What the run went back over is left out where the query does not name it. */
  readonly withSuperseded: boolean;
}

export function questionOf(expression: Expression): Question {
  const conditions = conditionsOf(expression);
  const all = (of: readonly Expression[]): Expression => ({ kind: 'all', of });
  return {
    expression,
    ofFacets: all(conditions.filter(isOfFacets)),
    rest: all(conditions.filter((condition) => !isOfFacets(condition))),
    withSuperseded: fieldsOf(expression).includes('superseded'),
  };
}

/** Conditions that must all hold. */
export function conditionsOf(expression: Expression): Expression[] {
  return expression.kind === 'all' ? expression.of.flatMap(conditionsOf) : [expression];
}

const isEmpty = (expression: Expression) => expression.kind === 'all' && expression.of.length === 0;

/** What a rollout is ordered by. */
export interface Rung {
  readonly value: SortValue;
  readonly key: number;
}

interface Kept {
  readonly places: Uint32Array;
  /** Rollouts that it was made of, and the version of the columns. */
  readonly count: number;
  readonly version: number;
}

const mostKept = 8;
/** More rollouts than these are not put into an order one by one: it is made anew. */
const mostPutIn = 20_000;

export class RolloutOrders {
  readonly columns: RolloutColumns;
  private readonly kept = new Map<string, Kept>();

  constructor(columns: RolloutColumns) {
    this.columns = columns;
  }

  get sizeBytes(): number {
    return [...this.kept.values()].reduce((sum, { places }) => sum + places.byteLength, this.columns.sizeBytes);
  }

  /** Lets go of orders, the ones used longest ago first, and then of columns, until it takes no more than this. */
  shrink(bytes: number): void {
    for (const name of [...this.kept.keys()]) {
      if (this.sizeBytes <= bytes) return;
      this.kept.delete(name);
    }
    this.columns.shrink(bytes);
  }

  /** Brings the columns up to date, those of the fields too. */
  *prepare(question: Question, sort: ListSort | null, more: readonly FieldName[] = []): Slices<void> {
    yield* this.columns.refresh();
    yield* this.columns.load([...more, ...fieldsOf(question.expression), ...(sort === null ? [] : [sort.by])]);
  }

  /** Places of what a query keeps, in order; the columns are prepared. */
  *ordered(question: Question, sort: ListSort | null): Slices<Uint32Array> {
    return (yield* this.order(question, sort)).places;
  }

  private *order(question: Question, sort: ListSort | null): Slices<Kept> {
    const { columns } = this;
    const { version } = columns;
    const name = JSON.stringify([question.expression, sort, question.withSuperseded]);
    const held = this.unchanged(this.kept.get(name));
    this.kept.delete(name);
    const made =
      held === null
        ? { ...(yield* this.made(question, sort)), version }
        : yield* this.withArrived(held, question, sort);
    // What was changed meanwhile may be in it or not.
    if (columns.version === version) this.keep(name, made);
    return made;
  }

  /** An order without the rollouts that were changed since it was made; null where that may be most of them. */
  private unchanged(held: Kept | undefined): Kept | null {
    const { columns } = this;
    if (held === undefined) return null;
    if (held.version === columns.version) return held;
    const count = Math.min(held.count, columns.lowestSince(held.version));
    if (columns.count - count > mostPutIn) return null;
    return { places: held.places.filter((place) => place < count), count, version: columns.version };
  }

  private *made(question: Question, sort: ListSort | null): Slices<Omit<Kept, 'version'>> {
    const { columns } = this;
    if (sort !== null) {
      const { places, count } = yield* this.order(question, null);
      return { places: yield* sortPlaces(places, this.valuesOf(places, sort), sort.descending), count };
    }
    if (isEmpty(question.ofFacets) || isEmpty(question.rest)) {
      const { count } = columns;
      return { places: yield* this.matching(question, 0, count), count };
    }
    const { places, count } = yield* this.order({ ...question, expression: question.rest, ofFacets: everything }, null);
    const holds = facetsThatHold(columns, question.ofFacets);
    return { places: places.filter((place) => holds[columns.facets[place] as number] === 1), count };
  }

  /** Whether an order of it stands, so that it need not be made for the first rows. */
  stands(question: Question, sort: ListSort | null): boolean {
    return this.kept.has(JSON.stringify([question.expression, sort, question.withSuperseded]));
  }

  /** The newest rollouts that a query keeps, at most so many, looked for from the newest on. */
  *newest(question: Question, limit: number): Slices<Uint32Array> {
    let found = new Uint32Array(0);
    let rows = firstRows;
    for (let to = this.columns.count; to > 0 && found.length < limit; rows *= 8) {
      const from = Math.max(0, to - rows);
      const more = yield* this.matching(question, from, to);
      const joined = new Uint32Array(found.length + more.length);
      joined.set(found);
      joined.set(more, found.length);
      found = joined;
      to = from;
    }
    return found.subarray(0, limit);
  }

  /** Keys of the newest rollouts of a query about facets alone, from an index: for the time before columns are read. */
  newestByIndex({ ofFacets }: Question, limit: number): { keys: number[]; total: number } {
    const { columns } = this;
    const { database } = columns;
    columns.facetRows = readFacets(database);
    const counted = columns.facetRows.filter(({ count }) => count > 0);
    const total = counted.reduce((sum, { count }) => sum + count, 0);
    const holds = facetsThatHold(columns, ofFacets);
    const asked = counted.filter(({ id }) => holds[id] === 1);
    const keys = (sql: string, ...parameters: number[]) =>
      database.all<{ key: number }>(sql, ...parameters, limit).map(({ key }) => key);
    if (asked.length === counted.length)
      return { keys: keys('SELECT key FROM rollouts WHERE superseded = 0 ORDER BY key DESC LIMIT ?'), total };
    const found = asked.flatMap(({ id }) =>
      keys('SELECT key FROM rollouts WHERE facet = ? AND superseded = 0 ORDER BY key DESC LIMIT ?', id),
    );
    return { keys: found.sort((a, b) => b - a).slice(0, limit), total };
  }

  /** Gives a field's value of a place as its column has it, NaN where it has none; the field is loaded. */
  valueAt(name: FieldName): (place: number) => number {
    const column = this.column(name);
    return (place) => column.values[this.rowOf(column, place)] as number;
  }

  /** For each place of a range 1 where an expression holds, else 0; its fields are loaded. */
  *holding(expression: Expression, range: { readonly from: number; readonly to: number }): Slices<Uint8Array> {
    const { columns } = this;
    const { summary } = columns.database.get<{ summary: string }>('SELECT summary FROM run') as { summary: string };
    return yield* maskOf(columns, expression, JSON.parse(summary) as Subject['run'], range);
  }

  /** By what a place is ordered. */
  rungOf(place: number, sort: ListSort | null): Rung {
    const key = this.columns.keys[place] as number;
    if (sort === null) return { value: null, key };
    const column = this.column(sort.by);
    const value = column.values[this.rowOf(column, place)] as number;
    return { value: Number.isNaN(value) ? null : (column.texts?.list[value] ?? value), key };
  }

  /** How many of the places come before this rung, and with `behind` those on it too. */
  before(places: Uint32Array, rung: Rung, sort: ListSort | null, behind: boolean): number {
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const compared = compareRungs(this.rungOf(places[middle] as number, sort), rung, sort);
      if (compared < 0 || (behind && compared === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Rollouts by facet id. */
  byFacet(places: Uint32Array): Uint32Array {
    const { facets } = this.columns;
    const counts = new Uint32Array(this.columns.facetRows.reduce((most, { id }) => Math.max(most, id), 0) + 1);
    for (const place of places) {
      const facet = facets[place] as number;
      counts[facet] = (counts[facet] as number) + 1;
    }
    return counts;
  }

  /** Places of a range that a query keeps, the newest first. */
  private *matching(question: Question, from: number, to: number): Slices<Uint32Array> {
    const { columns } = this;
    const holds = yield* this.holding(question.expression, { from, to });
    return newestFirst(holds, columns.gone, question.withSuperseded ? 1 : 0, { from, to });
  }

  /** An order with the rollouts that came since it was made. */
  private *withArrived(held: Kept, question: Question, sort: ListSort | null): Slices<Kept> {
    const { count } = this.columns;
    if (held.count === count) return held;
    const arrived = yield* this.matching(question, held.count, count);
    if (arrived.length === 0) return { ...held, count };
    const merged = new Uint32Array(held.places.length + arrived.length);
    if (sort === null) {
      merged.set(arrived);
      merged.set(held.places, arrived.length);
      return { ...held, places: merged, count };
    }
    const rungs = new Map(Array.from(arrived, (place) => [place, this.rungOf(place, sort)]));
    arrived.sort((a, b) => compareRungs(rungs.get(a) as Rung, rungs.get(b) as Rung, sort));
    let copied = 0;
    for (const [number, place] of arrived.entries()) {
      const at = this.before(held.places, rungs.get(place) as Rung, sort, false);
      merged.set(held.places.subarray(copied, at), copied + number);
      merged[at + number] = place;
      copied = at;
    }
    merged.set(held.places.subarray(copied), copied + arrived.length);
    return { ...held, places: merged, count };
  }

  private keep(name: string, order: Kept): void {
    this.kept.set(name, order);
    const [oldest] = this.kept.keys();
    if (this.kept.size > mostKept && oldest !== undefined) this.kept.delete(oldest);
  }

  private column(name: FieldName): Column {
    const column = this.columns.column(name);
    if (column === null) throw new TypeError(`${name} has no column.`);
    return column;
  }

  private rowOf({ level }: Column, place: number): number {
    if (level === 'rollouts') return place;
    return (level === 'groups' ? this.columns.groupPlaces : this.columns.facets)[place] as number;
  }

  private valuesOf(places: Uint32Array, sort: ListSort): WriteValues {
    const column = this.column(sort.by);
    const ranks = column.texts?.ranks();
    const rows = column.level === 'groups' ? this.columns.groupPlaces : this.columns.facets;
    return (values, from, to) => {
      for (let number = from; number < to; number += 1) {
        const place = places[number] as number;
        const value = column.values[column.level === 'rollouts' ? place : (rows[place] as number)] as number;
        values[number] = ranks === undefined ? value : (ranks[value] ?? Number.NaN);
      }
    };
  }
}

/** Places from one to another that hold, the newest first, but for those that are gone further than `mostGone`. */
function newestFirst(
  holds: Uint8Array,
  gone: Uint8Array,
  mostGone: number,
  { from, to }: { readonly from: number; readonly to: number },
): Uint32Array {
  const places = new Uint32Array(to - from);
  let found = 0;
  for (let place = to - 1; place >= from; place -= 1) {
    if (holds[place - from] !== 1 || (gone[place] as number) > mostGone) continue;
    places[found] = place;
    found += 1;
  }
  return places.slice(0, found);
}

/** Rows that are looked through first for the newest that match. */
const firstRows = 20_000;

function compareRungs(a: Rung, b: Rung, sort: ListSort | null): number {
  return (sort === null ? 0 : compareSortValues(a.value, b.value, sort.descending)) || b.key - a.key;
}
