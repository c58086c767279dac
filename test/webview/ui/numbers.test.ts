/** Numbers are written with a true minus, fixed decimals and units in words. */
import { describe, expect, it } from 'vitest';
import { compact, count, duration, elapsed, fileSize, fixed, plain, signed } from '../../../webview/ui/numbers.ts';

describe('numbers', () => {
  it('has a true minus, and none on a zero', () => {
    expect(fixed(-1.386, 2)).toBe('−1.39');
    expect(fixed(-0.001, 2)).toBe('0.00');
    expect(signed(0.772, 2)).toBe('+0.77');
    expect(signed(0.001, 2)).toBe('0.00');
    expect(signed(-0.5, 2)).toBe('−0.50');
    expect(fixed(null, 2)).toBe('–');
    expect(fixed(Number.NaN, 2)).toBe('NaN');
  });

  it('keeps three digits of small and large values', () => {
    expect([5e-7, 0.0015, 0.00149987, -0.01, 0.0153, 0.598, 1.5, 12.34, 342.4, 1_234_567].map(compact)).toEqual([
      '5e−7',
      '0.0015',
      '0.0015',
      '−0.010',
      '0.015',
      '0.598',
      '1.50',
      '12.3',
      '342',
      '1.23e6',
    ]);
  });

  it('writes a parameter as one would type it', () => {
    expect([1e-6, 0.04, 100352, null, true, 'n-1'].map(plain)).toEqual([
      '1e−6',
      '0.04',
      '100352',
      'as given',
      'on',
      'n-1',
    ]);
  });

  it('says how long in words', () => {
    expect([40_000, 120_000, 4_320_000, 176_400_000].map(duration)).toEqual(['40 s', '2 min', '1 h 12 min', '2 d 1 h']);
    expect([840, 5600, 121_200].map(elapsed)).toEqual(['840 ms', '5.6 s', '121 s']);
    expect([900, 82_900_000].map(fileSize)).toEqual(['900 B', '82.9 MB']);
    expect([count(1, 'token'), count(1200, 'token')]).toEqual(['1 token', '1,200 tokens']);
  });
});
