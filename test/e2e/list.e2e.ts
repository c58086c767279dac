/**
 * The list of rollouts in a real browser over a real run, by keyboard: filters whose figures are those that one gets by going
 * through all groups, order, jumps, filters by name, and what stays when the trainer is gone.
 */
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import type { GroupWithRollouts, Rollout } from '../../trainer/protocol/records.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { sampleProject, TrainerProcess } from '../integration/trainer-process.ts';

const root = path.resolve(import.meta.dirname, '../..');
const parameters = {
  steps: 8,
  questionsPerStep: 6,
  probeEvery: 1,
  probeQuestions: 8,
  evaluationQuestions: 4,
  checkpointEvery: 0,
};

interface Answer {
  readonly group: GroupWithRollouts;
  readonly rollout: Rollout;
}

let project: { folder: string; remove(): Promise<void> };
let trainer: TrainerProcess;
let browser: Browser;
let runId: string;
const answers: Answer[] = [];
let context: BrowserContext | null = null;
let complaints: string[] = [];

async function open(viewport = { width: 1400, height: 900 }): Promise<Page> {
  context = await browser.newContext({ viewport });
  const tab = await context.newPage();
  complaints = [];
  tab.on('pageerror', (error) => complaints.push(error.message));
  await tab.goto(`${pageAddress(trainer.discovery, 'rollouts')}&run=${runId}`);
  await tab.locator('[id^=row-][aria-selected=true]').waitFor();
  return tab;
}

/** Types a filter by keyboard and leaves the box. */
async function filter(tab: Page, line: string): Promise<void> {
  await tab.keyboard.press('/');
  await tab.keyboard.press('ControlOrMeta+a');
  await tab.keyboard.press('Delete');
  await tab.keyboard.type(line);
  // Esc would stop a count that is still under way.
  await tab.locator('#rollout-filter').blur();
}

const figure = (tab: Page) =>
  tab.locator('[data-pane=list] h2 + span').evaluate((meta) => meta.firstChild?.textContent);
const selected = (tab: Page) => tab.locator('[id^=row-][aria-selected=true]').getAttribute('id');

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await sampleProject();
  trainer = await TrainerProcess.start(project.folder);
  const client = await trainer.connect();
  runId = await client.create('sft.run.json', parameters);
  await client.command(runId, { kind: 'start' });
  await client.until(runId, 'state', ({ run }) => run.state === 'completed');
  let after: string | null = null;
  const ids = new Set<string>();
  do {
    const page: { rows: { groupId: string }[]; last: string | null; more: boolean } = await client.client.request(
      'rollouts/list',
      { runId, limit: 200, ...(after !== null && { at: { after } }) },
    );
    for (const { groupId } of page.rows) ids.add(groupId);
    after = page.more ? page.last : null;
  } while (after !== null);
  for (const groupId of ids) {
    const { group } = await client.client.request('groups/get', { runId, groupId });
    for (const rollout of group.rollouts) answers.push({ group, rollout });
  }
  client.close();
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

describe('the list over a run', () => {
  const tier = ({ rollout }: Answer) => Math.max(0, ...rollout.aha.map((moment) => moment.tier));
  const filters: readonly (readonly [string, (answer: Answer) => boolean])[] = [
    [
      'correct:false step>150 family:bounces aha>=3',
      (one) =>
        !one.rollout.correct && one.group.step > 150 && one.group.question.family === 'bounces' && tier(one) >= 3,
    ],
    ['correct:false step>4', ({ group, rollout }) => !rollout.correct && group.step > 4],
  ];
  for (const [line, keeps] of filters) {
    it(`keeps by "${line}" as many as going through all groups does`, async () => {
      const kept = answers.filter(keeps).length;
      const tab = await open();
      await filter(tab, line);
      await expect.poll(() => figure(tab)).toBe(`${kept} of ${answers.length}`);
      if (kept === 0) await tab.getByText('Nothing is left.').waitFor();
      else await expect.poll(async () => (await tab.locator('[id^=row-]').count()) > 0).toBe(true);
      expect(complaints).toEqual([]);
    });
  }

  it('is ordered by a click on a head, says so, and begins with the longest answer', async () => {
    const longest = Math.max(...answers.map(({ rollout }) => rollout.tokenCount));
    const tab = await open();
    const head = tab.locator('th[data-column=length]');
    await head.getByRole('button').click();
    await expect.poll(() => head.getAttribute('aria-sort')).toBe('descending');
    const first = () => tab.locator('[id^=row-][aria-posinset="1"] [data-column=length]').textContent();
    await expect.poll(first).toBe(String(longest));
    await head.getByRole('button').click();
    await expect.poll(() => head.getAttribute('aria-sort')).toBe('ascending');
    await head.getByRole('button').click();
    await expect.poll(() => head.getAttribute('aria-sort')).toBe('none');
  });

  it('goes to a step and to a row by key, and to its end', async () => {
    const tab = await open();
    await tab.keyboard.press('G');
    await tab.getByRole('dialog', { name: 'Go to' }).waitFor();
    await tab.keyboard.type('3');
    await tab.keyboard.press('Enter');
    await expect.poll(() => tab.locator('[id^=row-][aria-selected=true] [data-column=step]').textContent()).toBe('3');
    await tab.keyboard.press('End');
    await expect
      .poll(() => tab.locator('[id^=row-][aria-selected=true]').getAttribute('aria-posinset'))
      .toBe(String(answers.length));
    await tab.keyboard.press('G');
    await tab.keyboard.type('#2');
    await tab.keyboard.press('Enter');
    await expect.poll(() => tab.locator('[id^=row-][aria-selected=true]').getAttribute('aria-posinset')).toBe('2');
  });

  it('keeps a filter under its name for the next page, and one of before behind the arrow', async () => {
    const tab = await open();
    await filter(tab, 'correct:true');
    await tab.keyboard.press('F');
    await tab.getByRole('dialog', { name: 'Saved filters' }).waitFor();
    await tab.keyboard.type('right ones');
    await tab.keyboard.press('Enter');
    await tab.getByRole('button', { name: 'Remove the filter right ones' }).waitFor();
    await tab.keyboard.press('Escape');
    await filter(tab, '');
    await tab.reload();
    await tab.locator('[id^=row-][aria-selected=true]').waitFor();
    await tab.keyboard.press('F');
    await tab.getByRole('button', { name: /^right ones/ }).click();
    await expect.poll(() => tab.locator('#rollout-filter').inputValue()).toBe('correct:true');
    await filter(tab, '');
    await tab.keyboard.press('/');
    await tab.keyboard.press('ArrowUp');
    await tab.keyboard.press('Enter');
    await expect.poll(() => tab.locator('#rollout-filter').inputValue()).toBe('correct:true');
  });

  it('has every question above its answers beside the reading, and keeps its rows when the trainer is gone', async () => {
    const tab = await open({ width: 1000, height: 760 });
    const before = await selected(tab);
    await tab.keyboard.press('J');
    await expect.poll(() => selected(tab)).not.toBe(before);
    await trainer.kill();
    await tab
      .locator('[data-pane=list]')
      .getByText(/as of \d\d:\d\d:\d\d/)
      .waitFor();
    await tab.keyboard.press('K');
    await expect.poll(() => selected(tab)).toBe(before);
  });
});
