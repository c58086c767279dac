/** Export Run: a table of a run, all of them, or its curves for TensorBoard, written by the trainer's own program. */
import path from 'node:path';
import * as vscode from 'vscode';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { ExportForm } from '../../trainer/protocol/messages.ts';
import type { HostCommand } from '../../trainer/protocol/webview-messages.ts';
import type { Studio } from '../studio.ts';
import { runTask } from '../trainer/task.ts';
import { demandRuns, sayDone } from './carry-out.ts';
import type { Handler } from './handler.ts';
import { chooseRun } from './targets.ts';

/** What is asked for, as `video-r1 export` has it, in words. */
const kinds = [
  { label: 'Rollouts', detail: 'Every answer with its question, reward and advantage', what: ['rollouts'] },
  { label: 'Steps', detail: 'The numbers of the curves, step by step', what: ['steps'] },
  { label: 'Evaluations', detail: 'Accuracy by slice', what: ['evaluations'] },
  { label: 'Annotations', detail: 'Every flag with its rollout', what: ['annotations'] },
  { label: 'Commands', detail: 'What was asked of the run, and what came of it', what: ['commands'] },
  { label: 'Events', detail: 'The whole log of the run', what: ['events'] },
  {
    label: 'Everything, as Parquet',
    detail: 'A folder with a file for every table',
    what: ['all', '--format', 'parquet'],
  },
  { label: 'For TensorBoard', detail: 'A folder with an event file', what: ['--format', 'tensorboard'] },
] as const;

type Kind = (typeof kinds)[number];

const isFolder = ({ what }: Kind) => (what as readonly string[]).includes('--format');

async function chooseTarget(kind: Kind, name: string, project: string): Promise<string | undefined> {
  if (isFolder(kind)) {
    const title = `Folder for ${name}`;
    const chosen = await vscode.window.showOpenDialog({
      ...{ canSelectFiles: false, canSelectFolders: true, openLabel: 'Export Here', title },
      defaultUri: vscode.Uri.file(project),
    });
    return chosen?.[0]?.fsPath;
  }
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.file(path.join(project, `${name}-${kind.what[0]}.parquet`)),
    filters: { Parquet: ['parquet'], CSV: ['csv'], 'JSON lines': ['jsonl'] },
    title: `Export ${kind.label.toLowerCase()} of ${name}`,
  });
  return target?.fsPath;
}

export const exportRun: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, null);
  const kind = await vscode.window.showQuickPick(kinds, { placeHolder: `What of ${run.id} shall be exported?` });
  if (!kind) return;
  const project = studio.demandProject();
  const target = await chooseTarget(kind, run.id, project);
  if (target === undefined) return;
  // A folder of tables is one of its own, so that nothing that lies in the chosen one is replaced.
  const out = kind.what[0] === 'all' ? path.join(target, run.id) : target;
  const program = await studio.program();
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Exporting ${run.id}`, cancellable: true },
    (progress, token) =>
      runTask(program, ['export', run.id, ...kind.what, '--folder', project, '--out', out], progress, token),
  );
  sayDone(studio, `${run.id} exported to ${out}`);
};

/** What a page's list holds, to a file that is asked for. */
export async function exportChosen(
  studio: Studio,
  {
    runId,
    selection: { query, sort, limit },
    form,
  }: Omit<Extract<HostCommand, { command: 'export-rollouts' }>, 'type'>,
): Promise<void> {
  const project = studio.demandProject();
  const run = studio.runs.find(({ id }) => id === runId);
  if (!run) throw new StudioError('not-found', `There is no run ${runId} any more.`);
  const { ending, label } = chosenForms[form];
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.file(path.join(project, `${run.id}-rollouts.${ending}`)),
    filters: { [label]: [ending] },
    title: `Export rollouts of ${run.id}`,
  });
  if (!target) return;
  const program = await studio.program();
  const chosen = [
    `--query=${query}`,
    ...(sort ? [`--sort=${sort.descending ? '-' : ''}${sort.by}`] : []),
    ...(limit === undefined ? [] : ['--limit', String(limit)]),
  ];
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Exporting rollouts of ${run.id}`, cancellable: true },
    (progress, token) =>
      runTask(
        program,
        ['export', run.id, ...chosen, '--format', form, '--folder', project, '--out', target.fsPath],
        progress,
        token,
      ),
  );
  sayDone(studio, `Rollouts of ${run.id} exported to ${target.fsPath}`);
}

const chosenForms: Readonly<Record<ExportForm, { readonly ending: string; readonly label: string }>> = {
  html: { ending: 'html', label: 'Page to read' },
  jsonl: { ending: 'jsonl', label: 'JSON lines' },
  parquet: { ending: 'parquet', label: 'Parquet' },
};
