/**
 * Places of rollouts put in the order of their values: by radix, 16 bits of the number at a time, so that a million take less
 * than a tenth of a second, and with a break after each pass; the first of them alone take a third of that. Places of one value
 * stay as they were; NaN comes last.
 */

const digits = 1 << 16;

/** The bits of numbers, high and low half, so that their unsigned order is the order of the numbers. */
function sortableBits(values: Float64Array, descending: boolean): { high: Uint32Array; low: Uint32Array } {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const high = new Uint32Array(values.length);
  const low = new Uint32Array(values.length);
  const last = 0xffffffff;
  const turned = descending ? last : 0;
  for (let place = 0; place < values.length; place += 1) {
    if (Number.isNaN(values[place])) {
      high[place] = last;
      low[place] = last;
      continue;
    }
    const upper = bits[2 * place + 1] as number;
    const flip = upper >>> 31 === 1 ? last : 0;
    high[place] = upper ^ flip ^ (flip === 0 ? 0x80000000 : 0) ^ turned;
    low[place] = (bits[2 * place] as number) ^ flip ^ turned;
  }
  return { high, low };
}

/** Where 16 bits of a number stand: from the lowest on. */
const passes = [
  { half: 'low', shift: 0 },
  { half: 'low', shift: 16 },
  { half: 'high', shift: 0 },
  { half: 'high', shift: 16 },
] as const;

interface Sorted {
  readonly places: Uint32Array;
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

/** @param values one for each of the places; little-endian machines only, as all that Node runs on are */
export function* sortPlaces(
  places: Uint32Array,
  values: Float64Array,
  descending: boolean,
): Generator<null, Uint32Array> {
  const { high, low } = sortableBits(values, descending);
  let sorted: Sorted = { places, high, low };
  let spare: Sorted | null = null;
  yield null;
  for (const { half, shift } of passes) {
    const source = sorted[half];
    const starts = new Uint32Array(digits);
    for (let place = 0; place < source.length; place += 1) {
      const digit = ((source[place] as number) >>> shift) & 0xffff;
      starts[digit] = (starts[digit] as number) + 1;
    }
    // All alike here: whole numbers have no low bits.
    if (starts.includes(source.length)) continue;
    let sum = 0;
    for (let digit = 0; digit < digits; digit += 1) {
      const count = starts[digit] as number;
      starts[digit] = sum;
      sum += count;
    }
    const { length } = places;
    const to: Sorted = spare ?? {
      places: new Uint32Array(length),
      high: new Uint32Array(length),
      low: new Uint32Array(length),
    };
    for (let place = 0; place < length; place += 1) {
      const digit = ((source[place] as number) >>> shift) & 0xffff;
      const at = starts[digit] as number;
      starts[digit] = at + 1;
      to.places[at] = sorted.places[place] as number;
      to.high[at] = sorted.high[place] as number;
      to.low[at] = sorted.low[place] as number;
    }
    // What came in is the caller's.
    spare = sorted.places === places ? null : sorted;
    sorted = to;
    yield null;
  }
  return sorted.places;
}

/** The first so many of what `sortPlaces` gives: those up to the value of the last of them are looked for, and these put in order. */
export function* firstPlaces(
  places: Uint32Array,
  values: Float64Array,
  descending: boolean,
  limit: number,
): Generator<null, Uint32Array> {
  if (places.length <= 2 * limit) return (yield* sortPlaces(places, values, descending)).slice(0, limit);
  const bits = sortableBits(values, descending);
  yield null;
  /* Digit by digit from the highest on: that of the last one wanted, and how many of those alike so far are wanted. */
  let wanted = limit;
  const last = { high: 0, low: 0 };
  const known = { high: 0, low: 0 };
  for (const { half, shift } of passes.toReversed()) {
    const counts = new Uint32Array(digits);
    const source = bits[half];
    for (let place = 0; place < source.length; place += 1) {
      if ((((bits.high[place] as number) ^ last.high) & known.high) !== 0) continue;
      if ((((bits.low[place] as number) ^ last.low) & known.low) !== 0) continue;
      const digit = ((source[place] as number) >>> shift) & 0xffff;
      counts[digit] = (counts[digit] as number) + 1;
    }
    let digit = 0;
    for (; (counts[digit] as number) < wanted; digit += 1) wanted -= counts[digit] as number;
    last[half] = (last[half] | (digit << shift)) >>> 0;
    known[half] = (known[half] | (0xffff << shift)) >>> 0;
    yield null;
  }
  const first = new Uint32Array(limit);
  const valuesOfFirst = new Float64Array(limit);
  let found = 0;
  for (let place = 0; place < places.length; place += 1) {
    const high = bits.high[place] as number;
    const low = bits.low[place] as number;
    if (high > last.high || (high === last.high && low > last.low)) continue;
    if (high === last.high && low === last.low) {
      if (wanted === 0) continue;
      wanted -= 1;
    }
    first[found] = places[place] as number;
    valuesOfFirst[found] = values[place] as number;
    found += 1;
  }
  yield null;
  return yield* sortPlaces(first, valuesOfFirst, descending);
}
