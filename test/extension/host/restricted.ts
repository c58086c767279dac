/** What must hold inside the extension host of a folder that is not trusted. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { settings } from '../../../extension/contributions.ts';
import type { Activation } from '../../../extension/extension.ts';
import { suiteRunner } from '../harness/mocha-suite.ts';

export const run = suiteRunner(() => {
  suite('extension host, folder that is not trusted', () => {
    test('the extension is active all the same, so that its commands can explain', async () => {
      assert.equal(vscode.workspace.isTrusted, false);
      const extension = vscode.extensions.getExtension<Activation>('video-r1-studio.video-r1-studio');
      await extension?.activate();
      assert.equal(extension?.isActive, true);
    });

    test("the workspace's own settings do not say which programs run", () => {
      const configuration = vscode.workspace.getConfiguration();
      assert.equal(configuration.get(settings.nodePath.id), '');
      assert.equal(configuration.get(settings.ffmpegPath.id), '');
      assert.equal(
        configuration.get(settings.author.id),
        'someone',
        'a setting that starts nothing is taken from the workspace',
      );
    });
  });
});
