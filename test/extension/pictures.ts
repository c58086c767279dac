/**
 * Takes the README's pictures: `node test/extension/pictures.ts PROJECT`, where PROJECT is a folder in which `npm start` has
 * run. Packages the extension, installs it in a VS Code window on a copy of the project, and writes media/dashboard.png and
 * media/rollouts.png as that window shows them.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DashboardPage, RolloutsPage } from './harness/pages.ts';
import { root } from './harness/vscode-server.ts';
import { Workbench } from './harness/workbench.ts';

const project = process.argv[2];
if (!project) {
  process.stderr.write('node test/extension/pictures.ts PROJECT\n');
  process.exit(2);
}

const home = realpathSync(mkdtempSync(path.join(tmpdir(), 'video-r1-pictures-')));
const vsix = path.join(home, 'video-r1-studio.vsix');
const windows = process.platform === 'win32';
execFileSync(windows ? 'npm.cmd' : 'npm', ['run', 'package', '--', '--out', vsix], {
  cwd: root,
  stdio: 'inherit',
  shell: windows,
});
const folder = path.join(home, 'sample');
cpSync(project, folder, { recursive: true });

const window = await Workbench.open({
  vsix,
  folder,
  theme: 'Dark Modern',
  settings: {
    'workbench.reduceMotion': 'on',
    'window.title': ['activeEditorShort', 'rootName'].map((part) => `\${${part}}`).join(' - '),
  },
});
try {
  const { page } = window;
  await page.setViewportSize({ width: 1600, height: 1000 });
  await window.openView();
  await window.run('Video-R1: Attach to Trainer');
  await window.pressNotificationButton('No trainer is at work', 'Start Trainer');
  const run = window.treeRow(/^\s*tgrpo-1\s*T-GRPO \d+\//);
  await run.locator('.monaco-tl-twistie').click();
  await window
    .treeRow(/Checkpoint, step/)
    .first()
    .waitFor();

  const picture = async (name: string) => {
    await window.run('Notifications: Clear All Notifications');
    await window.statusBarItem('Attached to the trainer').waitFor({ state: 'hidden' });
    await page.mouse.move(800, 990);
    await page.screenshot({ path: path.join(root, 'media', name) });
  };
  await run.click();
  await window.run('Video-R1: Open Dashboard');
  const dashboard = new DashboardPage(window);
  await dashboard.open('tgrpo');
  await dashboard.waitForCurve('Accuracy reward', 1);
  await picture('dashboard.png');

  await window.run('Video-R1: Open Rollouts');
  const rollouts = new RolloutsPage(window);
  await rollouts.open();
  const all = await rollouts.count();
  // A right answer with the temporal reward beside wrong ones, so that every part of the page has something to say.
  await rollouts.filter('purpose:train media:video order:ordered correct:false');
  await window.until(async () => (await rollouts.count()) !== all, 'the filter');
  await rollouts.rows.first().click();
  const paid = rollouts.group.getByText(/passed: each right/).filter({ hasNotText: 'not passed' });
  for (let tries = 0; tries < 60 && !(await paid.isVisible()); tries++) {
    await page.keyboard.press('J');
    await rollouts.group.getByRole('button', { pressed: true }).waitFor();
  }
  await paid.waitFor();
  await rollouts.group.getByRole('button').filter({ hasText: '+' }).first().click();
  await rollouts.strips.nth(1).locator('canvas').last().waitFor();
  await rollouts.countedChips.first().waitFor();
  await picture('rollouts.png');
} catch (failure) {
  await window.picture('pictures');
  throw failure;
} finally {
  await window.close();
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
