/**
 * Draws of counts. A bootstrap over items whose statistic asks only how many items of each kind there are needs those counts
 * and not the items: n items drawn with replacement hold kind k Multinomial(n, shares) times. So a resample of 165,000 items
 * costs as much as there are kinds.
 */

/** ln k! for small k; beyond, Stirling's series with three terms is right to 2e-12. */
const logFactorials = (() => {
  const table = new Float64Array(16);
  for (let k = 2; k < table.length; k++) table[k] = (table[k - 1] as number) + Math.log(k);
  return table;
})();

function logFactorial(k: number): number {
  if (k < logFactorials.length) return logFactorials[k] as number;
  const square = k * k;
  return (
    k * Math.log(k) - k + 0.5 * Math.log(2 * Math.PI * k) + (1 / 12 - (1 / 360 - 1 / (1260 * square)) / square) / k
  );
}

/** In (0, 1), of 32 random bits. */
const unit = (random: () => number): number => (random() + 0.5) / 0x100000000;

/** By inversion: the distribution is gone through from 0 upwards. For few expected successes. */
function drawFew(n: number, p: number, random: () => number): number {
  const odds = p / (1 - p);
  const none = (1 - p) ** n;
  for (;;) {
    let left = unit(random);
    let chance = none;
    for (let successes = 0; successes <= n; successes++) {
      if (left <= chance) return successes;
      left -= chance;
      chance *= ((n - successes) / (successes + 1)) * odds;
    }
    // What is lost to rounding at the far end is drawn again.
  }
}

/** By transformed rejection with a squeeze (Hörmann, 1993, "The generation of binomial random variates"): p ≤ 1/2, n p ≥ 10. */
function drawMany(n: number, p: number, random: () => number): number {
  const deviation = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const centre = n * p + 0.5;
  const squeeze = 0.92 - 4.2 / b;
  const scale = (2.83 + 5.1 / b) * deviation;
  const mode = Math.floor((n + 1) * p);
  for (;;) {
    const u = unit(random) - 0.5;
    const v = unit(random);
    const edge = 0.5 - Math.abs(u);
    const successes = Math.floor(((2 * a) / edge + b) * u + centre);
    if (edge >= 0.07 && v <= squeeze) return successes;
    if (successes < 0 || successes > n) continue;
    const atMode = logFactorial(mode) + logFactorial(n - mode);
    const atDrawn = logFactorial(successes) + logFactorial(n - successes);
    const bound = atMode - atDrawn + (successes - mode) * Math.log(p / (1 - p));
    if (Math.log((v * scale) / (a / (edge * edge) + b)) <= bound) return successes;
  }
}

/** How many of `n` tries succeed. @param p chance of each, 0 … 1 @param random gives unsigned 32-bit integers */
export function drawBinomial(n: number, p: number, random: () => number): number {
  if (n === 0 || p <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - drawBinomial(n, 1 - p, random);
  return n * p < 10 ? drawFew(n, p, random) : drawMany(n, p, random);
}

/**
 * One resample: as many items as `counts` adds up to, drawn with replacement, counted by kind.
 * @param counts items of each kind @param into the drawn counts, as long as `counts`
 */
export function drawCounts(counts: ArrayLike<number>, into: Float64Array, random: () => number): void {
  let items = 0;
  for (let kind = 0; kind < counts.length; kind++) items += counts[kind] as number;
  let left = items;
  for (let kind = 0; kind < counts.length; kind++) {
    const ofKind = counts[kind] as number;
    const drawn = drawBinomial(left, ofKind / items, random);
    into[kind] = drawn;
    left -= drawn;
    items -= ofKind;
  }
}
