/** A dataset file that is open in editors: its rows and edits, what another program does to it meanwhile, and who is told. */
import path from 'node:path';
import * as vscode from 'vscode';
import { EditableDataset } from '../../trainer/data/editable/editable-dataset.ts';
import type { LongWork } from '../../trainer/data/editable/index-file.ts';
import type { FieldEdit } from '../../trainer/data/editable/row-edits.ts';
import type { EditableField } from '../../trainer/protocol/dataset-editor.ts';
import { wordsOf } from './fault-words.ts';
import { RowLabels } from './row-labels.ts';

export class DatasetDocument implements vscode.CustomDocument {
  readonly uri: vscode.Uri;
  readonly dataset: EditableDataset;
  private readonly changed = new vscode.EventEmitter<void>();
  /** Something that views show is another: rows, how far the index is, what stands against the file. */
  readonly onDidChange = this.changed.event;
  private readonly edited = new vscode.EventEmitter<FieldEdit>();
  readonly onDidEdit = this.edited.event;
  private readonly watcher: vscode.FileSystemWatcher;
  private rowsTurn = 0;
  private indexedShare = 0;
  private indexFault: string | null = null;
  private outsideWords: string | null = null;
  private lastEdit: Promise<unknown> = Promise.resolve();
  private labelling: RowLabels | string = 'Labels are being read.';
  private disposed = false;

  private constructor(uri: vscode.Uri, dataset: EditableDataset) {
    this.uri = uri;
    this.dataset = dataset;
    const { fsPath } = uri;
    this.watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(vscode.Uri.file(path.dirname(fsPath)), path.basename(fsPath)),
    );
    const look = () => void this.lookOutside();
    this.watcher.onDidChange(look);
    this.watcher.onDidCreate(look);
    this.watcher.onDidDelete(look);
    this.followIndex();
  }

  /**
   * @param backup what a window that closed before a save has left; put on the file
   * @throws StudioError as `EditableDataset.open` and `restore` do
   */
  static async open(uri: vscode.Uri, backup: unknown, signal: AbortSignal): Promise<DatasetDocument> {
    let told = (_share: number): void => {};
    const dataset = await EditableDataset.open(uri.fsPath, { onProgress: (share) => told(share) });
    try {
      signal.throwIfAborted();
      if (backup !== undefined) await dataset.restore(backup, signal);
    } catch (thrown) {
      dataset.dispose();
      throw thrown;
    }
    const document = new DatasetDocument(uri, dataset);
    told = (share) => {
      document.indexedShare = share;
      document.changed.fire();
    };
    return document;
  }

  get turn(): number {
    return this.rowsTurn;
  }

  get indexed(): number {
    return this.indexedShare;
  }

  get fault(): string | null {
    return this.indexFault ?? (this.dataset.fault ? wordsOf(this.dataset.fault) : null);
  }

  get outside(): string | null {
    return this.outsideWords;
  }

  /** Why rows can't be labelled, where they can't. */
  get labels(): RowLabels | string {
    return this.labelling;
  }

  /** Reads what people say of its rows. @param author gives who signs, for a project */
  async readLabels(author: (project: string) => Promise<string>): Promise<void> {
    const folder = vscode.workspace.getWorkspaceFolder(this.uri)?.uri;
    try {
      if (folder?.scheme !== 'file')
        throw new Error('Labels lie in the project: open the folder that the file is in to label its rows.');
      const { fsPath } = folder;
      const labels = await RowLabels.open(fsPath, this.uri.fsPath, await author(fsPath), () => this.rowsChanged());
      if (this.disposed) labels.dispose();
      else this.labelling = labels;
    } catch (thrown) {
      this.labelling = wordsOf(thrown);
    }
    if (!this.disposed) this.rowsChanged();
  }

  private followIndex(): void {
    const done = (fault: string | null) => {
      if (this.disposed) return;
      this.indexFault = fault;
      this.indexedShare = 1;
      this.changed.fire();
    };
    this.dataset.indexed.then(
      () => done(null),
      (thrown: unknown) => done(wordsOf(thrown)),
    );
  }

  /** Rows are others than before. */
  private rowsChanged(): void {
    this.rowsTurn++;
    this.changed.fire();
  }

  // ---- edits --------------------------------------------------------------------------------------------------------

  /** @throws StudioError as `EditableDataset.edit` does */
  edit(row: number, field: EditableField, value: string): Promise<void> {
    return this.inTurn(async () => {
      const edit = await this.dataset.edit(row, field, value);
      if (!edit) return;
      this.edited.fire(edit);
      this.rowsChanged();
    });
  }

  undo(edit: FieldEdit): Promise<void> {
    return this.inTurn(() => this.dataset.undo(edit).then(() => this.rowsChanged()));
  }

  redo(edit: FieldEdit): Promise<void> {
    return this.inTurn(() => this.dataset.redo(edit).then(() => this.rowsChanged()));
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.lastEdit.then(work);
    this.lastEdit = turn.catch(() => undefined);
    return turn;
  }

  // ---- the file -----------------------------------------------------------------------------------------------------

  async save(work: LongWork): Promise<void> {
    await this.lastEdit;
    await this.dataset.save(work);
    this.rowsChanged();
  }

  async saveAs(file: string, work: LongWork): Promise<void> {
    await this.lastEdit;
    await this.dataset.saveAs(file, work);
    this.rowsChanged();
  }

  /** Takes all edits back, and the file as it is now. */
  async revert(work: LongWork): Promise<void> {
    await this.lastEdit;
    this.dataset.discardEdits();
    if (await this.dataset.hasChangedOutside()) await this.loadAgain(work);
    else this.rowsChanged();
  }

  /** The file as it is now, with the edits on it. @throws StudioError `conflict` when an edited row is no longer there */
  async loadAgain(work: LongWork): Promise<void> {
    await this.lastEdit;
    await this.dataset.loadAgain(work);
    this.outsideWords = null;
    this.followIndex();
    this.rowsChanged();
  }

  keep(): void {
    this.outsideWords = null;
    this.changed.fire();
  }

  /** Without edits the file is taken as it is now; with some, whoever reads decides. */
  async lookOutside(): Promise<void> {
    try {
      if (this.disposed || !(await this.dataset.hasChangedOutside())) return;
      if (!this.dataset.isDirty) return await this.loadAgain({});
      this.outsideWords =
        'Another program changed this file. Load it again: your edits stay where their rows are still as they were. Until then rows can not be read and nothing can be saved.';
    } catch (thrown) {
      this.outsideWords = `Another program changed this file. ${wordsOf(thrown)}`;
    }
    if (!this.disposed) this.changed.fire();
  }

  dispose(): void {
    this.disposed = true;
    this.dataset.dispose();
    if (this.labelling instanceof RowLabels) this.labelling.dispose();
    this.watcher.dispose();
    this.changed.dispose();
    this.edited.dispose();
  }
}
