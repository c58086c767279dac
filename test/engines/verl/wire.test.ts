/** The framing: bytes worked out by hand, messages cut anywhere, and whatever else may come. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeMessage,
  MessageReader,
  mostBinaryBytes,
  mostJsonBytes,
  WireFault,
  type WireValue,
} from '../../../trainer/engines/verl/wire.ts';

const bytesOf = (message: WireValue): Buffer => Buffer.concat(encodeMessage(message));
const read = (...chunks: Uint8Array[]): unknown[] => {
  const reader = new MessageReader();
  return chunks.flatMap((chunk) => reader.push(chunk));
};
const framed = (json: string, binary: Uint8Array = new Uint8Array()): Buffer => {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(Buffer.byteLength(json), 0);
  header.writeUInt32LE(binary.length, 4);
  return Buffer.concat([header, Buffer.from(json), binary]);
};

describe('a message', () => {
  it('is two lengths, the JSON with its arrays named, and the arrays, each from a multiple of four on', () => {
    const message = { id: 1, b: Uint8Array.of(9, 8), f: Float32Array.of(1), i: Int32Array.of(-2, 3) };
    const json = '{"id":1,"b":{"$":"u1","at":0,"n":2},"f":{"$":"f4","at":4,"n":1},"i":{"$":"i4","at":8,"n":2}}';
    expect(bytesOf(message).toString('hex')).toBe(
      [
        `${json.length.toString(16)}000000`,
        '10000000',
        Buffer.from(json).toString('hex'),
        ...['09080000', '0000803f', 'feffffff', '03000000'],
      ].join(''),
    );
  });

  it('leaves out keys without a value, and takes a part of a larger array, shared memory too', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(7);
    const [message] = read(bytesOf({ none: undefined, part: Float32Array.of(1, 2, 3).subarray(1), shared }));
    expect(message).toEqual({ part: Float32Array.of(2, 3), shared: new Uint8Array(8).fill(7) });
  });

  const number32 = fc.float({ noNaN: true }).map(Math.fround);
  const array = fc.oneof(
    fc.array(number32).map((values) => Float32Array.from(values)),
    fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })).map((values) => Int32Array.from(values)),
    fc.uint8Array(),
  );
  const plain = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), array);
  const key = fc.string().filter((name) => name !== '$' && name !== '__proto__');
  const message = fc.dictionary(key, fc.oneof(plain, fc.array(plain), fc.dictionary(key, plain)));

  it('is read as it was written, however the bytes are cut', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 4 }), cuts, (messages, sizes) => {
        const bytes = Buffer.concat(messages.map((one) => bytesOf(one)));
        const reader = new MessageReader();
        const found: unknown[] = [];
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const size = sizes[cut % sizes.length] ?? 1;
          found.push(...reader.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(found).toEqual(messages);
        expect(reader.isAmidMessage).toBe(false);
      }),
    );
  });

  it('that is too long is refused before a byte is sent', () => {
    expect(() => encodeMessage('x'.repeat(mostJsonBytes))).toThrow('too long for the gateway');
  });

  it('of a length beyond the bounds is none, and no memory is taken for it', () => {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(mostJsonBytes + 1, 0);
    expect(() => read(header)).toThrow(WireFault);
    header.writeUInt32LE(2, 0);
    header.writeUInt32LE(mostBinaryBytes + 1, 4);
    expect(() => read(header)).toThrow(WireFault);
  });

  it.each([
    ['not JSON', framed('{"a":')],
    ['no text', Buffer.concat([framed('12').subarray(0, 8), Buffer.of(0xff, 0xfe)])],
    ['an empty text', framed('')],
    ['an array of another type', framed('{"$":"f8","at":0,"n":0}')],
    ['an array of a type with a name of every object', framed('{"$":"toString","at":0,"n":0}')],
    ['an array without a number', framed('{"$":"f4","at":0}')],
    ['an array at no multiple of four', framed('{"$":"u1","at":1,"n":1}', Buffer.alloc(4))],
    ['an array that ends behind the bytes', framed('{"$":"f4","at":4,"n":1}', Buffer.alloc(4))],
    ['an array before the bytes', framed('{"$":"f4","at":-4,"n":1}', Buffer.alloc(4))],
  ])('that is %s is a fault', (_, bytes) => {
    expect(() => read(bytes)).toThrow(WireFault);
  });

  it('can name no prototype', () => {
    const [found] = read(framed('{"__proto__":{"a":1}}')) as [object];
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
    expect((found as { a?: number }).a).toBeUndefined();
  });

  it('or a fault is all that ever comes of any bytes', () => {
    const small = fc.uint8Array({ maxLength: 200 }).map((bytes) => {
      // Lengths that lead into what follows, else hardly any garbage gets so far.
      const garbage = Buffer.from(bytes);
      if (garbage.length >= 8) {
        garbage.writeUInt32LE((garbage[0] ?? 0) % 40, 0);
        garbage.writeUInt32LE((garbage[4] ?? 0) % 40, 4);
      }
      return garbage;
    });
    fc.assert(
      fc.property(fc.oneof(small, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireFault);
        }
      }),
    );
  });
});
