/**
 * The pages over runs that wait, and over runs that go back: what is asked, what is left as it is, what is shown of it after.
 * One trainer for all tests; each leaves the runs as the next needs them.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { sampleProject, type TestClient, TrainerProcess } from '../integration/trainer-process.ts';

const root = path.resolve(import.meta.dirname, '../..');
const small = { questionsPerStep: 2, probeEvery: 0, evaluationQuestions: 2 };
const firstCheckpoint = 2;
const lastStep = 14;

let project: { folder: string; remove(): Promise<void> };
let trainer: TrainerProcess;
let client: TestClient;
let browser: Browser;
let context: BrowserContext | null = null;
/** Stops at `lastStep`; of its checkpoints only that of `firstCheckpoint` is left. */
let back: string;
/** A learning rate of 0, under which nothing is learned; it begins only where a test starts it. */
let dull: string;

async function open(run: string, page: 'dashboard' | 'rollouts' = 'dashboard', width = 1400): Promise<Page> {
  context = await browser.newContext({ viewport: { width, height: 900 } });
  const tab = await context.newPage();
  await tab.goto(`${pageAddress(trainer.discovery, page)}&run=${run}`);
  return tab;
}

const stateShown = (tab: Page, words: RegExp) => tab.locator('[data-part=state]').filter({ hasText: words }).waitFor();
const notice = (tab: Page, text: string | RegExp) =>
  tab.locator('[role=status], [role=alert]').filter({ hasText: text });
const lossShown = async (tab: Page) =>
  (await tab.locator('figure', { hasText: 'Loss' }).locator('[role=img]').first().getAttribute('aria-label')) ?? '';
const lossUpTo = async (tab: Page) => Number(/up to step (\d+)/.exec(await lossShown(tab))?.[1]);

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await sampleProject();
  trainer = await TrainerProcess.start(project.folder);
  client = await trainer.connect();
  back = await client.create('sft.run.json', {
    ...small,
    evaluationQuestions: 8,
    steps: 400,
    checkpointEvery: firstCheckpoint,
    checkpointsKept: 20,
  });
  await client.command(back, { kind: 'step', count: lastStep });
  await client.until(back, 'state', ({ run }) => run.state === 'paused' && run.step === lastStep);
  await client.command(back, { kind: 'stop', when: 'now' });
  const { checkpoints } = await client.client.request('checkpoints/list', { runId: back });
  for (const { step, folder } of checkpoints)
    if (step > firstCheckpoint) await rm(path.resolve(project.folder, folder), { recursive: true });
  dull = await client.create('sft.run.json', { ...small, steps: 400, learningRate: 0, checkpointEvery: 0 });
  browser = await launchBrowser();
}, 300_000);

afterEach(async () => {
  await context?.close();
  context = null;
});

afterAll(async () => {
  client?.close();
  await browser?.close();
  await trainer?.stop();
  await project?.remove();
});

describe('a run that would go back', () => {
  it('asks with the counts of what it would leave out, and a cancel leaves it as it is', async () => {
    const tab = await open(back);
    await stateShown(tab, /^Stopped at step 14/);
    await tab.keyboard.press('F5');
    const asked = notice(tab, /is not there any more/);
    await asked.waitFor();
    expect(await asked.textContent()).toMatch(
      /Resuming from step 2 leaves 12 steps.* out of the curves; they are kept\./,
    );
    await tab.keyboard.press('F6');
    await tab.getByText("can't be done now: the run is stopped.").waitFor();
    expect(await tab.getByText("can't be done now").count()).toBe(1);
    expect(await asked.count()).toBe(1);
    await asked.getByRole('button', { name: 'Cancel' }).click();
    await asked.waitFor({ state: 'detached' });
    await stateShown(tab, /^Stopped at step 14/);
    expect(await lossUpTo(tab)).toBe(lastStep);
  });

  it('goes back when told to; what it went over leaves curves and list, and is shown where asked for', async () => {
    const tab = await open(back);
    await stateShown(tab, /^Stopped at step 14/);
    await tab.keyboard.press('F5');
    await notice(tab, /is not there any more/)
      .getByRole('button', { name: 'Go back to step 2' })
      .click();
    await stateShown(tab, /^(Starting|Running)/);
    await tab.keyboard.press('F6');
    await stateShown(tab, /^Paused (at|in) /);
    const toggle = tab.getByRole('button', { name: /^Show what is superseded/ });
    await toggle.waitFor();
    const now = await lossUpTo(tab);
    expect(now).toBeLessThan(lastStep);
    await toggle.click();
    await expect.poll(() => lossUpTo(tab)).toBe(lastStep);
    await tab.getByRole('button', { name: /^Show as it stands/ }).click();
    await expect.poll(() => lossUpTo(tab)).toBe(now);
  });
});

describe('runs that wait', () => {
  it('a run that another one is in the way of is queued by key, says its place, and is taken off by key', async () => {
    const other = await client.create('sft.run.json', { ...small, steps: 400, checkpointEvery: 0 });
    await client.command(other, { kind: 'start' });
    const tab = await open(dull);
    await tab.getByText('This run has not begun.').waitFor();
    await tab
      .getByRole('button', { name: /^Queue/ })
      .first()
      .waitFor();
    await tab.keyboard.press('q');
    const queued = notice(tab, `${dull} is queued:`);
    await queued.filter({ hasText: `1 of 1, while ${other} is` }).waitFor();
    await stateShown(tab, /^Queued/);
    expect(await queued.getByRole('button', { name: 'Start now' }).isVisible()).toBe(true);
    await tab.keyboard.press('q');
    await queued.waitFor({ state: 'detached' });
    await stateShown(tab, /^Created/);

    await tab.keyboard.press('q');
    await queued.getByRole('button', { name: 'Take off the queue' }).click();
    await queued.waitFor({ state: 'detached' });
    await client.command(other, { kind: 'stop', when: 'now' });
  });

  it('one that can learn nothing says why on its page, without being asked', async () => {
    const tab = await open(dull);
    await tab.getByText('This run has not begun.').waitFor();
    await client.command(dull, { kind: 'step', count: 1 });
    const warned = notice(tab, 'Less is learned than was meant, since step 0.');
    await warned.filter({ hasText: 'learningRate is 0, so no weight changes' }).waitFor();
  });
});

describe('a narrow page', () => {
  it('scrolls the frame that arrow keys pick into sight', async () => {
    const { rows } = await client.client.request('rollouts/list', { runId: back, query: 'media:video' });
    // The first: one further down may not be drawn.
    const [video] = rows;
    const tab = await open(back, 'rollouts', 420);
    await tab.locator('[id^=row-][aria-selected=true]').waitFor();
    await tab.keyboard.press('/');
    await tab.locator('#rollout-filter').fill('media:video');
    await tab.locator(`[id="row-${video?.id}"]`).click();
    const strip = tab.getByRole('region', { name: 'Frames as the model saw them' });
    await strip.waitFor();
    const frames = strip.getByRole('list').first().getByRole('listitem');
    const count = await frames.count();
    const inSight = async (frame: number) => {
      const [box, sight] = [await frames.nth(frame).boundingBox(), await strip.boundingBox()];
      return box !== null && sight !== null && box.x >= sight.x - 1 && box.x + box.width <= sight.x + sight.width + 1;
    };
    for (let frame = 1; frame < count; frame++) {
      await tab.keyboard.press('ArrowRight');
      await expect.poll(() => inSight(frame), { message: `frame ${frame + 1} of ${count}` }).toBe(true);
    }
  });
});
