/** Reads and writes `.safetensors` files, checking every length before it is believed. Values are float32 in memory. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { z } from 'zod';
import { StudioError } from '../../../protocol/errors.ts';
import { parseJson } from '../../../protocol/json.ts';
import { quantisedRefusal } from '../../model-forms.ts';
import { sizeOf } from '../model/parameters.ts';

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A tensor whose values are read when they are asked for: those of a large model are more than memory holds. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** @throws StudioError `bad-model` */
  read(): Promise<Float32Array>;
}

/** Types of values that are written; float64 and float16 are read besides. */
export const dtypes = ['float32', 'bfloat16'] as const;
export type Dtype = (typeof dtypes)[number];

interface Coding {
  readonly bytes: number;
  decode(bytes: Uint8Array): Float32Array;
}

/** A copy whose first byte stands where any number may begin. */
const aligned = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

const codings: Readonly<Record<string, Coding>> = {
  F64: { bytes: 8, decode: (bytes) => Float32Array.from(new Float64Array(aligned(bytes))) },
  F32: { bytes: 4, decode: (bytes) => new Float32Array(aligned(bytes)) },
  BF16: {
    bytes: 2,
    decode(bytes) {
      const halves = new Uint16Array(aligned(bytes));
      return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
    },
  },
  F16: { bytes: 2, decode: (bytes) => Float32Array.from(new Uint16Array(aligned(bytes)), fromFloat16) },
};

/** Whole numbers, and floats of 8 bits and fewer: weights in them are nothing without the scales that lie beside. */
const quantisedTypes = /^(?:[IU]\d+|F[468]_)/;

function fromFloat16(half: number): number {
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest bfloat16, ties to even; what is not a number stays so. */
function toBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (word) =>
    (word & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16,
  );
}

const count = z.number().int().min(0);
const entry = z.object({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) });
const header = z.record(z.string(), z.unknown());

const mostHeaderBytes = 100_000_000;
/** What Node reads and hashes in one call ends at 2 GiB; one tensor may be larger. */
const pieceBytes = 2 ** 28;

const valuesOf = (tensor: NamedTensor | StoredTensor): Float32Array | Promise<Float32Array> =>
  'values' in tensor ? tensor.values : tensor.read();

/**
 * Writes tensors one after the other; the file is synchronised to the disk.
 * @returns the SHA-256 of what was written, in hexadecimal
 */
export async function writeSafetensors(
  file: string,
  tensors: readonly (NamedTensor | StoredTensor)[],
  dtype: Dtype = 'float32',
): Promise<string> {
  const [name, width] = dtype === 'float32' ? ['F32', 4] : ['BF16', 2];
  let offset = 0;
  const entries = tensors.map(({ name: key, shape }) => {
    const end = offset + sizeOf(shape) * width;
    const described = [key, { dtype: name, shape, data_offsets: [offset, end] }] as const;
    offset = end;
    return described;
  });
  const json = Buffer.from(JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) }));
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const hash = createHash('sha256');
  const handle = await open(file, 'w');
  const write = (bytes: Buffer): Promise<void> => {
    hash.update(bytes);
    return handle.writeFile(bytes);
  };
  try {
    await write(Buffer.concat([length, padded]));
    for (const tensor of tensors) {
      const values = await valuesOf(tensor);
      for (let at = 0; at < values.length; at += pieceBytes / 4) {
        const piece = values.subarray(at, at + pieceBytes / 4);
        const written = dtype === 'float32' ? piece : toBfloat16(piece);
        await write(Buffer.from(written.buffer, written.byteOffset, written.byteLength));
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

function refuse(file: string, message: string, tensor?: string): never {
  throw new StudioError('bad-model', message, {
    place: tensor === undefined ? file : `${file}: ${tensor}`,
    remedy: 'Use another checkpoint; this file was cut short, changed, or is of another model.',
  });
}

/** All tensors of a file by name, or those that `wanted` picks. @throws StudioError `bad-model` naming file and tensor */
export async function readSafetensors(
  file: string,
  wanted: (name: string) => boolean = () => true,
): Promise<Map<string, NamedTensor>> {
  const tensors = new Map<string, NamedTensor>();
  for (const { name, shape, read } of (await storedTensors(file, wanted)).values())
    tensors.set(name, { name, shape, values: await read() });
  return tensors;
}

/** The same, described by the file's header alone. @throws StudioError `bad-model` naming file and tensor */
export function storedTensors(
  file: string,
  wanted: (name: string) => boolean = () => true,
): Promise<Map<string, StoredTensor>> {
  return withFile(file, async (handle) => describedTensors(file, handle, wanted));
}

async function withFile<T>(file: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  // To open a pipe is to wait for who writes into it.
  if ((await stat(file).catch(() => null))?.isFile() === false) refuse(file, 'It is no plain file.');
  const handle = await open(file).catch((error: NodeJS.ErrnoException) =>
    refuse(file, error.code === 'ENOENT' ? 'The file is missing.' : `The file can't be read: ${error.message}`),
  );
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

async function readExactly(file: string, handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(length - at, pieceBytes), from + at);
    if (bytesRead === 0) refuse(file, 'The file became shorter while it was read.');
    at += bytesRead;
  }
  return bytes;
}

async function describedTensors(
  file: string,
  handle: FileHandle,
  wanted: (name: string) => boolean,
): Promise<Map<string, StoredTensor>> {
  const { size } = await handle.stat();
  const read = (from: number, length: number): Promise<Buffer> => readExactly(file, handle, from, length);
  if (size < 8) refuse(file, 'The file is cut short: it has no header.');
  const headerLength = Number((await read(0, 8)).readBigUInt64LE(0));
  if (headerLength > mostHeaderBytes || 8 + headerLength > size)
    refuse(file, 'The file is cut short inside its header.');
  const parsed = header.safeParse(parseJson((await read(8, headerLength)).toString('utf8')));
  if (!parsed.success) return refuse(file, 'The header is not JSON of the form that safetensors files have.');
  const first = 8 + headerLength;
  const tensors = new Map<string, StoredTensor>();
  for (const [name, value] of Object.entries(parsed.data)) {
    if (name === '__metadata__' || !wanted(name)) continue;
    const described = entry.safeParse(value);
    if (!described.success) return refuse(file, 'The header describes this tensor wrongly.', name);
    const { dtype, shape, data_offsets } = described.data;
    const [start, end] = data_offsets;
    const coding = Object.hasOwn(codings, dtype) ? codings[dtype] : undefined;
    if (coding === undefined && quantisedTypes.test(dtype))
      throw quantisedRefusal(`${file}: ${name}`, `values of type ${dtype}`);
    if (coding === undefined)
      return refuse(file, `Values are of type ${dtype}; this engine reads ${Object.keys(codings).join(', ')}.`, name);
    if (end - start !== coding.bytes * sizeOf(shape)) refuse(file, 'Its length does not fit its shape.', name);
    if (first + end > size) refuse(file, 'The file is cut short inside this tensor.', name);
    tensors.set(name, {
      ...{ name, shape },
      read: () =>
        withFile(file, async (again) => coding.decode(await readExactly(file, again, first + start, end - start))),
    });
  }
  return tensors;
}
