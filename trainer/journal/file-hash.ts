/** Names the content of files. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** One SHA-256 over the contents of files, one after the other, in hexadecimal. */
export async function sha256OfFiles(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
