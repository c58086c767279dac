/** What queries of a store answer, without a thread in between. */
import type { Expression } from '../../trainer/protocol/query/expression.ts';
import { parseQuery } from '../../trainer/protocol/query/parse.ts';
import { RolloutColumns } from '../../trainer/store/rollout-columns.ts';
import {
  countRollouts,
  type ListAsked,
  listRollouts,
  type RolloutCount,
  type RolloutPage,
} from '../../trainer/store/rollout-list.ts';
import { RolloutOrders, type Slices } from '../../trainer/store/rollout-orders.ts';
import type { RunStore } from '../../trainer/store/run-store.ts';
import { databaseOf } from './folders.ts';

/** The value that slices come to in the end, and how many there were. */
export function finished<T>(slices: Slices<T>): { value: T; slices: number } {
  for (let count = 0; ; count++) {
    const next = slices.next();
    if (next.done) return { value: next.value, slices: count };
  }
}

/** @param rows of the database that are read in one go */
export const freshOrders = (store: RunStore, rows?: number): RolloutOrders =>
  new RolloutOrders(new RolloutColumns(databaseOf(store), databaseOf(store), rows));

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
  {
    sort = null,
    at = null,
    limit = 1000,
    orders = freshOrders(store),
  }: Partial<ListAsked> & { orders?: RolloutOrders } = {},
): RolloutPage {
  return finished(listRollouts(orders, { expression: expressionOf(query), sort, at, limit })).value;
}

export function counted(
  store: RunStore,
  query: string | Expression = '',
  { sort = null, orders = freshOrders(store) }: Pick<Partial<ListAsked>, 'sort'> & { orders?: RolloutOrders } = {},
): RolloutCount {
  return finished(countRollouts(orders, { expression: expressionOf(query), sort, facets: true })).value;
}

/** Ids of the rollouts that a query keeps, newest first. */
export const found = (store: RunStore, query: string | Expression = ''): string[] =>
  listed(store, query).rows.map(({ id }) => id);
