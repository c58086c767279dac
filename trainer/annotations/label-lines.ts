/**
 * Reads the lines of label files. A line that was broken by a crash or a merge costs what is broken and no more, and is told with
 * its place and what to do.
 */
import type { Line } from '../journal/lines.ts';
import { type Entry, isFarAhead, readEntry } from '../protocol/annotations/entries.ts';
import { parseJson } from '../protocol/json.ts';

export interface LabelTrouble {
  readonly kind: 'broken' | 'conflict-marker' | 'fault' | 'newer' | 'ahead' | 'clash' | 'unreadable';
  readonly file: string;
  /** From 1; null where it is about the whole file. */
  readonly line: number | null;
  readonly message: string;
  readonly remedy: string;
}

/** An entry, and where in its file it stands, in bytes. */
export interface PlacedEntry {
  readonly entry: Entry;
  readonly line: number;
  readonly offset: number;
  readonly length: number;
}

export interface ReadLine {
  readonly entries: readonly PlacedEntry[];
  readonly troubles: readonly LabelTrouble[];
}

/** How every entry begins. Inside a text it would have a backslash before each quote, so it is nowhere else. */
const beginning = '{"v":';
const conflictMarker = /^(?:<{7}|\|{7}|>{7})(?: |$)|^={7}$/;

export function readLabelLine(file: string, { number: line, offset, bytes, whole }: Line): ReadLine {
  const text = bytes.toString('utf8').trim();
  if (text === '') return { entries: [], troubles: [] };
  const trouble = (kind: LabelTrouble['kind'], message: string, remedy: string): ReadLine => ({
    entries: [],
    troubles: [{ kind, file, line, message, remedy }],
  });
  if (conflictMarker.test(text))
    return trouble(
      'conflict-marker',
      'Git left a conflict marker in this label file. The labels of both sides are read.',
      'Delete the lines with <<<<<<<, |||||||, ======= and >>>>>>>, and keep all others. With the line "merge=union" for these files in .gitattributes git merges them by itself.',
    );
  const value = parseJson(text);
  if (value === undefined) {
    const pieces = piecesOf(bytes);
    if (pieces.length > 1) {
      const read = pieces.map(({ from, to }) =>
        readLabelLine(file, {
          number: line,
          offset: offset + from,
          bytes: bytes.subarray(from, to),
          whole: whole || to < bytes.length,
        }),
      );
      return { entries: read.flatMap(({ entries }) => entries), troubles: read.flatMap(({ troubles }) => troubles) };
    }
    return trouble(
      'broken',
      whole
        ? 'This line is not whole: a program was ended, or its disk was full, while it wrote the line.'
        : 'The last line is not whole: a program is writing it, or was ended while it did.',
      'The label in it is lost, and has to be given again; no other is. Delete the line, so that this is no longer said.',
    );
  }
  const read = readEntry(value);
  switch (read.state) {
    case 'fault':
      return trouble(
        'fault',
        `This line is no label: ${read.fault}.`,
        'Mend the line or delete it. Labels that other programs wrote are taken in by import.',
      );
    case 'newer':
      return trouble(
        'newer',
        `A newer version of Video-R1 Studio wrote this line: ${read.why}. It is kept, and does not count here.`,
        'Install the newest version to have it count.',
      );
    case 'read': {
      const placed = { entry: read.entry, line, offset, length: bytes.length };
      if (read.unknown === null) return { entries: [placed], troubles: [] };
      return {
        entries: [placed],
        troubles: [
          {
            kind: 'newer',
            file,
            line,
            message: `A newer version of Video-R1 Studio wrote this line (${read.unknown}). What is known of it counts.`,
            remedy: 'Install the newest version to have all of it.',
          },
        ],
      };
    }
  }
}

/** What is told of an entry that a clock dated which is far ahead, or nobody's; null for all others. */
export function aheadTrouble(file: string, { entry, line }: PlacedEntry, nowMs: number): LabelTrouble | null {
  if (entry.kind === 'item' || !isFarAhead(entry.at, nowMs)) return null;
  return {
    kind: 'ahead',
    file,
    line,
    message: `This label is dated ${entry.at.slice(0, 40)}, more than a day ahead, so that nothing that its author says of the same text now takes its place.`,
    remedy: 'Set the clock of the machine that wrote it, and mend "at" in the line or delete the line.',
  };
}

/** A broken line cut before each entry that begins in it: half a line and a whole one, or two without a line break. */
function piecesOf(bytes: Buffer): { from: number; to: number }[] {
  const starts: number[] = [];
  for (let at = bytes.indexOf(beginning); at >= 0; at = bytes.indexOf(beginning, at + 1)) starts.push(at);
  const cuts = [...new Set([0, ...starts])];
  return cuts.map((from, i) => ({ from, to: cuts[i + 1] ?? bytes.length }));
}
