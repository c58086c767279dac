/**
 * The journal of a generation: a header line, then one JSON line for every finished sample and every row whose media can't
 * be read, in the order in which they came. A kill at any moment leaves at most half a last line, which is cut when the
 * journal is opened again. A later line about the same sample stands for the earlier one.
 */
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';
import { lineValue, settingsThatDiffer, writeAt } from '../journal/json-lines.ts';
import { linesOfFile } from '../journal/lines.ts';
import { StudioError } from '../protocol/errors.ts';
import type { TeacherAnswer } from './teacher.ts';

const mark = 'video-r1 cot journal';
export const mostSamples = 1000;

/** What all answers of a journal have in common: with other settings they would not belong together. */
const journalHeader = z.strictObject({
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

/** A checkpoint is pinned by its content: the place where it lies may be another one the next time. */
function pinned(header: JournalHeader): object {
  const { teacher } = header;
  return { ...header, teacher: 'sha256' in teacher ? { sha256: teacher.sha256 } : teacher };
}

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
      const differences = settingsThatDiffer(pinned(found), pinned(header));
      if (differences.length > 0)
        throw new StudioError(
          'conflict',
          `The journal was begun with other settings (then against now):\n${differences.join('\n')}`,
          {
            place: file,
            remedy: 'Give the settings of then, or begin anew with --fresh (the journal is kept aside).',
          },
        );
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
    writeAt(this.descriptor, bytes, offset);
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
    const checked = read === length ? sampleLine.safeParse(lineValue(bytes)) : null;
    if (!checked?.success)
      throw new StudioError('conflict', 'The journal was changed while it was read.', { place: this.file });
    return checked.data;
  }

  /** Reads all whole lines. @returns where the last one ends */
  private scan(): number {
    let end = 0;
    for (const { number, offset, bytes, whole } of linesOfFile(this.descriptor)) {
      if (!whole) break;
      end = offset + bytes.length + 1;
      if (number === 1) continue;
      const checked = anyLine.safeParse(lineValue(bytes));
      if (!checked.success || checked.data.row >= this.header.dataset.rows)
        throw new StudioError('conflict', 'This line of the journal is damaged.', {
          place: `${this.file}:${number}`,
          remedy: 'Remove the line: what it says is asked again. Or begin anew with --fresh.',
        });
      if ('unreadable' in checked.data) this.unreadable.set(checked.data.row, checked.data.unreadable);
      else this.note(checked.data, { offset, length: bytes.length });
    }
    this.sizeBytes = end;
    return end;
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
  for (const { bytes, whole } of linesOfFile(descriptor)) {
    if (!whole) break;
    const checked = journalHeader.safeParse(lineValue(bytes));
    if (checked.success) return checked.data;
    throw notAJournal(file, 'its first line does not fit this version');
  }
  return null;
}
