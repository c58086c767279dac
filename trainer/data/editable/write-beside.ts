/**
 * Writes a file with its changed rows, and without those that are left out, beside the one that it will replace. Only a rename gives it the name, so a kill at any
 * moment leaves the old file or the new one, whole; what it leaves beside is recognised by its name.
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants, renameSync, rmSync } from 'node:fs';
import { access, type FileHandle, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { asStudioError, StudioError } from '../../protocol/errors.ts';
import { type BaseFile, type FileStamp, loadAgainRemedy, stampOf } from './base-file.ts';
import type { LongWork } from './index-file.ts';
import { addedBytes, type ChangedRow, type Changes, rewrittenText } from './row-changes.ts';
import type { RowIndex } from './row-index.ts';
import { contentHash, marksOf, type RowMarks } from './row-marks.ts';

const copyBytes = 1024 * 1024;

/** A file beside that nobody has written to for so long is a leftover, whoever made it. */
const abandonedAfterMs = 10 * 60_000;

const short = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8);

/** `.video-r1-save-FILE-HOST-PROCESS-RANDOM`: short, whatever the file is called. */
const besideOf = (file: string) => `.video-r1-save-${short(path.basename(file))}-`;

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Removes what saves of this file that were killed have left beside it. One that another process may still write stays.
 * @param file links followed
 */
export async function removeLeftovers(file: string): Promise<void> {
  const folder = path.dirname(file);
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(besideOf(file)))) {
    const [host, pid] = name.slice(besideOf(file).length).split('-');
    const leftover = path.join(folder, name);
    const isOurs = host === short(hostname());
    try {
      const isAbandoned = Date.now() - (await stat(leftover)).mtimeMs > abandonedAfterMs;
      if (isAbandoned || (isOurs && !isRunning(Number(pid)))) await rm(leftover, { force: true });
    } catch {
      // Whoever may only read here can still open the file; the next one removes it.
    }
  }
}

async function ensureRoom(folder: string, sizeBytes: number): Promise<void> {
  const { bavail, bsize, blocks } = await statfs(folder);
  // Some network folders do not say how large they are.
  if (blocks === 0 || bavail * bsize >= sizeBytes) return;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  throw new StudioError(
    'disk-full',
    `Saving needs ${megabytes(sizeBytes)} beside the file until it is replaced; ${megabytes(bavail * bsize)} are free.`,
    {
      place: folder,
      remedy: 'Free some space on this disk, then save again. Your edits are kept, and the file is as it was.',
    },
  );
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
}

export interface RewrittenRow {
  /** In bytes. */
  readonly length: number;
  readonly marks: RowMarks;
  readonly hash: string;
}

export interface WrittenFile {
  /** That the target has once the file is in its place. */
  readonly stamp: FileStamp;
  /** The changed rows as they were written, by number. */
  readonly rows: ReadonlyMap<number, RewrittenRow>;
  /** Gives it the target's name at once, or removes it. @throws StudioError with what the system says */
  replace(): void;
}

interface Source {
  readonly base: BaseFile;
  readonly index: RowIndex;
}

/** @throws StudioError `conflict` when the row is no longer the one that was edited */
function rewrite(bytes: Buffer, changed: ChangedRow, place: string): Buffer {
  if (contentHash(bytes) !== changed.hash)
    throw new StudioError('conflict', 'The file was changed outside: an edited row is no longer what it was.', {
      place,
      remedy: loadAgainRemedy,
    });
  return Buffer.from(rewrittenText(bytes.toString('utf8'), changed));
}

/** What the new file takes over. @throws StudioError `bad-input` for a target that may only be read; the system's error */
async function ownerOf(target: string, source: string) {
  try {
    await access(target, constants.W_OK);
    return await stat(target);
  } catch (thrown) {
    const { code = '' } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') return await stat(source);
    if (!/^(EACCES|EPERM|EROFS)$/.test(code)) throw thrown;
    throw new StudioError('bad-input', 'This user may only read the file.', {
      place: target,
      remedy: 'Make it writable, or save under another name. Your edits are kept.',
      cause: thrown,
    });
  }
}

/** A stretch of the file, and what is written in its place. */
interface Patch {
  readonly start: number;
  /** The first byte after it. */
  readonly end: number;
  write(bytes: Buffer): Buffer;
}

const nothing = Buffer.alloc(0);

/** Each row that is left out takes one separator along: the one behind it, or, after the last that stays, the one before it. */
function cuts(index: RowIndex, leftOut: ReadonlySet<number>): Patch[] {
  const endOf = (row: number) => index.offset(row) + index.length(row);
  let kept = index.count - 1;
  while (leftOut.has(kept)) kept--;
  return [...leftOut].map((row) => ({
    start: row < kept || row === 0 ? index.offset(row) : endOf(row - 1),
    end: row < kept ? index.offset(row + 1) : endOf(row),
    write: () => nothing,
  }));
}

/** Copies the file, changed rows exchanged and others left out; every other byte as it is there now. */
async function copyChanged(
  { base, index }: Source,
  changes: Changes,
  leftOut: ReadonlySet<number>,
  out: FileHandle,
  { signal, onProgress }: LongWork,
): Promise<Map<number, RewrittenRow>> {
  const { sizeBytes } = base.stamp;
  const rows = new Map<number, RewrittenRow>();
  const exchanges = [...changes]
    .filter(([row]) => !leftOut.has(row))
    .map(
      ([row, changed]): Patch => ({
        start: index.offset(row),
        end: index.offset(row) + index.length(row),
        write(before) {
          const bytes = rewrite(before, changed, `${base.file}:${index.line(row)}, row ${row + 1}`);
          rows.set(row, { length: bytes.length, marks: marksOf(bytes), hash: contentHash(bytes) });
          return bytes;
        },
      }),
    );
  const patches = [...exchanges, ...cuts(index, leftOut)].sort((a, b) => a.start - b.start);
  let buffer = Buffer.allocUnsafe(copyBytes);
  let next = 0;
  for (let at = 0; at < sizeBytes; ) {
    signal?.throwIfAborted();
    // What is exchanged is never cut in two.
    let end = Math.min(at + copyBytes, sizeBytes);
    let last = next;
    for (; last < patches.length; last++) {
      const patch = patches[last] as Patch;
      if (patch.start >= end) break;
      end = Math.max(end, patch.end);
    }
    if (buffer.length < end - at) buffer = Buffer.allocUnsafe(end - at);
    const piece = buffer.subarray(0, end - at);
    await base.readInto(piece, at);
    const parts: Buffer[] = [];
    let from = 0;
    for (const patch of patches.slice(next, last)) {
      const [start, stop] = [patch.start - at, patch.end - at];
      parts.push(piece.subarray(from, start), patch.write(piece.subarray(start, stop)));
      from = stop;
    }
    next = last;
    await writeAll(out, parts.length === 0 ? piece : Buffer.concat([...parts, piece.subarray(from)]));
    at = end;
    onProgress?.(at / sizeBytes);
  }
  return rows;
}

/**
 * Writes the file with its changes into the target's folder and makes sure that the disk has it. It gets the mode of the
 * target, or of the source where there is none yet, and owner and group as far as this user may give them; access lists and
 * extended attributes are not carried over.
 * @param target links followed
 * @param leftOut rows that it does not get
 * @throws StudioError `disk-full` before anything is written where there is no room; `conflict` when the file was changed
 *   outside; what the system says of the folder; the signal's reason. Nothing is left beside then.
 */
export async function writeBeside(
  source: Source,
  changes: Changes,
  target: string,
  work: LongWork,
  leftOut: ReadonlySet<number> = new Set(),
): Promise<WrittenFile> {
  const { base } = source;
  const folder = path.dirname(target);
  const beside = path.join(
    folder,
    `${besideOf(target)}${short(hostname())}-${process.pid}-${randomBytes(4).toString('hex')}`,
  );
  const giveUp = (thrown: unknown): never => {
    try {
      rmSync(beside, { force: true });
    } catch {
      // What keeps it from being removed is what is told; the next open removes it.
    }
    if (work.signal?.aborted) throw thrown;
    throw saveError(thrown, folder);
  };
  try {
    await base.ensureSame();
    await ensureRoom(folder, base.stamp.sizeBytes + addedBytes(changes));
    const { mode, uid, gid } = await ownerOf(target, base.file);
    const out = await open(beside, 'wx', 0o600);
    try {
      const rows = await copyChanged(source, changes, leftOut, out, work);
      const made = await out.stat();
      // Only a privileged user may give a file away.
      if (made.uid !== uid || made.gid !== gid) await out.chown(uid, gid).catch(() => undefined);
      await out.chmod(mode & 0o7777);
      await out.sync();
      const stamp = await stampOf(out);
      await base.ensureSame();
      work.signal?.throwIfAborted();
      return {
        stamp,
        rows,
        replace() {
          try {
            renameSync(beside, target);
          } catch (thrown) {
            giveUp(thrown);
          }
        },
      };
    } finally {
      await out.close();
    }
  } catch (thrown) {
    return giveUp(thrown);
  }
}

/** The disk's own words with what can be done here. */
function saveError(thrown: unknown, folder: string): StudioError {
  const error = asStudioError(thrown);
  if (thrown instanceof StudioError || error.kind === 'internal') return error;
  return new StudioError(error.kind, `The file can't be written beside the old one: ${error.message}`, {
    place: folder,
    remedy:
      error.kind === 'disk-full'
        ? 'Free some space, then save again. Your edits are kept, and the file is as it was.'
        : 'Give this user the right to write into this folder, or save under another name.',
    cause: thrown,
  });
}

/** Makes sure that the disk has the rename too. @throws the system's error */
export async function syncFolder(folder: string): Promise<void> {
  // Windows has no such call for folders.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (thrown) {
    // Some network folders do not have it either.
    if (!/^(EINVAL|ENOTSUP|EOPNOTSUPP|ENOSYS)$/.test((thrown as NodeJS.ErrnoException).code ?? '')) throw thrown;
  } finally {
    await handle.close();
  }
}
