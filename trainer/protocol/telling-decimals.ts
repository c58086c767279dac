/** Two compared numbers in print: as many decimals as tell them apart. */

/** The decimals, `least` to 20, at which a and b are written differently; `least` where they are equal or differ beyond that. */
export function tellingDecimals(a: number, b: number, least: number): number {
  if (a === b) return least;
  for (let decimals = least; decimals <= 20; decimals++)
    if (a.toFixed(decimals) !== b.toFixed(decimals)) return decimals;
  return least;
}

/**
 * The decimals in which a factor is written so that who multiplies what is written gets the product that is written: with 0.667
 * for 2/3 that of 0.8 x 2/3 = 0.533 would be 0.534. At least `decimals`, which are the product's; 12 at most.
 */
export function factorDecimals(mu: number, factor: number, product: number, decimals: number): number {
  const written = product.toFixed(decimals);
  for (let own = decimals; own <= 12; own++)
    if ((mu * Number(factor.toFixed(own))).toFixed(decimals) === written) return own;
  return decimals;
}
