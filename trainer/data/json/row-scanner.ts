/**
 * Finds the rows of a JSON array or of a JSONL file while it is read in pieces, without holding more than one row.
 * It knows brackets, strings and commas; what stands inside a row is for `JSON.parse`.
 */
import { StudioError } from '../../protocol/errors.ts';

/** A row's bytes, and where they stand. `line` counts from 1, `offset` in bytes from the start of the file. */
export interface RowBytes {
  readonly bytes: Buffer;
  readonly offset: number;
  readonly line: number;
}

/** `lines`: rows one after the other, without commas between them. */
export type RowsForm = 'array' | 'lines';

const quote = 0x22;
const backslash = 0x5c;
const newline = 0x0a;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const isSpace = (byte: number) => byte === 0x20 || byte === newline || byte === 0x0d || byte === 0x09;

/** A longer row is taken for one whose quote or bracket was never closed. */
const longestRowBytes = 64 * 1024 * 1024;

/** What must come next, between rows of an array. */
type Expecting = 'row or end' | 'row' | 'comma or end' | 'nothing';

export class RowScanner {
  form: RowsForm | null = null;
  rowCount = 0;
  private readonly file: string;
  private position = 0;
  private line = 1;
  private lineStart = 0;
  private expecting: Expecting = 'row or end';
  private depth = 0;
  private inString = false;
  private escaped = false;
  private rowOffset = 0;
  private rowLine = 1;
  private wholeRowLine = 1;
  private lineOpen = false;
  /** Rows follow each other without commas, each on as many lines as it likes. */
  private isSpread = false;
  /** The part of a row that ended with the last piece. */
  private carried: Buffer[] = [];
  private carriedBytes = 0;

  constructor(file: string) {
    this.file = file;
  }

  /**
   * Scans the next piece of the file.
   * @throws StudioError `bad-dataset` with line and column where the file can't be JSON.
   */
  *push(piece: Buffer): Generator<RowBytes> {
    let start = this.inRow ? 0 : -1;
    const { length } = piece;
    let i = this.position === 0 ? this.skipMark(piece) : 0;
    while (i < length) {
      if (this.form === 'lines' && !this.isSpread) {
        if (!this.inRow) {
          i = this.skipSpace(piece, i);
          if (i === length) break;
          start = i;
          this.beginRow(i);
        }
        const end = piece.indexOf(newline, i);
        if (end < 0) break;
        if (this.rowCount === 0 && this.goesOn(piece, start, end)) {
          i = end;
          continue;
        }
        yield this.finishRow(piece, start, end);
        start = -1;
        this.beginLine(end);
        i = end + 1;
      } else if (this.depth > 0) {
        i = this.scanRow(piece, i);
        if (this.depth > 0) break;
        yield this.finishRow(piece, start, i);
        start = -1;
        if (!this.isSpread) this.expecting = 'comma or end';
      } else {
        i = this.skipSpace(piece, i);
        if (i === length) break;
        if (this.between(piece[i] as number, i)) {
          start = i;
          this.beginRow(i);
          if (this.form === 'array' || this.isSpread) this.depth = 1;
        }
        i++;
      }
    }
    if (this.inRow) {
      this.carriedBytes += piece.length - start;
      if (this.carriedBytes > longestRowBytes) {
        throw new StudioError('bad-dataset', `Row ${this.rowCount + 1} is longer than 64 MB.`, {
          place: `${this.file}:${this.rowLine}`,
          remedy: 'Look for a quote or a bracket that is opened there and never closed.',
        });
      }
      this.carried.push(Buffer.from(piece.subarray(start)));
    }
    this.position += piece.length;
  }

  /**
   * The last row of a JSONL file that does not end with a newline.
   * @throws StudioError `bad-dataset` when the file ends in the middle, or holds nothing.
   */
  *end(): Generator<RowBytes> {
    const lastLine = `${this.file}:${this.line}`;
    if (this.form === null) {
      throw new StudioError('bad-dataset', 'The dataset is empty.', {
        place: this.file,
        remedy: 'It must hold a JSON array of questions, or one question as JSON on each line.',
      });
    }
    if (this.isSpread && !this.inRow) return;
    if (this.form === 'lines' && !this.isSpread) {
      if (this.inRow) yield this.finishRow(Buffer.alloc(0), 0, 0);
      return;
    }
    if (!this.inRow && this.expecting === 'nothing') return;
    const what = this.inRow
      ? `in the middle of row ${this.rowCount + 1}, which begins at line ${this.rowLine}${this.inString ? ', inside a text' : ''}`
      : `after row ${this.rowCount} without the "]" that closes the array`;
    const column = this.position - this.lineStart + 1;
    throw new StudioError(
      'bad-dataset',
      `The file ends ${what}. It was cut off after ${this.position} bytes, at line ${this.line}, column ${column}${this.lastRow()}.`,
      { place: lastLine, remedy: 'Copy or download the file again.' },
    );
  }

  private lastRow(): string {
    return this.rowCount === 0
      ? '; no row is whole'
      : `; the last whole row is row ${this.rowCount}, at line ${this.wholeRowLine}`;
  }

  /**
   * Scans an array's row from `at` on. Every byte of the file passes here, so the loop keeps its state in variables.
   * @returns where the row, or the piece, ends
   */
  private scanRow(piece: Buffer, at: number): number {
    const { length } = piece;
    let { depth, inString, escaped } = this;
    let i = at;
    scan: while (i < length) {
      if (inString) {
        if (escaped) {
          escaped = false;
          i++;
        }
        for (; i < length; i++) {
          const byte = piece[i] as number;
          if (byte === quote) {
            inString = false;
            i++;
            continue scan;
          }
          if (byte === backslash) {
            escaped = true;
            i++;
            continue scan;
          }
          if (byte < 0x20) {
            this.inString = true;
            const remedy = 'Close the quote, or write the line break as \\n.';
            throw this.fault(i, 'a text runs over the end of its line', remedy);
          }
        }
        break;
      }
      const byte = piece[i] as number;
      i++;
      if (byte === quote) inString = true;
      else if (byte === openBrace || byte === openBracket) depth++;
      else if (byte === closeBrace || byte === closeBracket) {
        depth--;
        if (depth === 0) break;
      } else if (byte === newline) this.beginLine(i - 1);
    }
    this.depth = depth;
    this.inString = inString;
    this.escaped = escaped;
    return i;
  }

  /** Whether the first line is the start of an object that is written over several; then all rows are found by brackets. */
  private goesOn(piece: Buffer, start: number, end: number): boolean {
    const line = Buffer.concat([...this.carried, piece.subarray(start, end)]);
    if (!/[{[,]\s*$/.test(line.subarray(-200).toString('latin1'))) return false;
    const { position } = this;
    this.position = this.rowOffset;
    this.scanRow(line, 0);
    this.position = position;
    this.isSpread = this.depth > 0;
    if (this.isSpread) this.expecting = 'row';
    this.lineOpen = false;
    return this.isSpread;
  }

  private skipSpace(piece: Buffer, at: number): number {
    let i = at;
    for (; i < piece.length; i++) {
      const byte = piece[i] as number;
      if (!isSpace(byte)) break;
      if (byte === newline) this.beginLine(i);
    }
    return i;
  }

  /** @returns the length of a byte order mark of UTF-8. @throws StudioError `bad-dataset` for text in UTF-16 or UTF-32 */
  private skipMark(piece: Buffer): number {
    const [first, second, third] = piece;
    if (first === 0xef && second === 0xbb && third === 0xbf) return 3;
    const isWide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
    if (!isWide && !(first !== undefined && second !== undefined && (first === 0) !== (second === 0))) return 0;
    throw new StudioError('bad-dataset', 'The file is text in UTF-16 or UTF-32, which is not read here.', {
      place: `${this.file}:1`,
      remedy: 'Save it as UTF-8.',
    });
  }

  private beginLine(newlineAt: number): void {
    this.line++;
    this.lineStart = this.position + newlineAt + 1;
  }

  private get inRow(): boolean {
    return this.depth > 0 || this.lineOpen;
  }

  private beginRow(at: number): void {
    this.rowOffset = this.position + at;
    this.rowLine = this.line;
    this.lineOpen = this.form === 'lines' && !this.isSpread;
  }

  private finishRow(piece: Buffer, start: number, end: number): RowBytes {
    const tail = piece.subarray(Math.max(0, start), end);
    const bytes = this.carried.length > 0 ? Buffer.concat([...this.carried, tail]) : tail;
    this.carried = [];
    this.carriedBytes = 0;
    this.lineOpen = false;
    this.rowCount++;
    this.wholeRowLine = this.rowLine;
    return { bytes, offset: this.rowOffset, line: this.rowLine };
  }

  /** A byte outside every row. @returns whether a row begins with it */
  private between(byte: number, at: number): boolean {
    if (this.form === null) {
      if (byte === openBracket) {
        this.form = 'array';
        return false;
      }
      if (byte === openBrace) {
        this.form = 'lines';
        return true;
      }
      throw this.fault(
        at,
        `it begins with ${describe(byte)}, not with "[" or "{"`,
        'It must hold a JSON array of questions, or one question as JSON on each line.',
      );
    }
    const { expecting } = this;
    if (byte === closeBracket && (expecting === 'row or end' || expecting === 'comma or end')) {
      this.expecting = 'nothing';
      return false;
    }
    if (byte === comma && expecting === 'comma or end') {
      this.expecting = 'row';
      return false;
    }
    if (byte === openBrace && (expecting === 'row or end' || expecting === 'row')) return true;
    const wanted = {
      'row or end': 'a row ("{") or "]"',
      row: 'a row ("{")',
      'comma or end': 'a comma or "]"',
      nothing: 'nothing more',
    }[expecting];
    throw this.fault(at, `${wanted} is expected, but ${describe(byte)} follows`, 'Correct the file there.');
  }

  private fault(at: number, why: string, remedy: string): StudioError {
    const column = this.position + at - this.lineStart + 1;
    const row = this.inRow ? ` (in row ${this.rowCount + 1})` : '';
    return new StudioError(
      'bad-dataset',
      `The file is not JSON: ${why}, at line ${this.line}, column ${column}${row}.`,
      {
        place: `${this.file}:${this.line}`,
        remedy,
      },
    );
  }
}

function describe(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte ${byte}`;
}
