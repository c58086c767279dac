import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../trainer/data/random.ts';
import {
  bootstrapMean,
  detectableDifference,
  mcnemarExact,
  meanOverSeeds,
  pairedBootstrap,
  pairedOverSeeds,
  slopeInterval,
} from '../../trainer/evaluation/statistics.ts';

interface Bounds {
  readonly values: number[];
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const fixture = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../fixtures/statistics.json'), 'utf8')) as {
  mcnemar: { b: number; c: number; p: number }[];
  means: Bounds[];
  student: Bounds[];
  paired: (Omit<Bounds, 'values'> & { first: number[]; second: number[] })[];
  detectable: { n: number; difference: number }[];
};

describe('the exact McNemar test', () => {
  it('gives the p values that scipy gives', () => {
    for (const { b, c, p } of fixture.mcnemar) expect(mcnemarExact(b, c)).toBeCloseTo(p, 9);
  });

  it('is worked out by hand: five against none is 2 / 32, and the sides are alike', () => {
    expect(mcnemarExact(5, 0)).toBeCloseTo(2 / 32, 12);
    expect(mcnemarExact(0, 5)).toBe(mcnemarExact(5, 0));
    expect(mcnemarExact(0, 0)).toBe(1);
  });
});

describe('the bootstrap of a mean', () => {
  it('agrees with scipy’s percentile interval as far as 10,000 resamples can', () => {
    for (const { values, mean, low, high } of fixture.means) {
      const found = bootstrapMean(values, 1);
      expect(found?.mean).toBeCloseTo(mean, 12);
      // The bounds themselves vary by a few hundredths of the interval's width, and stand on a grid of 1 / n.
      const slack = 0.05 * (high - low) + 1 / values.length;
      expect(Math.abs((found?.low ?? 0) - low)).toBeLessThan(slack);
      expect(Math.abs((found?.high ?? 0) - high)).toBeLessThan(slack);
    }
  });

  it('covers the true mean about 95 times in 100', () => {
    const trials = 200;
    let covered = 0;
    for (let trial = 0; trial < trials; trial++) {
      const random = randomFrom('coverage', trial);
      const values = Array.from({ length: 60 }, () => (random() < 0.4 ? 1 : 0));
      const found = bootstrapMean(values, trial);
      if (found && found.low <= 0.4 && 0.4 <= found.high) covered++;
    }
    expect(covered / trials).toBeGreaterThan(0.89);
    expect(covered / trials).toBeLessThan(0.99);
  });

  it('is fixed by its seed, exact where all values are alike, and null of nothing', () => {
    const values = [0, 1, 1, 0, 1, 0.5, 0.2];
    expect(bootstrapMean(values, 7)).toEqual(bootstrapMean(values, 7));
    expect(bootstrapMean([1, 1, 1], 1)).toEqual({ mean: 1, low: 1, high: 1 });
    expect(bootstrapMean([], 1)).toBeNull();
  });

  it('of pairs leaves out what both have in common', () => {
    const hard = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 0.1 : 0.7));
    const found = pairedBootstrap(
      hard.map((value) => value + 0.2),
      hard,
      1,
    );
    expect(found?.mean).toBeCloseTo(0.2, 12);
    expect((found?.high ?? 1) - (found?.low ?? 0)).toBeLessThan(1e-9);
    expect(() => pairedBootstrap([1], [], 1)).toThrow(RangeError);
  });
});

describe('the mean over seeds', () => {
  it('has Student’s interval as scipy gives it', () => {
    for (const { values, mean, low, high } of fixture.student) {
      const found = meanOverSeeds(values);
      expect(found?.mean).toBeCloseTo(mean, 12);
      expect(found?.low).toBeCloseTo(low, 4);
      expect(found?.high).toBeCloseTo(high, 4);
    }
  });

  it('has no interval for one seed', () => {
    expect(meanOverSeeds([0.5])).toEqual({ mean: 0.5, low: null, high: null });
    expect(meanOverSeeds([])).toBeNull();
  });
});

describe('the difference of two arms over the same seeds', () => {
  it('has the interval of scipy’s paired t test', () => {
    for (const { first, second, mean, low, high } of fixture.paired) {
      const found = pairedOverSeeds(first, second);
      expect(found?.mean).toBeCloseTo(mean, 12);
      expect(found?.low).toBeCloseTo(low, 6);
      expect(found?.high).toBeCloseTo(high, 6);
    }
  });

  it('leaves out what a seed does to both arms', () => {
    expect(pairedOverSeeds([0.5, 0.9, 0.1], [0.4, 0.8, 0])?.high).toBeCloseTo(0.1, 9);
    expect(() => pairedOverSeeds([1], [])).toThrow(RangeError);
    expect(pairedOverSeeds([], [])).toBeNull();
  });

  it('knows how large a difference it finds four times in five, as scipy’s noncentral t says', () => {
    for (const { n, difference } of fixture.detectable) expect(detectableDifference(n)).toBeCloseTo(difference, 3);
    expect(detectableDifference(2)).toBeNull();
    // Differences 0.1, 0.2 and 0.3 have the standard deviation 0.1.
    expect(pairedOverSeeds([0.1, 0.2, 0.3], [0, 0, 0])?.detectable).toBeCloseTo(0.3264, 9);
  });
});

describe('the slope of a series', () => {
  it('is worked out by hand on five values: b = 8 / 10, and its error is the root of (3.6 / 3) / 10', () => {
    const found = slopeInterval([1, 3, 2, 5, 4]);
    const half = 3.182446305 * Math.sqrt(0.12);
    expect(found?.slope).toBeCloseTo(0.8, 12);
    expect(found?.low).toBeCloseTo(0.8 - half, 9);
    expect(found?.high).toBeCloseTo(0.8 + half, 9);
  });

  it('is what scipy.stats.linregress gives over fifty steps, past the table', () => {
    const values = Array.from({ length: 50 }, (_, x) => ((x * x * 7 + 3 * x) % 11) / 10);
    const found = slopeInterval(values);
    expect(found?.slope).toBeCloseTo(-0.000216086434574, 12);
    expect(found?.low).toBeCloseTo(-0.00715303539, 6);
    expect(found?.high).toBeCloseTo(0.00672086252, 6);
  });

  it('has no width on a straight line, and needs three values', () => {
    expect(slopeInterval([2, 4, 6])).toEqual({ slope: 2, low: 2, high: 2 });
    expect(slopeInterval([2, 4])).toBeNull();
  });
});
