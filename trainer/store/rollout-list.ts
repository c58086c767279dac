/**
 * The rollouts that a query keeps: a page of them, newest first, and how many there are, by facet too. Each runs in slices, so
 * that whoever runs it can answer others between two of them, or give up. Nothing here writes.
 */
import type { RolloutRow } from '../protocol/messages.ts';
import type { Expression } from '../protocol/query/expression.ts';
import { facetQueries } from '../protocol/query/facets.ts';
import type { Group } from '../protocol/records.ts';
import type { Database } from './database.ts';
import { filledShare } from './filling.ts';
import { type Portions, portions, RolloutSearch } from './rollout-search.ts';
import type { RolloutBody } from './rollout-tables.ts';

export interface RolloutPage {
  /** Newest first. */
  readonly rows: RolloutRow[];
  readonly total: number;
}

export interface RolloutCount {
  readonly matching: number;
  readonly total: number;
  /** By the terms of `facetTerms`: how many there would be with that term in the query; none when not asked for. */
  readonly facets: Record<string, number>;
  /** Share of the rollouts that a query sees; see `filling.ts`. */
  readonly filled: number;
}

export function* listRollouts(
  database: Database,
  asked: { readonly expression: Expression; readonly before: number; readonly limit: number },
  parts: Portions = portions,
): Generator<void, RolloutPage> {
  const { before, limit } = asked;
  const search = new RolloutSearch(database, asked.expression, parts);
  const keys: number[] = [];
  if (search.isOfFacetsAlone) keys.push(...search.newestOfFacets(before, limit));
  else {
    yield* search.scan(before, search.facetIds, ({ text, parameters }) => {
      const found = database.all<{ key: number }>(
        `SELECT r.key FROM ${search.from} WHERE ${text} AND ${search.rest.text} ORDER BY r.key DESC LIMIT ?`,
        ...parameters,
        ...search.rest.parameters,
        limit - keys.length,
      );
      keys.push(...found.map(({ key }) => key));
      return keys.length < limit ? 'go on' : 'enough';
    });
  }
  return { rows: rowsOf(database, keys), total: search.total };
}

export function* countRollouts(
  database: Database,
  asked: { readonly expression: Expression; readonly facets: boolean },
  parts: Portions = portions,
): Generator<void, RolloutCount> {
  const search = new RolloutSearch(database, asked.expression, parts);
  let byFacet = search.counts;
  if (!search.isOfFacetsAlone) {
    const counted = new Map<number, number>();
    const facetIds = asked.facets ? null : search.facetIds;
    yield* search.scan(Number.MAX_SAFE_INTEGER, facetIds, ({ text, parameters }) => {
      for (const { facet, count } of database.all<{ facet: number; count: number }>(
        `SELECT r.facet, count(*) AS count FROM ${search.from} WHERE ${text} AND ${search.rest.text} GROUP BY r.facet`,
        ...parameters,
        ...search.rest.parameters,
      ))
        counted.set(facet, (counted.get(facet) ?? 0) + count);
      return 'go on';
    });
    byFacet = counted;
  }
  const sum = (ids: readonly number[]) => ids.reduce((all, id) => all + (byFacet.get(id) ?? 0), 0);
  const chips = asked.facets ? Object.entries(facetQueries(asked.expression)) : [];
  return {
    matching: sum(search.facetIds),
    total: search.total,
    filled: filledShare(database),
    facets: Object.fromEntries(chips.map(([term, expression]) => [term, sum(search.facetsOf(expression))])),
  };
}

interface RowRecord {
  key: number;
  id: string;
  flags: number;
  body: string;
  problem: string;
  problem_type: string;
  data_type: string;
  purpose: Group['purpose'];
}

function rowsOf(database: Database, keys: readonly number[]): RolloutRow[] {
  const records = database.all<RowRecord>(
    `SELECT r.key, r.id, r.flags, b.body, g.problem, g.problem_type, g.data_type, g.purpose
     FROM rollouts r JOIN rollout_bodies b ON b.key = r.key JOIN groups g ON g.key = r.group_key
     WHERE r.key IN (SELECT value FROM json_each(?)) ORDER BY r.key DESC`,
    JSON.stringify(keys),
  );
  return records.map(({ key, id, flags, body, problem, problem_type, data_type, purpose }) => {
    const { parsed: _, ...shown } = JSON.parse(body) as RolloutBody;
    return { ...shown, id, key, problem, problemType: problem_type, dataType: data_type, purpose, flags };
  });
}
