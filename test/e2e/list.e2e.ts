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
import { type Answer, chosenRow, everyAnswer, filterBox, filterTo, lengthSaid, typeFilter } from './filtered-list.ts';

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
    await list.getByRole('button', { name: `Drop step > 500 (${grouped(wrong)} left)`, exact: true }).waitFor();
    // What would leave nothing is no offer.
    expect(await list.getByRole('button', { name: /\(0 left\)/ }).count()).toBe(0);
    await filterTo(tab, `wrong, ${family}`, 0, answers.length);
    const kept = ofFamily.filter(({ rollout }) => !rollout.correct).length;
    await list.getByRole('button', { name: `Use family:${family} (${grouped(kept)} left)`, exact: true }).focus();
    await tab.keyboard.press('Enter');
    await expect.poll(() => filterBox(tab).inputValue()).toBe(`wrong, family:${family}`);
    await expect.poll(() => lengthSaid(tab)).toBe(`${kept} of ${answers.length}`);
    await tab.locator('[role=listbox]:focus').waitFor();
  });

  it('reads right behind an and, and says between spaces that it is looked for in the texts, with the way out by a key', async () => {
    const kept = answers.filter(({ group, rollout }) => rollout.correct && group.step > 4).length;
    const tab = await open();
    const list = tab.locator('[data-pane=list]');
    await filterTo(tab, 'right and step > 4', kept, answers.length);
    await expect.poll(() => list.getByText('is looked for in the texts').count()).toBe(0);
    await typeFilter(tab, 'step>4 right');
    await list.getByRole('status').filter({ hasText: 'right is looked for in the texts.' }).waitFor();
    await tab.keyboard.press('Alt+Enter');
    await expect.poll(() => filterBox(tab).inputValue()).toBe('step>4 correct:true');
    await expect.poll(() => lengthSaid(tab)).toBe(`${kept} of ${answers.length}`);
    const short = answers.filter(({ rollout }) => rollout.correct && rollout.tokenCount < 90).length;
    await typeFilter(tab, 'shorter than 90 tokens and right');
    await list.getByRole('button', { name: 'Use length<90 Alt+Enter' }).focus();
    await tab.keyboard.press('Enter');
    await tab.locator('#rollout-filter:focus').waitFor();
    expect(await filterBox(tab).inputValue()).toBe('length<90 and right');
    await expect
      .poll(() => lengthSaid(tab))
      .toBe(short === answers.length ? `${short}` : `${short} of ${answers.length}`);
    expect(complaints).toEqual([]);
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

  it('begins at its top under another order, and one key goes back to the row that is read', async () => {
    const tab = await open();
    const list = tab.locator('[data-pane=list]');
    await tab.keyboard.press('j');
    const id = await chosenRow(tab).getAttribute('id');
    const own = answers.find(({ rollout }) => `row-${rollout.id}` === id)?.rollout.tokenCount ?? 0;
    const longer = answers.filter(({ rollout }) => rollout.tokenCount > own).length;
    /* The way round in which it comes late. */
    const isLong = longer > answers.length / 2;
    const head = tab.locator('th[data-column=length]');
    await head.getByRole('button').focus();
    for (let press = 0; press < (isLong ? 1 : 2); press++) await tab.keyboard.press('Enter');
    await expect.poll(() => head.getAttribute('aria-sort')).toBe(isLong ? 'descending' : 'ascending');
    const place = list.getByRole('button', { name: /row [\d,]+$/ });
    await place.getByText('.', { exact: true }).waitFor();
    await list.locator('[id^=row-][aria-posinset="1"]').waitFor();
    await tab.keyboard.press('.');
    await chosenRow(tab).waitFor();
    expect(await chosenRow(tab).getAttribute('id')).toBe(id);
    await place.getByText('.', { exact: true }).waitFor({ state: 'detached' });
    const at = Number(await chosenRow(tab).getAttribute('aria-posinset'));
    expect(await place.textContent()).toBe(`row ${at.toLocaleString('en-US')}`);
    await tab.keyboard.press('j');
    await expect.poll(() => chosenRow(tab).getAttribute('aria-posinset')).toBe(String(at + 1));
  });

  it('has the sign of its order in the column that says it, at every width', async () => {
    const tab = await open();
    const order = tab.locator('th[data-column=reward] button');
    await order.focus();
    await tab.keyboard.press('Enter');
    const sign = tab.locator('th [aria-hidden=true]', { hasText: /[▾▴]/ });
    for (const width of [1400, 1130]) {
      await tab.setViewportSize({ width, height: 900 });
      expect(await sign.count()).toBe(1);
      const within = await tab.locator('th[data-column=reward]').evaluate((head) => {
        const column = head.getBoundingClientRect();
        const shown = head.querySelector('[aria-hidden=true]')?.getBoundingClientRect();
        return shown !== undefined && shown.left >= column.left - 3 && shown.right <= column.right + 3;
      });
      expect(within).toBe(true);
      expect(await tab.locator('th[data-column=parts]').getAttribute('aria-sort')).toBe('none');
    }
  });

  it('has its columns and its order in a panel that keeps the focus, and gives it back', async () => {
    const tab = await open();
    const rows = tab.locator('[data-pane=list] [role=listbox]');
    await rows.focus();
    await tab.keyboard.press('C');
    const panel = tab.getByRole('dialog', { name: 'Columns and order' });
    const focused = panel.locator(':focus');
    await panel.getByRole('button', { name: 'as usual' }).and(tab.locator(':focus')).waitFor();
    await tab.keyboard.press('Shift+Tab');
    await panel.getByRole('button', { name: 'Order by flags' }).and(tab.locator(':focus')).waitFor();
    await tab.keyboard.press('Tab');
    await panel.getByRole('button', { name: 'as usual' }).and(tab.locator(':focus')).waitFor();
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowLeft', 'ArrowDown', 'ArrowRight']) await tab.keyboard.press(key);
    expect(await focused.textContent()).toBe('order');
    await tab.keyboard.press('Space');
    await panel.getByRole('button', { name: 'Order by type of the question, choice first', pressed: true }).waitFor();
    await expect.poll(() => tab.locator('th[data-column=type]').getAttribute('aria-sort')).toBe('ascending');
    await tab.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await rows.and(tab.locator(':focus')).waitFor();
    // What opened it closes it too.
    const tool = tab.getByRole('button', { name: 'Columns and order (C)' });
    await tool.click();
    await panel.waitFor();
    await tool.click();
    await panel.waitFor({ state: 'detached' });
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

  it('gives up what takes long at one Esc, no more than that, and keeps what was typed behind the arrow', async () => {
    context = await browser.newContext({ viewport: { width: 820, height: 900 } });
    const tab = await context.newPage();
    let isHeld = false;
    await tab.routeWebSocket(/.*/, (page) => {
      const server = page.connectToServer();
      page.onMessage((message) => {
        if (!isHeld || !/rollouts\/(list|count)/.test(String(message))) server.send(message);
      });
      server.onMessage((message) => page.send(message));
    });
    await tab.goto(`${pageAddress(trainer.discovery, 'rollouts')}&run=${runId}`);
    await tab.locator('[data-pane=rollout] [data-part=think]').waitFor();
    // The list lies over the reading here: Esc closes it, but not while there is something to give up.
    await tab.keyboard.press('l');
    const list = tab.locator('[data-pane=list]');
    const all = `${answers.length}`;
    await expect.poll(() => lengthSaid(tab)).toBe(all);
    isHeld = true;
    await typeFilter(tab, 'correct:true');
    await tab.keyboard.press('Enter');
    await list.locator('[role=listbox]:focus').waitFor();
    const stop = list.getByRole('button', { name: 'Stop Esc' });
    await stop.waitFor();
    await tab.keyboard.press('Escape');
    await stop.waitFor({ state: 'detached' });
    isHeld = false;
    expect(await filterBox(tab).inputValue()).toBe('');
    expect(await lengthSaid(tab)).toBe(all);
    expect(await list.isVisible()).toBe(true);
    await tab.keyboard.press('/');
    await tab.keyboard.press('ArrowUp');
    await tab.keyboard.press('Enter');
    await expect.poll(() => filterBox(tab).inputValue()).toBe('correct:true');
    const right = answers.filter(({ rollout }) => rollout.correct).length;
    await expect.poll(() => lengthSaid(tab)).toBe(`${right} of ${answers.length}`);
    await tab.keyboard.press('Escape');
    await tab.keyboard.press('Escape');
    await list.waitFor({ state: 'hidden' });
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
