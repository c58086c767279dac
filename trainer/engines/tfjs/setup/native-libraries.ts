/** The native libraries that `fetch-native.ts` prepared on this machine, as it wrote them down; loads none. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../../../protocol/json.ts';
import { nativeFolder } from '../files.ts';
import type { NativeKind } from './native-wheels.ts';

/** Goes up when the addon is compiled in another way: one that was compiled before is prepared again. */
export const addonBuild = 2 as const;

/** What preparing wrote beside the addon after it had run it once in another process. */
export const preparedFile = z.object({
  build: z.literal(addonBuild),
  version: z.string(),
  gpu: z.boolean(),
  addon: z.string(),
  /** SHA-256 of everything that is kept, by path from the folder. */
  files: z.record(z.string(), z.string()),
});
export type PreparedFile = z.infer<typeof preparedFile>;

export interface NativeLibrary {
  readonly addon: string;
  readonly version: string;
  readonly gpu: boolean;
}

/** What preparing wrote, or null where it did not come to its end. */
export function readPrepared(folder: string): PreparedFile | null {
  const ready = join(folder, 'ready.json');
  if (!existsSync(ready)) return null;
  const { data } = preparedFile.safeParse(parseJson(readFileSync(ready, 'utf8')));
  return data !== undefined && existsSync(data.addon) ? data : null;
}

/** The libraries that are prepared on this machine, those that saw a GPU first. */
export function preparedNative(folder = nativeFolder(homedir())): NativeLibrary[] {
  const kinds: readonly NativeKind[] = ['gpu', 'cpu'];
  return kinds
    .map((kind) => readPrepared(join(folder, kind)))
    .filter((prepared) => prepared !== null)
    .sort((a, b) => Number(b.gpu) - Number(a.gpu));
}
