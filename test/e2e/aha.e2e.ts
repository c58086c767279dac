/** Answers that older rules read are marked, read anew from the page, and lead from a count to the list of what it counts. */
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { parseCompletion } from '../../trainer/reasoning/completion.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { TrainerProcess } from '../integration/trainer-process.ts';
import { aGroup, aRollout, someMetrics } from '../store/records.ts';
import { faultsNow } from './axe.ts';
import { chosenRow, filterTo } from './filtered-list.ts';
import { projectWithRecordedRun, recordedRun } from './recorded-run.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Beyond those of the recorded run. */
const step = 900;
/** Reasoning, final answer, and what became of the first answer; the solution is B, "right". */
const answers = [
  ['So it moves left. Wait, at 3 s it is at x 9. So it moves right.', 'B', 'wrong to right'],
  ['So it moves left. The rest is dark.', 'B', 'wrong to right'],
  ['This corresponds to option B. But option A is correct, because frame 2 shows it. So A.', 'A', 'right to wrong'],
  ['So it moves right.', 'B', 'stays right'],
  ['It rolls on.', 'A', 'no first answer'],
] as const;

let project: { folder: string; remove(): Promise<void> };
let trainer: TrainerProcess;
let browser: Browser;
let context: BrowserContext | null = null;
let total = 0;

async function open(page: 'dashboard' | 'rollouts', place = '', width = 1400): Promise<Page> {
  context = await browser.newContext({ viewport: { width, height: 900 } });
  const tab = await context.newPage();
  await tab.goto(`${pageAddress(trainer.discovery, page)}&run=${recordedRun}${place}`);
  return tab;
}

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await projectWithRecordedRun();
  const store = RunStore.open(path.join(project.folder, '.video-r1/runs', recordedRun));
  const rollouts = answers.map(([think, answer], index) => {
    const text = `<think>${think}</think><answer>${answer}</answer>`;
    const { think: where, answer: said, problems } = parseCompletion(text);
    return aRollout({
      ...{ id: `s${step}-g0-o${index}`, groupId: `s${step}-g0`, step, index, text, answer, correct: answer === 'B' },
      parsed: { think: where, answer: said, problems },
    });
  });
  store.append({ type: 'group', group: aGroup(step, { rollouts }) });
  store.append({ type: 'step', metrics: someMetrics(step) });
  total = store.rolloutCount();
  store.dispose();
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

it('a filter by what the present rules have not looked for says so, in the list and where nothing is left', async () => {
  const all = total.toLocaleString('en-US');
  const tab = await open('rollouts');
  await chosenRow(tab).waitFor();
  await filterTo(tab, 'pattern:cut', 0, total);
  const list = tab.locator('[data-pane=list]');
  await list.getByText('not all was looked for').waitFor();
  const said = list.locator('[data-part=analyse]');
  expect(await said.textContent()).toContain(`${all} answers of this run were read by rules of an older version`);
  expect(await said.textContent()).toContain('pattern is not looked for in them by the present rules yet');
  expect(await list.getByText('None of the').count()).toBe(0);
  await filterTo(tab, 'aha>=3', 0, total);
  const chip = list.locator('[aria-pressed=true] [data-formula=aha3]');
  expect(await chip.getAttribute('title')).toContain(`${all} answers of this run`);
  await filterTo(tab, `step:${step} not pattern:cut`, answers.length, total);
  await said.getByText('5 answers that the rest of the filter keeps were read').waitFor();
  expect(await list.locator('[id^=row-]').count()).toBe(answers.length);
  await filterTo(tab, `step:${step}`, answers.length, total);
  expect(await said.count()).toBe(0);
});

it('an answer that older rules read says so, until it is read anew by keyboard', async () => {
  const tab = await open('rollouts', `&rollout=s${step}-g0-o0`);
  const notice = tab.locator('[data-part=analyse]');
  await notice.getByText('found by the rules of version 1').waitFor();
  expect(await tab.locator('[data-aha]').count()).toBe(0);
  await notice.getByRole('button', { name: 'Analyse anew' }).focus();
  await tab.keyboard.press('Enter');
  await tab.locator('[data-aha]').waitFor();
  await notice.waitFor({ state: 'detached' });
  expect(await tab.locator('[data-part=think]').textContent()).toContain('commits to A');
  // In pieces, as a detector's suggestion begins inside of it.
  expect((await tab.locator('[data-tier="5"]').allTextContents()).join('')).toContain('Wait, at 3 s');
  await filterTo(tab, `step:${step} aha>=5`, 2, total);
  expect(await tab.locator('[data-part=analyse]').count()).toBe(0);
});

it('a cell of first to final answers opens the list of what it counts', async () => {
  const tab = await open('dashboard');
  const section = tab.locator('[data-part=reasoning]');
  await section.locator('table').waitFor();
  const cells = await section.locator('tbody tr').last().locator('th, td').allTextContents();
  const [steps, corrected, spoiled, right, wrong, none] = cells;
  expect(steps).toContain('900');
  const count = (change: string) => answers.filter(([, , became]) => became === change).length;
  expect([corrected, spoiled].map(Number)).toEqual([count('wrong to right'), count('right to wrong')]);
  expect(cells.slice(1, -1).reduce((sum, cell) => sum + Number(cell), 0)).toBe(Number(cells.at(-1)));
  expect([right, wrong, none].every((cell) => Number(cell) >= 0)).toBe(true);
  await section
    .getByRole('button', { name: /^1 answer, right to wrong/ })
    .last()
    .focus();
  await tab.keyboard.press('Enter');
  await tab.locator('[id^=row-]').first().waitFor();
  await tab.locator('[data-aha]').first().waitFor();
  expect(await tab.locator('[id^=row-]').count()).toBe(1);
  expect(await tab.locator('[data-part=think]').textContent()).toContain('commits to B');
});

it.each([1400, 420])('the tiers are explained in the page, at %i px, for readers too', async (width) => {
  const tab = await open('dashboard', '', width);
  await tab.getByRole('button', { name: 'How aha moments are found' }).click();
  const dialog = tab.getByRole('dialog', { name: 'How aha moments are found' });
  await dialog.getByText('25 of 25').first().waitFor();
  expect(await faultsNow(tab, { within: ['[data-part=reasoning]', 'dialog'] })).toEqual([]);
  await tab.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});
