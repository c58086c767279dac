/**
 * Takes the README's pictures of the packaged extension in a real VS Code: `node test/extension/screenshots.ts VSIX PROJECT`,
 * where PROJECT is a folder in which `npm start` has run. Writes media/dashboard.png and media/rollouts.png.
 */
import path from 'node:path';
import { DashboardPage, RolloutsPage } from './harness/pages.ts';
import { root } from './harness/vscode-server.ts';
import { Workbench } from './harness/workbench.ts';

const [vsix, project] = process.argv.slice(2);
if (!vsix || !project) {
  process.stderr.write('node test/extension/screenshots.ts VSIX PROJECT\n');
  process.exit(2);
}

const window = await Workbench.open({
  vsix: path.resolve(vsix),
  folder: path.resolve(project),
  theme: 'Default Dark Modern',
});
try {
  await window.page.setViewportSize({ width: 1600, height: 1000 });
  await window.openView();
  await window.run('Video-R1: Attach to Trainer');
  await window.run('Video-R1: Open Dashboard');
  const dashboard = new DashboardPage(window);
  await dashboard.open('tgrpo');
  await dashboard.waitForCurve('Accuracy reward', 1);
  await window.page.screenshot({ path: path.join(root, 'media', 'dashboard.png') });

  await window.run('Video-R1: Open Rollouts');
  const rollouts = new RolloutsPage(window);
  await rollouts.open();
  await rollouts.filter('purpose:train media:video order:ordered');
  await rollouts.rows.first().waitFor();
  await rollouts.rows.first().click();
  await rollouts.strips.first().waitFor();
  await window.page.screenshot({ path: path.join(root, 'media', 'rollouts.png') });
} finally {
  await window.close();
}
