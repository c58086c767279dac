/**
 * The editor of dataset files: VS Code's side of it. Edits enter VS Code's own stack of undo, and what it keeps of an unsaved
 * file for the next window is the edits alone. What reads files is loaded when the first one is opened.
 */
import * as vscode from 'vscode';
import { datasetEditor } from '../contributions.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';
import type { DatasetDocument } from './dataset-document.ts';

/** Work that takes longer shows its progress. */
const patienceMs = 1000;

interface Work {
  readonly signal: AbortSignal;
  readonly onProgress: (share: number) => void;
}

export class DatasetEditor implements vscode.CustomEditorProvider<DatasetDocument> {
  private readonly studio: Studio;
  private readonly edited = new vscode.EventEmitter<vscode.CustomDocumentEditEvent<DatasetDocument>>();
  readonly onDidChangeCustomDocument = this.edited.event;

  constructor(studio: Studio) {
    this.studio = studio;
  }

  async openCustomDocument(
    uri: vscode.Uri,
    { backupId }: vscode.CustomDocumentOpenContext,
    token: vscode.CancellationToken,
  ): Promise<DatasetDocument> {
    if (uri.scheme !== 'file')
      throw new Error(`Only files on a disk are edited here, and this one is of the kind ${uri.scheme}.`);
    const { DatasetDocument: Document } = await import('./dataset-document.ts');
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort(new vscode.CancellationError()));
    return this.inWords(async () => {
      const backup =
        backupId === undefined
          ? undefined
          : JSON.parse(new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.parse(backupId))));
      const document = await Document.open(uri, backup, abort.signal);
      document.onDidEdit((edit) => {
        const again = (what: 'undo' | 'redo') => () => this.inWords(() => document[what](edit));
        this.edited.fire({
          document,
          label: `Edit “${edit.field}” of row ${edit.row + 1}`,
          undo: again('undo'),
          redo: again('redo'),
        });
      });
      void document.readLabels((project) => this.studio.author(project));
      return document;
    });
  }

  async resolveCustomEditor(document: DatasetDocument, panel: vscode.WebviewPanel): Promise<void> {
    const { DatasetView } = await import('./dataset-view.ts');
    const view = new DatasetView(this.studio, document, panel);
    panel.onDidDispose(() => view.dispose());
    await view.load();
  }

  saveCustomDocument(document: DatasetDocument, token: vscode.CancellationToken): Promise<void> {
    return this.shownWhenLong('Saving the dataset', token, (work) => document.save(work));
  }

  saveCustomDocumentAs(document: DatasetDocument, to: vscode.Uri, token: vscode.CancellationToken): Promise<void> {
    if (to.scheme !== 'file') return Promise.reject(new Error('A dataset can be saved on a disk alone.'));
    return this.shownWhenLong('Saving the dataset', token, (work) => document.saveAs(to.fsPath, work));
  }

  revertCustomDocument(document: DatasetDocument, token: vscode.CancellationToken): Promise<void> {
    return this.shownWhenLong('Reading the dataset again', token, (work) => document.revert(work));
  }

  async backupCustomDocument(
    { dataset }: DatasetDocument,
    { destination }: vscode.CustomDocumentBackupContext,
  ): Promise<vscode.CustomDocumentBackup> {
    await vscode.workspace.fs.writeFile(destination, new TextEncoder().encode(JSON.stringify(dataset.backup())));
    return {
      id: destination.toString(),
      // What is gone already need not be deleted.
      delete: () => void Promise.resolve(vscode.workspace.fs.delete(destination)).catch(() => undefined),
    };
  }

  private async shownWhenLong(
    title: string,
    token: vscode.CancellationToken,
    work: (work: Work) => Promise<void>,
  ): Promise<void> {
    const abort = new AbortController();
    const cancel = () => abort.abort(new vscode.CancellationError());
    token.onCancellationRequested(cancel);
    let tell = (_share: number): void => {};
    const working = this.inWords(() => work({ signal: abort.signal, onProgress: (share) => tell(share) }));
    const late = setTimeout(() => {
      const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
      void vscode.window.withProgress(options, async (progress, cancelled) => {
        cancelled.onCancellationRequested(cancel);
        let told = 0;
        tell = (share) => {
          progress.report({ increment: (share - told) * 100 });
          told = share;
        };
        await working.catch(() => undefined);
      });
    }, patienceMs);
    try {
      await working;
    } finally {
      clearTimeout(late);
    }
  }

  /** VS Code shows the message of an error and nothing else of it. */
  private async inWords<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof vscode.CancellationError) throw thrown;
      const { wordsOf } = await import('./fault-words.ts');
      throw new Error(plain(wordsOf(thrown)), { cause: thrown });
    }
  }
}

export function registerDatasetEditor(studio: Studio): vscode.Disposable {
  return vscode.window.registerCustomEditorProvider(datasetEditor, new DatasetEditor(studio), {
    supportsMultipleEditorsPerDocument: true,
  });
}
