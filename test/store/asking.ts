/** What queries of a store answer, without a thread in between. */
import type { Expression } from '../../trainer/protocol/query/expression.ts';
import { parseQuery } from '../../trainer/protocol/query/parse.ts';
import {
  countRollouts,
  type ListAsked,
  listRollouts,
  type RolloutCount,
  type RolloutPage,
} from '../../trainer/store/rollout-list.ts';
import { type Portions, portions } from '../../trainer/store/rollout-search.ts';
import type { RunStore } from '../../trainer/store/run-store.ts';
import { databaseOf } from './folders.ts';

/** The value that slices come to in the end, and how many there were. */
export function finished<T>(slices: Generator<void, T>): { value: T; slices: number } {
  for (let count = 0; ; count++) {
    const next = slices.next();
    if (next.done) return { value: next.value, slices: count };
  }
}

function expressionOf(query: string | Expression): Expression {
  if (typeof query !== 'string') return query;
  const { expression, faults } = parseQuery(query);
  if (expression === null) throw new Error(`${query}: ${faults.map(({ message }) => message).join(' ')}`);
  return expression;
}

/** @param query a line of the query language, or what it stands for */
export function listed(
  store: RunStore,
  query: string | Expression = '',
  { sort = null, at = null, limit = 1000, parts = portions }: Partial<ListAsked> & { parts?: Portions } = {},
): RolloutPage {
  return finished(listRollouts(databaseOf(store), { expression: expressionOf(query), sort, at, limit }, parts)).value;
}

export function counted(store: RunStore, query: string | Expression = '', parts: Portions = portions): RolloutCount {
  const asked = { expression: expressionOf(query), sort: null, facets: true };
  return finished(countRollouts(databaseOf(store), asked, parts)).value;
}

/** Ids of the rollouts that a query keeps, newest first. */
export const found = (store: RunStore, query: string | Expression = ''): string[] =>
  listed(store, query).rows.map(({ id }) => id);
