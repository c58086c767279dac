/** The pages of a run whose sampler is another program, which tells no entropy and no alternatives and never answers the same twice. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { sampleProject, type TestClient, TrainerProcess } from '../integration/trainer-process.ts';
import { faultsNow, type Theme, themes, wear } from './axe.ts';

const root = path.resolve(import.meta.dirname, '../..');
const program = path.join(import.meta.dirname, 'scripted-trainer.ts');
/** A folder that pictures of the pages go to, where one is named. */
const pictures = process.env.VIDEO_R1_PICTURES;

let project: Awaited<ReturnType<typeof sampleProject>>;
let trainer: TrainerProcess;
let client: TestClient;
let browser: Browser;
let context: BrowserContext | null = null;
let run = '';
const errors: string[] = [];

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await sampleProject();
  const read = async (name: string) => JSON.parse(await readFile(path.join(project.folder, name), 'utf8'));
  const { model } = await read('sft.run.json');
  await writeFile(
    path.join(project.folder, 'own.run.json'),
    JSON.stringify({ ...(await read('tgrpo.run.json')), model }),
  );
  trainer = await TrainerProcess.start(project.folder, [], program);
  client = await trainer.connect();
  run = await client.create('own.run.json', {
    ...{ steps: 9, questionsPerStep: 3, groupSize: 4, shuffledGroupSize: 2, evaluationQuestions: 4, evaluateEvery: 0 },
    ...{ maxNewTokens: 200, importanceCap: 1.2, temporalCredit: 'both', skipFlatGroups: false, checkpointEvery: 1 },
  });
  await client.command(run, { kind: 'run-to', point: 'before-update', step: 4 });
  await client.until(run, 'state', ({ run: now }) => now.state === 'paused' && now.at.point === 'before-update');
  browser = await launchBrowser();
}, 300_000);

afterEach(async () => {
  await context?.close();
  context = null;
  expect(errors.splice(0)).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  client?.close();
  await trainer?.stop();
  await project?.remove();
});

async function open(page: 'dashboard' | 'rollouts' | 'ask', place = '', width = 1400): Promise<Page> {
  await context?.close();
  context = await browser.newContext({ viewport: { width, height: 950 } });
  const tab = await context.newPage();
  tab.on('pageerror', ({ message }) => errors.push(message));
  const address = new URL(pageAddress(trainer.discovery));
  address.pathname = `/${page}`;
  await tab.goto(`${address.href}&run=${run}${place}`);
  return tab;
}

/** In every theme: nothing is at fault, and where a folder is named, a picture. */
async function inEveryTheme(tab: Page, name: string): Promise<void> {
  for (const theme of Object.keys(themes) as Theme[]) {
    await wear(tab, theme);
    expect(await faultsNow(tab), theme).toEqual([]);
    if (pictures) await tab.screenshot({ path: path.join(pictures, `${name}-${theme.replaceAll(' ', '-')}.png`) });
  }
}

const openAnswer = async (id: string, width?: number): Promise<Page> => {
  const tab = await open('rollouts', `&group=${id.split('-').slice(0, 2).join('-')}&rollout=${id}`, width);
  await tab.locator('[data-part=answer]').waitFor();
  return tab;
};

describe('the dashboard', () => {
  it('draws the mismatch and the largest weight, no chart without a curve, and says what a seed gives', async () => {
    const tab = await open('dashboard');
    for (const title of ['Mismatch, nats', 'Mismatch, k3', 'Largest weight', 'Ranks, GB'])
      await tab.locator('figure', { hasText: title }).waitFor();
    const where = tab.getByRole('region', { name: 'Where the time went' });
    const said = (await where.textContent()) ?? '';
    expect(said).toContain('old log p');
    expect(said).toContain('2 ranks on 2 × a GPU of 80 GB');
    expect(said).toContain('ranks’ memory 40.8 GB–41.2 GB');
    expect(said).toMatch(/trainer’s memory \d+(\.\d+)? [MG]B/);
    expect(said).toContain('The same seed does not give the same answer');
    expect(said).toContain('It samples by another program than it trains with');
    for (const figure of await tab.locator('figure').all())
      expect(await figure.locator('canvas, svg, p').count()).toBeGreaterThan(0);
    await inEveryTheme(tab, 'dashboard');
  });

  it('lets the cap of the importance weight be set, and says that alternatives have no effect', async () => {
    const tab = await open('dashboard');
    const row = (name: string) => tab.locator(`[data-parameter=${name}]`);
    await row('importanceCap').first().waitFor();
    expect(await row('importanceCap').locator('input').inputValue()).toBe('1.2');
    expect(await row('alternatives').first().innerHTML()).toContain('the engine scripted tells none');
  });
});

describe('an answer', () => {
  it('that is trained on has both log-probabilities, their mismatch and the largest weight beside each other', async () => {
    const tab = await openAnswer('s4-0-o0');
    const line = tab.locator('[data-part=answer]');
    const said = (await line.textContent())?.replaceAll(/\s+/g, ' ') ?? '';
    expect(said).toMatch(
      /log p −\d\.\d{3} · by the trainer −\d\.\d{3} · mismatch 0\.\d{4} nats \(k3 0\.\d{5}\) · largest weight 1\.\d{3} ·/,
    );
    expect(said).toMatch(/entropy 4\.\d{3}/);
    await tab.getByRole('button', { name: 'Mismatch', exact: true }).click();
    await tab.locator('[data-formula=tokenMismatch]').waitFor();
    const token = tab.locator('[data-token]').nth(5);
    await token.hover();
    const numbers = tab.getByRole('tooltip');
    await numbers.waitFor();
    const told = (await numbers.textContent()) ?? '';
    expect(told).toMatch(/sampler.*log p.*trainer.*log p.*importance weight/);
    expect(told).toContain('Alternatives: None were asked for (alternatives is 0), or the engine tells none.');
    await inEveryTheme(tab, 'answer');
  });

  it('on shuffled frames says why it has neither, and a narrow page has room for all of it', async () => {
    const tab = await openAnswer('s4-0-s0');
    expect(await tab.locator('[data-part=answer]').textContent()).toContain(
      'entropy: none, as the trainer did not score it',
    );
    const entropy = tab.getByRole('button', { name: /^Entropy: The engine tells none while it samples/ });
    expect(await entropy.getAttribute('aria-disabled')).toBe('true');
    const mismatch = tab.getByRole('button', { name: /^Mismatch: .*never trained on/ });
    expect(await mismatch.getAttribute('aria-disabled')).toBe('true');
    const narrow = await openAnswer('s4-0-o0', 900);
    expect(await narrow.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    await inEveryTheme(narrow, 'narrow');
  });

  it('offers no update to try where the engine can’t take one back, and says so', async () => {
    const tab = await openAnswer('s4-0-o0');
    const section = tab.locator('[data-part=update]');
    await section.waitFor({ state: 'attached' });
    await tab
      .getByText(/can’t keep weights aside and put them back/)
      .first()
      .waitFor({ state: 'attached' });
  });
});

it('asking again says that no seed repeats, and that answers can’t be gone on from', async () => {
  const tab = await open('rollouts', '&rollout=s4-0-o0&ask=0');
  await tab.getByText('no seed repeats on this engine').waitFor();
  await tab
    .getByText(/takes no prefix/)
    .first()
    .waitFor({ state: 'attached' });
  await inEveryTheme(tab, 'ask');
});

it.skipIf(process.platform === 'win32')(
  'a rank that dies while the run stands still is told with its log, and Resume goes on',
  async () => {
    const tab = await open('dashboard');
    await tab.getByText('The update of step 4 is not made yet.').waitFor();
    process.kill(trainer.discovery.pid, 'SIGUSR2');
    const notice = tab.getByText('Paused: Rank 1 of the engine ended with signal 9.');
    await notice.waitFor();
    await tab.getByText('it goes on from its last checkpoint, in another one').waitFor();
    await tab.getByText('The last lines of the log').click();
    await tab.getByText('[rank1]: <b>CUDA error</b>').waitFor();
    await inEveryTheme(tab, 'dead');
    await tab
      .getByRole('button', { name: /^Resume/ })
      .first()
      .click();
    await client.until(run, 'state', ({ run: now }) => now.state === 'completed');
  },
);
