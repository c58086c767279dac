/** Values that other people's implementations give: written by test/fidelity/agreement.py. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

interface Table {
  readonly name: string;
  readonly values: number;
  readonly ratings: readonly (readonly number[])[];
}

interface Spans {
  readonly first: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly second: Readonly<Record<string, readonly (readonly [number, number])[]>>;
}

interface SpanScore {
  readonly both: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly f1: number | null;
}

export const fixture = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../fixtures/agreement.json'), 'utf8'),
) as {
  tables: (Table & { kappas: { first: number; second: number; kappa: number | null }[]; alpha: number | null })[];
  intervals: (Table & { value: number; low: number; high: number; undefined: number })[];
  spans: { items: Spans[]; scores: Record<'exact' | 'overlapping', Record<string, SpanScore>> }[];
};

/** Rows as `RatingTable` has them. */
export const rows = ({ ratings }: Table): Int16Array[] => ratings.map((row) => Int16Array.from(row));

export const tableOf = (table: Table) => ({
  values: Array.from({ length: table.values }, (_, k) => `value ${k}`),
  raters: table.ratings.map((_, k) => `rater ${k}`),
  ratings: rows(table),
});
