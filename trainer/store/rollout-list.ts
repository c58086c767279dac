/**
 * The rollouts that a query keeps: a page of them in any order, and how many there are, by facet too. Each runs in slices, so
 * that whoever runs it can answer others between two of them, or give up. Nothing here writes.
 */
import { z } from 'zod';
import { analysisVersion } from '../protocol/analysis.ts';
import { StudioError } from '../protocol/errors.ts';
import type { FlatReason } from '../protocol/flat-reason.ts';
import type { ListPlace, RequestResult, RolloutRow } from '../protocol/messages.ts';
import { type Expression, everything } from '../protocol/query/expression.ts';
import { facetQueries, patternOf, withoutField } from '../protocol/query/facets.ts';
import { fields } from '../protocol/query/fields.ts';
import { butForFindings } from '../protocol/query/found-by-rules.ts';
import type { ListSort } from '../protocol/query/sort.ts';
import { butForEvidence, isWeighed } from '../protocol/query/weighed-fields.ts';
import type { Group } from '../protocol/records.ts';
import type { Database } from './database.ts';
import { filledShare } from './filling.ts';
import { bitOf } from './query-sql.ts';
import type { RolloutColumns } from './rollout-columns.ts';
import { facetsThatHold, isOfFacets } from './rollout-mask.ts';
import { type Question, questionOf, type RolloutOrders, type Rung, type Slices } from './rollout-orders.ts';
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
  /** Of the rollouts that are kept but for what is asked of findings, those that older rules have read; see `found-by-rules.ts`. */
  readonly outdated: number;
  /**
   * Of the rollouts that are kept but for what is asked of evidence, those that have some; see `weighed-fields.ts`. Null where the run
   * has none and the query asks for none.
   */
  readonly weighed: { readonly weighed: number; readonly of: number } | null;
  /** Share of the rollouts that a query sees; see `filling.ts`. */
  readonly filled: number;
}

const cursorOf = ({ value, key }: Rung) => JSON.stringify([value, key]);

/** @throws StudioError `bad-request` for a text that is no cursor */
function readCursor(cursor: string): Rung {
  try {
    const [value, key] = rung.parse(JSON.parse(cursor));
    return { value, key };
  } catch (cause) {
    throw new StudioError('bad-request', 'This is not a place in a list of rollouts.', { place: cursor, cause });
  }
}

const rung = z.tuple([z.union([z.number(), z.string(), z.null()]), z.number().int()]);

/** @throws StudioError `not-found` for a rollout that is not there, `bad-request` for a text that is no cursor */
export function* listRollouts(orders: RolloutOrders, asked: ListAsked): Slices<RolloutPage> {
  const { sort, at, limit } = asked;
  const { columns } = orders;
  const { database } = columns;
  const question = questionOf(asked.expression);
  const isFirst = at === null && sort === null;
  if (isFirst && !columns.isRead && isOfFacets(question.expression)) {
    const { keys, total } = orders.newestByIndex(question, limit + 1);
    const rungs = keys.slice(0, limit).map((key): Rung => ({ value: null, key }));
    return pageOf(database, rungs, { index: 0, total, more: keys.length > limit });
  }
  yield* orders.prepare(question, sort, at !== null && 'step' in at ? ['step'] : []);
  const total = totalOf(columns, question);
  if (isFirst && !orders.stands(question, sort)) {
    const places = yield* orders.newest(question, limit + 1);
    const rungs = Array.from(places.subarray(0, limit), (place) => orders.rungOf(place, null));
    return pageOf(database, rungs, { index: 0, total, more: places.length > limit });
  }
  const places = yield* orders.ordered(question, sort);
  const { index, end } = partOf(orders, places, asked);
  const rungs = Array.from(places.subarray(index, end), (place) => orders.rungOf(place, sort));
  return pageOf(database, rungs, { index, total, more: end < places.length });
}

/** From where to where a page goes. */
function partOf(
  orders: RolloutOrders,
  places: Uint32Array,
  { sort, at, limit }: ListAsked,
): { index: number; end: number } {
  const from = (index: number) => ({ index, end: Math.min(places.length, index + limit) });
  if (at === null) return from(0);
  if ('index' in at) return from(Math.min(at.index, places.length));
  if ('after' in at) return from(orders.before(places, readCursor(at.after), sort, true));
  if ('before' in at) {
    const end = orders.before(places, readCursor(at.before), sort, false);
    return { index: Math.max(0, end - limit), end };
  }
  if ('step' in at) return from(firstOfStep(orders.columns, places, at.step));
  const { columns } = orders;
  const found = columns.database.get<{ key: number }>('SELECT key FROM rollouts WHERE id = ?', at.rollout);
  const place = found === undefined ? -1 : columns.placeOf(found.key);
  if (place < 0)
    throw new StudioError('not-found', `There is no rollout ${at.rollout} in this run.`, { place: at.rollout });
  return from(orders.before(places, orders.rungOf(place, sort), sort, false));
}

/** Number of the first place of a step, else of the nearest that has any, whatever the order; of two, the earlier step. */
function firstOfStep(columns: RolloutColumns, places: Uint32Array, wanted: number): number {
  const steps = columns.column('step')?.values ?? new Float64Array(0);
  let first = 0;
  let nearest = Number.POSITIVE_INFINITY;
  let least = Number.POSITIVE_INFINITY;
  for (const [number, place] of places.entries()) {
    const step = steps[place] as number;
    const far = Math.abs(step - wanted);
    if (far > least || (far === least && step >= nearest)) continue;
    first = number;
    nearest = step;
    least = far;
  }
  return first;
}

function totalOf(columns: RolloutColumns, { withSuperseded }: Question): number {
  if (!withSuperseded) return columns.facetRows.reduce((sum, { count }) => sum + count, 0);
  let total = 0;
  for (let place = 0; place < columns.count; place += 1) if ((columns.gone[place] as number) < 2) total += 1;
  return total;
}

function pageOf(
  database: Database,
  rungs: readonly Rung[],
  place: { readonly index: number; readonly total: number; readonly more: boolean },
): RolloutPage {
  const [first, last] = [rungs[0], rungs.at(-1)];
  const rows = rowsOf(
    database,
    rungs.map(({ key }) => key),
  );
  return {
    rows,
    ...place,
    exact: true,
    first: first ? cursorOf(first) : null,
    last: last ? cursorOf(last) : null,
  };
}

/** Makes the order of the list too, so that any place in it is at hand. */
export function* countRollouts(orders: RolloutOrders, asked: CountAsked): Slices<RolloutCount> {
  const { columns } = orders;
  const question = questionOf(asked.expression);
  yield* orders.prepare(question, asked.sort);
  const total = totalOf(columns, question);
  const rest = yield* orders.ordered({ ...question, expression: question.rest, ofFacets: everything }, null);
  const byFacet = orders.byFacet(rest);
  const matching = (yield* orders.ordered(question, asked.sort)).length;
  const chips = asked.facets ? Object.entries(facetQueries(asked.expression)) : [];
  const ofPatterns = asked.facets ? yield* countPatterns(orders, asked.expression) : null;
  const counted = chips.map(([term, expression]) => {
    const pattern = patternOf(term);
    if (ofPatterns && pattern !== null) return [term, ofPatterns(pattern)] as const;
    const holds = facetsThatHold(columns, questionOf(expression).ofFacets);
    return [term, byFacet.reduce((sum, count, facet) => sum + (holds[facet] === 1 ? count : 0), 0)] as const;
  });
  const outdated = yield* countOutdated(orders, asked.expression);
  const weighed = yield* countWeighed(orders, asked.expression, matching);
  return {
    ...{ matching, total, outdated, weighed },
    filled: filledShare(columns.database),
    facets: Object.fromEntries(counted),
  };
}

function* countWeighed(
  orders: RolloutOrders,
  expression: Expression,
  matching: number,
): Slices<RolloutCount['weighed']> {
  const others = butForEvidence(expression);
  const hasSome = orders.columns.database.get('SELECT 1 FROM evidence LIMIT 1') !== undefined;
  if (others === null && !hasSome) return null;
  const rest = others ?? [expression];
  const count = function* (of: Expression[]): Slices<number> {
    const question = questionOf({ kind: 'all', of });
    yield* orders.prepare(question, null);
    return (yield* orders.ordered(question, null)).length;
  };
  const of = others === null ? matching : yield* count(rest);
  return { weighed: hasSome ? yield* count([...rest, isWeighed]) : 0, of };
}

function* countOutdated(orders: RolloutOrders, expression: Expression): Slices<number> {
  const others = butForFindings(expression);
  const { database } = orders.columns;
  const has = (comparison: '<' | '>=') =>
    database.get<{ key: number }>(`SELECT key FROM rollouts WHERE analysis ${comparison} ? LIMIT 1`, analysisVersion);
  if (others === null || has('<') === undefined) return 0;
  const older: Expression = { kind: 'compare', field: 'analysis', comparison: '<', value: analysisVersion };
  const question = questionOf({ kind: 'all', of: has('>=') === undefined ? others : [...others, older] });
  yield* orders.prepare(question, null);
  return (yield* orders.ordered(question, null)).length;
}

/** Of the rollouts that a query keeps, what it asks of patterns aside: how many have each. */
function* countPatterns(orders: RolloutOrders, expression: Expression): Slices<(pattern: string) => number> {
  const question = questionOf({ kind: 'all', of: withoutField(expression, 'pattern') });
  const { columns } = orders;
  yield* columns.load(['pattern']);
  const places = yield* orders.ordered(question, null);
  const values = columns.column('pattern')?.values ?? new Float64Array(0);
  const byBit = new Uint32Array(32);
  for (const place of places) {
    let bits = values[place] as number;
    for (let bit = 0; bits > 0; bit += 1, bits >>= 1) if ((bits & 1) === 1) (byBit[bit] as number)++;
  }
  const { pattern } = fields;
  return (name) => (pattern.kind === 'texts' ? (byBit[Math.log2(bitOf(pattern, name))] ?? 0) : 0);
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
  p: number | null;
  p_shuffled: number | null;
  felt: 0 | 1 | null;
}

/** In the order of the keys. */
export function rowsOf(database: Database, keys: readonly number[]): RolloutRow[] {
  const records = database.all<RowRecord>(
    `SELECT r.key, r.id, r.flags, b.body, g.problem, g.problem_type, g.data_type, g.purpose, g.flat_because, g.p, g.p_shuffled, r.felt,
       CASE WHEN g.at IS NULL AND json_valid(h.body) THEN json_extract(h.body, '$.at') ELSE g.at END AS at
     FROM json_each(?) asked CROSS JOIN rollouts r ON r.key = asked.value JOIN rollout_bodies b ON b.key = r.key
     JOIN groups g ON g.key = r.group_key JOIN group_bodies h ON h.key = g.key
     ORDER BY asked.key`,
    JSON.stringify(keys),
  );
  return records.map(({ body, problem_type, data_type, flat_because, p_shuffled, felt, ...columns }) => {
    const { parsed: _, ...shown } = JSON.parse(body) as RolloutBody;
    return {
      ...shown,
      ...columns,
      kl: shown.kl ?? null,
      pShuffled: p_shuffled,
      problemType: problem_type,
      dataType: data_type,
      ...(flat_because !== null && { flatBecause: flat_because }),
      ...(felt !== null && { felt: felt === 1 }),
    };
  });
}
