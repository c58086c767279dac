import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash32, permutation, philox4x32, randomFrom } from '../../trainer/data/random.ts';

describe('philox4x32', () => {
  const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, '0')).join(' ');

  // The known answers published with Random123 (kat_vectors, philox4x32 10).
  it('gives the published known answers', () => {
    const all = 0xffffffff;
    expect(hex(philox4x32([0, 0, 0, 0], [0, 0]))).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8');
    expect(hex(philox4x32([all, all, all, all], [all, all]))).toBe('408f276d 41c83b0e a20bc7c6 6d5451fd');
    expect(hex(philox4x32([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]))).toBe(
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    );
  });
});

describe('randomFrom and hash32', () => {
  it('give the same for the same keys, and other values for other keys, order or count', () => {
    const first = (...keys: (number | string)[]) => randomFrom(...keys)();
    expect(first(1, 2)).toBe(first(1, 2));
    const values = [
      first(1, 2),
      first(2, 1),
      first(1),
      first(1, 2, 0),
      first(12),
      first('1', 2),
      first('12'),
      first(1.5),
      first(-1),
      first(2 ** 40),
      first(2 ** 40 + 1),
      first(),
    ];
    expect(new Set(values).size).toBe(values.length);
    expect(hash32(1, 2)).not.toBe(hash32(2, 1));
    expect(hash32(0)).toBe(hash32(-0));
  });

  it('are spread evenly: mean, variance and every tenth as a uniform draw has them', () => {
    const random = randomFrom('spread');
    const draws = Array.from({ length: 100_000 }, random);
    expect(new Set(draws).size).toBe(draws.length);
    // Neighbours are within 0.01 of each other with probability 0.0199.
    const near = draws.filter((value, i) => i > 0 && Math.abs(value - (draws[i - 1] as number)) < 0.01).length;
    expect(Math.abs(near - 1990)).toBeLessThan(180);
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length;
    // Four standard errors: 0.2887 / sqrt(1e5) * 4 = 0.0037.
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.0037);
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.001);
    const tenths = new Array<number>(10).fill(0);
    for (const value of draws) tenths[Math.floor(value * 10)] = (tenths[Math.floor(value * 10)] as number) + 1;
    for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(400);
    expect(Math.min(...tenths)).toBeGreaterThan(0);
  });

  it('hash to 32 bits of which each is set half the time', () => {
    const set = new Array<number>(32).fill(0);
    for (let i = 0; i < 4000; i++)
      for (let bit = 0; bit < 32; bit++) set[bit] = (set[bit] as number) + ((hash32(7, i) >>> bit) & 1);
    for (const count of set) expect(Math.abs(count - 2000)).toBeLessThan(160);
  });
});

describe('permutation', () => {
  it('holds each number once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.integer(), (n, seed) => {
        expect(permutation(n, randomFrom(seed)).toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: n }, (_, i) => i),
        );
      }),
    );
  });

  it('draws the six orders of three evenly', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = permutation(3, randomFrom('orders', i)).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(130);
  });
});
