/** What is behind one panel: its document, its pipe to the trainer, and the few things that a page may ask of the editor. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { faultLine } from '../../trainer/protocol/issues.ts';
import type { WebviewPage } from '../../trainer/protocol/pages.ts';
import type { Place } from '../../trainer/protocol/place.ts';
import {
  type HostCommand,
  type HostToPageInput,
  type PageToHost,
  pageToHost,
} from '../../trainer/protocol/webview-messages.ts';
import { type CommandName, commands } from '../contributions.ts';
import { showFailure, startTrainerAsked } from '../notices.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';
import { insideProject } from './inside-project.ts';
import { makeNonce, pageHtml } from './page-html.ts';
import { SocketPipe } from './socket-pipe.ts';

/** A place, and who points there where it is not whoever reads. */
export interface Pointing extends Place {
  readonly by?: string | undefined;
}

export class PagePanel {
  private readonly studio: Studio;
  private readonly page: WebviewPage;
  private readonly panel: vscode.WebviewPanel;
  private readonly assets: vscode.Uri;
  private readonly showPlace: (place: Pointing) => void;
  private readonly pipe: SocketPipe;
  private readonly subscriptions: vscode.Disposable;
  private ready = false;
  private runShown: string | null = null;
  private waiting: Pointing | undefined;

  /** @param showPlace in whichever panel shows its page */
  constructor(
    studio: Studio,
    page: WebviewPage,
    panel: vscode.WebviewPanel,
    assets: vscode.Uri,
    showPlace: (place: Pointing) => void,
  ) {
    this.studio = studio;
    this.showPlace = showPlace;
    this.page = page;
    this.panel = panel;
    this.assets = assets;
    this.pipe = new SocketPipe({
      onStatus: (state, reason) =>
        this.post({ type: 'status', state, reason, author: studio.signer, scheme: vscode.env.uriScheme }),
      onMessage: (message) => {
        if (typeof message === 'string') this.post({ type: 'message', data: message });
        else this.post({ type: 'binary', data: message.slice().buffer });
      },
    });
    this.subscriptions = vscode.Disposable.from(
      panel.webview.onDidReceiveMessage((message: unknown) => void this.take(message)),
      panel.onDidChangeViewState(() => {
        if (panel.visible) return;
        this.ready = false;
        this.runShown = null;
        this.pipe.rest();
      }),
      studio.onDidChange(() => this.follow()),
      // What kept a page from its trainer is out of the way.
      vscode.workspace.onDidGrantWorkspaceTrust(() => void studio.trainerAsked()),
      vscode.window.onDidChangeActiveColorTheme(() => this.post({ type: 'theme' })),
    );
    void this.load();
    this.follow();
    // Whoever opens a page wants to see runs, be they over or not: that asks for a trainer.
    void studio.trainerAsked();
  }

  show(show: Pointing): void {
    if (this.ready) this.post({ type: 'show', ...show });
    else this.waiting = show;
  }

  /** Whether it can be seen, with this run in it and what there is to say of that. */
  hasInSight(runId: string): boolean {
    return this.panel.visible && this.runShown === runId;
  }

  private post(message: HostToPageInput): void {
    // A page that is not loaded hears nothing; it says `ready` when it is, and is told the state then.
    if (this.ready) void this.panel.webview.postMessage(message);
  }

  private async load(): Promise<void> {
    const { webview } = this.panel;
    try {
      const template = await readFile(path.join(this.assets.fsPath, 'page.html'), 'utf8');
      webview.html = pageHtml({
        template,
        page: this.page,
        assets: webview.asWebviewUri(this.assets).toString(),
        source: webview.cspSource,
        nonce: makeNonce(),
      });
    } catch (failure) {
      await showFailure(this.studio, 'Opening the page', failure);
    }
  }

  private follow(): void {
    const { studio } = this;
    const at = studio.link?.address;
    if (at) this.pipe.follow(at);
    else if (studio.trainerState === 'starting') this.pipe.leave('starting', 'The trainer is starting.');
    else if (studio.trainerState === 'lost') this.pipe.leave('closed', studio.link?.reason ?? '');
    else this.pipe.leave('gone', studio.whyNoTrainer);
  }

  private async take(message: unknown): Promise<void> {
    const checked = pageToHost.safeParse(message);
    if (!checked.success) {
      const faults = faultLine(pageToHost, message, checked.error, 'the message');
      this.studio.log.warn(`The ${this.page} page sent a message that does not fit: ${faults}.`);
      return;
    }
    try {
      await this.answer(checked.data);
    } catch (failure) {
      await showFailure(this.studio, 'A page asked for something', failure);
    }
  }

  private async answer(message: PageToHost): Promise<void> {
    switch (message.type) {
      case 'ready':
        this.ready = true;
        this.pipe.greet();
        if (this.waiting) this.post({ type: 'show', ...this.waiting });
        this.waiting = undefined;
        return;
      case 'shows':
        this.runShown = message.runId;
        return;
      case 'send':
        return this.pipe.send(message.data);
      case 'open-file':
        return this.openFile(message.path, message.row);
      case 'run-command':
        return this.runCommand(message);
      case 'save-file':
        return this.saveFile(message.name, message.content);
      case 'copy':
        return this.copy(message.text);
      case 'open-document':
        return (await import('./text-document.ts')).showText(message.title, message.text);
      default:
        return message satisfies never;
    }
  }

  private async runCommand(asked: HostCommand): Promise<void> {
    const run = async (name: CommandName, ...args: readonly { readonly runId: string }[]) => {
      await vscode.commands.executeCommand(commands[name].id, ...args);
    };
    switch (asked.command) {
      case 'open-dashboard':
        return run('openDashboard', ...aboutRun(asked.runId));
      case 'open-rollouts':
        return run('openRollouts', ...aboutRun(asked.runId));
      case 'open-place':
        return this.showPlace({ ...asked.place, by: asked.by });
      case 'export-rollouts':
        return (await import('../commands/export-run.ts')).exportChosen(this.studio, asked);
      case 'delete-checkpoint': {
        const { runId, step } = asked;
        return vscode.commands.executeCommand(commands.deleteCheckpoint.id, { runId, checkpoint: { step } });
      }
      case 'show-log':
      case 'show-problems':
        return run('showLog');
      case 'start-run':
        return run('startRun');
      case 'audit-dataset':
        return run('auditDataset');
      case 'start-trainer':
        return startTrainerAsked(this.studio);
      default:
        return asked satisfies never;
    }
  }

  /** The page waits for the answer before it says that something was copied. */
  private async copy(text: string): Promise<void> {
    try {
      await vscode.env.clipboard.writeText(text);
      this.post({ type: 'copied' });
    } catch (failure) {
      this.post({ type: 'copied', fault: failure instanceof Error ? failure.message : String(failure) });
    }
  }

  private async openFile(asked: string, row: number | undefined): Promise<void> {
    const project = this.studio.project;
    const file = project && (await insideProject(project, asked));
    if (!file) {
      void vscode.window.showWarningMessage(plain(`There is no file ${asked} inside the project folder.`));
      return;
    }
    const uri = vscode.Uri.file(file);
    if (row === undefined) {
      await vscode.commands.executeCommand('vscode.open', uri, { preview: true });
      return;
    }
    if (!/\.(jsonl?|ndjson)$/i.test(file)) {
      void vscode.window.showInformationMessage(
        plain(`It is row ${row} of ${asked}, which is no text that has lines.`),
      );
      return;
    }
    const document = await vscode.workspace.openTextDocument(uri);
    const { lineOfRow } = await import('./dataset-line.ts');
    const line = lineOfRow(document.getText(), row);
    await vscode.window.showTextDocument(document, { selection: new vscode.Range(line, 0, line, 0), preview: true });
  }

  private async saveFile(name: string, content: string | ArrayBuffer): Promise<void> {
    const base = path.basename(name) || 'export.txt';
    const target = await vscode.window.showSaveDialog({
      defaultUri: vscode.Uri.file(path.join(this.studio.project ?? '', base)),
    });
    if (!target) return;
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
    await vscode.workspace.fs.writeFile(target, bytes);
    // Pictures too, each in the editor that is for it.
    await vscode.commands.executeCommand('vscode.open', target);
  }

  dispose(): void {
    this.subscriptions.dispose();
    this.pipe.dispose();
  }
}

/** What a command about a run takes; nothing where the page names none. */
function aboutRun(runId: string | undefined): { readonly runId: string }[] {
  return runId === undefined ? [] : [{ runId }];
}
