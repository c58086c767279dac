/** The strong line of a curve: a trailing mean, so that no point moves when later steps arrive. */

/**
 * Mean of each value and the values before it, `width` values in all; gaps are passed over and stay gaps.
 * @throws RangeError when `width` is not a positive whole number.
 */
export function trailingMean(values: readonly (number | null)[], width: number): (number | null)[] {
  if (!Number.isInteger(width) || width < 1)
    throw new RangeError(`width must be a positive whole number, not ${width}`);
  const window: number[] = [];
  return values.map((value) => {
    if (value === null) return null;
    window.push(value);
    if (window.length > width) window.shift();
    return window.reduce((sum, held) => sum + held, 0) / window.length;
  });
}
