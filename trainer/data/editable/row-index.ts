/** Where each row stands and what tells it from others: 28 bytes a row, in typed arrays that grow. */
import type { StudioError } from '../../protocol/errors.ts';
import type { RowsForm } from '../json/row-scanner.ts';
import type { RowMarks } from './row-marks.ts';

const firstCapacity = 1024;

/** Stands for a content that several rows have. */
const several = -1;

export class RowIndex {
  form: RowsForm = 'array';
  /** Where and why the file stops being rows; what stands from there on is kept as it is. */
  fault: StudioError | null = null;
  /** Rows that are no JSON, by number. */
  readonly faulty = new Set<number>();
  /** Some row holds letters beyond ASCII that are not written as escapes. */
  isRaw = false;
  private rowCount = 0;
  private offsets = new Float64Array(firstCapacity);
  private lengths = new Uint32Array(firstCapacity);
  private lines = new Uint32Array(firstCapacity);
  private hashes = new Float64Array(firstCapacity);
  private ids = new Uint32Array(firstCapacity);
  private byHash: Map<number, number> | null = null;

  get count(): number {
    return this.rowCount;
  }

  /** Bytes from the start of the file. */
  offset(row: number): number {
    return this.offsets[row] as number;
  }

  /** In bytes. */
  length(row: number): number {
    return this.lengths[row] as number;
  }

  /** From 1. */
  line(row: number): number {
    return this.lines[row] as number;
  }

  /** `shortHash` of the row. */
  hash(row: number): number {
    return this.hashes[row] as number;
  }

  /** What its `problem_id` is marked by. */
  id(row: number): number {
    return this.ids[row] as number;
  }

  /** All at once, valid until the next row is added. */
  allHashes(): Float64Array {
    return this.hashes.subarray(0, this.rowCount);
  }

  allIds(): Uint32Array {
    return this.ids.subarray(0, this.rowCount);
  }

  add(offset: number, length: number, line: number, marks: RowMarks): void {
    const row = this.rowCount;
    if (row === this.offsets.length) this.grow();
    this.offsets[row] = offset;
    this.lengths[row] = length;
    this.lines[row] = line;
    this.mark(row, marks);
    this.rowCount++;
    this.byHash = null;
  }

  /** The same with some rows written anew: their lengths in bytes and what tells them; those behind them move. */
  withRows(rewritten: ReadonlyMap<number, { readonly length: number; readonly marks: RowMarks }>): RowIndex {
    const next = new RowIndex();
    next.form = this.form;
    next.fault = this.fault;
    next.isRaw = this.isRaw;
    for (const row of this.faulty) next.faulty.add(row);
    next.rowCount = this.rowCount;
    next.offsets = this.offsets.slice();
    next.lengths = this.lengths.slice();
    next.lines = this.lines;
    next.hashes = this.hashes.slice();
    next.ids = this.ids.slice();
    let moved = 0;
    for (let row = 0; row < this.rowCount; row++) {
      next.offsets[row] = this.offset(row) + moved;
      const one = rewritten.get(row);
      if (!one) continue;
      moved += one.length - this.length(row);
      next.lengths[row] = one.length;
      next.mark(row, one.marks);
    }
    return next;
  }

  /**
   * The row that has a content, preferably at the number that it had; null when there is none, or several elsewhere.
   * @param hash `shortHash` of it
   */
  find(hash: number, near: number): number | null {
    if (near < this.rowCount && this.hash(near) === hash) return near;
    if (this.byHash === null) {
      this.byHash = new Map();
      for (let row = 0; row < this.rowCount; row++)
        this.byHash.set(this.hash(row), this.byHash.has(this.hash(row)) ? several : row);
    }
    const row = this.byHash.get(hash) ?? several;
    return row === several ? null : row;
  }

  private mark(row: number, { hash, id, isFaulty, isRaw }: RowMarks): void {
    this.hashes[row] = hash;
    this.ids[row] = id;
    if (isFaulty) this.faulty.add(row);
    this.isRaw ||= isRaw;
  }

  private grow(): void {
    const capacity = this.offsets.length * 2;
    const larger = <Kind extends Float64Array | Uint32Array>(old: Kind, made: Kind): Kind => {
      made.set(old);
      return made;
    };
    this.offsets = larger(this.offsets, new Float64Array(capacity));
    this.lengths = larger(this.lengths, new Uint32Array(capacity));
    this.lines = larger(this.lines, new Uint32Array(capacity));
    this.hashes = larger(this.hashes, new Float64Array(capacity));
    this.ids = larger(this.ids, new Uint32Array(capacity));
  }
}
