/** The columns that CSV and Parquet write of a record. */

/** `time`: milliseconds since 1970. `json`: any value, written as text. A plural is a list. */
export type ColumnType =
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'time'
  | 'json'
  | 'strings'
  | 'integers'
  | 'numbers';

export interface Column<R = unknown> {
  readonly name: string;
  readonly type: ColumnType;
  /** Null and undefined are written as no value. */
  of(record: R): unknown;
}

export function columns<R>(...listed: readonly (readonly [string, ColumnType, (record: R) => unknown])[]): Column<R>[] {
  return listed.map(([name, type, of]) => ({ name, type, of }));
}
