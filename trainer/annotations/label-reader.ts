/** Reads one label file, and later what was added to it, without holding the texts of its items. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { lineValue } from '../journal/json-lines.ts';
import { type Line, LineCutter } from '../journal/lines.ts';
import {
  type Author,
  type Entry,
  type Item,
  type ItemEntry,
  itemKey,
  readEntry,
} from '../protocol/annotations/entries.ts';
import type { Statement } from '../protocol/annotations/label-book.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import { type ItemHead, ItemLines } from './item-lines.ts';
import { textHash } from './label-files.ts';
import { aheadTrouble, type LabelTrouble, readLabelLine } from './label-lines.ts';

/** Where the entry that describes an item stands, in bytes of its file. */
export interface ItemPlace {
  readonly id: string;
  readonly key: string;
  readonly author: Author;
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

export interface PlacedStatement {
  readonly entry: Statement;
  readonly file: string;
  readonly line: number;
}

export interface Reading {
  readonly signal: AbortSignal;
  /** Called with the bytes that were read since the last call. */
  onBytes?(count: number): void;
}

/** How a file is told from what it was. */
interface Standing {
  readonly inode: bigint;
  readonly sizeBytes: number;
  readonly changedNs: bigint;
}

/** Bytes before the end of the last whole line by which a file that grew is told from one that was made anew. */
const tailBytes = 256;
/** Read at once. */
const pieceBytes = 1024 * 1024;

export class LabelReader {
  readonly file: string;
  statements: PlacedStatement[] = [];
  items: ItemPlace[] = [];
  /** Another number when what was read before is no longer among `statements` and `items`. */
  generation = 0;
  private readonly itemLines = new ItemLines();
  private standing: Standing | null = null;
  private wholeBytes = 0;
  private wholeLines = 0;
  /** The end of what was read, without the last line break. */
  private tail: Buffer = Buffer.alloc(0);
  private last: { readonly author: Author | null; readonly item: Item | null } = { author: null, item: null };
  private ofWhole: LabelTrouble[] = [];
  /** Of a last line without an end, which is read again when it has one. */
  private ofLast: LabelTrouble[] = [];

  constructor(file: string) {
    this.file = file;
  }

  get troubles(): readonly LabelTrouble[] {
    return [...this.ofWhole, ...this.ofLast];
  }

  /**
   * Reads what is new; a file that was made anew, as git does, from its beginning.
   * @throws the signal's reason when aborted; what the disk does not give is among the troubles
   */
  async refresh(reading: Reading): Promise<'same' | 'grown' | 'rewritten'> {
    try {
      const now = await standingOf(this.file);
      const before = this.standing;
      if (before?.inode === now.inode && before.sizeBytes === now.sizeBytes && before.changedNs === now.changedNs)
        return 'same';
      // One that was written to and is no longer than it was has other content in the same place.
      const isLonger = before?.sizeBytes !== now.sizeBytes && now.sizeBytes >= this.wholeBytes;
      const isGrown = before?.inode === now.inode && isLonger && (await this.tailIsThere());
      if (!isGrown) this.forget();
      this.standing = null;
      await this.read(reading);
      this.standing = now;
      return isGrown ? 'grown' : 'rewritten';
    } catch (thrown) {
      reading.signal.throwIfAborted();
      const [known] = this.ofLast;
      const { message, remedy = 'Check the file, then read the labels again.' } = asStudioError(thrown);
      this.ofLast = [
        {
          kind: 'unreadable',
          file: this.file,
          line: null,
          message: `${message} The labels after this place are not read.`,
          remedy,
        },
      ];
      return known?.kind === 'unreadable' && known.message === this.ofLast[0]?.message ? 'same' : 'rewritten';
    }
  }

  private forget(): void {
    this.generation += 1;
    this.statements = [];
    this.items = [];
    this.wholeBytes = 0;
    this.wholeLines = 0;
    this.tail = Buffer.alloc(0);
    this.ofWhole = [];
  }

  private async read({ signal, onBytes }: Reading): Promise<void> {
    this.ofLast = [];
    const start = this.wholeBytes;
    const before = this.wholeLines;
    const stream = createReadStream(this.file, { start, signal, highWaterMark: pieceBytes });
    const take = (lines: Iterable<Line>) => {
      for (const line of lines)
        this.take(start === 0 ? line : { ...line, number: before + line.number, offset: start + line.offset });
    };
    const cutter = new LineCutter();
    for await (const piece of stream as AsyncIterable<Buffer>) {
      onBytes?.(piece.length);
      take(cutter.push(piece));
    }
    take(cutter.end());
    // A copy, so that nothing else of what was read is kept with it.
    this.tail = Buffer.from(this.tail.subarray(-tailBytes));
  }

  private take(line: Line): void {
    const head = line.whole ? this.itemLines.head(line.bytes) : null;
    const troubles = head ? [] : this.takeInFull(line);
    if (head) this.items.push(this.placeOf(head, line.offset, line.bytes.length));
    if (!line.whole) {
      this.ofLast.push(...troubles);
      return;
    }
    this.ofWhole.push(...troubles);
    const isFirst = this.wholeBytes === 0;
    this.wholeBytes = line.offset + line.bytes.length + 1;
    this.wholeLines = line.number;
    this.tail =
      isFirst || line.bytes.length >= tailBytes
        ? line.bytes
        : Buffer.concat([this.tail.subarray(-tailBytes), Buffer.from('\n'), line.bytes]);
  }

  /** @returns what is wrong with it */
  private takeInFull(line: Line): readonly LabelTrouble[] {
    const { entries, troubles } = readLabelLine(this.file, line);
    const ahead = entries.flatMap((placed) => aheadTrouble(this.file, placed, Date.now()) ?? []);
    for (const { entry, offset, length } of entries) {
      this.shareWithLast(entry);
      if (entry.kind === 'item') this.items.push(this.placeOf(entry, offset, length));
      else this.statements.push({ entry, file: this.file, line: line.number });
    }
    return [...troubles, ...ahead];
  }

  private placeOf({ id, author, item }: ItemHead, offset: number, length: number): ItemPlace {
    this.last = { author, item };
    return { id, key: itemKey(item), author, file: this.file, offset, length };
  }

  /** A file is of one author, and lines of one item follow each other: what they are is kept once. */
  private shareWithLast(entry: Entry): void {
    const { author, item } = this.last;
    if (author && author.name === entry.author.name && author.email === entry.author.email) entry.author = author;
    if (entry.kind !== 'retraction' && item && isSameItem(item, entry.item)) entry.item = item;
    this.last = { author: entry.author, item: entry.kind === 'retraction' ? item : entry.item };
  }

  private async tailIsThere(): Promise<boolean> {
    const handle = await open(this.file, 'r');
    try {
      const found = Buffer.alloc(this.tail.length);
      await handle.read(found, 0, found.length, this.wholeBytes - 1 - found.length);
      return found.equals(this.tail);
    } finally {
      await handle.close();
    }
  }
}

function isSameItem(one: Item, other: Item): boolean {
  if (one.hash !== other.hash) return false;
  if (one.kind === 'row') return other.kind === 'row' && one.row === other.row && one.dataset === other.dataset;
  return other.kind === 'rollout' && one.rollout === other.rollout && one.run === other.run;
}

async function standingOf(file: string): Promise<Standing> {
  const { ino, size, mtimeNs } = await stat(file, { bigint: true });
  return { inode: ino, sizeBytes: Number(size), changedNs: mtimeNs };
}

/** The entry that describes an item, or why it can't be had. */
export async function readItemAt({ file, key, offset, length }: ItemPlace): Promise<ItemEntry | StudioError> {
  const handle = await open(file, 'r');
  try {
    const bytes = Buffer.alloc(length);
    await handle.read(bytes, 0, length, offset);
    const read = readEntry(lineValue(bytes));
    if (read.state !== 'read' || read.entry.kind !== 'item' || itemKey(read.entry.item) !== key)
      return new StudioError('conflict', 'The label file was changed since it was read.', {
        place: file,
        remedy: 'Read the labels again.',
      });
    if (textHash(read.entry.text) === read.entry.item.hash) return read.entry;
    return new StudioError(
      'conflict',
      'The text that is stored for this item is not the one that was judged: its hash differs.',
      {
        place: file,
        remedy: 'Somebody changed the line. Take the file from an earlier commit.',
      },
    );
  } finally {
    await handle.close();
  }
}
