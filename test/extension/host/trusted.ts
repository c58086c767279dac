/** What must hold inside the extension host of a trusted, empty folder. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commandNames, commands, contextKeys, settings, views, welcomes } from '../../../extension/contributions.ts';
import type { Activation } from '../../../extension/extension.ts';
import { suiteRunner } from '../harness/mocha-suite.ts';

const extensionId = 'video-r1-studio.video-r1-studio';
const activationLimitMs = 60;

interface Contributed {
  readonly commands: readonly { readonly command: string; readonly enablement?: string }[];
  readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
  readonly keybindings?: readonly { readonly command: string; readonly when?: string }[];
}

export const run = suiteRunner(() => {
  suite('extension host, trusted folder', () => {
    const extension = vscode.extensions.getExtension<Activation>(extensionId);

    test('the extension activates in under 60 ms', async () => {
      assert.ok(extension, `${extensionId} is not installed`);
      const { activationMs } = await extension.activate();
      console.log(`activate: ${activationMs.toFixed(1)} ms`);
      assert.ok(activationMs < activationLimitMs, `activate took ${activationMs.toFixed(1)} ms`);
    });

    test('every command of the manifest is registered, and none beside them', async () => {
      const registered = (await vscode.commands.getCommands(true)).filter(
        (id) => id.startsWith('videoR1.') && !/\.(focus|resetViewLocation|open|removeView|toggleVisibility)$/.test(id),
      );
      assert.deepEqual(registered.sort(), commandNames.map((name) => commands[name].id as string).sort());
    });

    test('menus and key bindings name commands that exist, under conditions on context keys that the code sets', () => {
      const contributes = extension?.packageJSON.contributes as Contributed;
      // `noop` is VS Code's own command for a key that shall do nothing.
      const ids = new Set([...contributes.commands.map(({ command }) => command), 'noop']);
      const keys = new Set<string>([
        ...Object.values(contextKeys),
        ...Object.values(views),
        'videoR1.dashboard',
        'videoR1.rollouts',
      ]);
      const places = [...Object.values(contributes.menus).flat(), ...(contributes.keybindings ?? [])];
      assert.ok(places.length > 0);
      for (const { command } of places) assert.ok(ids.has(command), command);
      const clauses = [
        ...places.map(({ when }) => when),
        ...contributes.commands.map(({ enablement }) => enablement),
        ...welcomes.map(({ when }) => when),
      ];
      for (const clause of clauses)
        for (const [key] of (clause ?? '').matchAll(/videoR1(\.[\w-]+)+/g))
          assert.ok(keys.has(key), `${key} in ${clause}`);
    });

    test('each setting has the default that the code counts on', () => {
      const configuration = vscode.workspace.getConfiguration();
      for (const setting of Object.values(settings))
        assert.deepEqual(configuration.inspect(setting.id)?.defaultValue, setting.default, setting.id);
    });

    test('activation starts no process and writes nothing into the folder', async () => {
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
      assert.ok(folder);
      assert.deepEqual(await vscode.workspace.fs.readDirectory(folder), []);
    });

    test('a run file with an unknown key is marked by the editor', async () => {
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
      assert.ok(folder);
      const file = vscode.Uri.joinPath(folder, 'wrong.run.json');
      const content = {
        version: 1,
        name: 'wrong',
        method: 'sft',
        dataset: 'a.jsonl',
        model: { run: 'x' },
        learningrate: 1,
      };
      await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(JSON.stringify(content)));
      const marked = new Promise<readonly vscode.Diagnostic[]>((resolve) => {
        const look = () => {
          const found = vscode.languages.getDiagnostics(file);
          if (found.length > 0) resolve(found);
        };
        vscode.languages.onDidChangeDiagnostics(look);
      });
      await vscode.window.showTextDocument(file);
      const [problem] = await marked;
      assert.match(problem?.message ?? '', /learningrate/);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      await vscode.workspace.fs.delete(file);
    });

    test('a run file shows a line that starts it', async () => {
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
      assert.ok(folder);
      const file = vscode.Uri.joinPath(folder, 'lens.run.json');
      await vscode.workspace.fs.writeFile(file, new TextEncoder().encode('{\n  "version": 1,\n  "name": "lens"\n}\n'));
      await vscode.workspace.openTextDocument(file);
      const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
        'vscode.executeCodeLensProvider',
        file,
        10,
      );
      const lens = lenses.find(({ command }) => command?.command === commands.startRun.id);
      assert.equal(lens?.range.start.line, 2);
      assert.equal(lens?.command?.arguments?.[0]?.toString(), file.toString());
      await vscode.workspace.fs.delete(file);
    });
  });
});
