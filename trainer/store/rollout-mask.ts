/**
 * Which rollouts a query keeps, over the columns in memory: one byte a row. What is asked of facets or groups alone is decided
 * for them and spread over their rollouts at last. Words and flags are asked of the database.
 */
import { type Comparison, type Expression, fieldsOf } from '../protocol/query/expression.ts';
import { type Field, type FieldName, fields, foldedText, type Subject } from '../protocol/query/fields.ts';
import { bitOf, isAskedOfDatabase, keysSql, tableOf, wordMatch } from './query-sql.ts';
import type { Column, Level, RolloutColumns } from './rollout-columns.ts';

/** Rollouts from one place up to another, the end exclusive. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Of the rows of its level, those for which something holds; of rollouts only those of the range. */
interface Mask {
  readonly level: Level;
  readonly holds: Uint8Array;
}

/** Whether an expression is about facets and nothing else. */
export function isOfFacets(expression: Expression): boolean {
  switch (expression.kind) {
    case 'all':
    case 'any':
      return expression.of.every(isOfFacets);
    case 'not':
      return isOfFacets(expression.of);
    case 'words':
      return false;
    default:
      return fieldsOf(expression).every((name) => tableOf(name) === 'facets');
  }
}

/** By facet id: whether an expression about facets alone holds. */
export function facetsThatHold(columns: RolloutColumns, expression: Expression): Uint8Array {
  const work = new MaskMaker(columns, { id: '', name: '' }, { from: 0, to: 0 }).make(expression);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value.holds;
  }
}

/** The rollouts of a range that an expression keeps, those gone over included. The columns that it asks are loaded. */
export function* maskOf(
  columns: RolloutColumns,
  expression: Expression,
  run: Subject['run'],
  range: Range,
): Generator<null, Uint8Array> {
  const maker = new MaskMaker(columns, run, range);
  return maker.spread(yield* maker.make(expression)).holds;
}

class MaskMaker {
  private readonly columns: RolloutColumns;
  private readonly run: Subject['run'];
  private readonly range: Range;

  constructor(columns: RolloutColumns, run: Subject['run'], range: Range) {
    this.columns = columns;
    this.run = run;
    this.range = range;
  }

  *make(expression: Expression): Generator<null, Mask> {
    const match = wordMatch(expression);
    if (match !== null) return yield* this.ofWords(match);
    switch (expression.kind) {
      case 'all':
      case 'any': {
        const isAll = expression.kind === 'all';
        let joined: Mask = this.constant(isAll);
        for (const one of expression.of) joined = this.join(joined, yield* this.make(one), isAll);
        return joined;
      }
      case 'not': {
        const { level, holds } = yield* this.make(expression.of);
        return { level, holds: holds.map((held) => 1 - held) };
      }
      case 'words':
        // No words at all: they are in every text.
        return this.constant(true);
      case 'between': {
        const { field, from, to } = expression;
        yield null;
        return this.ofColumn(field, (values, holds, start) => {
          for (let row = 0; row < holds.length; row += 1) {
            const held = values[start + row] as number;
            if (held >= from && held <= to) holds[row] = 1;
          }
        });
      }
      case 'compareFields':
        yield null;
        return this.ofTwo(expression);
      case 'compare': {
        if (tableOf(expression.field) === 'run') return this.constant(this.isRun(expression));
        if (isAskedOfDatabase(expression)) return yield* this.ofKeys(expression);
        yield null;
        const { field, comparison, value } = expression;
        const described: Field = fields[field];
        if (described.kind === 'texts')
          return this.ofColumn(field, (values, holds, start) =>
            markThoseWith(values, holds, start, bitOf(described, String(value))),
          );
        return this.ofColumn(field, (values, holds, start, column) =>
          compareAll(values, holds, start, comparison, numberOf(field, column, value)),
        );
      }
    }
  }

  /** A mask over the rollouts of the range. */
  spread({ level, holds }: Mask): Mask {
    if (level === 'rollouts') return { level, holds };
    const { from, to } = this.range;
    const rows = level === 'facets' ? this.columns.facets : this.columns.groupPlaces;
    const spread = new Uint8Array(to - from);
    for (let place = from; place < to; place += 1) spread[place - from] = holds[rows[place] as number] as number;
    return { level: 'rollouts', holds: spread };
  }

  private constant(holds: boolean): Mask {
    return { level: 'facets', holds: new Uint8Array(this.rowsOf('facets')).fill(Number(holds)) };
  }

  private rowsOf(level: Level): number {
    if (level === 'rollouts') return this.range.to - this.range.from;
    if (level === 'groups') return this.columns.groupCount;
    return this.columns.facetRows.reduce((most, { id }) => Math.max(most, id), 0) + 1;
  }

  private join(a: Mask, b: Mask, isAll: boolean): Mask {
    const isSame = a.level === b.level && a.holds.length === b.holds.length;
    const [left, right] = isSame ? [a, b] : [this.spread(a), this.spread(b)];
    const holds = new Uint8Array(left.holds.length);
    if (isAll)
      for (let row = 0; row < holds.length; row += 1)
        holds[row] = (left.holds[row] as number) & (right.holds[row] as number);
    else
      for (let row = 0; row < holds.length; row += 1)
        holds[row] = (left.holds[row] as number) | (right.holds[row] as number);
    return { level: left.level, holds };
  }

  private ofColumn(
    field: FieldName,
    fill: (values: Float64Array, holds: Uint8Array, start: number, column: Column) => void,
  ): Mask {
    const column = this.column(field);
    const holds = new Uint8Array(this.rowsOf(column.level));
    fill(column.values, holds, column.level === 'rollouts' ? this.range.from : 0, column);
    return { level: column.level, holds };
  }

  private ofTwo({ field, comparison, other }: Extract<Expression, { kind: 'compareFields' }>): Mask {
    const [left, right] = [this.column(field), this.column(other)];
    const level = left.level === right.level ? left.level : 'rollouts';
    const holds = new Uint8Array(this.rowsOf(level));
    const start = level === 'rollouts' ? this.range.from : 0;
    const [ofLeft, ofRight] = [left, right].map(
      (column) =>
        (row: number): number =>
          column.values[column.level === level ? row : this.rowOf(column.level, row)] as number,
    ) as [(row: number) => number, (row: number) => number];
    for (let row = 0; row < holds.length; row += 1)
      holds[row] = Number(compare(comparison, ofLeft(start + row), ofRight(start + row)));
    return { level, holds };
  }

  private rowOf(level: Level, place: number): number {
    if (level === 'rollouts') return place;
    return (level === 'facets' ? this.columns.facets : this.columns.groupPlaces)[place] as number;
  }

  private column(field: FieldName): Column {
    const column = this.columns.column(field);
    if (column === null) throw new TypeError(`${field} has no column.`);
    return column;
  }

  private isRun({ comparison, value }: Extract<Expression, { kind: 'compare' }>): boolean {
    return [this.run.name, this.run.id].some(
      (held) => (foldedText(held) === foldedText(String(value))) === (comparison === '='),
    );
  }

  private *ofWords(match: string): Generator<null, Mask> {
    const { columns, range } = this;
    const holds = new Uint8Array(range.to - range.from);
    if (range.from === range.to) return { level: 'rollouts', holds };
    // From the highest on: looking for a lower bound would begin with the first of all.
    const found = columns.words.portions(
      'rowid',
      'rollout_words WHERE rollout_words MATCH ? AND rowid BETWEEN ? AND ?',
      [match, columns.keys[range.from] as number, columns.keys[range.to - 1] as number],
      wordKeys,
    );
    for (const keys of found) {
      this.mark(holds, keys, range.from, range.to);
      yield null;
    }
    return { level: 'rollouts', holds };
  }

  private *ofKeys(compared: Extract<Expression, { kind: 'compare' }>): Generator<null, Mask> {
    yield null;
    const { text, parameters } = keysSql(compared);
    const key = compared.field === 'id' ? 'r.key' : 'b.key';
    const rows = compared.field === 'id' ? rowsOfIds : Number.POSITIVE_INFINITY;
    return yield* this.ofRows(rows, (low, high) => ({
      text: `${text} AND ${key} BETWEEN ? AND ?`,
      parameters: [...parameters, low, high],
    }));
  }

  /** Rows whose keys the database gives, asked for so many rows at a time. */
  private *ofRows(
    rows: number,
    keys: (low: number, high: number) => { text: string; parameters: (string | number | null)[] },
  ): Generator<null, Mask> {
    const { columns, range } = this;
    const holds = new Uint8Array(range.to - range.from);
    for (let from = range.from; from < range.to; from += rows) {
      const to = Math.min(range.to, from + rows);
      const { text, parameters } = keys(columns.keys[from] as number, columns.keys[to - 1] as number);
      const found = columns.database.get<{ keys: string }>(
        `SELECT json_group_array(key) AS keys FROM (${text})`,
        ...parameters,
      );
      this.mark(holds, JSON.parse(found?.keys ?? '[]') as number[], from, to);
      yield null;
    }
    return { level: 'rollouts', holds };
  }

  /** Of the rollouts between two places those with these keys. */
  private mark(holds: Uint8Array, found: readonly number[], from: number, to: number): void {
    const { keys } = this.columns;
    const first = keys[from] as number;
    for (const key of found) {
      // Keys mostly follow each other.
      const near = from + key - first;
      const place = near < to && keys[near] === key ? near : this.columns.placeOf(key);
      if (place >= from && place < to) holds[place - this.range.from] = 1;
    }
  }
}

/** Keys that have the words, taken in one go, and rows whose ids are compared. */
const wordKeys = 20_000;
const rowsOfIds = 50_000;

/** A value as its column holds it; NaN for one that no row has. */
function numberOf(name: FieldName, column: Column, value: number | string | boolean): number {
  if (typeof value !== 'string') return Number(value);
  const field: Field = fields[name];
  if (field.kind !== 'choice') return column.texts?.numberOf(foldedText(value)) ?? Number.NaN;
  const number = Object.keys(field.values).findIndex((known) => foldedText(known) === foldedText(value));
  return number < 0 ? Number.NaN : number;
}

/** Rows whose number has a bit. */
function markThoseWith(values: Float64Array, holds: Uint8Array, start: number, bit: number): void {
  for (let row = 0; row < holds.length; row += 1) if (((values[start + row] as number) & bit) !== 0) holds[row] = 1;
}

/** Nothing holds of what is null. A wanted value that no row has is another than all. */
function compareAll(
  values: Float64Array,
  holds: Uint8Array,
  start: number,
  comparison: Comparison,
  wanted: number,
): void {
  const { length } = holds;
  const isOther = comparison === '!=' && Number.isNaN(wanted);
  for (let row = 0; row < length; row += 1) {
    const held = values[start + row] as number;
    if (isOther ? !Number.isNaN(held) : compare(comparison, held, wanted)) holds[row] = 1;
  }
}

function compare(comparison: Comparison, held: number, wanted: number): boolean {
  switch (comparison) {
    case '=':
      return held === wanted;
    case '!=':
      return held < wanted || held > wanted;
    case '<':
      return held < wanted;
    case '<=':
      return held <= wanted;
    case '>':
      return held > wanted;
    case '>=':
      return held >= wanted;
  }
}
