/**
 * The list of rollouts in a real browser over a real run, by keyboard: filters whose figures are those that one gets by going
 * through all groups, order, jumps, filters by name, and what stays when the trainer is gone.
 */
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { sampleProject, TrainerProcess } from '../integration/trainer-process.ts';
import { type Answer, chosenRow, everyAnswer, filterBox, filterTo, lengthSaid } from './filtered-list.ts';

const root = path.resolve(import.meta.dirname, '../..');
const parameters = {
  steps: 8,
  questionsPerStep: 6,
  probeEvery: 1,
  probeQuestions: 8,
  evaluationQuestions: 4,
  checkpointEvery: 0,
};

let project: { folder: string; remove(): Promise<void> };
let trainer: TrainerProcess;
let browser: Browser;
let runId: string;
let answers: readonly Answer[] = [];
let context: BrowserContext | null = null;
let complaints: string[] = [];

async function open(viewport = { width: 1400, height: 900 }): Promise<Page> {
  context = await browser.newContext({ viewport });
  const tab = await context.newPage();
  complaints = [];
  tab.on('pageerror', (error) => complaints.push(error.message));
  await tab.goto(`${pageAddress(trainer.discovery, 'rollouts')}&run=${runId}`);
  await chosenRow(tab).waitFor();
  return tab;
}

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await sampleProject();
  trainer = await TrainerProcess.start(project.folder);
  const client = await trainer.connect();
  runId = await client.create('sft.run.json', parameters);
  await client.command(runId, { kind: 'start' });
  await client.until(runId, 'state', ({ run }) => run.state === 'completed');
  answers = await everyAnswer(client, runId);
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
      await filterTo(tab, line, kept, answers.length);
      if (kept === 0) await tab.getByText('Nothing is left.').waitFor();
      else await expect.poll(async () => (await tab.locator('[id^=row-]').count()) > 0).toBe(true);
      expect(complaints).toEqual([]);
    });
  }

  it('says of a line with commas what each condition keeps, and offers the family that a word names', async () => {
    const texts = answers.map(({ group, rollout }) => `${rollout.text} ${group.question.problem}`.toLowerCase());
    const families = new Set(answers.map(({ group }) => group.question.family ?? ''));
    const family = [...families].find((name) => /^\w+$/.test(name) && !texts.some((text) => text.includes(name)));
    const wrong = answers.filter(({ rollout }) => !rollout.correct).length;
    const ofFamily = answers.filter(({ group }) => group.question.family === family);
    expect(ofFamily.length).toBeGreaterThan(0);
    const grouped = (number: number) => number.toLocaleString('en-US');
    const tab = await open();
    const list = tab.locator('[data-pane=list]');
    await filterTo(tab, 'wrong, step > 500', 0, answers.length);
    await list
      .getByText(`step > 500 leaves the fewest: by itself none of ${grouped(answers.length)} rollouts.`)
      .waitFor();
    await list.getByRole('button', { name: `wrong (${grouped(wrong)})`, exact: true }).waitFor();
    await filterTo(tab, `wrong, ${family}`, 0, answers.length);
    await list.getByRole('button', { name: `Use family:${family}`, exact: true }).focus();
    await tab.keyboard.press('Enter');
    await expect.poll(() => filterBox(tab).inputValue()).toBe(`correct:false family:${family}`);
    const kept = ofFamily.filter(({ rollout }) => !rollout.correct).length;
    await expect.poll(() => lengthSaid(tab)).toBe(`${kept} of ${answers.length}`);
  });

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
    await expect.poll(() => chosenRow(tab).locator('[data-column=step]').textContent()).toBe('3');
    await tab.keyboard.press('End');
    await expect.poll(() => chosenRow(tab).getAttribute('aria-posinset')).toBe(String(answers.length));
    await tab.keyboard.press('G');
    await tab.keyboard.type('#2');
    await tab.keyboard.press('Enter');
    await expect.poll(() => chosenRow(tab).getAttribute('aria-posinset')).toBe('2');
  });

  it('keeps a filter under its name for the next page, and one of before behind the arrow', async () => {
    const right = answers.filter(({ rollout }) => rollout.correct).length;
    const tab = await open();
    await filterTo(tab, 'correct:true', right, answers.length);
    await tab.keyboard.press('F');
    await tab.getByRole('dialog', { name: 'Saved filters' }).waitFor();
    await tab.keyboard.type('right ones');
    await tab.keyboard.press('Enter');
    await tab.getByRole('button', { name: 'Remove the filter right ones' }).waitFor();
    await tab.keyboard.press('Escape');
    await filterTo(tab, '', answers.length, answers.length);
    await tab.reload();
    await chosenRow(tab).waitFor();
    await tab.keyboard.press('F');
    await tab.getByRole('button', { name: /^right ones/ }).click();
    await expect.poll(() => filterBox(tab).inputValue()).toBe('correct:true');
    await filterTo(tab, '', answers.length, answers.length);
    await tab.keyboard.press('/');
    await tab.keyboard.press('ArrowUp');
    await tab.keyboard.press('Enter');
    await expect.poll(() => filterBox(tab).inputValue()).toBe('correct:true');
  });

  it('has every question above its answers beside the reading, and keeps its rows when the trainer is gone', async () => {
    const tab = await open({ width: 1000, height: 760 });
    const before = await chosenRow(tab).getAttribute('id');
    await tab.keyboard.press('J');
    await expect.poll(() => chosenRow(tab).getAttribute('id')).not.toBe(before);
    await trainer.kill();
    await tab
      .locator('[data-pane=list]')
      .getByText(/as of \d\d:\d\d:\d\d/)
      .waitFor();
    await tab.keyboard.press('K');
    await expect.poll(() => chosenRow(tab).getAttribute('id')).toBe(before);
  });
});
