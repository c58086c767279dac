/**
 * The questions that a researcher types, in a real browser over a real T-GRPO run, by keyboard alone: the figures that the list
 * gives are those of going through every group that a client fetches, and none of them is 0. The model is made, fine-tuned and
 * trained here, on the sample's questions; only what it is shown of how bounces are counted is written for this, with a count
 * that is taken back, so that a model this small comes to have aha moments that are real answers of its own.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetRow } from '../../trainer/protocol/dataset.ts';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { sampleProject, type TestClient, TrainerProcess } from '../integration/trainer-process.ts';
import { type Answer, chosenRow, everyAnswer, filterTo } from './filtered-list.ts';

const root = path.resolve(import.meta.dirname, '../..');
const families = ['bounces', 'spatial', 'first colour'];
const onlyTraining = { probeEvery: 0, evaluationQuestions: 2, checkpointEvery: 0 };
/** Ten beyond the step that one of the questions names. */
const steps = 160;

let project: { folder: string; remove(): Promise<void> };
let trainer: TrainerProcess;
let browser: Browser;
let runId: string;
let answers: readonly Answer[] = [];
let context: BrowserContext | null = null;
let complaints: string[] = [];

/** The rows of a few families; a bounce is counted one too many, and then right. */
async function narrow(file: string): Promise<void> {
  const dataset = path.join(project.folder, 'data', file);
  const rows = JSON.parse(await readFile(dataset, 'utf8')) as (DatasetRow & { process?: string })[];
  const kept = rows.filter(({ family }) => families.includes(family ?? ''));
  for (const row of kept) {
    const bounces = Number(/\d+/.exec(row.solution)?.[0]);
    if (row.family === 'bounces' && row.process !== undefined)
      row.process = `<think>So ${bounces + 1}. Wait, at 2 s it turns. So ${bounces}.</think>`;
  }
  await writeFile(dataset, JSON.stringify(kept));
}

async function trained(client: TestClient, runFile: string, parameters: Record<string, unknown>): Promise<string> {
  const id = await client.create(runFile, { ...onlyTraining, ...parameters });
  await client.command(id, { kind: 'start' });
  const { run } = await client.until(id, 'state', (body) => ['completed', 'failed'].includes(body.run.state));
  expect(run.state).toBe('completed');
  return id;
}

async function open(): Promise<Page> {
  context = await browser.newContext({ viewport: { width: 1400, height: 900 }, colorScheme: 'dark' });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const tab = await context.newPage();
  complaints = [];
  tab.on('pageerror', (error) => complaints.push(error.message));
  await tab.goto(`${pageAddress(trainer.discovery, 'rollouts')}&run=${runId}`);
  await chosenRow(tab).waitFor();
  return tab;
}

const chip = (tab: Page, term: string) =>
  tab
    .locator(`[data-pane=list] button[title="${term}"] .dim`)
    .textContent()
    .then((text) => Number(text?.replaceAll(',', '')));

/** The step is faint in each row but the first of a question and the one that is read. */
async function expectSharedSaidOnce(tab: Page): Promise<void> {
  const rows = await tab.locator('[id^=row-]').evaluateAll((shown) =>
    shown.map((row) => {
      const cell = row.querySelector('[data-column=step]');
      const faint = cell !== null && getComputedStyle(cell).color !== getComputedStyle(row).color;
      return { id: row.id.slice(4), place: Number(row.ariaPosInSet), faint, read: row.ariaSelected === 'true' };
    }),
  );
  rows.sort((one, other) => one.place - other.place);
  const groupOf = new Map(answers.map(({ group, rollout }) => [rollout.id, group.id]));
  const repeated = rows.map(
    ({ id, read }, place) => !read && place > 0 && groupOf.get(id) === groupOf.get(rows[place - 1]?.id ?? ''),
  );
  expect(rows.map(({ faint }) => faint)).toEqual(repeated);
}

/** By this filter the list gives these answers and no others: their number, how many of them are ordered, the rows in sight, and the last row. */
async function expectKept(tab: Page, line: string, kept: readonly Answer[]): Promise<void> {
  const ordered = kept.filter(({ rollout }) => rollout.order === 'ordered').length;
  console.log(`${line}: ${kept.length} of ${answers.length}, ${ordered} of them ordered`);
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length).toBeLessThan(answers.length);
  await filterTo(tab, line, kept.length, answers.length);
  if (ordered > 0) await expect.poll(() => chip(tab, 'half:ordered')).toBe(ordered);
  const ids = new Set(kept.map(({ rollout }) => `row-${rollout.id}`));
  await expect
    .poll(() => tab.locator('[id^=row-]').evaluateAll((rows) => rows.map(({ id }) => id)))
    .toSatisfy((shown: string[]) => shown.length > 0 && shown.every((id) => ids.has(id)));
  await expectSharedSaidOnce(tab);
  await tab.keyboard.press('End');
  await expect.poll(() => chosenRow(tab).getAttribute('aria-posinset')).toBe(String(kept.length));
  expect(ids).toContain(await chosenRow(tab).getAttribute('id'));
}

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await sampleProject();
  await narrow('sft.json');
  await narrow('rl.json');
  trainer = await TrainerProcess.start(project.folder);
  const client = await trainer.connect();
  await trained(client, 'sft.run.json', { steps: 100, questionsPerStep: 12 });
  runId = await trained(client, 'tgrpo.run.json', { steps, questionsPerStep: 2 });
  answers = await everyAnswer(client, runId);
  client.close();
  browser = await launchBrowser();
}, 400_000);

afterEach(async () => {
  await context?.close();
  context = null;
});

afterAll(async () => {
  await browser?.close();
  await trainer?.stop();
  await project?.remove();
});

describe('filters over a real run', () => {
  const part = ({ rollout }: Answer, wanted: string) =>
    rollout.reward.parts.find(({ name }) => name === wanted)?.value ?? 0;
  const filters: readonly (readonly [question: string, line: string, keeps: (answer: Answer) => boolean])[] = [
    [
      'wrong, step > 150, bounces, aha >= 3',
      'correct:false step>150 family:bounces aha>=3',
      ({ group, rollout }) =>
        !rollout.correct &&
        group.step > 150 &&
        group.question.family === 'bounces' &&
        rollout.aha.some(({ tier }) => tier >= 3),
    ],
    [
      'temporal > 0 and p̃ >= p',
      'temporal>0 p̃>=p',
      (one) =>
        part(one, 'temporal') > 0 &&
        one.group.temporal !== null &&
        one.group.temporal.pShuffled >= one.group.temporal.p,
    ],
    [
      'shorter than 20 tokens and right',
      'length<20 correct:true',
      ({ rollout }) => rollout.tokenCount < 20 && rollout.correct,
    ],
  ];
  it.each(filters)('keep of "%s" what going through all groups keeps', async (_question, line, keeps) => {
    const tab = await open();
    await expectKept(tab, line, answers.filter(keeps));
    expect(complaints).toEqual([]);
  });

  it('keep of "flagged, category wrong order" those that were flagged so by key, and not one flagged otherwise', async () => {
    const tab = await open();
    const flagged: string[] = [];
    const looked = answers.filter(
      ({ group, rollout }) =>
        !rollout.correct && group.question.family === 'bounces' && rollout.aha.some(({ tier }) => tier >= 3),
    );
    await filterTo(tab, 'correct:false family:bounces aha>=3', looked.length, answers.length);
    for (const [key, category] of [
      ['2', 'wrong order of events'],
      ['3', 'reasoning does not support the answer'],
      ['2', 'wrong order of events'],
    ] as const) {
      const before = await chosenRow(tab).getAttribute('id');
      await tab.keyboard.press('j');
      await expect.poll(() => chosenRow(tab).getAttribute('id')).not.toBe(before);
      const id = (await chosenRow(tab).getAttribute('id'))?.slice('row-'.length) ?? '';
      await tab.waitForURL((url) => url.searchParams.get('rollout') === id);
      await tab.keyboard.press('x');
      const form = tab.getByRole('form', { name: 'Flag' });
      await form.and(tab.locator(':focus')).filter({ hasText: 'the whole answer' }).waitFor();
      await tab.keyboard.press(key);
      const signed = form.getByLabel('Sign as');
      if (await signed.count()) await signed.locator('input').fill('Ann Example <ann@example.org>');
      await tab.keyboard.press('Enter');
      await tab.locator('section[aria-label="Flags and verdicts"]').getByText(category).waitFor();
      await form.waitFor({ state: 'detached' });
      if (key === '2') flagged.push(id);
    }
    await expectKept(
      tab,
      'flagged category:"wrong order"',
      answers.filter(({ rollout }) => flagged.includes(rollout.id)),
    );
    await filterTo(tab, 'flagged', 3, answers.length);
    expect(complaints).toEqual([]);
  });
});

describe('the twenty worst for a colleague', () => {
  it('are ordered, exported as a page and linked to by keyboard', async () => {
    const line = 'step>=159 half:ordered';
    const kept = answers.filter(({ group, rollout }) => group.step >= 159 && rollout.order === 'ordered');
    const rewardOf = new Map(kept.map(({ rollout }) => [rollout.id, rollout.reward.total]));
    const worst = [...rewardOf.values()].sort((a, b) => a - b).slice(0, 20);
    console.log(`${line}: of ${kept.length}, the rewards of the twenty worst: ${worst.map((one) => one.toFixed(2))}`);
    expect(kept.length).toBeGreaterThan(20);
    expect(new Set(worst).size).toBeGreaterThan(1);

    // The bars of the parts have the same order as the reward, and stand before it.
    const sortOf = (of: Page) =>
      of
        .locator('th:is([data-column=parts], [data-column=reward]):not([aria-sort=none])')
        .evaluateAll((heads) => heads.map((head) => head.getAttribute('aria-sort')));
    const tab = await open();
    await filterTo(tab, line, kept.length, answers.length);
    await tab.getByRole('button', { name: 'Order by reward', exact: true }).focus();
    for (const sorted of ['descending', 'ascending']) {
      await tab.keyboard.press('Enter');
      await expect.poll(() => sortOf(tab)).toEqual([sorted]);
    }
    const inSight = (of: Page) =>
      of.locator('[id^=row-]').evaluateAll((rows) =>
        rows
          .map((row) => ({ id: row.id.slice('row-'.length), place: Number(row.getAttribute('aria-posinset')) }))
          .filter(({ place }) => place <= 20)
          .sort((a, b) => a.place - b.place)
          .map(({ id }) => id),
      );
    const rewards = (ids: readonly string[]) => ids.map((id) => rewardOf.get(id));
    await expect.poll(async () => rewards(await inSight(tab))).toEqual(worst);
    const ids = await inSight(tab);

    await tab.getByRole('button', { name: 'Export (E)' }).focus();
    await tab.keyboard.press('Enter');
    await tab
      .getByRole('textbox', { name: /How many/ })
      .and(tab.locator(':focus'))
      .waitFor();
    await tab.keyboard.type('20');
    await tab.keyboard.press('Tab');
    const [download] = await Promise.all([tab.waitForEvent('download'), tab.keyboard.press('Enter')]);
    const file = path.join(project.folder, 'worst.html');
    await download.saveAs(file);
    const page = await (context as BrowserContext).newPage();
    await page.goto(pathToFileURL(file).href);
    expect(await page.locator('article h2 + p > code').allTextContents()).toEqual(ids);
    expect(await page.locator('h1 + p').textContent()).toContain(
      `filter ${line}; by reward, the smallest first; the first 20 of ${kept.length}.`,
    );
    const frames = page.locator('article img');
    expect(await frames.count()).toBeGreaterThanOrEqual(20);
    expect(await frames.evaluateAll((all) => all.every((one) => (one as HTMLImageElement).naturalWidth > 0))).toBe(
      true,
    );

    await tab.bringToFront();
    await tab.keyboard.press('y');
    await tab.getByRole('status').filter({ hasText: 'copied.' }).first().waitFor();
    const link = new URL(await tab.evaluate(() => navigator.clipboard.readText()), tab.url());
    expect(link.searchParams.get('sort')).toBe('reward');
    await page.goto(link.href);
    await expect.poll(() => sortOf(page)).toEqual(['ascending']);
    await expect.poll(() => inSight(page)).toEqual(ids);
    expect(complaints).toEqual([]);
  });
});
