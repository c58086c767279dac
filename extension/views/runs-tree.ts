/** The tree of runs: state, step and accuracy of each; below it evaluations and checkpoints. */
import * as vscode from 'vscode';
import type { Advisory } from '../../trainer/protocol/advisories.ts';
import { computesOn, sizeWords } from '../../trainer/protocol/engine-words.ts';
import type { UnreadableRun } from '../../trainer/protocol/messages.ts';
import type { Checkpoint, Evaluation } from '../../trainer/protocol/records.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { dateWords, duration } from '../../trainer/protocol/run-words.ts';
import { commands, contextValueOf, views } from '../contributions.ts';
import { offered, refusedLines } from '../offered.ts';
import { plain } from '../plain-text.ts';
import { adviceCount, describeRun, methodNames, runIcon } from '../run-text.ts';
import type { Studio } from '../studio.ts';

/** What a tree item passes to commands: `runId`, and for a checkpoint its folder. */
export type RunNode =
  | { readonly kind: 'run'; readonly runId: string }
  | { readonly kind: 'unreadable'; readonly runId: string; readonly unreadable: UnreadableRun }
  | { readonly kind: 'advisory'; readonly runId: string; readonly advisory: Advisory }
  | { readonly kind: 'evaluation'; readonly runId: string; readonly evaluation: Evaluation }
  | {
      readonly kind: 'checkpoint';
      readonly runId: string;
      readonly checkpoint: Checkpoint;
      readonly checkpointFolder: string;
    };

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** Lines of a tooltip; text from outside goes in as text. */
function tooltip(studio: Studio, run: RunSummary): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  const line = (label: string, value: string) => text.appendMarkdown(`\n\n**${label}** `).appendText(value);
  text.appendMarkdown('**').appendText(run.id).appendMarkdown('** ');
  text.appendText(describeRun(run, studio.lastMetrics(run.id)));
  const fault = studio.faultOf(run);
  if (fault?.place) line('Where', fault.place);
  if (fault?.remedy) line('What to do', fault.remedy);
  const left = studio.remainingMs(run);
  if (left !== null && run.state !== 'completed') line('Time left', `about ${duration(left)}`);
  line('Weights from', run.from);
  line('Data', `${run.dataset}, ${run.questions} questions${run.skipped > 0 ? `, ${run.skipped} left out` : ''}`);
  if (run.engine)
    line('Engine', `${run.engine.name} on ${run.engine.backend}, ${computesOn(run.engine)}, ${sizeWords(run.engine)}`);
  for (const refused of refusedLines(studio, run)) line('Not now', refused);
  return text;
}

export class RunsTree implements vscode.TreeDataProvider<RunNode> {
  private readonly studio: Studio;
  private readonly changed = new vscode.EventEmitter<RunNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  /** One node a run, the same object each time, so that a refresh keeps what is unfolded. */
  private readonly nodes = new Map<string, RunNode>();
  private shown = '';

  constructor(studio: Studio) {
    this.studio = studio;
    studio.onDidChange(() => this.refresh());
    studio.onRunEvent(({ runId, body }) => {
      if (body.type.startsWith('advisory') || body.type.startsWith('checkpoint') || body.type === 'evaluation')
        this.changed.fire(this.nodes.get(runId));
    });
  }

  /** Redraws where what a row says has changed: events come often, rows change once a step. */
  private refresh(): void {
    const { runs, unreadable } = this.studio;
    const now = [
      ...runs.map((run) => [
        run.id,
        this.studio.standingWords(run),
        describeRun(run, this.studio.lastMetrics(run.id)),
        offered(this.studio, run),
        this.studio.advice(run).map(({ key }) => key),
      ]),
      ...unreadable.map(({ id, message }) => [id, message]),
    ].join('\n');
    if (now === this.shown) return;
    this.shown = now;
    this.changed.fire(undefined);
  }

  async getChildren(parent?: RunNode): Promise<RunNode[]> {
    if (!parent) {
      const { runs, unreadable } = this.studio;
      for (const known of this.nodes.keys()) if (!runs.some((run) => run.id === known)) this.nodes.delete(known);
      const readable = runs.map(({ id }) => {
        const node = this.nodes.get(id) ?? { kind: 'run', runId: id };
        this.nodes.set(id, node);
        return node;
      });
      return [
        ...readable,
        ...unreadable.map((run): RunNode => ({ kind: 'unreadable', runId: run.id, unreadable: run })),
      ];
    }
    const { link } = this.studio;
    if (parent.kind !== 'run' || link?.state !== 'connected') return [];
    const { runId } = parent;
    const [{ evaluations }, { checkpoints }] = await Promise.all([
      link.client.request('evaluations/list', { runId }),
      link.client.request('checkpoints/list', { runId }),
    ]);
    const run = this.studio.runs.find(({ id }) => id === runId);
    return [
      ...(run ? this.studio.advice(run) : []).map((advisory): RunNode => ({ kind: 'advisory', runId, advisory })),
      ...evaluations.toReversed().map((evaluation): RunNode => ({ kind: 'evaluation', runId, evaluation })),
      ...checkpoints
        .toReversed()
        .map((checkpoint): RunNode => ({ kind: 'checkpoint', runId, checkpoint, checkpointFolder: checkpoint.folder })),
    ];
  }

  getTreeItem(node: RunNode): vscode.TreeItem {
    switch (node.kind) {
      case 'run':
        return this.runItem(node.runId);
      case 'unreadable':
        return unreadableItem(node.unreadable);
      case 'advisory':
        return advisoryItem(node.advisory, node.runId);
      case 'evaluation':
        return evaluationItem(node.evaluation);
      case 'checkpoint':
        return checkpointItem(node.checkpoint);
      default:
        return node satisfies never;
    }
  }

  private runItem(runId: string): vscode.TreeItem {
    const run = this.studio.runs.find(({ id }) => id === runId);
    if (!run) return new vscode.TreeItem('(deleted)');
    const item = new vscode.TreeItem(run.id, vscode.TreeItemCollapsibleState.Collapsed);
    const accuracy = this.studio.lastMetrics(run.id)?.accuracy;
    item.id = run.id;
    item.iconPath = runIcon(run.state);
    item.description = `${methodNames[run.method]} ${run.step}/${run.steps}${accuracy === null || accuracy === undefined ? '' : ` · accuracy ${accuracy.toFixed(2)}`} · ${this.studio.standingWords(run)}${adviceCount(this.studio.advice(run))} · ${dateWords(run.createdAt)}`;
    item.tooltip = tooltip(this.studio, run);
    item.accessibilityInformation = { label: `${run.id}, ${describeRun(run, this.studio.lastMetrics(run.id))}` };
    item.contextValue = contextValueOf(offered(this.studio, run));
    item.command = {
      command: commands.openDashboard.id,
      title: commands.openDashboard.title,
      arguments: [{ runId: run.id }],
    };
    return item;
  }

  dispose(): void {
    this.changed.dispose();
  }
}

function unreadableItem({ id, message, place, remedy }: UnreadableRun): vscode.TreeItem {
  const item = new vscode.TreeItem(id);
  item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
  item.description = message;
  item.tooltip = [message, place, remedy].filter(Boolean).join('\n');
  item.contextValue = 'unreadableRun';
  return item;
}

/** Its sentences hold names from a dataset: they go in as text. A click opens the dashboard, which has the ways on. */
function advisoryItem({ key, since, message }: Advisory, runId: string): vscode.TreeItem {
  const item = new vscode.TreeItem(plain(key));
  item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
  item.description = plain(`since step ${since}: ${message}`);
  item.tooltip = item.description;
  item.contextValue = 'advisory';
  item.command = { command: commands.openDashboard.id, title: commands.openDashboard.title, arguments: [{ runId }] };
  return item;
}

function evaluationItem({ step, all, needsOrder }: Evaluation): vscode.TreeItem {
  const item = new vscode.TreeItem(`Evaluation, step ${step}`);
  const slice = needsOrder ?? all;
  item.iconPath = new vscode.ThemeIcon('beaker');
  item.description = `${percent(slice.ordered)} ordered${slice.shuffled === null ? '' : `, ${percent(slice.shuffled)} shuffled`}`;
  item.tooltip = needsOrder
    ? `Questions that need the order of frames: ${needsOrder.count} of ${all.count}. All questions: ${percent(all.ordered)} ordered.`
    : `${all.count} questions`;
  item.contextValue = 'evaluation';
  return item;
}

function checkpointItem({ step, sizeBytes, reason, at, pin }: Checkpoint): vscode.TreeItem {
  const item = new vscode.TreeItem(`Checkpoint, step ${step}`);
  item.iconPath = new vscode.ThemeIcon(pin ? 'pinned' : 'archive');
  item.description = `${(sizeBytes / 1e6).toFixed(1)} MB · ${pin ? ['pinned', pin.note].filter(Boolean).join(': ') : reason}`;
  item.tooltip = `Saved ${new Date(at).toLocaleString()}${pin ? `; pinned by ${pin.by}` : ''}`;
  item.contextValue = pin ? 'pinnedCheckpoint' : 'checkpoint';
  return item;
}

export function registerRunsTree(studio: Studio): vscode.Disposable {
  const tree = new RunsTree(studio);
  return vscode.Disposable.from(
    tree,
    vscode.window.createTreeView(views.runs, { treeDataProvider: tree, showCollapseAll: true }),
  );
}
