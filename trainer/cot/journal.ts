/**
 * The journal of a generation: a header line, then one JSON line for every finished sample and every row whose media can't
 * be read, in the order in which they came. A kill at any moment leaves at most half a last line, which is cut when the
 * journal is opened again. A later line about the same sample stands for the earlier one.
 */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { StudioError } from '../protocol/errors.ts';
import type { TeacherAnswer } from './teacher.ts';

const mark = 'video-r1 cot journal';
export const mostSamples = 1000;

/** What all answers of a journal have in common: with other settings they would not belong together. */
export const journalHeader = z.strictObject({
  kind: z.literal(mark),
  version: z.literal(1),
  dataset: z.strictObject({ sha256: z.string(), rows: z.number().int() }),
  teacher: z.union([
    z.strictObject({ endpoint: z.string(), model: z.string() }),
    z.strictObject({ checkpoint: z.string(), sha256: z.string() }),
  ]),
  sampling: z.strictObject({
    temperature: z.number(),
    topP: z.number(),
    maxTokens: z.number().int(),
    seed: z.number().int(),
  }),
  /** Frame limits by name, or how files are handed over. */
  media: z.record(z.string(), z.union([z.string(), z.number()])),
  template: z.record(z.string(), z.unknown()),
});
export type JournalHeader = z.infer<typeof journalHeader>;

const place = {
  row: z.number().int().min(0),
  sample: z
    .number()
    .int()
    .min(0)
    .max(mostSamples - 1),
};
const usage = z.strictObject({ tokensIn: z.number().int().min(0), tokensOut: z.number().int().min(0) }).nullable();
const said = { ...place, seed: z.number().int(), text: z.string(), usage };
const sampleLine = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('answered'), ...said }),
  z.strictObject({ outcome: z.literal('cut-off'), ...said }),
  z.strictObject({ outcome: z.literal('refused'), ...said }),
  z.strictObject({ outcome: z.literal('failed'), ...place, seed: z.number().int(), message: z.string() }),
]);
const unreadableLine = z.strictObject({ row: place.row, unreadable: z.string() });
const anyLine = z.union([sampleLine, unreadableLine]);

export type JournalEntry = TeacherAnswer & { readonly row: number; readonly sample: number; readonly seed: number };

interface Place {
  readonly offset: number;
  readonly length: number;
  readonly failed: boolean;
}

const keyOf = (row: number, sample: number) => row * mostSamples + sample;

/** `{a: {b: 1}}` as `a.b → 1`, for saying what differs. */
function flat(value: unknown, name = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[name, JSON.stringify(value)]]);
  const parts = Object.entries(value).flatMap(([key, inner]) => [...flat(inner, name ? `${name}.${key}` : key)]);
  return new Map(parts);
}

/** One line for every setting that differs. */
export function headerDifferences(before: JournalHeader, now: JournalHeader): string[] {
  const [old, given] = [flat(before), flat(now)];
  const short = (text: string | undefined) => {
    if (text === undefined) return 'not there';
    return text.length > 80 ? `${text.slice(0, 80)}…` : text;
  };
  return [...new Set([...old.keys(), ...given.keys()])]
    .filter((key) => old.get(key) !== given.get(key))
    .map((key) => `${key} was ${short(old.get(key))} and is now ${short(given.get(key))}`);
}

export class Journal {
  readonly file: string;
  readonly header: JournalHeader;
  /** Why a row could not be asked, by row; it may have been asked since. */
  readonly unreadable = new Map<number, string>();
  /** Over all lines, also those that a later one stands for: they were paid for. */
  tokensIn = 0;
  tokensOut = 0;
  private readonly descriptor: number;
  private readonly places = new Map<number, Place>();
  private readonly samplesOf = new Map<number, number>();
  private sizeBytes = 0;
  private broken = false;

  private constructor(file: string, descriptor: number, header: JournalHeader) {
    this.file = file;
    this.descriptor = descriptor;
    this.header = header;
  }

  /**
   * Opens the journal to go on with it, or begins one. What a kill left of a last line is cut off.
   * @throws StudioError `conflict` when it was begun with other settings, or is no journal; `bad-dataset` for a damaged line
   */
  static open(file: string, header: JournalHeader): Journal {
    const descriptor = openSync(file, existsSync(file) ? 'r+' : 'wx+');
    try {
      const found = readHeader(file, descriptor);
      if (found === null) {
        ftruncateSync(descriptor, 0);
        const journal = new Journal(file, descriptor, header);
        journal.write(header);
        return journal;
      }
      const differences = headerDifferences(found, header);
      if (differences.length > 0)
        throw new StudioError('conflict', `The journal was begun with other settings:\n${differences.join('\n')}`, {
          place: file,
          remedy: 'Give the settings of then, or begin anew with --fresh (the journal is kept aside).',
        });
      const journal = new Journal(file, descriptor, found);
      ftruncateSync(descriptor, journal.scan());
      return journal;
    } catch (thrown) {
      closeSync(descriptor);
      throw thrown;
    }
  }

  /** Opens a journal that is there, to read it. @throws StudioError `not-found`, or as `open` */
  static read(file: string): Journal {
    if (!existsSync(file))
      throw new StudioError('not-found', 'There is no journal to filter.', {
        place: file,
        remedy: 'Ask a teacher first: the same command without --filter-only, with --endpoint or --checkpoint.',
      });
    const descriptor = openSync(file, 'r');
    try {
      const header = readHeader(file, descriptor);
      if (header === null) throw notAJournal(file, 'its first line is not whole');
      const journal = new Journal(file, descriptor, header);
      journal.scan();
      return journal;
    } catch (thrown) {
      closeSync(descriptor);
      throw thrown;
    }
  }

  /** Samples that are finished. */
  get count(): number {
    return this.places.size;
  }

  /** Rows that have a finished sample, in order. */
  rows(): number[] {
    return [...this.samplesOf.keys()].sort((a, b) => a - b);
  }

  /** Whether this sample need not be asked. @param retryFailed samples that the server found wrong are open again */
  isFinished(row: number, sample: number, retryFailed: boolean): boolean {
    const found = this.places.get(keyOf(row, sample));
    return found !== undefined && !(retryFailed && found.failed);
  }

  /** The finished samples of a row, in order. */
  entries(row: number): JournalEntry[] {
    const entries: JournalEntry[] = [];
    for (let sample = 0; sample < (this.samplesOf.get(row) ?? 0); sample++) {
      const found = this.places.get(keyOf(row, sample));
      if (found) entries.push(this.entryAt(found));
    }
    return entries;
  }

  /** @throws StudioError `disk-full`, after which nothing more is written: half a line must stay the last one */
  append(entry: JournalEntry): void {
    const { offset, length } = this.write(entry);
    this.note(entry, { offset, length });
  }

  /** Notes, once, that a row's media can't be read. */
  appendUnreadable(row: number, message: string): void {
    if (this.unreadable.get(row) === message) return;
    this.write({ row, unreadable: message });
    this.unreadable.set(row, message);
  }

  dispose(): void {
    closeSync(this.descriptor);
  }

  private write(line: object): { offset: number; length: number } {
    if (this.broken) throw new StudioError('internal', 'The journal can no longer be written.', { place: this.file });
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    const offset = this.sizeBytes;
    this.broken = true;
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.descriptor, bytes, done, bytes.length - done, offset + done);
    this.broken = false;
    this.sizeBytes += bytes.length;
    return { offset, length: bytes.length - 1 };
  }

  private note(entry: JournalEntry, at: { offset: number; length: number }): void {
    const { row, sample } = entry;
    this.places.set(keyOf(row, sample), { ...at, failed: entry.outcome === 'failed' });
    this.samplesOf.set(row, Math.max(this.samplesOf.get(row) ?? 0, sample + 1));
    if (entry.outcome === 'failed') return;
    this.tokensIn += entry.usage?.tokensIn ?? 0;
    this.tokensOut += entry.usage?.tokensOut ?? 0;
  }

  private entryAt({ offset, length }: Place): JournalEntry {
    const bytes = Buffer.alloc(length);
    const read = readSync(this.descriptor, bytes, 0, length, offset);
    const checked = read === length ? sampleLine.safeParse(parsed(bytes)) : null;
    if (!checked?.success)
      throw new StudioError('conflict', 'The journal was changed while it was read.', { place: this.file });
    return checked.data;
  }

  /** Reads all whole lines. @returns where the last one ends */
  private scan(): number {
    let line = 0;
    let end = 0;
    for (const { bytes, offset } of wholeLines(this.descriptor)) {
      line++;
      end = offset + bytes.length + 1;
      if (line === 1) continue;
      const checked = anyLine.safeParse(parsed(bytes));
      if (!checked.success || checked.data.row >= this.header.dataset.rows)
        throw new StudioError('conflict', 'This line of the journal is damaged.', {
          place: `${this.file}:${line}`,
          remedy: 'Remove the line: what it says is asked again. Or begin anew with --fresh.',
        });
      if ('unreadable' in checked.data) this.unreadable.set(checked.data.row, checked.data.unreadable);
      else this.note(checked.data, { offset, length: bytes.length });
    }
    this.sizeBytes = end;
    return end;
  }
}

/** Gives an old journal another name, so that a new one can be begun. @returns the name, or null when there is none */
export function setJournalAside(file: string): string | null {
  if (!existsSync(file)) return null;
  let number = 1;
  while (existsSync(`${file}.${number}`)) number++;
  renameSync(file, `${file}.${number}`);
  return `${file}.${number}`;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function notAJournal(file: string, why: string): StudioError {
  return new StudioError('conflict', `The file is no journal of video-r1 cot: ${why}.`, {
    place: file,
    remedy: 'Choose another --out, or move the file away.',
  });
}

/** Null where nothing, or half a header, was written. @throws StudioError `conflict` for anything else than a journal */
function readHeader(file: string, descriptor: number): JournalHeader | null {
  const start = Buffer.from(`{"kind":${JSON.stringify(mark)},`);
  const found = Buffer.alloc(Math.min(start.length, fstatSync(descriptor).size));
  readSync(descriptor, found, 0, found.length, 0);
  if (!found.equals(start.subarray(0, found.length))) throw notAJournal(file, 'it begins with something else');
  for (const { bytes } of wholeLines(descriptor)) {
    const checked = journalHeader.safeParse(parsed(bytes));
    if (checked.success) return checked.data;
    throw notAJournal(file, 'its first line does not fit this version');
  }
  return null;
}

/** The lines of a file that end in a line break, without it. */
function* wholeLines(descriptor: number): Generator<{ bytes: Buffer; offset: number }> {
  const piece = Buffer.alloc(1024 * 1024);
  let open: Buffer[] = [];
  let offset = 0;
  for (let position = 0; ; ) {
    const read = readSync(descriptor, piece, 0, piece.length, position);
    if (read === 0) return;
    position += read;
    let start = 0;
    for (let at = piece.indexOf(10); at >= 0 && at < read; at = piece.indexOf(10, start)) {
      const bytes = Buffer.concat([...open, piece.subarray(start, at)]);
      yield { bytes, offset };
      offset += bytes.length + 1;
      open = [];
      start = at + 1;
    }
    open.push(Buffer.from(piece.subarray(start, read)));
  }
}
