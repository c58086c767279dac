/** Fetches ffmpeg with the trainer's own program, after it was said what that is. */
import * as vscode from 'vscode';
import { ffmpegLicenceNote } from '../../trainer/protocol/ffmpeg-packages.ts';
import { runTask } from '../trainer/task.ts';
import { sayDone } from './carry-out.ts';
import type { Handler } from './handler.ts';

export const installFfmpeg: Handler = async (studio) => {
  studio.demandTrust();
  const install = 'Install';
  const choice = await vscode.window.showInformationMessage(
    'Install ffmpeg into your cache folder with npm?',
    { modal: true, detail: ffmpegLicenceNote },
    install,
  );
  if (choice !== install) return;
  const program = await studio.program();
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Installing ffmpeg', cancellable: true },
    (progress, token) => runTask(program, ['setup', 'ffmpeg', '--yes'], progress, token),
  );
  sayDone(studio, 'ffmpeg is installed');
};
