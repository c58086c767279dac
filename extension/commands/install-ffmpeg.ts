/** Fetches ffmpeg with the trainer's own program, after it was said what that is. */
import * as vscode from 'vscode';
import { ffmpegLicenceNote } from '../../trainer/protocol/ffmpeg-packages.ts';
import type { Studio } from '../studio.ts';
import { runTask } from '../trainer/task.ts';
import { sayDone } from './carry-out.ts';
import type { Handler } from './handler.ts';

/** @returns whether it was installed; false where the person does not want it */
export async function install(studio: Studio): Promise<boolean> {
  studio.demandTrust();
  const yes = 'Install';
  const choice = await vscode.window.showInformationMessage(
    'Install ffmpeg into your cache folder with npm?',
    { modal: true, detail: ffmpegLicenceNote },
    yes,
  );
  if (choice !== yes) return false;
  const program = await studio.program();
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Installing ffmpeg', cancellable: true },
    (progress, token) => runTask(program, ['setup', 'ffmpeg', '--yes'], progress, token),
  );
  sayDone(studio, 'ffmpeg is installed');
  return true;
}

export const installFfmpeg: Handler = async (studio) => {
  await install(studio);
};
