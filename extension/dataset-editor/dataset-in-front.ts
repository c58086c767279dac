/** Whether the file in front looks like a dataset of Video-R1, by its first rows: then its title has a button that opens it as one. */
import { open } from 'node:fs/promises';
import * as vscode from 'vscode';
import { datasetEditor } from '../contributions.ts';

/** As much of a file as is looked at. */
const firstBytes = 32 * 1024;

/** The file of the tab in front, where it is shown by another editor than ours. */
export function fileInFront(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const isText = input instanceof vscode.TabInputText;
  const isOther = input instanceof vscode.TabInputCustom && input.viewType !== datasetEditor;
  return isText || isOther ? input.uri : undefined;
}

/** The first row of a JSON array or of JSONL begins here, and has the keys of a question before the bytes end. */
export function looksLikeDataset(beginning: string): boolean {
  const row = /^\ufeff?\s*(?:\[\s*)?(\{[\s\S]*)/.exec(beginning)?.[1];
  if (row === undefined) return false;
  return ['problem', 'solution', 'data_type', 'problem_type'].every((key) =>
    new RegExp(`[{,]\\s*"${key}"\\s*:`).test(row),
  );
}

async function beginningOf(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(firstBytes), 0, firstBytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** @param tell called with what is in front now, and at each change */
export function followDatasetInFront(tell: (isDataset: boolean) => void): vscode.Disposable {
  let turn = 0;
  const look = async () => {
    const mine = ++turn;
    const uri = fileInFront();
    const fits = uri?.scheme === 'file' && /\.jsonl?$/i.test(uri.fsPath) && !/\.run\.json$/i.test(uri.fsPath);
    // A file that can't be read is told of by its own editor.
    const isDataset = fits && looksLikeDataset(await beginningOf(uri.fsPath).catch(() => ''));
    if (mine === turn) tell(isDataset);
  };
  void look();
  return vscode.Disposable.from(
    vscode.window.tabGroups.onDidChangeTabs(() => void look()),
    vscode.window.tabGroups.onDidChangeTabGroups(() => void look()),
  );
}
