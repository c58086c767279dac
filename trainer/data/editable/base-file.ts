/**
 * The file as it stood when it was opened. It is opened anew for every read, so that nothing keeps it from being replaced, and
 * every read makes sure that it is still the same one.
 */
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { asStudioError, StudioError } from '../../protocol/errors.ts';

/** What tells a file from the one that it was. Never compared across machines. */
export interface FileStamp {
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly device: bigint;
  readonly inode: bigint;
}

/** @throws the system's error */
export async function stampOf(handle: FileHandle): Promise<FileStamp> {
  const { size, mtimeNs, dev, ino } = await handle.stat({ bigint: true });
  return { sizeBytes: Number(size), mtimeNs, device: dev, inode: ino };
}

const areSame = (a: FileStamp, b: FileStamp) =>
  a.sizeBytes === b.sizeBytes && a.mtimeNs === b.mtimeNs && a.device === b.device && a.inode === b.inode;

/** What to do about a change from outside. */
export const loadAgainRemedy =
  'Load the file again: your edits stay where their rows are still as they were. Nothing was written.';

export class BaseFile {
  /** Absolute, as it was named. */
  readonly named: string;
  /** The same, links followed: the file that is read, and that a save replaces. */
  readonly file: string;
  readonly stamp: FileStamp;

  constructor(named: string, file: string, stamp: FileStamp) {
    this.named = named;
    this.file = file;
    this.stamp = stamp;
  }

  /** @throws StudioError `not-found`, `bad-input` for what is no file or can't be read */
  static async open(named: string): Promise<BaseFile> {
    try {
      const file = await realpath(named);
      if (!(await stat(file)).isFile())
        throw new StudioError('bad-input', 'This is not a file.', {
          place: file,
          remedy: 'Open a .json or .jsonl file.',
        });
      const handle = await open(file, 'r');
      try {
        return new BaseFile(path.resolve(named), file, await stampOf(handle));
      } finally {
        await handle.close();
      }
    } catch (thrown) {
      throw asStudioError(thrown);
    }
  }

  /**
   * Fills the buffer with what stands at an offset.
   * @throws StudioError `conflict` when the file is no longer the one that was opened
   */
  async readInto(buffer: Buffer, offset: number): Promise<void> {
    const handle = await this.openAgain();
    try {
      let done = 0;
      while (done < buffer.length) {
        const { bytesRead } = await handle.read(buffer, done, buffer.length - done, offset + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      this.compare(await stampOf(handle));
      if (done < buffer.length) throw new RangeError(`${this.file} holds no ${buffer.length} bytes at ${offset}.`);
    } finally {
      await handle.close();
    }
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    await this.readInto(buffer, offset);
    return buffer;
  }

  /** @throws StudioError `conflict` when the file is no longer the one that was opened, or gone, or a link leads elsewhere */
  async ensureSame(): Promise<void> {
    const file = await realpath(this.named).catch((thrown) => this.refuse(thrown));
    if (file !== this.file)
      throw new StudioError('conflict', `The link was changed outside: it leads to ${file} now.`, {
        place: this.named,
        remedy: loadAgainRemedy,
      });
    const handle = await this.openAgain();
    try {
      this.compare(await stampOf(handle));
    } finally {
      await handle.close();
    }
  }

  private openAgain(): Promise<FileHandle> {
    return open(this.file, 'r').catch((thrown) => this.refuse(thrown));
  }

  /** @throws StudioError for what kept the file from being opened */
  private refuse(cause: unknown): never {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw asStudioError(cause);
    throw new StudioError('conflict', 'The file was moved or deleted while it was open here.', {
      place: this.file,
      remedy: 'Put it back, then load it again: your edits stay where their rows are still as they were.',
      cause,
    });
  }

  private compare(now: FileStamp): void {
    if (areSame(now, this.stamp)) return;
    const { sizeBytes } = this.stamp;
    const size =
      now.sizeBytes === sizeBytes
        ? `it still has ${sizeBytes} bytes, and is another or was written again`
        : `it had ${sizeBytes} bytes and now has ${now.sizeBytes}`;
    throw new StudioError('conflict', `The file was changed outside since it was read here: ${size}.`, {
      place: this.file,
      remedy: loadAgainRemedy,
    });
  }
}
