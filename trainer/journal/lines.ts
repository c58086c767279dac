/** The lines of a file or a stream as bytes, so that each can be checked before it is text. */
import { readSync } from 'node:fs';
import { StudioError } from '../protocol/errors.ts';

/** A longer line is taken for a file that has no line ends. */
const longestLineBytes = 256 * 1024 * 1024;
const pieceBytes = 1024 * 1024;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Bytes before it. */
  readonly offset: number;
  /** Without the line break. */
  readonly bytes: Buffer;
  /** Whether a line break ends it: the last one may have none, or be what a kill left. */
  readonly whole: boolean;
}

/** Cuts pieces into lines, wherever the pieces were cut, for whoever reads them: a piece must not be written into again. */
export class LineCutter {
  private number = 1;
  private offset = 0;
  /** The beginning of a line, from the pieces before. */
  private carried: Buffer[] = [];
  private carriedBytes = 0;

  /** @throws StudioError `bad-input` for a line of more than 256 MB */
  *push(piece: Buffer): Generator<Line> {
    let start = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, start)) {
      yield this.line(piece.subarray(start, end), true);
      start = end + 1;
    }
    if (start === piece.length) return;
    this.carried.push(piece.subarray(start));
    this.carriedBytes += piece.length - start;
    if (this.carriedBytes > longestLineBytes) {
      throw new StudioError('bad-input', `Line ${this.number} is longer than 256 MB.`, {
        remedy: 'The input must hold one JSON object a line.',
      });
    }
  }

  *end(): Generator<Line> {
    if (this.carriedBytes > 0) yield this.line(Buffer.alloc(0), false);
  }

  private line(tail: Buffer, whole: boolean): Line {
    const bytes = this.carriedBytes > 0 ? Buffer.concat([...this.carried, tail]) : tail;
    const line = { number: this.number++, offset: this.offset, bytes, whole };
    this.offset += bytes.length + (whole ? 1 : 0);
    this.carried = [];
    this.carriedBytes = 0;
    return line;
  }
}

/** @param stream must not write into a piece again. @throws StudioError `bad-input` for a line of more than 256 MB */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  const cutter = new LineCutter();
  for await (const piece of stream) yield* cutter.push(piece);
  yield* cutter.end();
}

/** The lines of an open file, from its beginning. @throws StudioError `bad-input` for a line of more than 256 MB */
export function* linesOfFile(descriptor: number): Generator<Line> {
  const cutter = new LineCutter();
  for (let position = 0; ; ) {
    const piece = Buffer.allocUnsafe(pieceBytes);
    const read = readSync(descriptor, piece, 0, piece.length, position);
    if (read === 0) break;
    position += read;
    yield* cutter.push(piece.subarray(0, read));
  }
  yield* cutter.end();
}
