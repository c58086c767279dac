/** Deletes a checkpoint: into the system's trash in a local window, from the disk elsewhere, where a person is asked. */
import path from 'node:path';
import * as vscode from 'vscode';
import { asStudioError } from '../../trainer/protocol/errors.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';
import { carryOut, demandRuns, sayDone } from './carry-out.ts';
import { chooseCheckpoint, stepOf } from './choose-checkpoint.ts';
import type { Handler } from './handler.ts';
import { chooseRun } from './targets.ts';

/** The window runs where the files lie, on a desktop that has a trash. */
const isLocal = () => vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop;

const forGood = 'Delete Permanently';
const toTrash = 'Move to Trash';

/** @throws CancellationError when the user does not agree */
async function agree(question: string, detail: string, button: string): Promise<void> {
  const choice = await vscode.window.showWarningMessage(plain(question), { modal: true, detail }, button);
  if (choice !== button) throw new vscode.CancellationError();
}

/** @throws StudioError as the trainer says it; CancellationError when the user backs out */
export async function removeCheckpoint(studio: Studio, run: RunSummary, step: number): Promise<void> {
  const link = await studio.trainer();
  const { folder, sizeBytes, asks } = await link.client.request('checkpoints/removal', { runId: run.id, step });
  const which = `checkpoint ${step} of ${run.id}`;
  const question = `Delete ${which} (${(sizeBytes / 1e6).toFixed(1)} MB)?`;
  let isTrashed = false;
  if (isLocal()) {
    if (asks.length > 0) await agree(question, asks.join(' '), toTrash);
    try {
      await vscode.workspace.fs.delete(vscode.Uri.file(path.resolve(link.project, folder)), {
        recursive: true,
        useTrash: true,
      });
      isTrashed = true;
    } catch (thrown) {
      studio.log.info(`${which} can't go to the trash: ${asStudioError(thrown).message}`);
      await agree(question, `It can't be moved to the trash. This can't be undone.`, forGood);
    }
  } else await agree(question, [...asks, `It is deleted from the disk. This can't be undone.`].join(' '), forGood);
  await carryOut(studio, run, { kind: 'remove-checkpoint', step, confirmed: true }, `Deleting ${which}`);
  sayDone(studio, `${which} ${isTrashed ? 'is in the trash' : 'is deleted'}`);
}

export const deleteCheckpoint: Handler = async (studio, argument) => {
  await demandRuns(studio);
  const run = await chooseRun(studio, argument, 'remove-checkpoint');
  const step = stepOf(argument) ?? (await chooseCheckpoint(studio, run))?.step;
  if (step !== undefined) await removeCheckpoint(studio, run, step);
};
