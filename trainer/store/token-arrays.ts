/** Numbers per token as bytes, little endian: 32-bit floats, which is what engines give, and 32-bit ids; half of what JSON takes. */
import type { TokenAlternative } from '../protocol/records.ts';

export function packFloats(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i] as number, true);
  return bytes;
}

export function unpackFloats(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getFloat32(index * 4, true));
}

function packIntegers(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setInt32(index * 4, value, true);
  });
  return bytes;
}

function unpackIntegers(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getInt32(index * 4, true));
}

/** A value that stands several times, one after the other. */
interface Stretch<T> {
  readonly value: T;
  readonly times: number;
}

function stretches<T>(values: readonly T[]): Stretch<T>[] {
  const found: { value: T; times: number }[] = [];
  for (const value of values) {
    const last = found.at(-1);
    if (last && last.value === value) last.times++;
    else found.push({ value, times: 1 });
  }
  return found;
}

/** Ids of 0 and more; -n says that the one before stands n more times, as the placeholders of a video do. */
export function packIds(ids: readonly number[]): Uint8Array {
  return packIntegers(stretches(ids).flatMap(({ value, times }) => (times === 1 ? [value] : [value, 1 - times])));
}

export function unpackIds(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  for (const number of unpackIntegers(bytes)) {
    if (number >= 0) ids.push(number);
    else ids.push(...Array<number>(-number).fill(ids.at(-1) as number));
  }
  return ids;
}

/** Pieces as JSON; one that stands several times is a list of itself and how often. */
export function packPieces(pieces: readonly string[]): string {
  return JSON.stringify(stretches(pieces).map(({ value, times }) => (times === 1 ? value : [value, times])));
}

export function unpackPieces(json: string): string[] {
  const packed = JSON.parse(json) as (string | [string, number])[];
  return packed.flatMap((one) => (typeof one === 'string' ? [one] : Array<string>(one[1]).fill(one[0])));
}

/** The likeliest tokens of each place, without their pieces: how many at each as a byte, then all ids, then all log-probabilities. */
export function packAlternatives(places: readonly (readonly TokenAlternative[])[]): Uint8Array {
  const all = places.flat();
  const counts = Uint8Array.from(places, ({ length }) => length);
  return Buffer.concat([counts, packIntegers(all.map(({ id }) => id)), packFloats(all.map(({ logprob }) => logprob))]);
}

/** @param places how many there are */
export function unpackAlternatives(bytes: Uint8Array, places: number): Omit<TokenAlternative, 'piece'>[][] {
  const half = places + (bytes.byteLength - places) / 2;
  const ids = unpackIntegers(bytes.subarray(places, half));
  const logprobs = unpackFloats(bytes.subarray(half));
  let at = 0;
  return Array.from(bytes.subarray(0, places), (count) => {
    const from = at;
    at += count;
    return ids.slice(from, at).map((id, k) => ({ id, logprob: logprobs[from + k] as number }));
  });
}
