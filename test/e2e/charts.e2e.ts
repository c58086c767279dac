/** The dashboard's charts in a browser: overlaid runs, marks, smoothing, zoom, a run of very many steps, and what is saved of them. */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { presetParameters } from '../../trainer/learning/presets.ts';
import type { RunEventBody } from '../../trainer/protocol/records.ts';
import { aCheckpoint } from '../store/records.ts';
import { faultsNow } from './axe.ts';
import { pagesOfRuns } from './pages-of-runs.ts';
import { projectWithRuns } from './recorded-run.ts';

const parameters = presetParameters('sample', 'tgrpo');
const rateSet: RunEventBody = {
  type: 'command',
  command: {
    ...{ id: 'rate', number: 1, by: 'ada', requestedAt: 1, endedAt: 2, state: 'applied', note: null },
    request: { kind: 'set', parameter: 'learningRate', value: 5e-5 },
    ...{ at: { point: 'before-step', step: 12 }, change: { from: 1e-4, to: 5e-5 } },
  },
};
const held = { number: 1, condition: 'kl > 0.5', logOnly: false };
const hitAt30: readonly RunEventBody[] = [
  {
    type: 'breakpoints',
    breakpoints: { given: 1, list: [{ ...held, at: 'after-update', enabled: true, hits: 0, lastHit: null }] },
  },
  {
    type: 'breakpoint-hit',
    hit: {
      ...{ ...held, hits: 1, place: { point: 'after-update', step: 30 } },
      cause: { sentence: 'kl is 0.6', rolloutId: null, groupId: null, values: [{ name: 'kl', value: 0.6 }] },
    },
  },
];
/** More than have a point of their own. */
const many = 5000;
const spike = 3210;

const pages = pagesOfRuns('first-1', () =>
  projectWithRuns([
    {
      ...{ id: 'first-1', groups: [], parameters, steps: 40 },
      metricsOf: (step) => ({ accuracy: step / 100, loss: step, memoryBytes: 2e9 }),
      also: (step) => [
        ...(step === 12 ? [rateSet] : []),
        ...(step === 30 ? hitAt30 : []),
        ...(step % 20 === 0 ? [{ type: 'checkpoint' as const, checkpoint: aCheckpoint(step) }] : []),
      ],
    },
    { id: 'second-1', groups: [], parameters, steps: 25, metricsOf: (step) => ({ accuracy: 1 - step / 100 }) },
    { id: 'long-1', groups: [], parameters, steps: many, metricsOf: (step) => ({ loss: step === spike ? 99 : 1 }) },
  ]),
);

const chart = (tab: Page, title: string) => tab.locator(`figure[data-chart="${title}"]`);
const heading = (tab: Page) => tab.getByRole('region', { name: 'Curves' }).locator('[data-formula=drawnCurve]').first();
const textOf = async (tab: Page, title: string) => ((await chart(tab, title).textContent()) ?? '').replace(/\s+/g, ' ');
const saved = async (tab: Page, form: string) => {
  await tab.getByRole('button', { name: 'Save what the charts show' }).click();
  const [download] = await Promise.all([
    tab.waitForEvent('download'),
    tab.getByRole('menuitem', { name: form }).click(),
  ]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
};

it('overlay another run, each with its own mark and last values, and keep it in the address', async () => {
  const tab = await pages.open('dashboard');
  await chart(tab, 'Accuracy reward').waitFor();
  await tab.getByRole('button', { name: 'Overlay another run' }).click();
  await tab.getByRole('menuitemcheckbox', { name: /second-1/ }).click();
  const runs = tab.getByRole('list', { name: 'Runs in the charts' });
  await runs.getByText('second-1').waitFor();
  // Means of steps 31 to 40, and 16 to 25.
  await expect.poll(() => textOf(tab, 'Accuracy reward')).toMatch(/ordered 0\.355 0\.795/);
  expect(await chart(tab, 'Accuracy reward').getByRole('img', { name: /disc/ }).count()).toBe(4);
  expect(new URL(tab.url()).searchParams.get('beside')).toBe('second-1');
  await tab.reload();
  await runs.getByText('second-1').waitFor();
  expect(await faultsNow(tab)).toEqual([]);
  await runs.getByRole('button', { name: /Take second-1/ }).click();
  await runs.waitFor({ state: 'detached' });
  await expect.poll(() => new URL(tab.url()).searchParams.get('beside')).toBeNull();
});

it('say how they are smoothed, all alike, and remember it', async () => {
  const tab = await pages.open('dashboard');
  await expect.poll(() => heading(tab).textContent()).toBe('all 40 steps, smoothed over 10');
  const choose = async (name: string) => {
    await tab.getByRole('button', { name: /Over how many steps/ }).click();
    await tab.getByRole('menuitemcheckbox', { name }).click();
  };
  await choose('not at all');
  await expect.poll(() => textOf(tab, 'Accuracy reward')).toMatch(/ordered 0\.400/);
  await choose('over 5 steps');
  await expect.poll(() => textOf(tab, 'Accuracy reward')).toMatch(/ordered 0\.380/);
  expect(await textOf(tab, 'Loss')).toMatch(/38\.0/);
  await tab.reload();
  await expect.poll(() => heading(tab).textContent()).toBe('all 40 steps, smoothed over 5');
});

it('are gone through mark by mark, and a mark opens what it stands for', async () => {
  const tab = await pages.open('dashboard');
  await chart(tab, 'Accuracy reward').waitFor();
  const focused = () =>
    tab.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');
  await tab.keyboard.press(']');
  await expect.poll(focused).toMatch(/^step 12: set learning rate 1e−4 → 5e−5, applied, by ada$/);
  await tab.keyboard.press(']');
  await expect.poll(focused).toMatch(/^step 20: checkpoint/);
  await tab.keyboard.press('[');
  await expect.poll(focused).toMatch(/^step 12/);
  await tab.keyboard.press('Enter');
  await expect.poll(() => tab.evaluate(() => document.activeElement?.getAttribute('data-command'))).toBe('rate');
  await tab.getByRole('button', { name: 'step 30: Breakpoint 1: kl > 0.5: kl is 0.6' }).first().click();
  await expect.poll(() => tab.evaluate(() => document.activeElement?.getAttribute('data-breakpoint'))).toBe('1');
  await tab
    .getByRole('button', { name: /^step 40: checkpoint/ })
    .first()
    .click();
  await expect
    .poll(() => tab.evaluate(() => document.activeElement?.getAttribute('data-checkpoint')))
    .toBe(aCheckpoint(40).id);
});

it('zoom together, read out step by step with the arrow keys, and go back by a double click', async () => {
  const tab = await pages.open('dashboard');
  const plot = chart(tab, 'Accuracy reward').locator('.u-over');
  await plot.waitFor();
  const box = await plot.boundingBox();
  if (!box) throw new Error('The chart is not drawn.');
  await tab.mouse.move(box.x + box.width / 4, box.y + 20);
  await tab.mouse.down();
  await tab.mouse.move(box.x + box.width / 2, box.y + 20, { steps: 4 });
  await tab.mouse.up();
  // From step 1 + 39 / 4 to step 1 + 39 / 2, as far as a pixel is.
  await expect.poll(() => heading(tab).textContent()).toMatch(/^steps 1[01] to 20 of 40, smoothed over 10$/);
  expect(await textOf(tab, 'Loss')).toMatch(/max 20/);
  await tab.mouse.move(5, 5);
  await chart(tab, 'Accuracy reward').locator('[tabindex="0"]').focus();
  await tab.keyboard.press('End');
  await tab.keyboard.press('ArrowLeft');
  await expect
    .poll(() => chart(tab, 'Accuracy reward').locator('[role=status]').textContent())
    .toBe('step 19: ordered 0.190, shuffled 0.250');
  expect(await textOf(tab, 'Response length')).toContain('step 19');
  await plot.dblclick();
  await expect.poll(() => heading(tab).textContent()).toMatch(/^all 40 steps/);
});

it('are saved as they are shown: the steps zoomed into, of all runs, as a table, a drawing and a picture', async () => {
  const tab = await pages.open('dashboard', { place: '&beside=second-1' });
  await tab.getByRole('list', { name: 'Runs in the charts' }).getByText('second-1').waitFor();
  await tab.keyboard.press('+');
  await expect.poll(() => heading(tab).textContent()).toMatch(/^steps 11 to 30 of 40/);
  const csv = await saved(tab, 'CSV');
  expect(csv.name).toBe('first-1-second-1-curves.csv');
  const [head = '', ...lines] = csv.bytes.toString().trim().split('\r\n');
  expect(head).toContain('"second-1: Accuracy reward, ordered","second-1: Accuracy reward, ordered, smoothed over 10"');
  // Step 11: 0.11 and the mean of steps 2 to 11; of the other run 0.89 and its mean.
  expect(lines[0]?.split(',').slice(0, 5).map(Number)).toEqual([
    11,
    0.11,
    expect.closeTo(0.065, 9),
    0.89,
    expect.closeTo(0.935, 9),
  ]);
  expect([lines.length, lines.at(-1)?.split(',')[3]]).toEqual([20, '']);
  const svg = await saved(tab, 'SVG');
  expect(svg.bytes.toString()).toMatch(/^<svg xmlns.*steps 11 to 30 of 40, smoothed over 10.*<\/svg>$/s);
  const png = await saved(tab, 'PNG');
  expect(png.bytes.subarray(1, 4).toString()).toBe('PNG');
  expect(png.bytes.readUInt32BE(16)).toBeGreaterThan(2000);
});

it('of very many steps have points for several, with the most of them, and each step where one looks closer', async () => {
  const tab = await pages.open('dashboard', { run: 'long-1' });
  await chart(tab, 'Loss').waitFor();
  await expect.poll(() => heading(tab).textContent()).toBe('all 5,000 steps, 8 steps a point, smoothed over 10');
  expect(await textOf(tab, 'Loss')).toContain('max 99');
  // Around the middle, step 2500, a quarter of the steps to each side.
  await tab.keyboard.press('+');
  await expect.poll(() => heading(tab).textContent()).toMatch(/^steps 1,251 to 3,750 of 5,000, smoothed over 10$/);
  await expect.poll(() => textOf(tab, 'Loss')).toContain('max 99');
  await tab.keyboard.press('0');
  await expect.poll(() => heading(tab).textContent()).toMatch(/^all 5,000 steps, 8 steps/);
});
