/** Makes the sample project with the trainer's own program, and offers what to do next. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { commands } from '../contributions.ts';
import { plain } from '../plain-text.ts';
import type { Studio } from '../studio.ts';
import { runTask } from '../trainer/task.ts';
import type { Handler } from './handler.ts';

const newFolderName = 'video-r1-sample';

async function isEmpty(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).every((name) => name.startsWith('.'));
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw failure;
  }
}

/** An empty open folder is taken as it is; else the user is asked, with a new folder inside the open one first. */
async function chooseFolder(): Promise<string | undefined> {
  const open = vscode.workspace.workspaceFolders?.find((folder) => folder.uri.scheme === 'file')?.uri.fsPath;
  if (open && (await isEmpty(open))) return open;
  const inside = open && path.join(open, newFolderName);
  const picked = inside
    ? await vscode.window.showQuickPick(
        [
          { label: `$(new-folder) ${newFolderName}`, description: inside, folder: inside as string | undefined },
          { label: '$(folder-opened) Another folder…', folder: undefined },
        ],
        { placeHolder: 'Where shall the sample project be made?' },
      )
    : { folder: undefined };
  if (!picked) return undefined;
  if (picked.folder) return picked.folder;
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    openLabel: 'Create Here',
    title: 'Folder of the sample project',
  });
  return chosen?.[0]?.fsPath;
}

async function offerNext(studio: Studio, folder: string): Promise<void> {
  const startSft = 'Start SFT Run';
  const openRollouts = 'Open Rollouts';
  const choice = await vscode.window.showInformationMessage(
    plain(`The sample project is ready in ${folder}.`),
    startSft,
    openRollouts,
  );
  if (choice === startSft) await vscode.commands.executeCommand(commands.startSft.id);
  if (choice === openRollouts) await vscode.commands.executeCommand(commands.openRollouts.id);
  studio.log.info(`Sample project made in ${folder}`);
}

export const createSampleProject: Handler = async (studio) => {
  studio.demandTrust();
  const folder = await chooseFolder();
  if (!folder) return;
  if (!(await isEmpty(folder))) {
    throw new StudioError('conflict', 'The folder is not empty.', {
      place: folder,
      remedy: 'Choose an empty folder, so that nothing of yours is overwritten.',
    });
  }
  const program = await studio.program();
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Creating the sample project', cancellable: true },
    (progress, token) => runTask(program, ['sample', folder, ...program.options], progress, token),
  );
  await studio.chooseProject(folder);
  // Not awaited: the command is done, whatever becomes of the offer.
  void offerNext(studio, folder);
};
