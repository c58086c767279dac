import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../trainer/export/event-file.ts';
import { exportTensorboard } from '../../trainer/export/export-run.ts';
import { madeRun } from './made-run.ts';

/** CRC-32C bit by bit over the message as a polynomial, as RFC 3720 defines it. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) {
      const top = (crc ^ (byte >>> bit)) & 1;
      crc = (crc >>> 1) ^ (top ? 0x82f63b78 : 0);
    }
  return ~crc >>> 0;
}

const unmask = (masked: number) => {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
};

/** Records of a TFRecord file; checks both sums of each. */
function recordsOf(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(unmask(file.readUInt32LE(at + 8))).toBe(slowCrc(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(unmask(file.readUInt32LE(at + 12 + length))).toBe(slowCrc(data));
    records.push(data);
    at += 16 + length;
  }
  return records;
}

/** The fields of a protocol buffer by number, in order: numbers as they stand, length-delimited ones as bytes. */
function fields(bytes: Buffer): [field: number, value: number | Buffer][] {
  const found: [number, number | Buffer][] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const field = key >>> 3;
    switch (key & 7) {
      case 0:
        found.push([field, varint()]);
        break;
      case 1:
        found.push([field, bytes.readDoubleLE(at)]);
        at += 8;
        break;
      case 2: {
        const length = varint();
        found.push([field, bytes.subarray(at, at + length)]);
        at += length;
        break;
      }
      case 5:
        found.push([field, bytes.readFloatLE(at)]);
        at += 4;
        break;
      default:
        throw new Error(`There is no wire type ${key & 7}.`);
    }
  }
  return found;
}

interface ReadEvent {
  readonly seconds: number;
  readonly step: number;
  readonly version: string | null;
  readonly values: Readonly<Record<string, number>>;
}

function eventOf(bytes: Buffer): ReadEvent {
  const event = new Map(fields(bytes));
  const summary = event.get(5) as Buffer | undefined;
  const values = (summary ? fields(summary) : []).map(([, value]) => {
    const one = new Map(fields(value as Buffer));
    return [String(one.get(1)), one.get(2) as number] as const;
  });
  const version = event.get(3);
  return {
    seconds: event.get(1) as number,
    step: (event.get(2) as number | undefined) ?? 0,
    version: version === undefined ? null : String(version),
    values: Object.fromEntries(values),
  };
}

describe('an event file of TensorBoard', () => {
  it('has sums that agree with the published ones', () => {
    // RFC 3720, B.4: 32 bytes of zeros, of ones, and of 0 to 31.
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  });

  it('begins with its version and holds the numbers of steps and evaluations by tag, step and time', async () => {
    const { store, at } = madeRun();
    const file = await exportTensorboard(store, at('logs'));
    expect(path.relative(at('logs'), file)).toBe('tgrpo-1/events.out.tfevents.1700000000.tgrpo-1');
    const [first, one, two, evaluation, ...more] = recordsOf(readFileSync(file)).map(eventOf);
    expect(more).toEqual([]);
    expect(first).toEqual({ seconds: 1_700_000_000, step: 0, version: 'brain.Event:2', values: {} });
    expect(one).toMatchObject({
      ...{ seconds: 1_700_000_002.001, step: 1 },
      values: { 'train/loss': -0.125, 'train/rewards/accuracy_shuffled': 0.25, 'time/step_s': Math.fround(0.015) },
    });
    expect(one?.values).not.toHaveProperty('train/kl');
    expect(two?.values).toMatchObject({ 'train/loss': Math.fround(0.1), 'train/kl': 0 });
    expect(evaluation).toEqual({
      ...{ seconds: 1_700_000_005, step: 2, version: null },
      values: { 'eval/accuracy/all': 0.5, 'eval/accuracy_shuffled/all': 0.25 },
    });
  });

  it('takes the place of the one before, so that no curve is drawn twice', async () => {
    const { store, at } = madeRun();
    await exportTensorboard(store, at('logs'));
    await exportTensorboard(store, at('logs'));
    expect(readdirSync(at('logs/tgrpo-1'))).toHaveLength(1);
  });
});
