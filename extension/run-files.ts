/** The project's run files as the trainer sees them, or read here against the same schema while no trainer is at work. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { faultsOf } from '../trainer/protocol/issues.ts';
import { jsonOf } from '../trainer/protocol/json.ts';
import type { RunFileEntry } from '../trainer/protocol/messages.ts';
import { runFile, runFileEnding } from '../trainer/protocol/runfile.ts';
import type { Studio } from './studio.ts';

async function readEntry(project: string, file: string): Promise<RunFileEntry> {
  const place = {
    path: path.relative(project, file),
    name: path.basename(file, runFileEnding),
    method: '',
    description: '',
  };
  let content: unknown;
  try {
    content = jsonOf(await readFile(file, 'utf8'));
  } catch (failure) {
    return { ...place, problem: `It is not JSON: ${(failure as Error).message}` };
  }
  const checked = runFile.safeParse(content);
  if (!checked.success) return { ...place, problem: faultsOf(runFile, content, checked.error, 'the file').join('\n') };
  const { name, method, description = '' } = checked.data;
  return { path: place.path, name, method, description, problem: null };
}

export async function listRunFiles(studio: Studio): Promise<RunFileEntry[]> {
  const { project, link } = studio;
  if (!project) return [];
  if (link?.state === 'connected') return (await link.client.request('runfiles/list', {})).runFiles;
  const found = await vscode.workspace.findFiles(
    new vscode.RelativePattern(vscode.Uri.file(project), `{*,*/*,*/*/*}${runFileEnding}`),
    '**/{node_modules,.video-r1}/**',
  );
  return Promise.all(
    found
      .map((uri) => uri.fsPath)
      .sort()
      .map((file) => readEntry(project, file)),
  );
}
