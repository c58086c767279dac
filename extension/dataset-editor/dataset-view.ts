/** One editor of an open dataset: answers what its page asks for, and tells it what changes. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { compareWithVersion, readVersionRows } from '../../trainer/data/editable/compare-version.ts';
import type { EditableRow } from '../../trainer/data/editable/editable-dataset.ts';
import type { RowFilter, RowRule } from '../../trainer/data/editable/search-rows.ts';
import { searchRows } from '../../trainer/data/editable/search-rows.ts';
import {
  type DatasetToPage,
  type EditableField,
  type LabelChoice,
  type PageToDataset,
  pageToDataset,
} from '../../trainer/protocol/dataset-editor.ts';
import { faultLine } from '../../trainer/protocol/issues.ts';
import { makeNonce, pageHtml } from '../panels/page-html.ts';
import type { Studio } from '../studio.ts';
import type { DatasetDocument } from './dataset-document.ts';
import { wordsOf } from './fault-words.ts';
import { frameSheet } from './frame-sheet.ts';
import { headVersion } from './head-version.ts';
import { presentItems } from './present-items.ts';
import { headOf, readRow, type SaidOfRow, valuesOf } from './read-row.ts';
import type { RowLabels } from './row-labels.ts';

/** The page is told of progress no more often. */
const tellEveryMs = 100;

export class DatasetView {
  private readonly studio: Studio;
  private readonly document: DatasetDocument;
  private readonly panel: vscode.WebviewPanel;
  private readonly assets: vscode.Uri;
  private readonly subscriptions: vscode.Disposable;
  private readonly closing = new AbortController();
  private searching = new AbortController();
  private picturing = new AbortController();
  /** The row whose frames were asked for last. */
  private pictured: number | undefined;
  /** Rows at HEAD by those of now, as they were compared last. */
  private atHead: ReadonlyMap<number, number> = new Map();
  private telling: NodeJS.Timeout | undefined;

  constructor(studio: Studio, document: DatasetDocument, panel: vscode.WebviewPanel) {
    this.studio = studio;
    this.document = document;
    this.panel = panel;
    this.assets = vscode.Uri.joinPath(studio.context.extensionUri, 'dist', 'webview');
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [this.assets] };
    this.subscriptions = vscode.Disposable.from(
      webview.onDidReceiveMessage((message: unknown) => void this.take(message)),
      document.onDidChange(() => this.tellSoon()),
      // What kept frames from the page is out of the way.
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        if (this.pictured !== undefined) void this.take({ type: 'frames', row: this.pictured });
      }),
    );
  }

  /** @throws the system's error where the extension lacks its page */
  async load(): Promise<void> {
    const { webview } = this.panel;
    webview.html = pageHtml({
      template: await readFile(path.join(this.assets.fsPath, 'page.html'), 'utf8'),
      page: 'dataset',
      assets: webview.asWebviewUri(this.assets).toString(),
      source: webview.cspSource,
      nonce: makeNonce(),
    });
  }

  dispose(): void {
    clearTimeout(this.telling);
    for (const work of [this.closing, this.searching, this.picturing]) work.abort();
    this.subscriptions.dispose();
  }

  private post(message: DatasetToPage): void {
    if (!this.closing.signal.aborted) void this.panel.webview.postMessage(message);
  }

  private tell(): void {
    clearTimeout(this.telling);
    this.telling = undefined;
    const { dataset, indexed, turn, fault, outside, uri } = this.document;
    this.post({
      type: 'file',
      name: path.basename(uri.fsPath),
      rowCount: dataset.rowCount,
      changedRows: dataset.changedRows,
      ...{ indexed, turn, fault, outside },
      labelling: this.labelling(),
    });
  }

  private labelling(): Extract<DatasetToPage, { type: 'file' }>['labelling'] {
    const { labels } = this.document;
    if (typeof labels === 'string') return { refused: labels };
    try {
      return { author: labels.author, authors: [...labels.authors], categories: [...labels.categories] };
    } catch (thrown) {
      return { refused: wordsOf(thrown) };
    }
  }

  private tellSoon(): void {
    this.telling ??= setTimeout(() => this.tell(), tellEveryMs);
  }

  private async take(message: unknown): Promise<void> {
    const checked = pageToDataset.safeParse(message);
    if (!checked.success) {
      const faults = faultLine(pageToDataset, message, checked.error, 'the message');
      this.studio.log.warn(`The dataset page sent a message that does not fit: ${faults}.`);
      return;
    }
    try {
      await this.answer(checked.data);
    } catch (thrown) {
      this.post({ type: 'failed', words: wordsOf(thrown) });
    }
  }

  private async answer(message: PageToDataset): Promise<void> {
    const { document } = this;
    const { turn } = document;
    switch (message.type) {
      case 'ready':
        return this.tell();
      case 'heads':
        return this.post({ type: 'heads', turn, heads: await this.heads(message.rows) });
      case 'row':
        return this.post({ type: 'row', reading: await this.reading(message.row) });
      case 'frames':
        return this.showFrames(message.row);
      case 'search':
        return this.search(message.search, {
          ...(message.text !== '' && { text: message.text }),
          ...(message.isChanged && { isChanged: true }),
          label: message.label,
        });
      case 'compare-head':
        return this.compareHead();
      case 'before':
        return this.tellBefore(message.row);
      case 'stop-search':
        return this.searching.abort();
      case 'edit':
        return this.edit(message);
      case 'say':
        return this.say(message.said, async (labels) =>
          labels.add(valuesOf(await document.dataset.row(message.row)), message.text, message),
        );
      case 'answer':
        return this.say(message.said, async (labels) =>
          labels.answer(valuesOf(await document.dataset.row(message.row)), message.text, message),
        );
      case 'settle':
        return this.say(message.said, async (labels) =>
          labels.settle(valuesOf(await document.dataset.row(message.row)), message.text, message),
        );
      case 'carry-over':
        return this.say(message.said, async (labels) => {
          const values = valuesOf(await document.dataset.row(message.row));
          return labels.carryOver(values, message.text, await this.presentAround(labels, [values]));
        });
      case 'agreement':
        if (typeof document.labels !== 'string')
          this.post({ type: 'agreement', agreement: document.labels.agreement() });
        return;
      case 'retract':
        return this.say(message.said, async (labels) => [await labels.retract(message.id)]);
      case 'load-again':
        return document.loadAgain({ signal: this.closing.signal });
      case 'keep':
        return document.keep();
      default:
        return message satisfies never;
    }
  }

  private async reading(row: number) {
    const { turn, labels } = this.document;
    const read = await this.document.dataset.row(row);
    if (typeof labels === 'string') return readRow(read, turn);
    const values = valuesOf(read);
    return readRow(read, turn, saidOf(labels, values, await this.presentAround(labels, [values])));
  }

  /** What rows with the ids of these are now, as far as it is known; only where their labels may be of another text. */
  private presentAround(labels: RowLabels, rows: readonly ReturnType<typeof valuesOf>[]): Promise<ReadonlySet<string>> {
    const { signal } = this.closing;
    return presentItems(this.document.dataset, labels, labels.idsWithOthers(rows), { signal, isThorough: false });
  }

  private async labelRule(choice: LabelChoice, signal: AbortSignal): Promise<RowRule> {
    const { labels, dataset } = this.document;
    if (typeof labels === 'string') return { ids: new Set(), holds: () => false };
    if (choice.verdict !== 'earlier') return labels.keeps(choice);
    return labels.keeps(choice, await presentItems(dataset, labels, labels.ids, { signal, isThorough: true }));
  }

  private async say(said: number, what: (labels: RowLabels) => Promise<readonly string[]>): Promise<void> {
    const { labels } = this.document;
    try {
      if (typeof labels === 'string') throw new Error(labels);
      const ids = await what(labels);
      this.tell();
      this.post({ type: 'said', said, ids: [...ids], fault: null });
    } catch (thrown) {
      this.post({ type: 'said', said, ids: [], fault: wordsOf(thrown) });
    }
  }

  /** Rows that follow each other are read at once. */
  private async heads(rows: readonly number[]) {
    const { labels } = this.document;
    const found: EditableRow[] = [];
    for (let n = 0; n < rows.length; ) {
      const from = rows[n] as number;
      let to = from + 1;
      while (rows[++n] === to) to++;
      found.push(...(await this.document.dataset.rows(from, to)));
    }
    if (typeof labels === 'string') return found.map((row) => headOf(row));
    const present = await this.presentAround(labels, found.map(valuesOf));
    return found.map((row) => headOf(row, labels.markOf(valuesOf(row), present)));
  }

  private async search(
    search: number,
    { label, ...filter }: Omit<RowFilter, 'rule'> & { readonly label: LabelChoice | null },
  ): Promise<void> {
    this.searching.abort();
    const work = new AbortController();
    this.searching = work;
    let rows: number[] = [];
    let told = 0;
    const tell = (share: number, isDone: boolean, fault: string | null = null) => {
      if (work.signal.aborted) return;
      this.post({ type: 'found', search, rows, share, isDone, fault });
      rows = [];
      told = performance.now();
    };
    try {
      const { signal } = work;
      const ruled = label === null ? filter : { ...filter, rule: await this.labelRule(label, signal) };
      await searchRows(this.document.dataset, ruled, {
        signal,
        onFound: (found) => {
          rows = rows.concat(found);
        },
        onProgress: (share) => {
          if (performance.now() - told >= tellEveryMs) tell(Math.min(1, share), false);
        },
      });
      tell(1, true);
    } catch (thrown) {
      tell(1, true, wordsOf(thrown));
    }
  }

  private async compareHead(): Promise<void> {
    this.searching.abort();
    const work = new AbortController();
    this.searching = work;
    const { signal } = work;
    const tell = (share: number, isDone: boolean, rows: number[] = [], gone = 0, fault: string | null = null) => {
      if (!signal.aborted) this.post({ type: 'since-head', share, isDone, rows, gone, fault });
    };
    let told = 0;
    try {
      if (!vscode.workspace.isTrusted)
        throw new Error('git is not started in a folder that is not trusted: trust it to see what changed since HEAD.');
      const { dataset } = this.document;
      const { changed, added, removed } = await compareWithVersion(dataset, headVersion(dataset.file, signal), {
        signal,
        onProgress: (share) => {
          if (performance.now() - told < tellEveryMs) return;
          told = performance.now();
          tell(share, false);
        },
      });
      this.atHead = new Map(changed.map(({ row, before }) => [row, before]));
      tell(
        1,
        true,
        [...changed.map(({ row }) => row), ...added].sort((a, b) => a - b),
        removed.length,
      );
    } catch (thrown) {
      tell(1, true, [], 0, wordsOf(thrown));
    }
  }

  private async tellBefore(row: number): Promise<void> {
    const before = this.atHead.get(row);
    const without = (words: string) => this.post({ type: 'before', row, fields: null, words });
    if (before === undefined) return without('This row is new since HEAD.');
    const { dataset } = this.document;
    const found = (await readVersionRows(headVersion(dataset.file, this.closing.signal), [before])).get(before);
    if (!found) return without('This row is not at HEAD any more: look for the changes again.');
    const values = valuesOf(found as unknown as EditableRow);
    const text = (field: EditableField) => (typeof values[field] === 'string' ? values[field] : null);
    const fields = { process: text('process'), solution: text('solution'), problem: text('problem') };
    this.post({ type: 'before', row, fields, words: '' });
  }

  private async edit({ edit, row, field, value, save }: Extract<PageToDataset, { type: 'edit' }>): Promise<void> {
    try {
      await this.document.edit(row, field, value);
    } catch (thrown) {
      this.post({ type: 'edited', edit, fault: wordsOf(thrown) });
      return;
    }
    this.tell();
    this.post({ type: 'edited', edit, fault: null });
    if (save) await vscode.commands.executeCommand('workbench.action.files.save');
  }

  private async showFrames(row: number): Promise<void> {
    this.picturing.abort();
    const work = new AbortController();
    this.picturing = work;
    this.pictured = row;
    const { signal } = work;
    const read = readRow(await this.document.dataset.row(row), this.document.turn);
    if (signal.aborted) return;
    const sheet = await frameSheet(this.studio, path.dirname(this.document.dataset.file), read, signal);
    if (!signal.aborted) this.post({ type: 'frames', row, ...sheet });
  }
}

/** Without suggestions while the file of categories has a fault, which the page is told of. */
function saidOf(
  labels: RowLabels,
  values: ReturnType<typeof valuesOf>,
  present: Awaited<ReturnType<typeof presentItems>>,
): SaidOfRow {
  const said = labels.of(values, present);
  try {
    return { ...said, suggestions: labels.suggestions(values) };
  } catch {
    return { ...said, suggestions: [] };
  }
}
