/** The strong line of a curve: a trailing mean, so that no point moves when later steps arrive. Over how many steps is chosen, and remembered. */
import { Store } from '../ui/store.ts';

/** Steps that the strong line is a mean of; 1 is no smoothing. */
export const smoothings = [1, 5, 10, 20, 50] as const;
export type Smoothing = (typeof smoothings)[number];
const initial: Smoothing = 10;
const storageKey = 'video-r1-smoothing';

/** What is chosen, kept from one visit to the next. */
export function rememberedSmoothing(shelf: Pick<Storage, 'getItem' | 'setItem'>): Store<Smoothing> {
  const held = Number(shelf.getItem(storageKey));
  const store = new Store<Smoothing>(smoothings.find((one) => one === held) ?? initial);
  store.watch(() => shelf.setItem(storageKey, String(store.get())));
  return store;
}

/**
 * Mean of each value and the values before it, `width` values in all; gaps are passed over and stay gaps.
 * @param counts how many values each is the mean of, where that is not one: then as many whole means as have `width` values
 * @throws RangeError when `width` is not a positive whole number.
 */
export function trailingMean(
  values: readonly (number | null)[],
  width: number,
  counts: readonly number[] | null = null,
): (number | null)[] {
  if (!Number.isInteger(width) || width < 1)
    throw new RangeError(`width must be a positive whole number, not ${width}`);
  const window: (readonly [mean: number, count: number])[] = [];
  let held = 0;
  return values.map((value, at) => {
    if (value === null) return null;
    const count = counts?.[at] ?? 1;
    window.push([value, count]);
    held += count;
    while (held - (window[0]?.[1] ?? 0) >= width) held -= window.shift()?.[1] ?? 0;
    return window.reduce((sum, [mean, of]) => sum + mean * of, 0) / held;
  });
}
