/**
 * A dataset file that people edit: its rows by number, edits that can be undone, and saving. What lies in memory is the index
 * and the edits; rows are read when they are asked for. Rows are numbered from 0.
 */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../../protocol/errors.ts';
import { writtenText } from '../json/keys.ts';
import type { RowsForm } from '../json/row-scanner.ts';
import { backupOf, type DatasetBackup, readBackup } from './backup.ts';
import type { LongWork } from './index-file.ts';
import { type FileRow, IndexedFile, unlessAborted } from './indexed-file.ts';
import { findBackedUp } from './restore-backup.ts';
import { rewrittenText } from './row-changes.ts';
import { type FieldEdit, RowEdits, type TextInFile } from './row-edits.ts';
import { contentHash, idHashesOf, marksOf, type RowReading, readingOf } from './row-marks.ts';
import { letterStyle, rewriteLiteral } from './string-literal.ts';
import { removeLeftovers, syncFolder, writeBeside } from './write-beside.ts';

/** A row as it will be saved; line and offset are those that it has in the file now. */
export interface SourceRow extends FileRow {
  readonly isChanged: boolean;
}

export type EditableRow = SourceRow & RowReading;

/** What tells rows from others, by number: `shortHash` of the content, and the hash of the id. */
export interface RowKeys {
  readonly hashes: Float64Array;
  readonly ids: Uint32Array;
}

export class EditableDataset {
  private at: IndexedFile;
  private readonly edits: RowEdits;
  /** Saving and loading again take turns. */
  private lastTurn: Promise<unknown> = Promise.resolve();

  private constructor(at: IndexedFile) {
    this.at = at;
    this.edits = new RowEdits(at.base.named);
  }

  /**
   * Opens a JSON array of rows, or JSONL. It is there as soon as the first rows are read; the others follow, see `indexed`.
   * What a save that was killed has left beside the file is removed.
   * @param work progress and end of the indexing
   * @throws StudioError `not-found`, `bad-input`; `bad-dataset` when the file does not begin with rows
   */
  static async open(file: string, work: LongWork = {}): Promise<EditableDataset> {
    const at = await IndexedFile.open(file, work);
    await removeLeftovers(at.base.file);
    await at.untilRow(0);
    return new EditableDataset(at);
  }

  /** Absolute, links followed. */
  get file(): string {
    return this.at.base.file;
  }

  /** When it was last read or saved. */
  get sizeBytes(): number {
    return this.at.base.stamp.sizeBytes;
  }

  /** Rows that were found so far. */
  get rowCount(): number {
    return this.at.index.count;
  }

  get form(): RowsForm {
    return this.at.index.form;
  }

  /**
   * Settles when all rows are known. What ended it before, a change from outside or a signal, keeps the file from being saved
   * until it is loaded again.
   * @throws StudioError `conflict`; the signal's reason
   */
  get indexed(): Promise<void> {
    return this.at.indexed;
  }

  /** Where and why the file stops being rows, once it is indexed; what stands from there on is kept as it is. */
  get fault(): StudioError | null {
    return this.at.index.fault;
  }

  /** Rows that are no JSON, so far; reading one says where and why. */
  get faultyRows(): number[] {
    return [...this.at.index.faulty];
  }

  get isDirty(): boolean {
    return this.edits.changes.size > 0;
  }

  /** Rows that differ from the file, in order. */
  get changedRows(): number[] {
    return this.edits.rows;
  }

  /** Ends the indexing. */
  dispose(): void {
    this.at.dispose();
  }

  // ---- reading ------------------------------------------------------------------------------------------------------

  /** @throws StudioError `not-found` when there is no such row; `conflict` when the file was changed outside */
  async row(row: number): Promise<EditableRow> {
    for await (const [source] of this.batches({ from: row, to: row + 1 })) if (source) return this.read(source);
    throw this.noRow(row);
  }

  /**
   * Rows from one number to before another, as many as there are; those that are not yet known are waited for.
   * @throws StudioError `conflict` when the file was changed outside
   */
  async rows(from: number, to: number): Promise<EditableRow[]> {
    const found: EditableRow[] = [];
    for await (const rows of this.batches({ from, to })) for (const row of rows) found.push(this.read(row));
    return found;
  }

  /**
   * The same without their values, some milliseconds' work at a time.
   * @param ids where it is given, rows whose `problem_id` is none of these, as text, are passed over unread; most of them, not all
   */
  async *batches({
    from = 0,
    to = Number.POSITIVE_INFINITY,
    ids,
    signal,
  }: {
    from?: number;
    to?: number;
    ids?: ReadonlySet<string> | undefined;
    signal?: AbortSignal | undefined;
  } = {}): AsyncGenerator<SourceRow[]> {
    const marks = ids && new Set([...ids].flatMap(idHashesOf));
    for (let row = Math.max(0, from); row < to; ) {
      signal?.throwIfAborted();
      const { rows, next } = await this.onFile(
        async (at) => {
          await at.untilRow(row, signal);
          // An edit may have changed the id.
          const isWanted = (one: number) => !marks || marks.has(at.index.id(one)) || this.edits.changes.has(one);
          return at.read(row, to, isWanted);
        },
        (found) => ({ rows: found.rows.map((one) => this.asEdited(one)), next: found.next }),
      );
      if (next === row) return;
      if (rows.length > 0) yield rows;
      row = next;
    }
  }

  /** The row's value, or where and why it has none. */
  read(source: SourceRow): EditableRow {
    const { row, line, offset, bytes } = source;
    return { ...source, ...readingOf(bytes, { file: this.file, line, row, form: this.form }, offset) };
  }

  /** @throws what ended the indexing, or ends the wait for it; `conflict` when the file was changed outside */
  async keys(signal?: AbortSignal): Promise<RowKeys> {
    await unlessAborted(this.at.indexed, signal);
    const { index } = this.at;
    const keys = { hashes: index.allHashes().slice(), ids: index.allIds().slice() };
    for (const row of this.changedRows) {
      signal?.throwIfAborted();
      for await (const [source] of this.batches({ from: row, to: row + 1, signal })) {
        const { hash, id } = marksOf((source as SourceRow).bytes);
        keys.hashes[row] = hash;
        keys.ids[row] = id;
      }
    }
    return keys;
  }

  // ---- editing ------------------------------------------------------------------------------------------------------

  /**
   * Gives a text of a row another value; all other bytes of the row stay.
   * @returns how to undo it; null when the text is that already
   * @throws StudioError `not-found` when there is no such row, `bad-dataset` when it is no JSON, `bad-request` when it has no
   *   text under that key, `conflict` when the file was changed outside
   */
  edit(row: number, field: string, value: string): Promise<FieldEdit | null> {
    const { loading } = this.edits;
    return this.withText(row, field, (text, rowText) => {
      const before = this.edits.now(text);
      if (JSON.parse(before) === value) return null;
      const after = rewriteLiteral(before, value, letterStyle(rowText, this.at.index.isRaw));
      this.edits.set(text, after);
      return { row, field, before, after, loading };
    });
  }

  /** @throws StudioError `conflict` when the text is no longer what the edit made of it */
  undo(edit: FieldEdit): Promise<void> {
    return this.exchange(edit, edit.after, edit.before);
  }

  /** @throws StudioError `conflict` when the text is no longer what it was before the edit */
  redo(edit: FieldEdit): Promise<void> {
    return this.exchange(edit, edit.before, edit.after);
  }

  /** Takes all edits back. */
  discardEdits(): void {
    this.edits.replaceAll(new Map());
  }

  // ---- the file -----------------------------------------------------------------------------------------------------

  /**
   * Writes the edits into the file: beside it, then renamed. Rows can be read and edited meanwhile; what is edited then stays
   * unsaved.
   * @throws StudioError `conflict` when the file was changed outside, `disk-full`, what the system says of the folder; the
   *   signal's reason. The file is as it was then, and the edits are kept.
   */
  save(work: LongWork = {}): Promise<void> {
    return this.exclusively(async () => {
      await unlessAborted(this.at.indexed, work.signal);
      const { at } = this;
      const saved = new Map(this.edits.changes);
      if (saved.size === 0) return;
      const written = await writeBeside(at, saved, at.base.file, work);
      // All in one turn of the event loop, so that no one reads the new file by the old index.
      written.replace();
      this.at = at.replacedBy(written);
      this.edits.afterSave(saved, written.rows);
      await syncFolder(path.dirname(at.base.file));
    });
  }

  /**
   * Writes file and edits under another name, which is replaced if it is there. This file and its edits stay as they are.
   * @throws StudioError as `save` does
   */
  async saveAs(named: string, work: LongWork = {}): Promise<void> {
    const target = await realpath(named).catch(() => path.resolve(named));
    if (target === this.file) return this.save(work);
    return this.exclusively(async () => {
      await unlessAborted(this.at.indexed, work.signal);
      const written = await writeBeside(this.at, new Map(this.edits.changes), target, work);
      written.replace();
      await syncFolder(path.dirname(target));
    });
  }

  /**
   * Writes file and edits without some of the rows: all other bytes stay, and of the separators one goes with each row. Over
   * this file itself it ends this dataset, which is to be opened anew.
   * @throws StudioError as `save` does; the `fault` of a file that stops being rows, of which it is not known what would be cut
   */
  async saveWithout(leftOut: ReadonlySet<number>, named: string, work: LongWork = {}): Promise<void> {
    const target = await realpath(named).catch(() => path.resolve(named));
    return this.exclusively(async () => {
      await unlessAborted(this.at.indexed, work.signal);
      if (this.fault) throw this.fault;
      const written = await writeBeside(this.at, new Map(this.edits.changes), target, work, leftOut);
      written.replace();
      await syncFolder(path.dirname(target));
    });
  }

  /** Whether another program has changed, replaced or removed the file since it was read. */
  hasChangedOutside(): Promise<boolean> {
    return this.onFile(
      (at) =>
        at.base.ensureSame().then(
          () => false,
          (thrown: unknown) => {
            if (thrown instanceof StudioError && thrown.kind === 'conflict') return true;
            throw thrown;
          },
        ),
      (isChanged) => isChanged,
    );
  }

  /**
   * Takes the file as it is now, after a change from outside, and puts the edits on it again. A row that was edited is found
   * by its content, also at another number.
   * @throws StudioError `conflict` when an edited row was itself changed or is gone; nothing is changed here then. The signal's
   *   reason.
   */
  loadAgain(work: LongWork = {}): Promise<void> {
    return this.exclusively(async () => {
      const next = await IndexedFile.open(this.at.base.named, work);
      await next.indexed;
      this.edits.carryOver(this.at.index, next.index);
      this.at.dispose();
      this.at = next;
    });
  }

  // ---- backup -------------------------------------------------------------------------------------------------------

  /** The edits alone, as JSON. */
  backup(): DatasetBackup {
    return backupOf(this.at.base, this.edits.changes);
  }

  /**
   * Puts the edits of a backup on the file, in place of those that are there.
   * @throws StudioError `bad-input` for what is no backup; `conflict` when a row is no longer the one that was edited, which
   *   leaves all as it was
   */
  restore(value: unknown, signal?: AbortSignal): Promise<void> {
    return this.exclusively(async () => {
      this.edits.replaceAll(await findBackedUp(this.at, readBackup(value, this.file), signal));
    });
  }

  // ---- how ----------------------------------------------------------------------------------------------------------

  private asEdited(row: FileRow): SourceRow {
    const changed = this.edits.changes.get(row.row);
    if (!changed) return { ...row, isChanged: false };
    return { ...row, bytes: Buffer.from(rewrittenText(row.bytes.toString('utf8'), changed)), isChanged: true };
  }

  /** Works on the file as it is, anew where a save has replaced it meanwhile. @param use called in the turn in which both fit */
  private async onFile<Known, Result>(
    work: (at: IndexedFile) => Promise<Known>,
    use: (known: Known) => Result,
  ): Promise<Result> {
    for (;;) {
      const { at } = this;
      try {
        const known = await work(at);
        if (this.at === at) return use(known);
      } catch (thrown) {
        if (this.at === at) throw thrown;
      }
    }
  }

  private exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.lastTurn.then(work);
    this.lastTurn = turn.catch(() => undefined);
    return turn;
  }

  /** @param use told the text as it is in the file, and the row's whole text */
  private withText<Result>(
    row: number,
    field: string,
    use: (text: TextInFile, rowText: string) => Result,
  ): Promise<Result> {
    const { loading } = this.edits;
    return this.onFile(
      async (at) => {
        await at.untilRow(row);
        return at.read(row, row + 1);
      },
      ({ rows: [found] }) => {
        if (loading !== this.edits.loading) throw this.edits.conflict(row, 'The file was loaded again meanwhile.');
        if (!found) throw this.noRow(row);
        const { fault } = this.read({ ...found, isChanged: false });
        if (fault) throw fault.error;
        const rowText = found.bytes.toString('utf8');
        const literal = writtenText(rowText, field);
        if (literal !== null) return use({ row, field, hash: contentHash(found.bytes), literal }, rowText);
        throw new StudioError('bad-request', `Row ${row + 1} has no text under ${JSON.stringify(field)}.`, {
          place: `${this.file}:${found.line}`,
          remedy: 'Only what stands there as a text can be edited here. Add it in a text editor.',
        });
      },
    );
  }

  private async exchange(edit: FieldEdit, from: string, to: string): Promise<void> {
    const row = this.edits.rowNow(edit);
    const exchange = (text: TextInFile) => this.edits.exchange(text, from, to);
    const known = this.edits.inFile(row, edit.field);
    if (known) return exchange(known);
    return this.withText(row, edit.field, exchange);
  }

  private noRow(row: number): StudioError {
    return new StudioError('not-found', `There is no row ${row + 1}.`, {
      place: this.file,
      remedy: `The file has ${this.rowCount} rows.`,
    });
  }
}
