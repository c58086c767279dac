/** The edits of an open file: what differs from it, and where the rows of older edits are now. Nothing here reads or writes. */
import { StudioError } from '../../protocol/errors.ts';
import { type ChangedRow, type Changes, changesSince, withField } from './row-changes.ts';
import type { RowIndex } from './row-index.ts';

/** One change of one text, to be undone and done again; plain data. */
export interface FieldEdit {
  readonly row: number;
  readonly field: string;
  /** As they are written in the file, quotes included. */
  readonly before: string;
  readonly after: string;
  /** How often the file had been loaded again; the row's number is that of then. */
  readonly loading: number;
}

/** A text of a row as the file has it, and the content hash of the row. */
export interface TextInFile {
  readonly row: number;
  readonly field: string;
  readonly hash: string;
  readonly literal: string;
}

/** Rows that an error names. */
const mostNamed = 5;

/** `row 3`, or `rows 3, 4 and 9`, counted from 1. */
export function rowsNamed(rows: readonly number[]): string {
  const named = rows.slice(0, mostNamed).map((row) => row + 1);
  const more = rows.length - mostNamed;
  return `row${rows.length === 1 ? '' : 's'} ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

export class RowEdits {
  private readonly file: string;
  private changed: Map<number, ChangedRow> = new Map();
  /** Rows that edits were made to, those that were undone among them. */
  private edited = new Set<number>();
  /** Of each time that the file was loaded again: where the edited rows went. */
  private readonly moves: ReadonlyMap<number, number>[] = [];

  /** @param file for messages */
  constructor(file: string) {
    this.file = file;
  }

  get changes(): Changes {
    return this.changed;
  }

  /** How often the file was loaded again. */
  get loading(): number {
    return this.moves.length;
  }

  /** Numbers of the rows that differ from the file, in order. */
  get rows(): number[] {
    return [...this.changed.keys()].sort((a, b) => a - b);
  }

  /** What an edited text is in the file; null where it is not edited now. */
  inFile(row: number, field: string): TextInFile | null {
    const changed = this.changed.get(row);
    const text = changed?.fields.get(field);
    return changed && text ? { row, field, hash: changed.hash, literal: text.base } : null;
  }

  /** The text as it is now. */
  now({ row, field, literal }: TextInFile): string {
    return this.changed.get(row)?.fields.get(field)?.now ?? literal;
  }

  set({ row, field, hash, literal }: TextInFile, now: string): void {
    const changed = withField(this.changed.get(row) ?? null, hash, field, literal, now);
    if (changed) this.changed.set(row, changed);
    else this.changed.delete(row);
    this.edited.add(row);
  }

  /** Number that the row of an edit has now. @throws StudioError `conflict` when it is gone */
  rowNow({ row, loading }: FieldEdit): number {
    let now: number | undefined = row;
    for (const moves of this.moves.slice(loading)) now = now === undefined ? undefined : moves.get(now);
    if (now !== undefined) return now;
    throw this.conflict(row, 'The row was changed or removed outside before the file was loaded again.');
  }

  /** Undoes an edit, or does it again. @throws StudioError `conflict` when the text is not `from` */
  exchange(text: TextInFile, from: string, to: string): void {
    if (this.now(text) !== from)
      throw this.conflict(text.row, `The text under ${JSON.stringify(text.field)} was changed by something else.`);
    this.set(text, to);
  }

  /** Why an edit can't be. */
  conflict(row: number, why: string): StudioError {
    return new StudioError('conflict', `The edit of row ${row + 1} can't be made, undone or done again. ${why}`, {
      place: this.file,
      remedy: 'Look at the row as it is now, and edit it anew.',
    });
  }

  replaceAll(changes: Changes): void {
    this.changed = new Map(changes);
    for (const row of changes.keys()) this.edited.add(row);
  }

  /** `saved` stands in the file now. @param written its rows as they stand there */
  afterSave(saved: Changes, written: ReadonlyMap<number, { readonly hash: string }>): void {
    this.changed = changesSince(saved, this.changed, written);
  }

  /**
   * Carries all over to another state of the file; rows are found by their content.
   * @throws StudioError `conflict` when a changed row is not there; nothing is carried over then
   */
  carryOver(before: RowIndex, after: RowIndex): void {
    const moves = new Map<number, number>();
    const taken = new Set<number>();
    for (const row of new Set([...this.changed.keys(), ...this.edited])) {
      const now = after.find(before.hash(row), row);
      if (now === null || taken.has(now)) continue;
      moves.set(row, now);
      taken.add(now);
    }
    const lost = this.rows.filter((row) => !moves.has(row));
    if (lost.length > 0)
      throw new StudioError('conflict', `Edited here, and changed or removed outside: ${rowsNamed(lost)}.`, {
        place: this.file,
        remedy: 'Copy the texts that you want to keep, revert the file here, and edit these rows anew.',
      });
    this.changed = new Map([...this.changed].map(([row, one]) => [moves.get(row) as number, one]));
    this.edited = taken;
    this.moves.push(moves);
  }
}
