/** A dataset's file in the editor of datasets, whose page the test plays. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type * as vscode from 'vscode';
import type { DatasetDocument } from '../../../extension/dataset-editor/dataset-document.ts';
import { DatasetEditor } from '../../../extension/dataset-editor/dataset-editor.ts';
import { type DatasetToPage, datasetToPage, type PageToDataset } from '../../../trainer/protocol/dataset-editor.ts';
import { EventEmitter, editor, Uri } from '../fake-vscode.ts';
import { studioOn } from '../studios.ts';

type Message<T extends DatasetToPage['type']> = Extract<DatasetToPage, { type: T }>;
type Edited = vscode.CustomDocumentEditEvent<DatasetDocument>;

export const rowOf = (id: number, more: Readonly<Record<string, unknown>> = {}) => ({
  problem_id: id,
  problem: `Which shape of clip ${id} moves first?`,
  data_type: 'video',
  problem_type: 'multiple choice',
  options: ['A. the circle', 'B. the square'],
  process: `<think>The circle moves first, so the answer is A. Wait, in frame 2 the square of ${id} moves before it. The answer is B.</think>`,
  solution: '<answer>B</answer>',
  path: `./clips/${id}.mp4`,
  data_source: 'made',
  ...more,
});

/** As people write it: one row a line, with spaces that JSON.stringify does not write. */
export const arrayOf = (rows: readonly unknown[]) =>
  `[\n${rows.map((row) => `  ${JSON.stringify(row).replaceAll('":', '" : ')}`).join(',\n')}\n]\n`;

export function folderWith(name: string, text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-dataset-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
}

const never = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose() {} }) };

/**
 * @param backup where a window before has left what was unsaved
 * @param isInProject the folder that the file is in is open
 */
export async function openDataset(file: string, backup?: string, isInProject = true) {
  const studio = studioOn(isInProject ? path.dirname(file) : undefined);
  editor.settings.set('videoR1.author', 'Ann <ann@example.org>');
  const assets = path.join(path.dirname(file), 'extension');
  mkdirSync(path.join(assets, 'dist/webview'), { recursive: true });
  writeFileSync(
    path.join(assets, 'dist/webview/page.html'),
    '<html><head></head><body data-page="{{page}}"></body></html>',
  );
  Object.assign(studio.context, { extensionUri: Uri.file(assets) });
  const editing = new DatasetEditor(studio);
  const edits: Edited[] = [];
  editing.onDidChangeCustomDocument((event) => edits.push(event as Edited));
  const context = { backupId: backup && Uri.file(backup).toString(), untitledDocumentData: undefined };
  const document = await editing.openCustomDocument(
    Uri.file(file) as unknown as vscode.Uri,
    context as vscode.CustomDocumentOpenContext,
    never as vscode.CancellationToken,
  );
  onTestFinished(() => document.dispose());
  const fromPage = new EventEmitter<unknown>();
  const posted = new EventEmitter<void>();
  const messages: DatasetToPage[] = [];
  const webview = {
    html: '',
    options: {},
    cspSource: '',
    asWebviewUri: (uri: Uri) => uri,
    onDidReceiveMessage: fromPage.event,
    postMessage: async (message: unknown) => {
      messages.push(datasetToPage.parse(message));
      posted.fire();
      return true;
    },
  };
  const closed = new EventEmitter<void>();
  const panel = { webview, onDidDispose: closed.event };
  onTestFinished(() => closed.fire());
  await editing.resolveCustomEditor(document, panel as unknown as vscode.WebviewPanel);
  /** The next message of a type, of those that `fits`, since `send` or the last one waited for. */
  let seen = 0;
  const next = async <T extends DatasetToPage['type']>(
    type: T,
    fits: (message: Message<T>) => boolean = () => true,
  ): Promise<Message<T>> => {
    for (;;) {
      for (; seen < messages.length; seen++) {
        const message = messages[seen] as DatasetToPage;
        if (message.type === type && fits(message as Message<T>)) {
          seen++;
          return message as Message<T>;
        }
      }
      await new Promise<void>((resolve) => {
        const waiting = posted.event(() => {
          waiting.dispose();
          resolve();
        });
      });
    }
  };
  const send = (message: PageToDataset | { readonly type: 'nonsense' }) => fromPage.fire(message);
  let number = 0;
  return {
    ...{ editing, document, edits, webview, messages, next, send },
    text: () => readFileSync(file, 'utf8'),
    /** By the page; gives what it is told. */
    edit: async (row: number, field: 'process' | 'solution' | 'problem', value: string) => {
      send({ type: 'edit', edit: ++number, row, field, value, save: false });
      return next('edited');
    },
    read: async (row: number) => {
      send({ type: 'row', row });
      return (await next('row')).reading;
    },
    save: () => editing.saveCustomDocument(document, never as vscode.CancellationToken),
    saveAs: (to: string) =>
      editing.saveCustomDocumentAs(document, Uri.file(to) as unknown as vscode.Uri, never as vscode.CancellationToken),
    revert: () => editing.revertCustomDocument(document, never as vscode.CancellationToken),
    backup: (to: string) =>
      editing.backupCustomDocument(document, { destination: Uri.file(to) as unknown as vscode.Uri }),
  };
}
