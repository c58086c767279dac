/**
 * What passes over the gateway's socket: u32 length of the JSON, u32 length of the binary, the JSON in UTF-8, the binary; little
 * endian. An array in the binary is said in the JSON as {"$": dtype, "at": byte offset, "n": count}. `messages.ts` says what the
 * messages are.
 */
import { StudioError } from '../../protocol/errors.ts';

export type WireArray = Float32Array | Int32Array | Uint8Array;

/** What a message may hold; a key without a value is left out. */
export type WireValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | WireArray
  | readonly WireValue[]
  | { readonly [key: string]: WireValue };

export const mostJsonBytes = 64 * 2 ** 20;
export const mostBinaryBytes = 2 ** 31;
const headerBytes = 8;
const alignment = 4;

const dtypes = { f4: Float32Array, i4: Int32Array, u1: Uint8Array } as const;
type Dtype = keyof typeof dtypes;

function dtypeOf(array: WireArray): Dtype {
  if (array instanceof Float32Array) return 'f4';
  return array instanceof Int32Array ? 'i4' : 'u1';
}

function isArray(value: unknown): value is WireArray {
  return value instanceof Float32Array || value instanceof Int32Array || value instanceof Uint8Array;
}

/** The parts of a message in their order. @throws StudioError `bad-request` for one that is too long */
export function encodeMessage(message: WireValue): Uint8Array[] {
  const arrays: Uint8Array[] = [];
  let at = 0;
  const text = JSON.stringify(message, (_, value: unknown) => {
    if (!isArray(value)) return value;
    const said = { $: dtypeOf(value), at, n: value.length };
    const padding = -value.byteLength & (alignment - 1);
    arrays.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    if (padding > 0) arrays.push(new Uint8Array(padding));
    at += value.byteLength + padding;
    return said;
  });
  const json = Buffer.from(text, 'utf8');
  if (json.length > mostJsonBytes || at > mostBinaryBytes) {
    throw new StudioError(
      'bad-request',
      `A request of ${json.length} and ${at} bytes is too long for the gateway: ${mostJsonBytes} and ${mostBinaryBytes} are the most.`,
      { remedy: 'Take fewer questions a step, or fewer or smaller frames.' },
    );
  }
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(json.length, 0);
  header.writeUInt32LE(at, 4);
  return [header, json, ...arrays];
}

/** What was sent is no message. */
export class WireFault extends Error {}

/** @throws WireFault */
function decodeMessage(json: Uint8Array, binary: Uint8Array<ArrayBuffer>): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json), (_, value: unknown) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, '$') ? arrayFrom(value, binary) : value,
    );
  } catch (error) {
    if (error instanceof WireFault) throw error;
    throw new WireFault(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function arrayFrom(said: object, binary: Uint8Array<ArrayBuffer>): WireArray {
  const { $: dtype, at, n } = said as { $: unknown; at?: unknown; n?: unknown };
  const whole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypes, dtype) || !whole(at) || !whole(n) || at % alignment !== 0)
    throw new WireFault('it names an array of an unknown form');
  const Typed = dtypes[dtype as Dtype];
  if (at + n * Typed.BYTES_PER_ELEMENT > binary.length)
    throw new WireFault(`an array ends behind its ${binary.length} bytes`);
  return new Typed(binary.buffer, at, n);
}

/** Puts messages together from what comes, however it is cut. */
export class MessageReader {
  private readonly header = Buffer.alloc(headerBytes);
  private filled = 0;
  private body: { readonly json: Uint8Array; readonly binary: Uint8Array<ArrayBuffer> } | null = null;

  /** The messages that these bytes complete. @throws WireFault for what is none; the rest can't be read then */
  push(chunk: Uint8Array): unknown[] {
    const messages: unknown[] = [];
    let from = 0;
    while (from < chunk.length || this.isWhole) {
      if (this.body === null) {
        from += this.fill(this.header, 0, chunk, from);
        if (this.filled === headerBytes) this.begin();
        continue;
      }
      const { json, binary } = this.body;
      if (this.filled < json.length) from += this.fill(json, 0, chunk, from);
      else if (!this.isWhole) from += this.fill(binary, json.length, chunk, from);
      if (!this.isWhole) continue;
      messages.push(decodeMessage(json, binary));
      this.body = null;
      this.filled = 0;
    }
    return messages;
  }

  /** Whether a message is cut in two where what came ends. */
  get isAmidMessage(): boolean {
    return this.body !== null || this.filled > 0;
  }

  private get isWhole(): boolean {
    return this.body !== null && this.filled === this.body.json.length + this.body.binary.length;
  }

  private begin(): void {
    const [json, binary] = [this.header.readUInt32LE(0), this.header.readUInt32LE(4)];
    if (json > mostJsonBytes || binary > mostBinaryBytes)
      throw new WireFault(`it is of ${json} and ${binary} bytes, which is too long`);
    this.body = { json: new Uint8Array(json), binary: new Uint8Array(binary) };
    this.filled = 0;
  }

  /** Copies what fits of the chunk into `part`, whose first byte is number `start` of what is filled. */
  private fill(part: Uint8Array, start: number, chunk: Uint8Array, from: number): number {
    const at = this.filled - start;
    const count = Math.min(part.length - at, chunk.length - from);
    part.set(chunk.subarray(from, from + count), at);
    this.filled += count;
    return count;
  }
}
