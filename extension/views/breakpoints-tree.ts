/** The tree of breakpoints, by run: a check box says whether one is enabled, its row where it is asked and how often it was hit. */
import * as vscode from 'vscode';
import type { Breakpoint } from '../../trainer/protocol/breakpoints/breakpoint.ts';
import { hitState, hitWords } from '../../trainer/protocol/breakpoints/words.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { commands, views } from '../contributions.ts';
import { showFailure } from '../notices.ts';
import { runIcon } from '../run-text.ts';
import type { Studio } from '../studio.ts';

/** What a tree item passes to commands. */
export type BreakpointNode =
  | { readonly kind: 'run'; readonly runId: string }
  | { readonly kind: 'breakpoint'; readonly runId: string; readonly breakpoint: number };

const listOf = (run: RunSummary | undefined): readonly Breakpoint[] => run?.breakpoints?.list ?? [];

/** The hit that a run is paused by. */
const hitOf = (run: RunSummary | undefined) => (run?.state === 'paused' ? run.hit : undefined);

export class BreakpointsTree implements vscode.TreeDataProvider<BreakpointNode> {
  private readonly studio: Studio;
  private readonly changed = new vscode.EventEmitter<BreakpointNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  /** The same object for a row each time, so that a refresh keeps what is unfolded and picked. */
  private readonly nodes = new Map<string, BreakpointNode>();
  private shown = '';

  constructor(studio: Studio) {
    this.studio = studio;
    studio.onDidChange(() => this.refresh());
  }

  /** Redraws where what a row says has changed. */
  private refresh(): void {
    const now = JSON.stringify(this.withBreakpoints().map((run) => [run.id, run.state, listOf(run), hitOf(run)]));
    if (now === this.shown) return;
    this.shown = now;
    this.changed.fire(undefined);
  }

  private withBreakpoints(): RunSummary[] {
    return this.studio.runs.filter((run) => listOf(run).length > 0);
  }

  private node(node: BreakpointNode): BreakpointNode {
    const key = JSON.stringify(node);
    const held = this.nodes.get(key) ?? node;
    this.nodes.set(key, held);
    return held;
  }

  getChildren(parent?: BreakpointNode): BreakpointNode[] {
    if (!parent) return this.withBreakpoints().map(({ id }) => this.node({ kind: 'run', runId: id }));
    if (parent.kind !== 'run') return [];
    const { runId } = parent;
    return listOf(this.run(runId)).map(({ number }) => this.node({ kind: 'breakpoint', runId, breakpoint: number }));
  }

  getTreeItem(node: BreakpointNode): vscode.TreeItem {
    const run = this.run(node.runId);
    if (node.kind === 'run') {
      const item = new vscode.TreeItem(node.runId, vscode.TreeItemCollapsibleState.Expanded);
      item.id = node.runId;
      if (run) item.iconPath = runIcon(run.state);
      item.contextValue = 'run';
      return item;
    }
    const held = listOf(run).find(({ number }) => number === node.breakpoint);
    if (!held) return new vscode.TreeItem('(removed)');
    const hit = hitOf(run);
    return breakpointItem(node.runId, held, hit?.number === held.number ? hitWords(hit) : null);
  }

  private run(id: string): RunSummary | undefined {
    return this.studio.runs.find((run) => run.id === id);
  }

  /** A check box was pressed: what it shows follows from the answer. */
  async check(changes: readonly (readonly [BreakpointNode, vscode.TreeItemCheckboxState])[]): Promise<void> {
    for (const [node, state] of changes) {
      const run = this.run(node.runId);
      if (node.kind !== 'breakpoint' || !run) continue;
      const change = {
        do: state === vscode.TreeItemCheckboxState.Checked ? ('enable' as const) : ('disable' as const),
        number: node.breakpoint,
      };
      try {
        const { carryOut } = await import('../commands/carry-out.ts');
        await carryOut(
          this.studio,
          run,
          { kind: 'break', change },
          `Changing breakpoint ${node.breakpoint} of ${run.id}`,
        );
      } catch (failure) {
        this.changed.fire(undefined);
        await showFailure(this.studio, commands.toggleBreakpoint.title, failure);
      }
    }
  }

  dispose(): void {
    this.changed.dispose();
  }
}

/** @param hit what is said of the hit that pauses the run now; null for none */
function breakpointItem(runId: string, held: Breakpoint, hit: string | null): vscode.TreeItem {
  const item = new vscode.TreeItem(held.condition);
  const state = hitState(held, hit !== null);
  item.id = `${runId} ${held.number}`;
  item.description = [held.number, held.at, ...(held.logOnly ? ['log only'] : []), state].join(' · ');
  item.iconPath = iconOf(held, hit !== null);
  item.checkboxState = held.enabled ? vscode.TreeItemCheckboxState.Checked : vscode.TreeItemCheckboxState.Unchecked;
  item.contextValue = hit === null ? 'breakpoint' : 'breakpointHit';
  item.tooltip = new vscode.MarkdownString().appendText(
    hit ?? `Breakpoint ${held.number}: ${held.condition}, ${held.at}, ${state}`,
  );
  item.accessibilityInformation = { label: `breakpoint ${held.number}, ${held.condition}, ${held.at}, ${state}` };
  if (hit !== null)
    item.command = {
      command: commands.openBreakpointHit.id,
      title: commands.openBreakpointHit.title,
      arguments: [{ runId }],
    };
  return item;
}

function iconOf({ enabled, logOnly }: Breakpoint, isHit: boolean): vscode.ThemeIcon {
  if (isHit)
    return new vscode.ThemeIcon(
      'debug-stackframe',
      new vscode.ThemeColor('debugIcon.breakpointCurrentStackframeForeground'),
    );
  const form = logOnly ? 'debug-breakpoint-log' : 'debug-breakpoint';
  return enabled
    ? new vscode.ThemeIcon(form, new vscode.ThemeColor('debugIcon.breakpointForeground'))
    : new vscode.ThemeIcon(`${form}-disabled`, new vscode.ThemeColor('debugIcon.breakpointDisabledForeground'));
}

export function registerBreakpointsTree(studio: Studio): vscode.Disposable {
  const tree = new BreakpointsTree(studio);
  const view = vscode.window.createTreeView(views.breakpoints, {
    treeDataProvider: tree,
    manageCheckboxStateManually: true,
  });
  return vscode.Disposable.from(
    tree,
    view,
    view.onDidChangeCheckboxState(({ items }) => tree.check(items)),
  );
}
