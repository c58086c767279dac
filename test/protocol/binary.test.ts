import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFrames, encodeFrames } from '../../trainer/protocol/binary.ts';

const header = { transfer: 7, key: 'a', width: 1, height: 2, count: 1 };
const pixels = Uint8Array.from([1, 2, 3, 250, 251, 252]);

test('a message is the length of its header in little endian, the header, and the pixels', () => {
  const message = encodeFrames(header, pixels);
  const json = JSON.stringify(header);
  expect([...message.subarray(0, 4)]).toEqual([json.length, 0, 0, 0]);
  expect(new TextDecoder().decode(message.subarray(4, 4 + json.length))).toBe(json);
  expect([...message.subarray(4 + json.length)]).toEqual([...pixels]);
});

test('any frames come back as they were sent, at any offset of a larger buffer and from shared memory', () => {
  const small = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(
      fc.nat(),
      fc.string({ unit: 'binary' }),
      small,
      small,
      small,
      fc.nat({ max: 9 }),
      (transfer, key, width, height, count, offset) => {
        const given = { transfer, key: key.toWellFormed(), width, height, count };
        const shared = new Uint8Array(new SharedArrayBuffer(width * height * count * 3)).map((_, index) => index * 31);
        const message = encodeFrames(given, shared);
        const inside = new Uint8Array(message.length + offset);
        inside.set(message, offset);
        const decoded = decodeFrames(inside.subarray(offset));
        expect(decoded.header).toEqual(given);
        expect([...decoded.pixels]).toEqual([...shared]);
      },
    ),
  );
});

const withHeader = (json: string, rest = pixels) => {
  const text = new TextEncoder().encode(json);
  const message = new Uint8Array(4 + text.length + rest.length);
  new DataView(message.buffer).setUint32(0, text.length, true);
  message.set(text, 4);
  message.set(rest, 4 + text.length);
  return message;
};

test.each([
  ['nothing', new Uint8Array(), /shorter/],
  ['three bytes', new Uint8Array(3), /shorter/],
  ['a header that is cut off', encodeFrames(header, pixels).subarray(0, 20), /cut off/],
  ['a length beyond the message', new Uint8Array([0xff, 0xff, 0xff, 0xff, 1]), /cut off/],
  ['a header that is not JSON', withHeader('{"transfer":'), /not JSON/],
  ['a header of a wrong shape', withHeader('{"transfer":1}'), /key/],
  ['no frames at all', withHeader(JSON.stringify({ ...header, count: 0 })), /count/],
  ['pixels missing', encodeFrames(header, pixels).subarray(0, -1), /5 bytes of pixels for 1 frames of 1x2/],
  ['pixels too many', encodeFrames(header, new Uint8Array(7)), /7 bytes/],
])('%s is refused with the reason', (_, message, reason) => {
  expect(() => decodeFrames(message)).toThrow(reason);
});

test('bytes of any kind are refused, never taken for frames by luck or a crash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(() => decodeFrames(bytes)).toThrow(expect.objectContaining({ kind: 'bad-request' }));
    }),
  );
});
