/**
 * Adds entries to label files: each batch is one write, brought to the disk before it counts, under a lock that all programs of
 * the project share. Nothing that is there is changed.
 */
import { constants, mkdirSync } from 'node:fs';
import { type FileHandle, lstat, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Author, authorKey, type Entry, entry as entrySchema } from '../protocol/annotations/entries.ts';
import { trainerFolder } from '../protocol/discovery.ts';
import { StudioError, withPlace } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';
import { openPrivateFolder } from '../store/private-folder.ts';
import { holdFile } from '../store/process-lock.ts';
import { labelFileName, labelFolderOf } from './label-files.ts';

/** Inside `trainerFolder`, and not among the labels, which are shared. */
const lockFile = 'annotations.lock';
const retryMs = 10;
const longestWaitMs = 10_000;
/** Of a file that is replaced while it is written. */
const mostTries = 3;

/**
 * @param entries in the order in which they are to stand; each goes into the file of its author
 * @throws StudioError `bad-input` for an entry that is none, `conflict` when another program keeps the lock, or what the disk
 * does not take: of an author whose entries were not written whole, none is there
 */
export async function appendEntries(
  projectFolder: string,
  entries: readonly Entry[],
  signal: AbortSignal,
): Promise<void> {
  if (entries.length === 0) return;
  const byAuthor = new Map<string, { author: Author; lines: string[] }>();
  for (const entry of entries) {
    const own = byAuthor.get(authorKey(entry.author)) ?? { author: entry.author, lines: [] };
    own.lines.push(`${lineOf(entry)}\n`);
    byAuthor.set(authorKey(entry.author), own);
  }
  const folder = labelFolderOf(projectFolder);
  openPrivateFolder(path.join(projectFolder, trainerFolder));
  mkdirSync(folder, { recursive: true });
  const lock = await holdLock(path.join(projectFolder, trainerFolder, lockFile), signal);
  try {
    for (const { author, lines } of byAuthor.values())
      await append(path.join(folder, labelFileName(author)), Buffer.from(lines.join('')));
    await syncFolder(folder);
  } finally {
    lock.dispose();
  }
}

/**
 * Keys in the order of their schema. So `v` stands first, by which an entry is found in a line that a crash glued to another, and
 * items are written as they are read fastest.
 */
function lineOf(entry: Entry): string {
  const read = entrySchema.safeParse(entry);
  if (!read.success)
    throw new StudioError(
      'bad-input',
      `This can't be written as a label: ${faultLine(entrySchema, entry, read.error, 'it')}.`,
      {
        place: String(entry.id),
        remedy: 'Nothing was written.',
      },
    );
  return JSON.stringify(read.data);
}

async function holdLock(file: string, signal: AbortSignal): Promise<{ dispose(): void }> {
  for (let waitedMs = 0; ; waitedMs += retryMs) {
    signal.throwIfAborted();
    try {
      return holdFile(
        file,
        (cause) =>
          new StudioError('conflict', 'Another program keeps the labels of this project to itself.', {
            place: file,
            remedy: 'End the program that hangs, then try again.',
            cause,
          }),
      );
    } catch (thrown) {
      const isBusy = thrown instanceof StudioError && thrown.kind === 'conflict';
      if (!isBusy || waitedMs >= longestWaitMs) throw thrown;
    }
    await delay(retryMs, undefined, { signal });
  }
}

async function append(file: string, lines: Buffer): Promise<void> {
  try {
    // Git may put another file in its place at any time; what was then written is in the old one, and gone with it. Where the
    // file system has no lasting numbers for files, the entries are there more than once, which counts once.
    for (let [isThere, tries] = [false, 0]; !isThere && tries < mostTries; tries++) {
      const handle = await openOwn(file);
      try {
        await writeWhole(handle, lines);
        const [written, present] = [
          await handle.stat({ bigint: true }),
          await stat(file, { bigint: true }).catch(() => null),
        ];
        isThere = written.ino === present?.ino;
      } finally {
        await handle.close();
      }
    }
  } catch (thrown) {
    throw withPlace(thrown, file);
  }
}

/** A link, which a project of somebody else may have, would lead the lines into another file. */
async function openOwn(file: string): Promise<FileHandle> {
  const present = await lstat(file).catch(() => null);
  if (present !== null && !present.isFile())
    throw new StudioError('bad-input', 'This is no file of its own, and no labels are written there.', {
      place: file,
      remedy: 'Put the file itself here instead of a link to it, or delete the link.',
    });
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW = 0 } = constants;
  return open(file, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW);
}

async function writeWhole(handle: FileHandle, lines: Buffer): Promise<void> {
  const { size } = await handle.stat();
  const last = Buffer.alloc(1);
  if (size > 0) await handle.read(last, 0, 1, size - 1);
  // What a crash left of a last line must not swallow the next.
  const isOpen = size > 0 && last[0] !== 10;
  try {
    const bytes = isOpen ? Buffer.concat([Buffer.from('\n'), lines]) : lines;
    for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
    await handle.sync();
  } catch (thrown) {
    await handle.truncate(size);
    throw thrown;
  }
}

/** So that a file that was just made is there after a power cut; Windows does that by itself, and has no such call. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
