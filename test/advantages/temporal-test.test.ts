/** Exact ties of p and mu p̃ are ties, fractional scores are compared in float32, and the sentence shows what was compared. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareShares, flippingMu } from '../../trainer/advantages/temporal-test.ts';
import { explainGroup, readGroupNumbers } from '../../trainer/learning/explain.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';

interface Cases {
  /** By `mu n`, for every m: of every number right of n, the most right of m at which `>` holds, and at which `>=` does. */
  readonly counts: Record<string, string[]>;
  readonly scores: [mu: number, ordered: number[], shuffled: number[], above: boolean, least: boolean][];
}
const cases: Cases = JSON.parse(readFileSync(new URL('../fixtures/temporal.json', import.meta.url), 'utf8'));
const signs = ['>', '>='] as const;

/** `right` ones, then zeros. */
const scores = (right: number, of: number) => Array.from({ length: of }, (_, i) => Number(i < right));
const group = (accuracy: number[], shuffled_accuracy: number[]) => ({
  data_type: 'video',
  accuracy,
  format: accuracy.map(() => 1),
  lengths: accuracy.map(() => 40),
  shuffled_accuracy,
});

describe('a tie of mu', () => {
  it.each([
    // 3/5 = 0.8 x 3/4 and 4/6 = 0.8 x 5/6: upstream's >= passes. 9/14 = 0.75 x 12/14: the paper's > fails.
    ['five against four', 'upstream', 0.8, [3, 5], [3, 4], true, '3/5 >= 0.8 × 3/4 = 3/5 holds'],
    ['six against six', 'upstream', 0.8, [4, 6], [5, 6], true, '4/6 >= 0.8 × 5/6 = 4/6 holds'],
    ['fourteen against fourteen', 'paper', 0.75, [9, 14], [12, 14], false, '9/14 > 0.75 × 12/14 = 9/14 does not hold'],
    // 0.2858 against 0.2857: more decimals where three don't tell them apart.
    ['near 2/7', 'paper', 1, [1429, 5000], [2, 7], true, '0.2858 > 1 × 0.2857 = 0.2857 holds'],
  ] as const)('is decided by counts: %s', (_, preset, mu, [p, of], [q, ofShuffled], passed, sentence) => {
    const parameters = { ...presetParameters(preset, 'tgrpo'), mu };
    const read = readGroupNumbers(group(scores(p, of), scores(q, ofShuffled)), 'test');
    const explained = explainGroup(read, parameters);
    expect(explained.explanation[0]).toContain(sentence);
    expect(explained.temporal_pass).toBe(passed);
  });

  it('is never decided by rounding: p = k n / 20 n against mu = k / 20', () => {
    const counts = fc.record({ n: fc.integer({ min: 1, max: 9 }), twentieths: fc.integer({ min: 1, max: 20 }) });
    fc.assert(
      fc.property(counts, ({ n, twentieths }) => {
        // p = k n / 20 n, and mu p̃ = k / 20 x 1.
        const [ordered, mu] = [scores(twentieths * n, 20 * n), twentieths / 20];
        expect(compareShares(ordered, [1], mu, '>').passed).toBe(false);
        expect(compareShares(ordered, [1], mu, '>=').passed).toBe(true);
      }),
    );
  });

  it('takes mu as its decimal, with an exponent too', () => {
    expect(compareShares(scores(1, 10), [1], 0.1, '>').passed).toBe(false);
    expect(compareShares([0], [1], 1e-7, '>=').passed).toBe(false);
    expect(compareShares([1], [1], 1e-7, '>').passed).toBe(true);
  });
});

describe('fractional scores', () => {
  it('are compared in float32, where 0.1 + 0.2 over 2 is 0.3 over 2, which float64 says it is not', () => {
    expect((0.1 + 0.2) / 2 > (0.3 + 0) / 2).toBe(true);
    expect(compareShares([0.1, 0.2], [0.3, 0], 1, '>')).toEqual({ passed: false, formula: '0.15 > 1 × 0.15 = 0.15' });
    expect(compareShares([0.1, 0.2], [0.3, 0], 1, '>=').passed).toBe(true);
  });

  it('are shown in the digits that decided', () => {
    // In float32 0.7 is 0.699999988; seven of them added up and divided by 7 are 0.699999928.
    const seven = Array.from({ length: 7 }, () => 0.7);
    expect(compareShares([0.7], seven, 1, '>')).toEqual({
      passed: true,
      formula: '0.7 > 1 × 0.6999999 = 0.6999999',
    });
  });
});

describe('as Python computes it', () => {
  it.each(Object.keys(cases.counts))('counts of right answers are compared as fractions: mu and n %s', (row) => {
    const [mu = 0, n = 0] = row.split(' ').map(Number);
    const differing: string[] = [];
    for (const [index, most] of (cases.counts[row] ?? []).entries()) {
      const m = index + 2;
      for (const [which, digits] of most.split(' ').entries())
        for (let k = 0; k <= n; k++)
          for (let j = 0; j <= m; j++) {
            const passes = j <= Number.parseInt(digits[k] as string, 17);
            const found = compareShares(scores(k, n), scores(j, m), mu, signs[which] as '>').passed;
            if (found !== passes) differing.push(`${k}/${n} ${signs[which]} ${mu} x ${j}/${m}`);
          }
    }
    expect(differing).toEqual([]);
  });

  it('fractional scores are compared in the float32 of numpy, near ties too', () => {
    const differing = cases.scores.filter(
      ([mu, ordered, shuffled, above, least]) =>
        compareShares(ordered, shuffled, mu, '>').passed !== above ||
        compareShares(ordered, shuffled, mu, '>=').passed !== least,
    );
    expect(differing).toEqual([]);
  });
});

it('never shows a sentence that says the opposite of the verdict', () => {
  const share = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));
  const half = fc.array(share, { minLength: 1, maxLength: 16 });
  const value = (text: string) => {
    const [over, under = '1'] = text.split('/');
    return Number(over) / Number(under);
  };
  fc.assert(
    fc.property(
      half,
      half,
      fc.double({ min: 0, max: 2, noNaN: true }),
      fc.constantFrom('>', '>='),
      (a, b, mu, sign) => {
        const { passed, formula } = compareShares(a, b, mu, sign as '>' | '>=');
        const shown = /^(\S+) \S+ .* = (\S+)$/.exec(formula);
        const [p, bar] = [value(shown?.[1] ?? ''), value(shown?.[2] ?? '')];
        // What differs by less than 1e-20 is shown as equal.
        if (Math.abs(p - bar) > 1e-19) expect(sign === '>' ? p > bar : p >= bar).toBe(passed);
      },
    ),
  );
});

describe('the mu at which the test flips', () => {
  it('is p / p̃, as a fraction of counts', () => {
    // 6/8 over 2/4 is 3/2; 1/2 over 3/5 is 5/6.
    expect(flippingMu([1, 1, 1, 1, 1, 1, 0, 0], [1, 1, 0, 0], '>')).toEqual({
      at: 1.5,
      holdsAt: false,
      fraction: null,
    });
    expect(flippingMu([1, 0], [1, 1, 1, 0, 0], '>=')).toEqual({ at: 5 / 6, holdsAt: true, fraction: '5/6' });
  });

  it('is not there where no mu decides', () => {
    expect(flippingMu([1, 0], [0, 0], '>')).toBeNull();
    expect(flippingMu([0, 0], [0, 0], '>')).toBeNull();
    expect(flippingMu([0, 0], [0, 0], '>=')).toBeNull();
    expect(flippingMu([0, 0], [1, 0], '>')).toBeNull();
    // 0 >= mu × 1/2 at 0 alone.
    expect(flippingMu([0, 0], [1, 0], '>=')).toEqual({ at: 0, holdsAt: true, fraction: null });
  });

  it('parts the values at which the trainer’s own test holds from those at which it does not', () => {
    const score = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 1e-6, max: 1, noNaN: true }));
    const counts = fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 9 });
    const scores = fc.oneof(counts, fc.array(score, { minLength: 1, maxLength: 9 }));
    fc.assert(
      fc.property(scores, scores, fc.constantFrom('>' as const, '>=' as const), (ordered, shuffled, comparison) => {
        const flip = flippingMu(ordered, shuffled, comparison);
        const holdsAt = (mu: number) => compareShares(ordered, shuffled, mu, comparison).passed;
        if (flip === null) {
          expect(new Set([1e-3, 0.5, 1, 2, 1e6].map(holdsAt)).size).toBe(1);
          return;
        }
        // A part in a million is many float32 steps.
        if (flip.at > 0) expect(holdsAt(flip.at * (1 - 1e-6))).toBe(true);
        expect(holdsAt(flip.at * (1 + 1e-6) + 1e-30)).toBe(false);
        if (flip.at === Number(flip.at.toFixed(6))) expect(holdsAt(flip.at)).toBe(flip.holdsAt);
      }),
      { numRuns: 500 },
    );
  });
});
