/** Numbers and texts per token come back from their bytes as they were, up to the 32 bits of a float. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  packAlternatives,
  packFloats,
  packIds,
  packPieces,
  unpackAlternatives,
  unpackFloats,
  unpackIds,
  unpackPieces,
} from '../../trainer/store/token-arrays.ts';

const id = fc.integer({ min: 0, max: 2 ** 31 - 1 });
/** With ids and pieces that stand several times, one after the other. */
const repeated = <T>(one: fc.Arbitrary<T>) =>
  fc
    .array(fc.tuple(one, fc.integer({ min: 1, max: 9 })))
    .map((stretches) => stretches.flatMap(([value, times]) => Array<T>(times).fill(value)));
const float = fc.float({ noNaN: true });

describe('token arrays', () => {
  test('ids come back, whatever stands several times', () => {
    fc.assert(
      fc.property(repeated(id), (ids) => {
        expect(unpackIds(packIds(ids))).toEqual(ids);
      }),
    );
  });

  test('the placeholders of a video take the room of two numbers', () => {
    const ids = [7, ...Array<number>(2048).fill(151_656), 8];
    expect(packIds(ids)).toHaveLength(4 * 4);
    expect(packPieces(Array<string>(2048).fill('<|video_pad|>'))).toBe('[["<|video_pad|>",2048]]');
  });

  test('ids are little endian, and a repeat is a negative number', () => {
    expect([...packIds([258, 258, 258, 1])]).toEqual([2, 1, 0, 0, 254, 255, 255, 255, 1, 0, 0, 0]);
  });

  test('pieces come back, brackets, quotes and empty ones too', () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom('', '[', '"', '["a",2]', '\u0000', '😀'));
    fc.assert(
      fc.property(repeated(piece), (pieces) => {
        expect(unpackPieces(packPieces(pieces))).toEqual(pieces);
      }),
    );
  });

  test('floats come back from typed arrays and lists alike', () => {
    fc.assert(
      fc.property(fc.array(float), (values) => {
        expect(unpackFloats(packFloats(values))).toEqual(values);
        expect(unpackFloats(packFloats(Float32Array.from(values)))).toEqual(values);
      }),
    );
  });

  test('alternatives come back by place, however many each has', () => {
    const places = fc.array(fc.array(fc.record({ id, logprob: float }), { maxLength: 20 }));
    fc.assert(
      fc.property(places, (given) => {
        const packed = packAlternatives(given.map((place) => place.map((one) => ({ ...one, piece: 'x' }))));
        expect(unpackAlternatives(packed, given.length)).toEqual(given);
      }),
    );
  });
});
