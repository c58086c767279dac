/** A dataset as large as Video-R1's of chains of thought, made row by row: the rows of the made dataset, each with a long think text. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { randomFrom } from '../../trainer/data/random.ts';
import type { DatasetRow } from '../../trainer/protocol/dataset.ts';
import { madeRow } from './made-dataset.ts';

export const reasoningRows = 165_000;
const bytesPerRow = 2_890;
const source = Array.from({ length: 2_000 }, (_, n) => madeRow(n).problem).join('\n');

/** Row number `n`: the same for the same number. Its think text fills it up. */
export function reasoningRow(n: number): DatasetRow {
  const row = madeRow(n);
  const wanted = bytesPerRow - Buffer.byteLength(JSON.stringify({ ...row, process: '' }, null, 2));
  const from = Math.floor(randomFrom('think text', n)() * (source.length - wanted));
  return { ...row, process: `<think>${source.slice(from, from + wanted)}</think>` };
}

/** All rows, indented as Python's `json.dump(…, indent=2)` does. */
export async function writeReasoning(file: string): Promise<void> {
  const out = createWriteStream(file);
  for (let n = 0; n < reasoningRows; n++) {
    const text = JSON.stringify(reasoningRow(n), null, 2);
    if (!out.write(`${n === 0 ? '[\n' : ',\n'}${text}`)) await once(out, 'drain');
  }
  out.end('\n]\n');
  await once(out, 'close');
}
