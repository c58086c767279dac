/** Whether a `.safetensors` file is as long as its own header says: what a copy or a write that was cut short is known by. */
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { parseJson } from '../protocol/json.ts';

const mostHeaderBytes = 100_000_000;
const tensors = z.record(z.string(), z.looseObject({ data_offsets: z.tuple([z.number(), z.number()]).optional() }));

/** What is wrong with the file's form, as a clause; null for nothing. Values are not looked at. */
export async function weightsFormFault(file: string): Promise<string | null> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const read = async (from: number, length: number) =>
      (await handle.read(Buffer.alloc(length), 0, length, from)).buffer;
    if (size < 8) return 'is cut short: it has no header';
    const headerBytes = Number((await read(0, 8)).readBigUInt64LE(0));
    if (headerBytes > mostHeaderBytes || 8 + headerBytes > size) return 'is cut short inside its header';
    const parsed = tensors.safeParse(parseJson((await read(8, headerBytes)).toString('utf8')));
    if (!parsed.success) return 'has no header of safetensors';
    const ends = Object.values(parsed.data).map(({ data_offsets }) => data_offsets?.[1] ?? 0);
    const whole = 8 + headerBytes + Math.max(0, ...ends);
    return size === whole ? null : `has ${size} bytes, and its header says ${whole}`;
  } finally {
    await handle.close();
  }
}
