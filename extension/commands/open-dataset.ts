/** Opens a dataset's file in the editor of datasets. */
import * as vscode from 'vscode';
import { datasetEditor } from '../contributions.ts';
import { fileInFront } from '../dataset-editor/dataset-in-front.ts';
import type { Handler } from './handler.ts';

export const openDataset: Handler = async (_studio, argument) => {
  const uri = argument instanceof vscode.Uri ? argument : fileInFront();
  if (uri) await vscode.commands.executeCommand('vscode.openWith', uri, datasetEditor);
};
