/**
 * Takes the README's pictures: `node test/e2e/screenshots.ts PROJECT`, where PROJECT is a folder in which `npm start` has run.
 * Serves it with the trainer and the pages as they are packaged, and writes media/dashboard.png and media/rollouts.png.
 */
import path from 'node:path';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { TrainerProcess } from '../integration/trainer-process.ts';

const root = path.resolve(import.meta.dirname, '../..');
const project = process.argv[2];
if (!project) {
  process.stderr.write('node test/e2e/screenshots.ts PROJECT\n');
  process.exit(2);
}

const trainer = await TrainerProcess.start(path.resolve(project), [], path.join(root, 'dist', 'trainer', 'main.js'));
const browser = await launchBrowser();
try {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, colorScheme: 'dark' });
  const page = await context.newPage();
  await page.goto(pageAddress(trainer.discovery, 'dashboard'));
  await page.getByRole('img', { name: /^Accuracy reward up to step/ }).waitFor();
  await page.screenshot({ path: path.join(root, 'media', 'dashboard.png') });

  await page.goto(pageAddress(trainer.discovery, 'rollouts'));
  await page.getByRole('textbox').first().fill('purpose:train media:video aha>=2');
  await page.getByRole('option').first().click();
  await page.getByRole('region', { name: 'Frames as the model saw them' }).locator('canvas').first().waitFor();
  await page.getByText('Why the temporal reward').first().waitFor();
  await page.screenshot({ path: path.join(root, 'media', 'rollouts.png') });
} finally {
  await browser.close();
  await trainer.stop();
}
