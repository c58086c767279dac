/** Activation: wires the parts together, and attaches to a trainer that is at work already. */
import type * as vscode from 'vscode';
import { registerCommands } from './commands/register.ts';
import { registerDatasetEditor } from './dataset-editor/dataset-editor.ts';
import { followDatasetInFront } from './dataset-editor/dataset-in-front.ts';
import { registerRunFileLens } from './editors/run-file-lens.ts';
import { registerSerializers } from './panels/page-panels.ts';
import { Studio } from './studio.ts';
import { registerUriHandler } from './uri-handler.ts';
import { registerAttention } from './views/attention.ts';
import { registerBreakpointsTree } from './views/breakpoints-tree.ts';
import { ContextKeys } from './views/context-keys.ts';
import { registerRunFilesTree } from './views/run-files-tree.ts';
import { registerRunsTree } from './views/runs-tree.ts';
import { registerStatusBar } from './views/status-bar.ts';

/** Told to tests and to the curious: how long `activate` took, in milliseconds. */
export interface Activation {
  readonly activationMs: number;
}

export function activate(context: vscode.ExtensionContext): Activation {
  const began = performance.now();
  const studio = new Studio(context);
  const keys = new ContextKeys(studio);
  context.subscriptions.push(
    studio,
    studio.onDidChange(() => keys.update()),
    registerCommands(studio),
    registerRunsTree(studio),
    registerBreakpointsTree(studio),
    registerRunFilesTree(studio, (count) => keys.put('hasRunFiles', count > 0)),
    registerStatusBar(studio),
    registerAttention(studio),
    registerSerializers(studio),
    registerRunFileLens(),
    registerDatasetEditor(studio),
    followDatasetInFront((isDataset) => keys.put('datasetInFront', isDataset)),
    registerUriHandler(studio),
  );
  void studio.attachQuietly();
  return { activationMs: performance.now() - began };
}
