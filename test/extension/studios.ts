/** The extension's Studio in the stand-in for the editor, on a project that a fake trainer serves. */
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type * as vscode from 'vscode';
import { Studio } from '../../extension/studio.ts';
import { editor } from './fake-vscode.ts';
import { FakeTrainer } from './trainer/fake-trainer.ts';

/**
 * @param folder the open folder; undefined for none
 * @param extensionPath where the extension lies, for what calls its program
 */
export function studioOn(folder: string | undefined, extensionPath = '/nowhere'): Studio {
  editor.reset(folder);
  const kept = new Map<string, unknown>();
  const context = {
    extensionPath,
    extensionUri: { fsPath: '/nowhere' },
    globalStorageUri: { fsPath: path.join(folder ?? '/nowhere', 'storage') },
    workspaceState: {
      get: (key: string) => kept.get(key),
      update: async (key: string, value: unknown) => void kept.set(key, value),
    },
  };
  const studio = new Studio(context as unknown as vscode.ExtensionContext);
  onTestFinished(() => studio.dispose());
  return studio;
}

export async function fakeTrainer(): Promise<FakeTrainer> {
  const trainer = new FakeTrainer();
  await trainer.listen();
  onTestFinished(() => trainer.dispose());
  return trainer;
}
