/** The lines of a stream as bytes, so that each can be checked before it is text. */
import { StudioError } from '../../protocol/errors.ts';

/** A longer line is taken for a file that has no line ends. */
const longestLineBytes = 256 * 1024 * 1024;

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly bytes: Buffer;
}

/** @throws StudioError `bad-request` for a line of more than 256 MB */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let number = 1;
  let carried: Buffer[] = [];
  let carriedBytes = 0;
  for await (const piece of stream) {
    let start = 0;
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, start)) {
      const tail = piece.subarray(start, end);
      yield { number: number++, bytes: carried.length > 0 ? Buffer.concat([...carried, tail]) : tail };
      carried = [];
      carriedBytes = 0;
      start = end + 1;
    }
    if (start === piece.length) continue;
    carried.push(piece.subarray(start));
    carriedBytes += piece.length - start;
    if (carriedBytes > longestLineBytes) {
      throw new StudioError('bad-request', `Line ${number} is longer than 256 MB.`, {
        remedy: 'The input must hold one JSON object a line.',
      });
    }
  }
  if (carried.length > 0) yield { number, bytes: Buffer.concat(carried) };
}
