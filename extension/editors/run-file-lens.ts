/** The line "Start this run" above the name in a run file. */
import * as vscode from 'vscode';
import { commands } from '../contributions.ts';

export function registerRunFileLens(): vscode.Disposable {
  return vscode.languages.registerCodeLensProvider(
    { pattern: '**/*.run.json', scheme: 'file' },
    {
      provideCodeLenses(document) {
        const name = /^\s*"name"\s*:/m.exec(document.getText());
        const line = name ? document.positionAt(name.index + name[0].indexOf('"')).line : 0;
        const range = new vscode.Range(line, 0, line, 0);
        return [
          new vscode.CodeLens(range, {
            title: '$(play) Start this run',
            command: commands.startRun.id,
            arguments: [document.uri],
          }),
        ];
      },
    },
  );
}
