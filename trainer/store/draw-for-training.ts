/**
 * What training gives back to people: groups of which nothing is learned, temporal tests that turn out otherwise than the time
 * before, answers whose KL jumps, and answers in which words came back that people flagged.
 */
import type { Expression } from '../protocol/query/expression.ts';
import type { FieldName } from '../protocol/query/fields.ts';
import { questionOf, type RolloutOrders, type Slices } from './rollout-orders.ts';

export type TrainingReason =
  | { readonly kind: 'flagged'; readonly words: readonly string[] }
  | { readonly kind: 'kl'; readonly kl: number }
  /** The test of this group, and the step of the group of the same question before it, in which it was the other way. */
  | { readonly kind: 'flip'; readonly passed: boolean; readonly before: number }
  | { readonly kind: 'flat' };

/** A rollout by its place in the columns, with what it is drawn for. */
export interface Picked {
  readonly place: number;
  /** Number of a rule; null where there are none. */
  readonly rule: number | null;
  readonly reasons: readonly TrainingReason[];
}

export const ofTraining: Expression = { kind: 'compare', field: 'purpose', comparison: '=', value: 'train' };
export const trainingFields: readonly FieldName[] = ['purpose', 'flat', 'kl'];

/** A KL jumps that is so many times the run's median of those above 0. */
const farAbove = 5;
/** Fewer values have no median that tells anything. */
const leastValues = 20;

const placesInSlice = 100_000;

/** Places of a group with a reason: its first answer, the first with flagged words, the one with the highest KL that jumps. */
interface Found {
  first: number;
  worded: number | null;
  jumping: number | null;
  readonly isFlat: boolean;
}

/**
 * One answer of each group that has a reason, the newest first: one with flagged words, else the one with the highest KL where
 * that jumps, else the first.
 * @param kept places, the newest first. @param judged a group of which one answer is among them does not come again
 */
export function* giveBack(orders: RolloutOrders, kept: Uint32Array, judged: ReadonlySet<number>): Slices<Picked[]> {
  const { columns } = orders;
  const groupOf = (place: number) => columns.groupPlaces[place] as number;
  const limit = yield* jumpLimit(orders);
  const flips = flipsOf(orders);
  yield null;
  const flagged = flaggedOf(orders);
  yield null;
  const done = new Set(Array.from(judged, groupOf));
  const [klOf, flatOf] = [orders.valueAt('kl'), orders.valueAt('flat')];
  const found = new Map<number, Found>();
  for (const [number, place] of kept.entries()) {
    if (number % placesInSlice === placesInSlice - 1) yield null;
    const group = groupOf(place);
    const [kl, words] = [klOf(place), flagged.get(place)];
    const isFlat = flatOf(place) === 1;
    const hasReason = words !== undefined || kl > limit || flips.has(group) || isFlat;
    if (!hasReason || done.has(group)) continue;
    const known = found.get(group) ?? { first: place, worded: null, jumping: null, isFlat };
    // From the newest to the oldest: the last one that is met is the first.
    known.first = place;
    if (words !== undefined) known.worded = place;
    if (kl > limit && (known.jumping === null || kl >= klOf(known.jumping))) known.jumping = place;
    found.set(group, known);
  }
  return Array.from(found, ([group, { first, worded, jumping, isFlat }]) => {
    const place = worded ?? jumping ?? first;
    const flip = flips.get(group);
    const reasons: TrainingReason[] = [
      ...(worded === null ? [] : [{ kind: 'flagged' as const, words: flagged.get(place) ?? [] }]),
      ...(klOf(place) > limit ? [{ kind: 'kl' as const, kl: klOf(place) }] : []),
      ...(flip === undefined ? [] : [flip]),
      ...(isFlat ? [{ kind: 'flat' as const }] : []),
    ];
    return { place, rule: null, reasons };
  });
}

/** Of all answers of training that stand, whatever the query. */
function* jumpLimit(orders: RolloutOrders): Slices<number> {
  const places = yield* orders.ordered(questionOf(ofTraining), null);
  const values = Float64Array.from(places, orders.valueAt('kl')).filter((kl) => kl > 0);
  if (values.length < leastValues) return Number.POSITIVE_INFINITY;
  values.sort();
  return farAbove * (values[values.length >> 1] as number);
}

/** By the group's number in the columns. */
function flipsOf({ columns }: RolloutOrders): ReadonlyMap<number, TrainingReason> {
  const rows = columns.database.all<{ rollout: number; passed: number; before: number }>(
    `SELECT (SELECT min(r.key) FROM rollouts r WHERE r.group_key = tested.key) AS rollout, passed, before
     FROM (
       SELECT key, passed, lag(passed) OVER same AS passed_before, lag(step) OVER same AS before FROM groups
       WHERE superseded = 0 AND purpose = 'train' AND asked IS NOT NULL AND passed IS NOT NULL
       WINDOW same AS (PARTITION BY asked ORDER BY step, key)
     ) tested WHERE passed_before <> passed`,
  );
  return new Map(
    rows.map(({ rollout, passed, before }) => [
      columns.groupPlaces[columns.placeOf(rollout)] as number,
      { kind: 'flip', passed: passed === 1, before },
    ]),
  );
}

/** The flagged words that an answer holds, by its place. */
function flaggedOf({ columns }: RolloutOrders): ReadonlyMap<number, readonly string[]> {
  const rows = columns.database.all<{ key: number; words: string }>(
    `SELECT r.key, json_extract(b.body, '$.flagged') AS words
     FROM group_counts c JOIN rollouts r ON r.group_key = c.key JOIN rollout_bodies b ON b.key = r.key
     WHERE json_extract(c.counts, '$.flagged') > 0 AND words IS NOT NULL`,
  );
  return new Map(rows.map(({ key, words }) => [columns.placeOf(key), JSON.parse(words) as string[]]));
}
