/** A terminal in the project's folder that finds `video-r1`, also where nothing but the extension is installed. */
import path from 'node:path';
import * as vscode from 'vscode';
import { pathWith, writeCommandLine } from '../trainer/command-line.ts';
import type { Handler } from './handler.ts';

export const openTerminal: Handler = async (studio) => {
  studio.demandTrust();
  const folder = path.join(studio.context.globalStorageUri.fsPath, 'bin');
  // Written each time: an update moves the program.
  writeCommandLine(folder, await studio.program());
  const terminal = vscode.window.createTerminal({
    name: 'video-r1',
    env: pathWith(folder, process.env),
    ...(studio.project === undefined ? {} : { cwd: studio.project }),
  });
  terminal.show();
  terminal.sendText('video-r1 --help');
};
