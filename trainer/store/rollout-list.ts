/**
 * The rollouts that a query keeps: a page of them, newest first, and how many there are, by facet too. Each runs in slices, so
 * that whoever runs it can answer others between two of them, or give up. Nothing here writes.
 */
import { StudioError } from '../protocol/errors.ts';
import type { FlatReason } from '../protocol/flat-reason.ts';
import type { ListPlace, RequestResult, RolloutRow } from '../protocol/messages.ts';
import type { Expression } from '../protocol/query/expression.ts';
import { facetQueries } from '../protocol/query/facets.ts';
import { fields } from '../protocol/query/fields.ts';
import { compareSortValues, type ListSort, type SortValue } from '../protocol/query/sort.ts';
import type { Group } from '../protocol/records.ts';
import type { Database } from './database.ts';
import { filledShare } from './filling.ts';
import { valueSql } from './query-sql.ts';
import { type Portions, portions, RolloutSearch } from './rollout-search.ts';
import type { RolloutBody } from './rollout-tables.ts';

export type RolloutPage = RequestResult<'rollouts/list'>;

export interface ListAsked {
  readonly expression: Expression;
  /** Null: the newest first. */
  readonly sort: ListSort | null;
  /** Null: from the start. */
  readonly at: ListPlace | null;
  readonly limit: number;
}

export interface CountAsked {
  readonly expression: Expression;
  readonly sort: ListSort | null;
  readonly facets: boolean;
}

export interface RolloutCount {
  readonly matching: number;
  readonly total: number;
  /** By the terms of `facetTerms`: how many there would be with that term in the query; none when not asked for. */
  readonly facets: Record<string, number>;
  /** Share of the rollouts that a query sees; see `filling.ts`. */
  readonly filled: number;
}

/** What a rollout is ordered by. */
interface Place {
  readonly key: number;
  readonly value: SortValue;
}

const cursorOf = ({ key, value }: Place) => JSON.stringify([value, key]);

function readCursor(cursor: string): Place {
  const [value, key] = JSON.parse(cursor) as [SortValue, number];
  return { value, key };
}

/** @throws StudioError `not-found` for a rollout that is not there */
export function* listRollouts(
  database: Database,
  asked: ListAsked,
  parts: Portions = portions,
): Generator<void, RolloutPage> {
  const { sort, at, limit } = asked;
  const search = new RolloutSearch(database, asked.expression, parts);
  const held: Place[] = [];
  const value = sort === null ? 'NULL' : (valueSql(sort.by) ?? 'NULL');
  const field = sort === null ? null : fields[sort.by];
  const numbers = field?.kind === 'choice' ? Object.keys(field.values).map((known) => known.toLowerCase()) : null;
  const ordered = (found: SortValue) => (numbers === null || found === null ? found : numbers.indexOf(String(found)));
  const from = 'rollouts r JOIN groups g ON g.key = r.group_key JOIN facets f ON f.id = r.facet';
  yield* search.scan(Number.MAX_SAFE_INTEGER, search.facetIds, ({ text, parameters }) => {
    for (const row of database.all<Place>(
      `SELECT r.key, ${value} AS value FROM ${from} WHERE ${text} AND ${search.rest.text}`,
      ...parameters,
      ...search.rest.parameters,
    ))
      held.push({ key: row.key, value: ordered(row.value) });
    return 'go on';
  });
  const compare = (a: Place, b: Place) =>
    compareSortValues(a.value, b.value, sort?.descending ?? false) || b.key - a.key;
  held.sort(compare);
  const placed = (where: Place) => held.findIndex((one) => compare(one, where) >= 0);
  const orEnd = (index: number) => (index < 0 ? held.length : index);
  let index = 0;
  if (at !== null && 'index' in at) index = Math.min(at.index, held.length);
  else if (at !== null && 'after' in at) {
    const where = readCursor(at.after);
    index = orEnd(held.findIndex((one) => compare(one, where) > 0));
  } else if (at !== null && 'before' in at) index = Math.max(0, orEnd(placed(readCursor(at.before))) - limit);
  else if (at !== null && 'rollout' in at) {
    const row = database.get<Place>(`SELECT r.key, ${value} AS value FROM ${from} WHERE r.id = ?`, at.rollout);
    if (!row) throw new StudioError('not-found', `There is no rollout ${at.rollout} in this run.`);
    index = orEnd(placed({ key: row.key, value: ordered(row.value) }));
  } else if (at !== null) {
    const steps = new Map(
      database.all<{ key: number; step: number }>('SELECT key, step FROM rollouts').map(({ key, step }) => [key, step]),
    );
    const stepOf = ({ key }: Place) => steps.get(key) ?? 0;
    const nearest = held.map(stepOf).reduce((best, step) => (step <= at.step && step > best ? step : best), -1);
    index = nearest < 0 ? 0 : held.findIndex((one) => stepOf(one) === nearest);
  }
  const end =
    at !== null && 'before' in at ? Math.min(index + limit, orEnd(placed(readCursor(at.before)))) : index + limit;
  const page = held.slice(index, end);
  const [first, last] = [page[0], page.at(-1)];
  return {
    rows: rowsOf(
      database,
      page.map(({ key }) => key),
    ),
    index,
    exact: true,
    total: search.total,
    first: first ? cursorOf(first) : null,
    last: last ? cursorOf(last) : null,
    more: end < held.length,
  };
}

export function* countRollouts(
  database: Database,
  asked: CountAsked,
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
  flat_because: FlatReason | null;
  at: number | null;
}

/** In the order of the keys. */
function rowsOf(database: Database, keys: readonly number[]): RolloutRow[] {
  const records = database.all<RowRecord>(
    `SELECT r.key, r.id, r.flags, b.body, g.problem, g.problem_type, g.data_type, g.purpose, g.flat_because,
       CASE WHEN g.at IS NULL AND json_valid(h.body) THEN json_extract(h.body, '$.at') ELSE g.at END AS at
     FROM json_each(?) asked CROSS JOIN rollouts r ON r.key = asked.value JOIN rollout_bodies b ON b.key = r.key
     JOIN groups g ON g.key = r.group_key JOIN group_bodies h ON h.key = g.key
     ORDER BY asked.key`,
    JSON.stringify(keys),
  );
  return records.map(({ key, id, flags, body, problem, problem_type, data_type, purpose, flat_because, at }) => {
    const { parsed: _, ...shown } = JSON.parse(body) as RolloutBody;
    const kl = shown.kl ?? null;
    return {
      ...shown,
      id,
      key,
      at,
      kl,
      problem,
      problemType: problem_type,
      dataType: data_type,
      purpose,
      flags,
      ...(flat_because !== null && { flatBecause: flat_because }),
    };
  });
}
