/** A file with the index of its rows, which is completed behind whoever reads the first of them. */
import { BaseFile } from './base-file.ts';
import { indexFile, type LongWork, pieceBytes } from './index-file.ts';
import { RowIndex } from './row-index.ts';
import type { WrittenFile } from './write-beside.ts';

/** Rows that are wanted are read at once with what lies between them, up to this. */
const spanBytes = 4 * pieceBytes;

/** A row as the file has it. */
export interface FileRow {
  readonly row: number;
  readonly bytes: Buffer;
  /** Line of the file, from 1; bytes from its start. */
  readonly line: number;
  readonly offset: number;
}

/** Settles with the promise, or throws the signal's reason before. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

export class IndexedFile {
  readonly base: BaseFile;
  readonly index: RowIndex;
  /** Settles when all rows are known, or it is given up. */
  readonly indexed: Promise<void>;
  private isSettled: boolean;
  private progressed = Promise.withResolvers<void>();
  private readonly closing = new AbortController();

  private constructor(base: BaseFile, known: RowIndex | null, work: LongWork) {
    this.base = base;
    this.index = known ?? new RowIndex();
    this.isSettled = known !== null;
    this.indexed = known ? Promise.resolve() : this.fill(work);
    // Those who wait for rows are told; without one that waits it must not end the process.
    this.indexed.catch(() => undefined);
  }

  /** @throws StudioError `not-found`, `bad-input` */
  static async open(file: string, work: LongWork): Promise<IndexedFile> {
    return new IndexedFile(await BaseFile.open(file), null, work);
  }

  /** The same once its changed rows are written. */
  replacedBy({ stamp, rows }: WrittenFile): IndexedFile {
    const { named, file } = this.base;
    return new IndexedFile(new BaseFile(named, file, stamp), this.index.withRows(rows), {});
  }

  /** Ends the indexing. */
  dispose(): void {
    this.closing.abort();
  }

  /** Returns once the row is known, or all are and it is not there. @throws what ended the indexing; the signal's reason */
  async untilRow(row: number, signal?: AbortSignal): Promise<void> {
    while (row >= this.index.count) {
      if (this.isSettled) return unlessAborted(this.indexed, signal);
      await unlessAborted(this.progressed.promise, signal);
    }
  }

  /**
   * Of the known rows from one number on, before another, those that are wanted and lie close enough to be read at once: at least
   * one, where there is one.
   * @returns with them the number up to which there are no others
   */
  async read(
    from: number,
    to: number,
    isWanted: (row: number) => boolean = () => true,
  ): Promise<{ readonly rows: readonly FileRow[]; readonly next: number }> {
    const { index } = this;
    const last = Math.min(to, index.count);
    const wanted: number[] = [];
    const endOf = (row: number) => index.offset(row) + index.length(row);
    const isFar = (row: number) => index.offset(row) - endOf(wanted.at(-1) ?? row) > pieceBytes;
    let start = 0;
    let wantedBytes = 0;
    let next = from;
    for (; next < last; next++) {
      if (!isWanted(next)) continue;
      wantedBytes += index.length(next);
      if (wanted.length === 0) start = index.offset(next);
      else if (wantedBytes > pieceBytes || endOf(next) - start > spanBytes || isFar(next)) break;
      wanted.push(next);
    }
    const end = wanted.at(-1);
    if (end === undefined) return { rows: [], next };
    const piece = await this.base.read(start, endOf(end) - start);
    const rows = wanted.map((row) => {
      const offset = index.offset(row);
      const bytes = piece.subarray(offset - start, offset - start + index.length(row));
      return { row, bytes, line: index.line(row), offset };
    });
    return { rows, next };
  }

  private async fill({ signal, onProgress }: LongWork): Promise<void> {
    const tell = () => {
      this.progressed.resolve();
      this.progressed = Promise.withResolvers();
    };
    const { signal: closed } = this.closing;
    try {
      await indexFile(this.base, this.index, {
        signal: signal ? AbortSignal.any([signal, closed]) : closed,
        onProgress: (share) => {
          tell();
          onProgress?.(share);
        },
      });
    } finally {
      this.isSettled = true;
      tell();
    }
  }
}
