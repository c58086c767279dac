/** Rows set down as JSON, for datasets whose files can't be read at any place: an unnamed file beside no one's data. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const flushBytes = 1024 * 1024;

export class RowSpool {
  /** To be closed by whoever reads from it. */
  readonly descriptor: number;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private size = 0;

  /** The file loses its name at once, so that it goes with the process. @throws the system's error */
  constructor() {
    const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-rows-'));
    try {
      this.descriptor = openSync(path.join(folder, 'rows'), 'wx+');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** @returns the offset at which the bytes stand. @throws the system's error, such as that of a full disk */
  add(bytes: Buffer): number {
    const offset = this.size;
    this.waiting.push(Buffer.from(bytes));
    this.waitingBytes += bytes.length;
    this.size += bytes.length;
    if (this.waitingBytes >= flushBytes) this.flush();
    return offset;
  }

  flush(): void {
    const bytes = Buffer.concat(this.waiting);
    for (let done = 0; done < bytes.length; ) done += writeSync(this.descriptor, bytes, done);
    this.waiting = [];
    this.waitingBytes = 0;
  }

  discard(): void {
    closeSync(this.descriptor);
  }
}
