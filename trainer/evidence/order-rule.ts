/** When an answer, or a word of it, uses the order of the frames: one rule for verdicts, columns and audits. */

/** In nats. */
export const orderFloor = 0.5;

/** A mean over shuffles. */
export interface OrderWorth {
  /** Mean Δ over the shuffles, in nats. */
  readonly worth: number;
  /** Standard error of that mean; null with a single shuffle. */
  readonly error: number | null;
  /** Null where there is no error to judge by. */
  readonly uses: boolean | null;
}

/** Uses order: worth at least `orderFloor`, and twice its standard error. */
export function usesOrder(worth: number, error: number): boolean {
  return worth >= orderFloor && worth >= 2 * error;
}

/** @param deltas Δ in nats, one per shuffle; at least one */
export function orderWorth(deltas: readonly number[]): OrderWorth {
  const worth = deltas.reduce((sum, delta) => sum + delta, 0) / deltas.length;
  if (deltas.length < 2) return { worth, error: null, uses: null };
  const squares = deltas.reduce((sum, delta) => sum + (delta - worth) ** 2, 0);
  const error = Math.sqrt(squares / (deltas.length - 1) / deltas.length);
  return { worth, error, uses: usesOrder(worth, error) };
}
