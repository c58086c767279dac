/** The weights of a checkpoint folder by name. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { weightsFile } from '../../../trainer/engines/model-folder.ts';

export async function readTensors(folder: string): Promise<ReadonlyMap<string, Float32Array>> {
  const bytes = await readFile(path.join(folder, weightsFile));
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes)) as Record<
    string,
    { dtype: string; data_offsets: [number, number] }
  >;
  const at = (offset: number) => 8 + headerBytes + offset;
  return new Map(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(
        ([
          name,
          {
            data_offsets: [from, to],
          },
        ]) => [name, new Float32Array(Uint8Array.from(bytes.subarray(at(from), at(to))).buffer)],
      ),
  );
}
