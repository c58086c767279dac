/** Failures as messages with a way on. */
import * as vscode from 'vscode';
import { commands } from './contributions.ts';
import { plain } from './plain-text.ts';
import { NoProject, NotTrusted } from './preconditions.ts';
import type { Studio } from './studio.ts';

interface Told {
  readonly message: string;
  readonly kind?: string;
  readonly place?: string | undefined;
  readonly remedy?: string | undefined;
}

/** Says what failed, where, and what to do. A cancelled action is not a failure. */
export async function showFailure(studio: Studio, doing: string, failure: unknown): Promise<void> {
  if (failure instanceof vscode.CancellationError) return;
  if (failure instanceof NotTrusted) {
    const manage = 'Manage Workspace Trust';
    const choice = await vscode.window.showWarningMessage(failure.message, manage);
    if (choice === manage) await vscode.commands.executeCommand('workbench.trust.manage');
    return;
  }
  if (failure instanceof NoProject) {
    const open = 'Open Folder…';
    const choice = await vscode.window.showWarningMessage(failure.message, open);
    if (choice === open) await vscode.commands.executeCommand('workbench.action.files.openFolder');
    return;
  }
  const told: Told = failure instanceof Error ? (failure as Told & Error) : { message: String(failure) };
  const expected =
    failure instanceof Error && failure.name === 'StudioError' && (failure as Told & Error).kind !== 'internal';
  const log =
    expected || !(failure instanceof Error)
      ? [told.message, told.place].filter(Boolean).join(' ')
      : (failure.stack ?? failure.message);
  studio.log.error(`${doing}: ${log}`);
  const text = [`${doing}: ${told.message}`, told.place && `(${told.place})`, told.remedy].filter(Boolean).join(' ');
  const showLog = 'Show Log';
  const install = commands.installFfmpeg.title;
  const offers = told.kind === 'ffmpeg-missing' && doing !== install ? [install, showLog] : [showLog];
  const choice = await vscode.window.showErrorMessage(plain(text), ...offers);
  if (choice === install) await vscode.commands.executeCommand(commands.installFfmpeg.id);
  if (choice === showLog) studio.log.show();
}
