/** Options that choose rollouts as the list of the pages does: a filter and an order, checked before anything is begun. */
import { StudioError } from '../../protocol/errors.ts';
import { nearestClause } from '../../protocol/nearest.ts';
import type { Expression } from '../../protocol/query/expression.ts';
import { parseQuery } from '../../protocol/query/parse.ts';
import { type ListSort, listSort, sortFields } from '../../protocol/query/sort.ts';
import { usage } from './command.ts';

/** What `--query FILTER` keeps. @throws StudioError `bad-request` with the first fault of the filter and what to put there */
export function queryOption(query: string): Expression {
  const { expression, faults } = parseQuery(query);
  if (expression !== null) return expression;
  throw new StudioError('bad-request', faults[0]?.message ?? 'The filter has a fault.', {
    place: '--query',
    remedy: faults[0]?.suggestion ? `Put ${faults[0].suggestion} there.` : 'See --help.',
  });
}

/** `--sort FIELD`, with a - before it for the largest first. @throws StudioError `bad-request` naming the nearest field */
export function sortOption(sort: string): ListSort {
  const by = sort.replace(/^-/, '');
  const order = listSort.safeParse({ by, descending: sort.startsWith('-') });
  if (order.success) return order.data;
  throw usage(`There is no field ${by} to sort by${nearestClause(by, sortFields)}.`);
}
