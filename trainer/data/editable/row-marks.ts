/** What is kept of every row besides its place: what tells it from others, without its text. */
import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { StudioError } from '../../protocol/errors.ts';
import { parseRowText, type RowPlace, rowTextFault } from '../json/row-text.ts';

const quote = 0x22;
const backslash = 0x5c;

const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Where the string ends that begins at `start`; the end of the bytes when it is never closed. */
function stringEnd(bytes: Buffer, start: number): number {
  for (let at = start + 1; ; ) {
    const end = bytes.indexOf(quote, at);
    if (end < 0) return bytes.length;
    let before = end;
    while (bytes[before - 1] === backslash) before--;
    if ((end - before) % 2 === 0) return end + 1;
    at = end + 1;
  }
}

let scratch = Buffer.allocUnsafe(64 * 1024);

/** The bytes without the white space between the parts of the JSON; valid until the next call. */
function withoutSpace(bytes: Buffer): Buffer {
  const { length } = bytes;
  if (scratch.length < length) scratch = Buffer.allocUnsafe(length * 2);
  let written = 0;
  let from = 0;
  for (let at = 0; at < length; ) {
    const byte = bytes[at] as number;
    if (byte === quote) at = stringEnd(bytes, at);
    else if (isSpace(byte)) {
      written += bytes.copy(scratch, written, from, at);
      from = ++at;
    } else at++;
  }
  written += bytes.copy(scratch, written, from, length);
  return scratch.subarray(0, written);
}

/**
 * SHA-256 of a row as it is written, 32 hexadecimal digits of it; white space outside of texts does not count, so that a row
 * stays the same when line ends are converted or the file is indented anew.
 */
export const contentHash = (bytes: Buffer): string => hash('sha256', withoutSpace(bytes), 'hex').slice(0, 32);

/** The first 52 bits of a content hash, as the index keeps it. */
export const shortHash = (content: string): number => Number.parseInt(content.slice(0, 13), 16);

/** FNV-1a, 32 bits. */
function idHash(text: string): number {
  let hashed = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hashed = Math.imul(hashed ^ text.charCodeAt(i), 0x01000193);
  return hashed >>> 0;
}

/**
 * The marks that a row may have whose `problem_id` is this as text, be it written as a text or as a number. Some others have the
 * same.
 */
export const idHashesOf = (id: string): readonly number[] => [
  idHash(JSON.stringify(id)),
  // JSON has no number for what is beyond all numbers.
  idHash(/^-?Infinity$/.test(id) ? 'null' : id),
];

export interface RowMarks {
  readonly hash: number;
  /** Of its `problem_id`; the same for all rows that have none. */
  readonly id: number;
  readonly isFaulty: boolean;
  /** It holds letters beyond ASCII that are not written as escapes. */
  readonly isRaw: boolean;
}

export function marksOf(bytes: Buffer): RowMarks {
  const marks = { hash: shortHash(contentHash(bytes)), id: 0, isFaulty: true, isRaw: false };
  if (!isUtf8(bytes)) return marks;
  const text = bytes.toString('utf8');
  marks.isRaw = text.length !== bytes.length;
  let value: unknown;
  try {
    value = parseRowText(text);
  } catch {
    return marks;
  }
  marks.isFaulty = false;
  const id = typeof value === 'object' && value !== null ? (value as { problem_id?: unknown }).problem_id : undefined;
  if (id !== undefined) marks.id = idHash(JSON.stringify(id));
  return marks;
}

/** A row that is no JSON, or not UTF-8. It is kept as it is. */
export interface RowFault {
  readonly error: StudioError;
  /** Line of the file, from 1, and bytes from the start of the file. */
  readonly line: number;
  readonly offset: number;
}

export type RowReading = { readonly value: unknown; readonly fault: null } | { readonly fault: RowFault };

/** @param offset of the row in its file, in bytes */
export function readingOf(bytes: Buffer, place: RowPlace, offset: number): RowReading {
  const text = bytes.toString('utf8');
  if (!isUtf8(bytes)) {
    const again = Buffer.from(text);
    let at = 0;
    while (bytes[at] === again[at]) at++;
    let line = place.line;
    for (let i = bytes.indexOf(0x0a); i >= 0 && i < at; i = bytes.indexOf(0x0a, i + 1)) line++;
    const error = new StudioError(
      'bad-dataset',
      `Row ${place.row + 1} is not UTF-8: byte ${bytes[at]} at offset ${offset + at} belongs to no letter.`,
      { place: `${place.file}:${line}`, remedy: 'Save the file as UTF-8, or correct the byte there.' },
    );
    return { fault: { error, line, offset: offset + at } };
  }
  try {
    return { value: parseRowText(text), fault: null };
  } catch (cause) {
    const { error, line, at } = rowTextFault(text, place, cause);
    return { fault: { error, line, offset: offset + Buffer.byteLength(text.slice(0, at)) } };
  }
}
