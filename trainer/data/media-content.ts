/** Which files hold the same bytes under different names. Only files of equal size are read. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

export interface SizedFile {
  /** Absolute path, symbolic links resolved. */
  readonly real: string;
  readonly sizeBytes: number;
}

export interface ContentScan {
  /** For each file that has the content of an earlier one, that one. */
  readonly same: ReadonlyMap<string, string>;
  /** Files that could not be read, and why; they count as different from all. */
  readonly unreadable: ReadonlyMap<string, string>;
}

async function contentHash(file: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    signal?.throwIfAborted();
    hash.update(piece as Buffer);
  }
  return hash.digest('base64');
}

/**
 * Compares files by SHA-256 of their whole content, those of one size with each other. A video that was encoded again has
 * other bytes: nothing here can know it for the same.
 * @param files each once
 * @throws the signal's reason
 */
export async function compareContent(
  files: Iterable<SizedFile>,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: (done: number, total: number) => void;
  } = {},
): Promise<ContentScan> {
  const bySize = Map.groupBy(files, ({ sizeBytes }) => sizeBytes);
  const alike = [...bySize.values()].filter((group) => group.length > 1);
  const total = alike.reduce((sum, group) => sum + group.length, 0);
  const same = new Map<string, string>();
  const unreadable = new Map<string, string>();
  let done = 0;
  for (const group of alike) {
    const first = new Map<string, string>();
    for (const { real } of group) {
      options.signal?.throwIfAborted();
      try {
        const hash = await contentHash(real, options.signal);
        const earlier = first.get(hash);
        if (earlier === undefined) first.set(hash, real);
        else same.set(real, earlier);
      } catch (cause) {
        options.signal?.throwIfAborted();
        unreadable.set(real, (cause as NodeJS.ErrnoException).code ?? (cause as Error).message);
      }
      options.onProgress?.(++done, total);
    }
  }
  return { same, unreadable };
}
