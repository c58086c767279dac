/**
 * Event files as TensorBoard reads them: TFRecords (length, masked CRC-32C of the length, data, masked CRC-32C of the data),
 * each an `Event` of tensorflow/core/util/event.proto with numbers by tag.
 */

const castagnoli = 0x82f63b78;
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ castagnoli : crc >>> 1;
  return crc;
});

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** A checksum of data that holds checksums is told from them by this. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function tfRecord(data: Uint8Array): Buffer {
  const record = Buffer.alloc(16 + data.length);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(masked(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(masked(data), 12 + data.length);
  return record;
}

// ---- protocol buffers -----------------------------------------------------------------------------------------------

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

const wire = { varint: 0, bytes8: 1, lengthDelimited: 2, bytes4: 5 } as const;

const key = (field: number, type: number) => varint(field * 8 + type);

function message(field: number, content: Uint8Array): Buffer {
  return Buffer.concat([key(field, wire.lengthDelimited), varint(content.length), content]);
}

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(field, wire.bytes8), bytes]);
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, wire.bytes4), bytes]);
}

const utf8 = (text: string) => Buffer.from(text.toWellFormed());

/** The first record of every file. @param atMs since 1970 */
export function fileVersion(atMs: number): Buffer {
  return tfRecord(Buffer.concat([double(1, atMs / 1000), message(3, utf8('brain.Event:2'))]));
}

/** Numbers of one step. @param atMs since 1970 */
export function scalars(
  atMs: number,
  step: number,
  values: readonly (readonly [tag: string, value: number])[],
): Buffer {
  const summary = values.map(([tag, value]) => message(1, Buffer.concat([message(1, utf8(tag)), float(2, value)])));
  return tfRecord(
    Buffer.concat([double(1, atMs / 1000), ...[key(2, wire.varint), varint(step)], message(5, Buffer.concat(summary))]),
  );
}
