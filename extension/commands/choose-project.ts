/** Chooses the folder whose run files and trainer are shown, where a workspace holds several. */
import path from 'node:path';
import * as vscode from 'vscode';
import type { Handler } from './handler.ts';

export const chooseProject: Handler = async (studio) => {
  const folders = (vscode.workspace.workspaceFolders ?? [])
    .filter((folder) => folder.uri.scheme === 'file')
    .map((folder) => folder.uri.fsPath);
  const runFiles = await vscode.workspace.findFiles('**/*.run.json', '**/{node_modules,.video-r1}/**', 500);
  const candidates = [
    ...new Set([
      ...(studio.project ? [studio.project] : []),
      ...folders,
      ...runFiles.map((uri) => path.dirname(uri.fsPath)),
    ]),
  ];
  const other = { label: '$(folder-opened) Another folder…', folder: undefined };
  const picked = await vscode.window.showQuickPick(
    [
      ...candidates.map((folder) => ({
        label: `$(folder) ${path.basename(folder)}`,
        description: folder,
        ...(folder === studio.project && { detail: 'Present project folder' }),
        folder: folder as string | undefined,
      })),
      other,
    ],
    { placeHolder: 'Folder with run files; its trainer keeps runs in .video-r1 inside it' },
  );
  if (!picked) return;
  const chosen =
    picked.folder ??
    (await vscode.window.showOpenDialog({ canSelectFiles: false, canSelectFolders: true, openLabel: 'Choose' }))?.[0]
      ?.fsPath;
  if (chosen) await studio.chooseProject(chosen);
};
