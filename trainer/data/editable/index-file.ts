/** Finds the rows of a file, piece by piece, so that whoever shares the thread has a turn between two of them. */
import { setImmediate } from 'node:timers/promises';
import { StudioError } from '../../protocol/errors.ts';
import { RowScanner } from '../json/row-scanner.ts';
import type { BaseFile } from './base-file.ts';
import type { RowIndex } from './row-index.ts';
import { marksOf } from './row-marks.ts';

/** A piece takes some milliseconds. */
export const pieceBytes = 256 * 1024;
/** Read at once: the file is opened anew for every read. */
const blockBytes = 8 * pieceBytes;

export interface LongWork {
  readonly signal?: AbortSignal | undefined;
  /** Share of the work that is done, 0..1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/**
 * Adds the file's rows to the index. Where the file stops being rows, the rows before stay and the index has the fault.
 * @throws StudioError `bad-dataset` when that is before the first row, `conflict` when the file is changed meanwhile; the
 *   signal's reason
 */
export async function indexFile(base: BaseFile, index: RowIndex, { signal, onProgress }: LongWork): Promise<void> {
  const { sizeBytes } = base.stamp;
  const scanner = new RowScanner(base.file);
  const buffer = Buffer.allocUnsafe(blockBytes);
  const take = (rows: ReturnType<RowScanner['push']>) => {
    for (const { bytes, offset, line } of rows) {
      index.form = scanner.form ?? index.form;
      index.add(offset, bytes.length, line, marksOf(bytes));
    }
  };
  try {
    for (let offset = 0; offset < sizeBytes; offset += blockBytes) {
      signal?.throwIfAborted();
      const block = buffer.subarray(0, Math.min(blockBytes, sizeBytes - offset));
      await base.readInto(block, offset);
      for (let at = 0; at < block.length; at += pieceBytes) {
        const piece = block.subarray(at, at + pieceBytes);
        take(scanner.push(piece));
        onProgress?.((offset + at + piece.length) / sizeBytes);
        await setImmediate();
        signal?.throwIfAborted();
      }
    }
    take(scanner.end());
  } catch (thrown) {
    const isOfRows = thrown instanceof StudioError && thrown.kind === 'bad-dataset';
    if (!isOfRows || index.count === 0) throw thrown;
    index.fault = thrown;
  }
  index.form = scanner.form ?? index.form;
}
