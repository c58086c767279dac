/** Activates the extension inside VS Code's extension host, and writes down how long that took. */
import { writeFileSync } from 'node:fs';
import * as vscode from 'vscode';
import type { Activation } from '../../extension/extension.ts';
import { suiteRunner } from '../extension/harness/mocha-suite.ts';

export const run = suiteRunner(() => {
  suite('activation', () => {
    test('is measured', async () => {
      const extension = vscode.extensions.getExtension<Activation>('video-r1-studio.video-r1-studio');
      if (!extension) throw new Error('The extension is not there.');
      const { activationMs } = await extension.activate();
      writeFileSync(process.env.VIDEO_R1_BENCH_FIGURE as string, String(activationMs));
    });
  });
});
