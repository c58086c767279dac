/** Two compared numbers in print: as many decimals as tell them apart. */

/** The decimals, `least` to 20, at which a and b are written differently; `least` where they are equal or differ beyond that. */
export function tellingDecimals(a: number, b: number, least: number): number {
  if (a === b) return least;
  for (let decimals = least; decimals <= 20; decimals++)
    if (a.toFixed(decimals) !== b.toFixed(decimals)) return decimals;
  return least;
}
