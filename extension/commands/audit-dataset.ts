/** Has a checkpoint answer a dataset with and without what its questions ask for: in a program of its own, with progress, to be ended. */
import path from 'node:path';
import * as vscode from 'vscode';
import { fileInFront } from '../dataset-editor/dataset-in-front.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';
import { runTask } from '../trainer/task.ts';
import { demandRuns, sayDone } from './carry-out.ts';
import type { Handler } from './handler.ts';
import { showPage } from './pages.ts';
import { chooseRun } from './targets.ts';

/** The file that was clicked on or is in front, the datasets of runs, or another one. Undefined when the user backs out. */
async function chooseDataset(studio: Studio, project: string, argument: unknown): Promise<string | undefined> {
  if (argument instanceof vscode.Uri) return argument.fsPath;
  const front = fileInFront()?.fsPath;
  const named = studio.runs.flatMap(({ evaluationDataset, dataset }) => [evaluationDataset, dataset]);
  const files = [
    ...(front && /\.jsonl?$/i.test(front) && !/\.run\.json$/i.test(front) ? [front] : []),
    ...named.flatMap((file) => (file === null ? [] : [path.resolve(project, file)])),
  ];
  const picked = await vscode.window.showQuickPick(
    [
      ...[...new Set(files)].map((file) => ({
        label: `$(table) ${plain(path.relative(project, file) || file)}`,
        file: file as string | undefined,
      })),
      { label: '$(folder-opened) Another file…', file: undefined },
    ],
    { placeHolder: 'Which dataset shall be audited?' },
  );
  if (!picked || picked.file) return picked?.file;
  const chosen = await vscode.window.showOpenDialog({
    openLabel: 'Audit',
    title: 'Dataset to audit',
    defaultUri: vscode.Uri.file(project),
  });
  return chosen?.[0]?.fsPath;
}

export const auditDataset: Handler = async (studio, argument) => {
  const project = studio.demandProject();
  await demandRuns(studio);
  const dataset = await chooseDataset(studio, project, argument);
  if (dataset === undefined) return;
  const run = await chooseRun(studio, undefined, null);
  const program = await studio.program();
  await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: plain(`Auditing ${path.basename(dataset)} by ${run.id}`),
      cancellable: true,
    },
    (progress, token) =>
      runTask(
        program,
        ['audit', dataset, '--checkpoint', run.id, '--folder', project, ...program.options],
        progress,
        token,
      ),
  );
  sayDone(studio, `${path.basename(dataset)} audited by ${run.id}`);
  showPage(studio, 'audit', run.id);
};
