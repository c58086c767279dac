/**
 * Randomness that is a function of its keys: the same seed, step and purpose give the same numbers in any order of calls,
 * so a resumed run draws what an uninterrupted one would have drawn.
 */

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** Upper 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + Math.floor(low / 0x10000);
  const other = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000)) >>> 0;
}

export type Words4 = readonly [number, number, number, number];

/**
 * Philox4x32 with 10 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
 * @returns four unsigned 32-bit words for a counter of four and a key of two.
 */
export function philox4x32(counter: Words4, key: readonly [number, number]): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const low0 = Math.imul(multiplier0, c0) >>> 0;
    const high1 = multiplyHigh(multiplier1, c2);
    const low1 = Math.imul(multiplier1, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + weyl0) >>> 0;
    k1 = (k1 + weyl1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The 64 bits that stand for a list of keys. Order and count matter; a text is taken by its UTF-16 code units. */
function keyOf(keys: readonly (number | string)[]): readonly [number, number] {
  let state: Words4 = [keys.length, 0, 0, 0];
  const absorb = (low: number, high: number) => {
    state = philox4x32([state[0], state[1], (state[2] ^ low) >>> 0, (state[3] ^ high) >>> 0], [low, high]);
  };
  const double = new DataView(new ArrayBuffer(8));
  for (const key of keys) {
    if (typeof key === 'number') {
      double.setFloat64(0, key === 0 ? 0 : key);
      absorb(double.getUint32(4), double.getUint32(0));
    } else {
      absorb(key.length, 0xffffffff);
      for (let i = 0; i < key.length; i++) absorb(key.charCodeAt(i), 0xfffffffe);
    }
  }
  return [state[0], state[1]];
}

/** An unsigned 32-bit integer that depends on every key; use it as the seed of something else. */
export function hash32(...keys: (number | string)[]): number {
  return philox4x32([0, 0, 0, 1], keyOf(keys))[0];
}

/** @returns a function that gives, call after call, numbers in [0, 1) with 53 random bits. */
export function randomFrom(...keys: (number | string)[]): () => number {
  const key = keyOf(keys);
  let block = 0;
  let words: Words4 = [0, 0, 0, 0];
  let half = 2;
  return () => {
    if (half === 2) {
      words = philox4x32([block >>> 0, Math.floor(block / 0x100000000) >>> 0, 0, 0], key);
      block++;
      half = 0;
    }
    const high = (half === 0 ? words[0] : words[2]) >>> 5;
    const low = (half === 0 ? words[1] : words[3]) >>> 6;
    half++;
    return (high * 0x4000000 + low) / 0x20000000000000;
  };
}

/** xoshiro128** (Blackman and Vigna, 2018), which gives 32 bits in a few nanoseconds; the seed is spread by a hash. */
export function fastRandom(seed: number): () => number {
  let a = hash32(seed, 0);
  let b = hash32(seed, 1);
  let c = hash32(seed, 2);
  let d = hash32(seed, 3) | 1;
  return () => {
    const five = Math.imul(b, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9);
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result >>> 0;
  };
}

/** A uniformly drawn order of 0 … n-1 (Fisher-Yates). */
export function permutation(n: number, random: () => number): number[] {
  const order = new Array<number>(n).fill(0);
  for (let i = 0; i < n; i++) {
    const j = Math.floor(random() * (i + 1));
    order[i] = order[j] as number;
    order[j] = i;
  }
  return order;
}
