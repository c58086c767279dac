/**
 * Places of rollouts put in the order of their values: by radix, 16 bits of the number at a time, so that a million take less
 * than a tenth of a second, and with breaks in between. Places of one value stay as they were; NaN comes last. All loops are
 * in plain functions: one inside a generator is interpreted for as long as it runs.
 */

const digits = 1 << 16;

/** What a sort needs beside what it gives. To touch fresh memory for it costs more than the sort, so it is used again. */
class Room {
  readonly length: number;
  readonly values: Float64Array;
  readonly places: readonly [Uint32Array, Uint32Array];
  readonly high: readonly [Uint32Array, Uint32Array];
  readonly low: readonly [Uint32Array, Uint32Array];

  constructor(length: number) {
    const two = () => [new Uint32Array(length), new Uint32Array(length)] as const;
    this.length = length;
    this.values = new Float64Array(length);
    this.places = two();
    this.high = two();
    this.low = two();
  }
}

/** The one that was used last. A sort that begins while another has it makes its own. */
let spare: Room | null = null;

/** Works with room for so many, which is kept for the next. */
function* withRoom<T>(length: number, work: (room: Room) => Generator<null, T>): Generator<null, T> {
  const room = spare !== null && spare.length >= length ? spare : new Room(length);
  spare = null;
  try {
    return yield* work(room);
  } finally {
    spare = room;
  }
}

/**
 * Writes the bits of numbers, high and low half, so that their unsigned order is the order of the numbers. In signed numbers
 * throughout, which a compiler keeps as they are.
 */
function writeSortableBits({ values, high: [high], low: [low] }: Room, from: number, to: number, turned: number): void {
  const bits = new Int32Array(values.buffer);
  const [highBits, lowBits] = [new Int32Array(high.buffer), new Int32Array(low.buffer)];
  for (let place = from; place < to; place += 1) {
    if (Number.isNaN(values[place])) {
      highBits[place] = -1;
      lowBits[place] = -1;
      continue;
    }
    const upper = bits[2 * place + 1] as number;
    const flip = upper >> 31;
    highBits[place] = upper ^ flip ^ (~flip & -0x80000000) ^ turned;
    lowBits[place] = (bits[2 * place] as number) ^ flip ^ turned;
  }
}

function countDigits(by: Uint32Array, shift: number, counts: Uint32Array, from: number, to: number): void {
  for (let place = from; place < to; place += 1) {
    const digit = ((by[place] as number) >>> shift) & 0xffff;
    counts[digit] = (counts[digit] as number) + 1;
  }
}

/** Moves each to where its digit begins. */
function move(
  room: Room,
  source: 0 | 1,
  { half, shift }: (typeof passes)[number],
  starts: Uint32Array,
  from: number,
  to: number,
) {
  const target = 1 - source;
  const by = room[half][source];
  const [fromPlaces, fromHigh, fromLow] = [room.places[source], room.high[source], room.low[source]];
  const toPlaces = room.places[target] as Uint32Array;
  const toHigh = room.high[target] as Uint32Array;
  const toLow = room.low[target] as Uint32Array;
  for (let place = from; place < to; place += 1) {
    const digit = ((by[place] as number) >>> shift) & 0xffff;
    const at = starts[digit] as number;
    starts[digit] = at + 1;
    toPlaces[at] = fromPlaces[place] as number;
    toHigh[at] = fromHigh[place] as number;
    toLow[at] = fromLow[place] as number;
  }
}

/** Rows of one turn. */
const turnRows = 100_000;

/** Work on rows from the first to the last, with breaks. */
function* inTurns(length: number, work: (from: number, to: number) => void): Generator<null, void> {
  for (let from = 0; from < length; from += turnRows) {
    work(from, Math.min(length, from + turnRows));
    yield null;
  }
}

/** Where 16 bits of a number stand: from the lowest on. */
const passes = [
  { half: 'low', shift: 0 },
  { half: 'low', shift: 16 },
  { half: 'high', shift: 0 },
  { half: 'high', shift: 16 },
] as const;

/** Writes the values of places from one to another, one for each. */
export type WriteValues = (values: Float64Array, from: number, to: number) => void;

/** @param write little-endian machines only, as all that Node runs on are */
export function sortPlaces(places: Uint32Array, write: WriteValues, descending: boolean): Generator<null, Uint32Array> {
  return withRoom(places.length, function* (room) {
    const { length } = places;
    const turned = descending ? -1 : 0;
    yield* inTurns(length, (from, to) => {
      write(room.values, from, to);
      writeSortableBits(room, from, to, turned);
    });
    room.places[0].set(places);
    let source: 0 | 1 = 0;
    for (const pass of passes) {
      const starts = new Uint32Array(digits);
      const by: Uint32Array = room[pass.half][source];
      yield* inTurns(length, (from, to) => countDigits(by, pass.shift, starts, from, to));
      // All alike here: whole numbers have no low bits.
      if (starts.includes(length)) continue;
      let sum = 0;
      for (let digit = 0; digit < digits; digit += 1) {
        const count = starts[digit] as number;
        starts[digit] = sum;
        sum += count;
      }
      const moved: 0 | 1 = source;
      yield* inTurns(length, (from, to) => move(room, moved, pass, starts, from, to));
      source = moved === 0 ? 1 : 0;
    }
    return room.places[source].slice(0, length);
  });
}
