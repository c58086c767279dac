/**
 * Text of a model or a dataset as a read-only document of the editor: plain text in memory, what would deceive in it shown as
 * its code. Nothing of it is read as markup, and no path is made of it.
 */
import * as vscode from 'vscode';
import { shownLine, shownText } from '../../trainer/protocol/hostile-text.ts';

export const textScheme = 'video-r1-text';

/** Texts that are shown now, by the paths of their documents. */
const texts = new Map<string, string>();
let registered = false;
let lastNumber = 0;

function register(): void {
  if (registered) return;
  registered = true;
  vscode.workspace.registerTextDocumentContentProvider(textScheme, {
    provideTextDocumentContent: ({ path }) =>
      texts.get(path) ?? 'This text is no longer held. Open it again from its page.',
  });
  vscode.workspace.onDidCloseTextDocument(({ uri }) => {
    if (uri.scheme === textScheme) texts.delete(uri.path);
  });
}

/** @param title for people; of it, letters and digits alone get into the document's name */
export async function showText(title: string, text: string): Promise<void> {
  register();
  const name =
    shownLine(title, 60)
      .replace(/[^\p{L}\p{N}-]+/gu, ' ')
      .trim() || 'text';
  const path = `/${++lastNumber}/${name}`;
  texts.set(path, shownText(text));
  const document = await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme: textScheme, path }));
  const plain = await vscode.languages.setTextDocumentLanguage(document, 'plaintext');
  await vscode.window.showTextDocument(plain, { preview: true });
}
