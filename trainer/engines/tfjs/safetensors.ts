/** Reads and writes `.safetensors` files of float32 tensors, checking every length before it is believed. */
import { open, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { StudioError } from '../../protocol/errors.ts';

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const count = z.number().int().min(0);
const entry = z.object({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) });
const header = z.record(z.string(), z.unknown());

const mostHeaderBytes = 100_000_000;

/** Writes tensors one after the other; the file is synchronised to the disk. */
export async function writeSafetensors(file: string, tensors: readonly NamedTensor[]): Promise<void> {
  let offset = 0;
  const entries = tensors.map(({ name, shape, values }) => {
    const end = offset + values.byteLength;
    const described = [name, { dtype: 'F32', shape, data_offsets: [offset, end] }] as const;
    offset = end;
    return described;
  });
  const json = Buffer.from(JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) }));
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(Buffer.concat([length, padded]));
    for (const { values } of tensors)
      await handle.writeFile(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** All tensors of a file by name. @throws StudioError `bad-model` naming file and tensor */
export async function readSafetensors(file: string): Promise<Map<string, NamedTensor>> {
  const fail = (message: string, tensor?: string): never => {
    throw new StudioError('bad-model', message, {
      place: tensor === undefined ? file : `${file}: ${tensor}`,
      remedy: 'Use another checkpoint; this file was cut short, changed, or is of another model.',
    });
  };
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) =>
    fail(error.code === 'ENOENT' ? 'The file is missing.' : `The file can't be read: ${error.message}`),
  );
  if (bytes.length < 8) fail('The file is cut short: it has no header.');
  const headerLength = Number(bytes.readBigUInt64LE(0));
  if (headerLength > mostHeaderBytes || 8 + headerLength > bytes.length)
    fail('The file is cut short inside its header.');
  const parsed = header.safeParse(parseJson(bytes.toString('utf8', 8, 8 + headerLength)));
  if (!parsed.success) return fail('The header is not JSON of the form that safetensors files have.');
  const data = bytes.subarray(8 + headerLength);
  const tensors = new Map<string, NamedTensor>();
  for (const [name, value] of Object.entries(parsed.data)) {
    if (name === '__metadata__') continue;
    const described = entry.safeParse(value);
    if (!described.success) return fail('The header describes this tensor wrongly.', name);
    const { dtype, shape, data_offsets } = described.data;
    const [start, end] = data_offsets;
    if (dtype !== 'F32') fail(`Values are of type ${dtype}; this engine reads F32.`, name);
    if (end - start !== 4 * shape.reduce((product, n) => product * n, 1))
      fail('Its length does not fit its shape.', name);
    if (end > data.length) fail('The file is cut short inside this tensor.', name);
    const values = new Float32Array(new Uint8Array(data.subarray(start, end)).buffer);
    tensors.set(name, { name, shape, values });
  }
  return tensors;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
