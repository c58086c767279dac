/** What a run leaves behind: annotations, checkpoints, and the run itself. */
import path from 'node:path';
import * as vscode from 'vscode';
import { whichRun } from '../../trainer/protocol/run-words.ts';
import { plain } from '../plain-text.ts';
import { demandRuns, sayDone } from './carry-out.ts';
import { chooseCheckpoint } from './choose-checkpoint.ts';
import type { Handler } from './handler.ts';
import { chooseRun, runIdOf } from './targets.ts';

export const exportAnnotations: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, null);
  const link = await studio.trainer();
  const { jsonl, count } = await link.client.request('annotations/export', { runId: run.id });
  if (count === 0) {
    void vscode.window.showInformationMessage(
      plain(`${run.id} has no annotations yet. Open its rollouts, select a passage and press x to flag it.`),
    );
    return;
  }
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.file(path.join(link.project, `${run.id}-annotations.jsonl`)),
    filters: { 'JSON lines': ['jsonl'] },
    title: `Export ${count} annotations`,
  });
  if (!target) return;
  await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(jsonl));
  sayDone(studio, `${count} annotation${count === 1 ? '' : 's'} of ${run.id} written`);
  await vscode.window.showTextDocument(target);
};

export const deleteRun: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const damaged = studio.unreadable.find(({ id }) => id === runIdOf(argument));
  const { id, which, what } = damaged
    ? { id: damaged.id, which: damaged.id, what: "Its folder, which can't be read, is" }
    : await chooseRun(studio, argument, 'delete').then((run) => ({
        id: run.id,
        which: `${run.id} (${whichRun(run)})`,
        what: `Its ${run.step} steps, rollouts, flags and checkpoints are`,
      }));
  const remove = 'Delete';
  const choice = await vscode.window.showWarningMessage(
    plain(`Delete the run ${which}?`),
    { modal: true, detail: `${what} deleted from the disk. This can't be undone.` },
    remove,
  );
  if (choice !== remove) return;
  const link = await studio.trainer();
  await link.client.request('runs/delete', { runId: id });
  sayDone(studio, `${id} deleted`);
};

/** The checkpoint that a tree item carries. */
function folderOf(argument: unknown): string | undefined {
  if (typeof argument !== 'object' || argument === null || !('checkpointFolder' in argument)) return undefined;
  return typeof argument.checkpointFolder === 'string' ? argument.checkpointFolder : undefined;
}

export const revealCheckpoint: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const link = await studio.trainer();
  let folder = folderOf(argument);
  if (folder === undefined) {
    const run = await chooseRun(studio, argument, null);
    const chosen = await chooseCheckpoint(studio, run);
    if (!chosen) return;
    folder = chosen.folder;
  }
  const uri = vscode.Uri.file(path.resolve(link.project, folder));
  // Inside the workspace the explorer shows it, on a remote too; elsewhere the system's file manager must.
  await vscode.commands.executeCommand(
    vscode.workspace.getWorkspaceFolder(uri) ? 'revealInExplorer' : 'revealFileInOS',
    uri,
  );
};
