/** What is asked of a trainer that is not there says so, in the list and across steps, and is read by itself over the next link. */
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { TrainerProcess } from '../integration/trainer-process.ts';
import { chosenRow, filterTo, lengthSaid, typeFilter } from './filtered-list.ts';
import { projectWithRecordedRun, recordedGroups, recordedRun } from './recorded-run.ts';

const root = path.resolve(import.meta.dirname, '../..');
const answers = recordedGroups().groups.flatMap(({ rollouts }) => rollouts);
const ordered = answers.filter(({ order }) => order === 'ordered');
const shuffled = answers.length - ordered.length;

let project: { folder: string; remove(): Promise<void> };
let trainer: TrainerProcess;
let browser: Browser;
let context: BrowserContext | null = null;

/** The page, and what cuts its link or lets it have one again. */
async function open(): Promise<{ tab: Page; cut(): Promise<void>; mend(): void }> {
  context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const tab = await context.newPage();
  let isCut = false;
  let close = async () => {};
  await tab.routeWebSocket(/.*/, (socket) => {
    if (isCut) {
      void socket.close();
      return;
    }
    socket.connectToServer();
    close = () => socket.close();
  });
  await tab.goto(`${pageAddress(trainer.discovery, 'rollouts')}&run=${recordedRun}`);
  await chosenRow(tab).waitFor();
  const cut = async () => {
    isCut = true;
    await close();
    await tab
      .locator('[data-pane=list]')
      .getByText(/as of \d/)
      .waitFor();
  };
  return { tab, cut, mend: () => (isCut = false) };
}

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await projectWithRecordedRun();
  trainer = await TrainerProcess.start(project.folder);
  browser = await launchBrowser();
}, 300_000);

afterEach(async () => {
  await context?.close();
  context = null;
});

afterAll(async () => {
  await browser?.close();
  await trainer?.stop();
  await project?.remove();
});

it('a filter that is typed meanwhile names the one that the rows are of, and is applied over the next link', async () => {
  const { tab, cut, mend } = await open();
  await filterTo(tab, 'half:ordered', ordered.length, answers.length);
  await cut();
  await typeFilter(tab, 'half:shuffled');
  const said = tab.locator('[data-part=rows-of-before]');
  await said.getByText('rows and numbers are still those of half:ordered').waitFor();
  await said.getByText('read as soon as there is a trainer again').waitFor();
  expect(await tab.locator('button[title="half:shuffled"]').getAttribute('aria-pressed')).toBe('true');
  expect(await lengthSaid(tab)).toBe(`${ordered.length} of ${answers.length}`);
  mend();
  await said.waitFor({ state: 'detached' });
  await expect.poll(() => lengthSaid(tab)).toBe(`${shuffled} of ${answers.length}`);
});

it('across steps can not be read meanwhile, says so, and is read over the next link', async () => {
  const { tab, cut, mend } = await open();
  await tab.locator('[data-pane=rollout] [data-part=think]').waitFor();
  await cut();
  await tab.keyboard.press('t');
  await tab.getByText("The question can't be read now").waitFor();
  await tab.getByRole('button', { name: 'Choose a question (/)' }).getByText("questions can't be read now").waitFor();
  await tab.keyboard.press('/');
  await tab.getByRole('dialog').getByText("The questions can't be read now").waitFor();
  expect(await tab.getByText('0 questions').count()).toBe(0);
  mend();
  await tab.getByRole('dialog').getByRole('option').first().waitFor();
  await tab.keyboard.press('Escape');
  await tab.locator('[data-part=verdict]').waitFor();
  await tab
    .getByRole('button', { name: 'Choose a question (/)' })
    .getByText(/question \d+ of \d+/)
    .waitFor();
});

it('another answer can not be read meanwhile, which is said in its place, and what was read is there after another page', async () => {
  const { tab, cut, mend } = await open();
  await tab.locator('[data-pane=rollout] [data-part=think]').waitFor();
  const rows = await tab.locator('[id^=row-]').count();
  await cut();
  await tab.keyboard.press('t');
  await tab.getByText("The question can't be read now").waitFor();
  await tab.keyboard.press('Escape');
  await tab.locator('[data-pane=rollout] [data-part=think]').waitFor();
  expect(await tab.locator('[id^=row-]').count()).toBe(rows);
  await tab.keyboard.press('o');
  await tab.getByText("The prompt can't be read now").waitFor();
  await tab.keyboard.press('o');
  // The next question was read ahead; those behind it were not.
  for (let question = 0; question < 4; question++) await tab.keyboard.press('J');
  await tab.locator('[data-pane=rollout]').getByText("This answer can't be read now").waitFor();
  expect(await tab.locator('[data-pane=group] h2').count()).toBe(0);
  mend();
  await tab.locator('[data-pane=rollout] [data-part=think]').waitFor();
});
