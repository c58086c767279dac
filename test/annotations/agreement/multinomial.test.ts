import { describe, expect, it } from 'vitest';
import { drawBinomial, drawCounts } from '../../../trainer/annotations/agreement/multinomial.ts';
import { fastRandom } from '../../../trainer/data/random.ts';

/** Binomial chances of 0 … n, in logarithms so that n may be large. */
function chances(n: number, p: number): number[] {
  const logs = [n * Math.log(1 - p)];
  for (let k = 1; k <= n; k++) logs.push((logs[k - 1] as number) + Math.log(((n - k + 1) / k) * (p / (1 - p))));
  return logs.map(Math.exp);
}

describe('drawn counts', () => {
  it('follow the binomial distribution, whether few or many successes are expected', () => {
    const draws = 40_000;
    for (const [n, p] of [
      [1, 0.3],
      [12, 0.2],
      [12, 0.9],
      [40, 0.25],
      [60, 0.5],
      [300, 0.4],
      [2_000, 0.99],
    ] as const) {
      const random = fastRandom(7);
      const seen = new Array<number>(n + 1).fill(0);
      for (let k = 0; k < draws; k++) {
        const drawn = drawBinomial(n, p, random);
        seen[drawn] = (seen[drawn] ?? 0) + 1;
      }
      // Pearson's chi-square over outcomes expected ten times or more; what is rarer is one outcome.
      let squares = 0;
      let outcomes = 0;
      let restSeen = draws;
      let restExpected = draws;
      for (const [k, chance] of chances(n, p).entries()) {
        if (chance * draws < 10) continue;
        squares += ((seen[k] ?? 0) - chance * draws) ** 2 / (chance * draws);
        restSeen -= seen[k] ?? 0;
        restExpected -= chance * draws;
        outcomes++;
      }
      if (restExpected > 1) squares += (restSeen - restExpected) ** 2 / restExpected;
      // Its mean is the degrees of freedom, its deviation √(2 df).
      expect(squares, `${n} tries at ${p}`).toBeLessThan(outcomes + 4.5 * Math.sqrt(2 * outcomes));
    }
  });

  it('add up to the items, and a kind that nothing is of is never drawn', () => {
    const random = fastRandom(3);
    const drawn = new Float64Array(4);
    const counts = [60_000, 0, 105_000, 1];
    const sums = [0, 0, 0, 0];
    for (let k = 0; k < 2_000; k++) {
      drawCounts(counts, drawn, random);
      expect(drawn.reduce((sum, n) => sum + n, 0)).toBe(165_001);
      for (const [kind, n] of drawn.entries()) sums[kind] = (sums[kind] ?? 0) + n / 2_000;
    }
    expect(sums[1]).toBe(0);
    // Six standard errors of the mean of 2,000 draws.
    const error = Math.sqrt((165_001 * (60_000 / 165_001) * (105_001 / 165_001)) / 2_000);
    expect(Math.abs((sums[0] ?? 0) - 60_000)).toBeLessThan(6 * error);
    expect(sums[3]).toBeGreaterThan(0.8);
    expect(sums[3]).toBeLessThan(1.2);
  });
});
