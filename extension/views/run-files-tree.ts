/** The tree of run files: what can be started, and what is wrong with those that can't. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { RunFileEntry } from '../../trainer/protocol/messages.ts';
import { views } from '../contributions.ts';
import { methodNames } from '../run-text.ts';
import type { Studio } from '../studio.ts';

/** `runFile` is what the start command takes. */
interface RunFileNode {
  readonly runFile: string;
  readonly entry: RunFileEntry;
}

const settleMs = 200;

export class RunFilesTree implements vscode.TreeDataProvider<RunFileNode> {
  private readonly studio: Studio;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly onCount: (count: number) => void;
  private shown = '';
  private soon: NodeJS.Timeout | undefined;

  constructor(studio: Studio, onCount: (count: number) => void) {
    this.studio = studio;
    this.onCount = onCount;
    studio.onRunFilesChanged(() => {
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.changed.fire(), settleMs);
    });
    // A trainer that was attached to knows more of a run file's faults than its schema does.
    studio.onDidChange(() => {
      const now = `${studio.project} ${studio.trainerState}`;
      if (now !== this.shown) this.changed.fire();
      this.shown = now;
    });
  }

  async getChildren(): Promise<RunFileNode[]> {
    const { listRunFiles } = await import('../run-files.ts');
    const entries = await listRunFiles(this.studio);
    this.onCount(entries.length);
    return entries.map((entry) => ({ runFile: entry.path, entry }));
  }

  getTreeItem({ entry }: RunFileNode): vscode.TreeItem {
    const item = new vscode.TreeItem(entry.name);
    const file = vscode.Uri.file(path.join(this.studio.project ?? '', entry.path));
    item.tooltip = entry.problem ?? [entry.path, entry.description].filter(Boolean).join('\n');
    item.command = { command: 'vscode.open', title: 'Open', arguments: [file] };
    if (entry.problem === null) {
      const name = methodNames[entry.method as keyof typeof methodNames];
      item.iconPath = new vscode.ThemeIcon('file-code');
      item.description = [name, entry.description].filter(Boolean).join(' · ');
      item.contextValue = 'runFile';
    } else {
      item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
      item.description = entry.problem.split('\n')[0] ?? '';
      item.contextValue = 'faultyRunFile';
    }
    return item;
  }

  dispose(): void {
    clearTimeout(this.soon);
    this.changed.dispose();
  }
}

export function registerRunFilesTree(studio: Studio, onCount: (count: number) => void): vscode.Disposable {
  const tree = new RunFilesTree(studio, onCount);
  return vscode.Disposable.from(tree, vscode.window.createTreeView(views.runFiles, { treeDataProvider: tree }));
}
