/**
 * Answers for a person to review: those that a query keeps, without those that the person judged already, in one of several
 * orders. In slices, as lists are made; nothing here writes.
 */
import type { RolloutRow } from '../protocol/messages.ts';
import { type Expression, fieldsOf } from '../protocol/query/expression.ts';
import { giveBack, ofTraining, type Picked, type TrainingReason, trainingFields } from './draw-for-training.ts';
import { rowsOf } from './rollout-list.ts';
import { questionOf, type RolloutOrders, type Slices } from './rollout-orders.ts';

export type DrawBy =
  | { readonly kind: 'newest' }
  /** Those with these numbers among all that the query keeps, the newest being 0, in this order. */
  | { readonly kind: 'numbers'; readonly numbers: readonly number[] }
  /** Those of these ids, in this order. */
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  /** Those that the first rule keeps, the newest first, then those of the second that the first does not keep, and so on. */
  | { readonly kind: 'rules'; readonly rules: readonly Expression[] }
  /** What training gives back to people; see `draw-for-training.ts`. */
  | { readonly kind: 'training' };

export interface DrawAsked {
  readonly expression: Expression;
  /** Ids of rollouts that are not wanted. */
  readonly leaveOut: readonly string[];
  readonly by: DrawBy;
  /** Rows; 0 only counts. */
  readonly limit: number;
}

export interface DrawnRow {
  readonly row: RolloutRow;
  /** Number of the rule that it is here for; null in other orders. */
  readonly rule: number | null;
  /** What training gives it back for; none in other orders. */
  readonly reasons: readonly TrainingReason[];
}

export interface Drawn {
  readonly rows: readonly DrawnRow[];
  /** How many there are in this order, the rows and others. */
  readonly matching: number;
  /** How many the query keeps, those that are left out too. */
  readonly kept: number;
}

const plain = (place: number): Picked => ({ place, rule: null, reasons: [] });

export function* drawRollouts(orders: RolloutOrders, { expression, leaveOut, by, limit }: DrawAsked): Slices<Drawn> {
  const { columns } = orders;
  const question = questionOf(by.kind === 'training' ? { kind: 'all', of: [expression, ofTraining] } : expression);
  const more = by.kind === 'rules' ? by.rules.flatMap(fieldsOf) : by.kind === 'training' ? trainingFields : [];
  yield* orders.prepare(question, null, more);
  const kept = yield* orders.ordered(question, null);
  const unwanted = new Set(placesOf(orders, leaveOut));
  const isLeft = (place: number) => !unwanted.has(place);
  const isAll = unwanted.size === 0;
  const picked: { readonly picks: readonly Picked[]; readonly matching: number } = yield* (function* () {
    switch (by.kind) {
      case 'newest':
      case 'numbers': {
        const left = isAll ? kept : kept.filter(isLeft);
        const chosen =
          by.kind === 'newest'
            ? left.subarray(0, limit)
            : by.numbers.flatMap((number) => kept[number] ?? []).filter(isLeft);
        return { picks: Array.from(chosen, plain), matching: left.length };
      }
      case 'ids': {
        const wanted = new Set(kept);
        const places = placesOf(orders, by.ids).filter((place) => wanted.has(place) && isLeft(place));
        return { picks: places.map(plain), matching: places.length };
      }
      case 'rules':
        return yield* byRules(orders, isAll ? kept : kept.filter(isLeft), by.rules);
      case 'training': {
        const picks = yield* giveBack(orders, kept, unwanted);
        return { picks, matching: picks.length };
      }
    }
  })();
  const first = picked.picks.slice(0, limit);
  const keyOf = ({ place }: Picked) => columns.keys[place] as number;
  const rows = new Map(rowsOf(columns.database, first.map(keyOf)).map((row) => [row.key, row]));
  return {
    rows: first.flatMap((pick) => {
      const row = rows.get(keyOf(pick));
      return row === undefined ? [] : [{ row, rule: pick.rule, reasons: pick.reasons }];
    }),
    matching: picked.matching,
    kept: kept.length,
  };
}

function* byRules(
  orders: RolloutOrders,
  left: Uint32Array,
  rules: readonly Expression[],
): Slices<{ readonly picks: readonly Picked[]; readonly matching: number }> {
  const picks: Picked[] = [];
  const taken = new Uint8Array(orders.columns.count);
  for (const [rule, expression] of rules.entries()) {
    const holds = yield* orders.holding(expression, { from: 0, to: taken.length });
    for (const place of left) {
      if (taken[place] === 1 || holds[place] !== 1) continue;
      taken[place] = 1;
      picks.push({ place, rule, reasons: [] });
    }
  }
  return { picks, matching: picks.length };
}

/** In the order of the ids, those that are there. */
function placesOf({ columns }: RolloutOrders, ids: readonly string[]): number[] {
  if (ids.length === 0) return [];
  return columns.database
    .all<{ key: number }>(
      'SELECT r.key FROM json_each(?) asked CROSS JOIN rollouts r ON r.id = asked.value ORDER BY asked.key',
      JSON.stringify(ids),
    )
    .map(({ key }) => columns.placeOf(key))
    .filter((place) => place >= 0);
}
