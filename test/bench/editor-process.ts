/**
 * Opens one dataset in the extension's own editor, in a process of its own, with a stand-in for VS Code and for the page: what the
 * page is told, when, and the peak of the memory. Then the rows are filtered by their labels.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as vscode from 'vscode';
import type { Studio } from '../../extension/studio.ts';
import { anyLabel, type DatasetToPage, type PageToDataset } from '../../trainer/protocol/dataset-editor.ts';
import { EventEmitter, editor, Uri } from '../extension/fake-vscode.ts';
import type { OpenedInEditor } from './open-in-editor.ts';
import { peakBytes } from './peak-memory.ts';

/** Rows of a screen. */
const shown = 50;

const [project, file, author, category] = process.argv.slice(2) as [string, string, string, string];
const standIn = pathToFileURL(path.join(import.meta.dirname, '../extension/fake-vscode.ts')).href;
registerHooks({
  resolve: (named, context, next) => (named === 'vscode' ? { url: standIn, shortCircuit: true } : next(named, context)),
});
const { DatasetEditor } = await import('../../extension/dataset-editor/dataset-editor.ts');

const assets = path.join(project, 'extension');
mkdirSync(path.join(assets, 'dist/webview'), { recursive: true });
writeFileSync(path.join(assets, 'dist/webview/page.html'), '<html><body data-page="{{page}}"></body></html>');
editor.reset(project);
const studio = {
  context: { extensionUri: Uri.file(assets) },
  author: async () => author,
  log: { warn: (words: string) => process.stderr.write(`${words}\n`) },
} as unknown as Studio;

const fromPage = new EventEmitter<PageToDataset>();
const told = new EventEmitter<DatasetToPage>();
const send = (message: PageToDataset) => fromPage.fire(message);
/** The next one that fits. */
const next = <T extends DatasetToPage['type']>(
  type: T,
  fits: (message: Extract<DatasetToPage, { type: T }>) => boolean = () => true,
) =>
  new Promise<Extract<DatasetToPage, { type: T }>>((resolve, reject) => {
    const waiting = told.event((message) => {
      if (message.type === 'failed') reject(new Error(message.words));
      if (message.type !== type || !fits(message as Extract<DatasetToPage, { type: T }>)) return;
      waiting.dispose();
      resolve(message as Extract<DatasetToPage, { type: T }>);
    });
  });
const webview = {
  html: '',
  options: {},
  cspSource: '',
  asWebviewUri: (uri: Uri) => uri,
  onDidReceiveMessage: fromPage.event,
  // As it goes to another process.
  postMessage: async (message: DatasetToPage) => {
    told.fire(structuredClone(message));
    return true;
  },
};

/** What is listed, and after how many milliseconds the first and all of them were. */
async function filtered(search: number, choice: { author: string | null; category: string | null }) {
  const start = performance.now();
  let rows = 0;
  let firstMs: number | null = null;
  const done = next('found', (message) => {
    if (message.search !== search) return false;
    rows += message.rows.length;
    if (rows > 0) firstMs ??= performance.now() - start;
    return message.isDone;
  });
  send({ type: 'search', search, text: '', isChanged: false, label: { ...anyLabel, ...choice } });
  const { fault } = await done;
  if (fault !== null) throw new Error(fault);
  return { rows, firstMs, allMs: performance.now() - start };
}

const start = performance.now();
const since = () => performance.now() - start;
const indexed = next('file', ({ indexed: share }) => share === 1);
const labelled = next('file', ({ labelling }) => 'author' in labelling);
const editing = new DatasetEditor(studio);
const document = await editing.openCustomDocument(
  Uri.file(file) as unknown as vscode.Uri,
  {} as vscode.CustomDocumentOpenContext,
  { onCancellationRequested: () => ({ dispose() {} }) } as unknown as vscode.CancellationToken,
);
await editing.resolveCustomEditor(document, {
  webview,
  onDidDispose: () => ({ dispose() {} }),
} as unknown as vscode.WebviewPanel);
const read = Promise.all([next('row'), next('heads', ({ heads }) => heads.length === shown)]);
send({ type: 'ready' });
send({ type: 'row', row: 0 });
send({ type: 'heads', rows: Array.from({ length: shown }, (_, row) => row) });
await read;
const firstRowsMs = since();
await labelled;
const labelsMs = since();
const early = await filtered(1, { author: null, category: null });
const earlyAllMs = since();
const { rowCount } = await indexed;
const indexMs = since();
const all = await filtered(2, { author: null, category: null });
const some = await filtered(3, { author, category });
if (early.rows !== all.rows) throw new Error(`${early.rows} rows were listed, then ${all.rows}`);
const opened: OpenedInEditor = {
  ...{ rows: rowCount, firstRowsMs, indexMs },
  ...{ earlyFirstMs: labelsMs + (early.firstMs ?? 0), earlyAllMs },
  ...{ labelledRows: all.rows, labelledMs: all.allMs, filteredRows: some.rows, filteredMs: some.allMs },
  peakBytes: peakBytes(),
};
process.stdout.write(JSON.stringify(opened));
document.dispose();
process.exit(0);
