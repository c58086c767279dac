/** The right column of the dashboard in a real browser over a real trainer: parameters with their schedule, and checkpoints. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { sampleProject, type TestClient, TrainerProcess } from '../integration/trainer-process.ts';
import { faultsNow } from './axe.ts';

const root = path.resolve(import.meta.dirname, '../..');
const parameters = {
  ...{ steps: 12, questionsPerStep: 2, probeEvery: 0, evaluationQuestions: 2, evaluateEvery: 0 },
  ...{ checkpointEvery: 2, checkpointsKept: 2, warmupSteps: 2, schedule: 'cosine' },
};

let project: { folder: string; remove(): Promise<void> };
let trainer: TrainerProcess;
let client: TestClient;
let browser: Browser;
let runId: string;
let context: BrowserContext | null = null;
const complaints: string[] = [];

async function open(): Promise<Page> {
  context = await browser.newContext({ viewport: { width: 1400, height: 1000 } });
  const tab = await context.newPage();
  tab.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  tab.on('pageerror', (error) => complaints.push(error.message));
  await tab.goto(`${pageAddress(trainer.discovery, 'dashboard')}&run=${runId}`);
  await tab.locator('section[aria-label=Checkpoints] tbody tr').first().waitFor();
  return tab;
}
const row = (tab: Page, name: string) => tab.locator(`tr[data-parameter=${name}]`);
const kept = (tab: Page) => tab.locator('section[aria-label=Checkpoints] tbody tr[data-checkpoint]');
async function act(tab: Page, step: number, action: string): Promise<void> {
  await tab.getByRole('button', { name: `Actions of checkpoint ${step}` }).click();
  await tab.getByRole('menuitem', { name: action, exact: true }).click();
}

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await sampleProject();
  trainer = await TrainerProcess.start(project.folder);
  client = await trainer.connect();
  runId = await client.create('sft.run.json', parameters);
  await client.command(runId, { kind: 'run-to', point: 'before-update', step: 8 });
  await client.until(runId, 'state', ({ run }) => run.state === 'paused');
  browser = await launchBrowser();
}, 300_000);

afterEach(async () => {
  await context?.close();
  context = null;
  expect(complaints.splice(0)).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  client?.close();
  await trainer?.stop();
  await project?.remove();
});

it('scrolls its columns, and never the page out of sight', async () => {
  const tab = await open();
  for (const width of [1400, 700]) {
    await tab.setViewportSize({ width, height: 700 });
    await tab.getByText('Command log').first().scrollIntoViewIfNeeded();
    expect(await tab.evaluate(() => [document.documentElement.scrollHeight, innerHeight])).toEqual([700, 700]);
  }
}, 100_000);

describe('a parameter', () => {
  it('redraws the schedule ahead while one types, and says the range of what it is not', async () => {
    const tab = await open();
    const field = row(tab, 'learningRate').locator('vscode-text-field');
    const typed = tab.locator('[data-part=schedule] [data-line=typed]');
    expect(await typed.count()).toBe(0);
    await field.locator('input').fill('0.01');
    const first = await typed.getAttribute('points');
    await field.locator('input').fill('0.0001');
    expect(await typed.getAttribute('points')).not.toBe(first);
    await field.locator('input').fill('2');
    expect(await typed.count()).toBe(0);
    await expect.poll(() => tab.locator('[role=alert]').allTextContents()).toContain('“2” is no number from 0 to 1.');
    await field.locator('input').press('Enter');
    expect(
      (await client.client.request('commands/list', { runId })).commands.map(({ request }) => request.kind),
    ).toEqual(['run-to']);
    expect(await faultsNow(tab)).toEqual([]);
  }, 100_000);

  it('keeps its old value while the new one waits for its step, and has its history', async () => {
    const tab = await open();
    const before = await row(tab, 'learningRate').locator('vscode-text-field').getAttribute('current-value');
    await row(tab, 'learningRate').locator('input').fill('0.002');
    await row(tab, 'learningRate').locator('input').press('Enter');
    await row(tab, 'learningRate').getByText('0.002 waits for 9').waitFor();
    expect(await row(tab, 'learningRate').locator('vscode-text-field').getAttribute('current-value')).toBe(before);
    await client.command(runId, { kind: 'run-to', point: 'before-update', step: 9 });
    await row(tab, 'learningRate').getByText('9: ').waitFor();
    await row(tab, 'learningRate')
      .getByRole('button', { name: /learning rate/ })
      .click();
    const history = tab.getByRole('table', { name: 'History of learning rate' });
    await expect
      .poll(() => history.innerText())
      .toMatch(/from step 9[\s\S]*→ 0\.002[\s\S]*at start[\s\S]*sft\.run\.json/);
  }, 100_000);
});

describe('a checkpoint', () => {
  it('is listed with what keeps it and what the disk has left, is pinned with a note and let go', async () => {
    const tab = await open();
    await tab.getByText(/2 kept, .* free; keeps the last 2/).waitFor();
    expect(await kept(tab).allInnerTexts()).toEqual([expect.stringMatching(/last 2/), expect.stringMatching(/last 2/)]);
    await act(tab, 6, 'Pin…');
    /* Into the field, at once: no letter of it is a key of the page. */
    await tab.keyboard.type('<b>before</b> the rate');
    await tab.keyboard.press('Enter');
    await tab.getByText('last 2, pinned: <b>before</b> the rate').waitFor();
    const actions = tab.getByRole('button', { name: 'Actions of checkpoint 6' });
    await expect.poll(() => actions.evaluate((element) => element === document.activeElement)).toBe(true);
    await act(tab, 6, 'Unpin');
    await expect.poll(() => kept(tab).allInnerTexts()).not.toContainEqual(expect.stringContaining('pinned'));
    expect(await faultsNow(tab)).toEqual([]);
  }, 100_000);

  it('is compared with another, and forked with changed parameters that are checked first', async () => {
    const tab = await open();
    await act(tab, 8, 'Compare with…');
    const comparison = tab.getByRole('region', { name: 'Comparison of two checkpoints' });
    await comparison.getByText('Both were saved with the same parameters.').waitFor();
    expect(await comparison.getByRole('button', { name: /Copy eval of step/ }).count()).toBe(2);
    await act(tab, 8, 'Fork from here…');
    await tab.getByText(/but for step 9: what was done of it, at before-update, is given up/).waitFor();
    const changed = tab.locator('vscode-text-field[aria-label="Changed parameters"] input');
    await changed.fill('learningRate=3');
    await tab.getByText('learningRate: “3” is no number from 0 to 1.').waitFor();
    await changed.fill('learningRate=0.003');
    await tab.getByRole('button', { name: 'Fork', exact: true }).click();
    await expect
      .poll(async () => (await client.client.request('runs/list', {})).runs.map(({ from }) => from))
      .toContain(`${runId}, step 8`);
    const { runs } = await client.client.request('runs/list', {});
    const fork = runs.find(({ from }) => from === `${runId}, step 8`);
    expect(fork?.parameters.learningRate).toBe(0.003);
    // Its place on the machine is not needed any more.
    await client.client.request('runs/command', {
      ...{ runId: fork?.id ?? '', id: 'enough', command: { kind: 'stop', when: 'now' } },
    });
  }, 100_000);

  it('is deleted after it was said what that means', async () => {
    const tab = await open();
    await act(tab, 8, 'Delete…');
    await tab.getByText('It is the newest, from which a resume goes on; the next is of step 6.').waitFor();
    await tab
      .getByText(/was made from it/)
      .first()
      .waitFor();
    const folder = path.join(project.folder, '.video-r1', 'runs', runId, 'checkpoints', 'step-000008');
    expect(existsSync(folder)).toBe(true);
    await tab.getByRole('button', { name: 'Delete permanently' }).click();
    await expect.poll(() => kept(tab).count()).toBe(1);
    expect(existsSync(folder)).toBe(false);
  }, 100_000);
});
