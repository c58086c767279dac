/** Counter-based random numbers: the n-th number of a seed is computed directly, so no order of calls matters. */

/** MurmurHash3's finaliser. */
function mix(x: number): number {
  let h = x >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The n-th number of a seed, uniform in [0, 1) with 53 bits. */
export function uniform(seed: number, n: number): number {
  const a = mix(mix(seed ^ 0x9e3779b9) + Math.imul(n, 0x9e3779b1));
  const b = mix(a + mix(Math.imul(seed, 0x27d4eb2f) ^ (n + 0x165667b1)));
  return ((a >>> 5) * 67108864 + (b >>> 6)) / 9007199254740992;
}

/** A seed for one of many named streams of a seed. */
export function hashSeed(seed: number, name: string): number {
  let h = mix(seed ^ 0x51ed270b);
  for (let i = 0; i < name.length; i++) h = mix(h ^ Math.imul(name.charCodeAt(i) + 1, 0x01000193));
  return h;
}
