/** Names the content of files. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** One SHA-256 over the contents of files, one after the other, in hexadecimal. @param onBytes is told of every piece that was read */
export async function sha256OfFiles(
  files: readonly string[],
  onBytes: (bytes: number) => void = () => {},
): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    for await (const piece of createReadStream(file, { highWaterMark: pieceBytes })) {
      hash.update(piece as Buffer);
      onBytes((piece as Buffer).length);
    }
  }
  return hash.digest('hex');
}

/** Copies a file, read once; synchronised to the disk. @returns the SHA-256 of what was written, in hexadecimal */
export async function copyHashed(from: string, to: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(
    createReadStream(from, { highWaterMark: pieceBytes }),
    async function* (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        hash.update(piece);
        yield piece;
      }
    },
    createWriteStream(to, { flush: true }),
  );
  return hash.digest('hex');
}

const pieceBytes = 1 << 20;
