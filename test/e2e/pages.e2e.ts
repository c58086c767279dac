/**
 * The pages in a real browser over a real trainer that trains: what a person sees move, types, flags, and can't be fooled by.
 * One run for all tests, in the order in which a person would do these things; each leaves the run as the next needs it.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { sampleProject, TrainerProcess } from '../integration/trainer-process.ts';
import { faultsNow } from './axe.ts';
import { inSight, isCut } from './in-sight.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Small steps, so that much happens soon, and more of them than the tests last. */
const parameters = {
  steps: 5000,
  questionsPerStep: 4,
  probeEvery: 2,
  probeQuestions: 2,
  evaluationQuestions: 4,
  checkpointEvery: 0,
};
const attack = '<img src=x onerror="window.owned=1">\u202Eoloc tahW\u202C<script>window.owned=2</script>';
const attackShown = '<img src=x onerror="window.owned=1">\\u202eoloc tahW\\u202c<script>window.owned=2</script>';

let project: { folder: string; remove(): Promise<void> };
let trainer: TrainerProcess;
let browser: Browser;
let runId: string;
let context: BrowserContext | null = null;
let complaints: string[] = [];

/** A page of the run, as the address that the trainer prints opens it. */
async function open(page: 'dashboard' | 'rollouts', options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  context = await browser.newContext({ viewport: { width: 1400, height: 900 }, acceptDownloads: true, ...options });
  const tab = await context.newPage();
  complaints = [];
  tab.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  tab.on('pageerror', (error) => complaints.push(error.message));
  await tab.goto(`${pageAddress(trainer.discovery, page)}&run=${runId}`);
  return tab;
}

const stepShown = async (tab: Page) =>
  Number(((await tab.locator('[data-part=progress] b').textContent()) ?? '').replaceAll(',', ''));
const waitForStep = (tab: Page, step: number) =>
  tab.waitForFunction(
    (wanted) => Number(document.querySelector('[data-part=progress] b')?.textContent?.replaceAll(',', '')) >= wanted,
    step,
    {
      timeout: 100_000,
    },
  );
const stateShown = (tab: Page) => tab.locator('[data-part=state]').textContent();

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await sampleProject();
  const dataset = path.join(project.folder, 'data', 'eval.json');
  const rows = JSON.parse(await readFile(dataset, 'utf8')) as { problem: string; options: string[] }[];
  for (const row of rows) {
    row.problem = `${attack} ${row.problem}`;
    row.options = row.options.map((option) => `${option} <b onmouseover="window.owned=3">bold</b>`);
  }
  await writeFile(dataset, JSON.stringify(rows));
  trainer = await TrainerProcess.start(project.folder);
  const client = await trainer.connect();
  runId = await client.create('sft.run.json', parameters);
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

describe('the pages over a run', () => {
  it('start a run, and show its curves and rollouts move while it trains', async () => {
    const tab = await open('dashboard');
    await tab.getByText('This run has not begun.').waitFor();
    await tab.locator('vscode-button', { hasText: 'Start' }).click();
    await waitForStep(tab, 2);
    const loss = tab.locator('figure', { hasText: 'Loss' }).locator('[role=img]').first();
    const before = await loss.getAttribute('aria-label');
    await waitForStep(tab, (await stepShown(tab)) + 2);
    expect(await loss.getAttribute('aria-label')).not.toBe(before);
    expect(await tab.locator('figure canvas').count()).toBeGreaterThanOrEqual(4);

    await tab.keyboard.press('r');
    await tab.locator('[id^=row-]').first().waitFor();
    const total = () => tab.locator('[data-pane=list] h2 + span').textContent();
    const held = await total();
    await tab.waitForFunction(
      (old) => document.querySelector('[data-pane=list] h2 + span')?.textContent !== old,
      held,
      {
        timeout: 100_000,
      },
    );
    expect(complaints).toEqual([]);
  });

  it('pause by key, change a parameter, and resume; the log says where each was applied', async () => {
    const tab = await open('dashboard');
    await waitForStep(tab, 1);
    /* As wide as in a window of VS Code with its side bar. */
    await tab.setViewportSize({ width: 1240, height: 900 });
    const whereIs = (control: RegExp) => tab.getByRole('button', { name: control }).boundingBox();
    const before = await whereIs(/^Pause/);
    await tab.keyboard.press('F6');
    await tab.waitForFunction(
      () => document.querySelector('[data-part=state]')?.textContent?.startsWith('Paused'),
      undefined,
      { timeout: 120_000 },
    );
    expect(await stateShown(tab)).toMatch(/^Paused (at (before|after)-[a-z]+|in sampling), step \d+$/);
    expect(await tab.getByText('Paused.', { exact: true }).count()).toBe(0);
    expect(await whereIs(/^Pause/)).toEqual(before);
    await tab.keyboard.press('F6');
    await tab.getByText('the run is paused already').waitFor();
    const paused = await stepShown(tab);
    const field = tab.getByRole('textbox', { name: 'learning rate' });
    await field.fill('7e-4');
    await field.press('Enter');
    const row = tab.locator('tr', { hasText: 'set learning rate' });
    await row.waitFor();
    expect(await stepShown(tab)).toBe(paused);
    /* From the field too. */
    await tab.keyboard.press('F5');
    await row.filter({ hasText: 'applied' }).waitFor({ timeout: 120_000 });
    expect(await row.textContent()).toContain('0.0015 → 7e−4');
    await waitForStep(tab, paused + 1);
    expect(await field.inputValue()).toBe('7e−4');
    await tab.keyboard.press('F6');
    await tab.waitForFunction(
      () => document.querySelector('[data-part=state]')?.textContent?.startsWith('Paused'),
      undefined,
      {
        timeout: 120_000,
      },
    );
    expect(complaints).toEqual([]);
  });

  it('refuse a value that the parameter does not take, and say so at the field', async () => {
    const tab = await open('dashboard');
    const field = tab.getByRole('textbox', { name: 'top-p' });
    await field.fill('7');
    await field.press('Enter');
    const host = tab.locator('vscode-text-field[aria-invalid=true]');
    await host.waitFor();
    expect(await host.getAttribute('title')).toMatch(/^“7” is no number .*1\.$/);
    await tab.getByText(/^“7” is no number /).waitFor();
    await field.press('Escape');
    await expect.poll(() => field.inputValue()).toBe('0.95');
    expect(await tab.locator('tr', { hasText: 'set top-p' }).count()).toBe(0);
  });

  it('show hostile questions as the text they are', async () => {
    const tab = await open('rollouts');
    await tab.locator('[data-part=problem]').waitFor();
    expect(await tab.locator('[data-part=problem]').textContent()).toContain(attackShown);
    await tab.locator('[id^=row-]').nth(1).hover();
    expect(
      await tab.evaluate(() => ({
        owned: (window as { owned?: number }).owned,
        foreign: document.querySelectorAll('#page img, #page script, #page b[onmouseover], #page iframe').length,
      })),
    ).toEqual({ owned: undefined, foreign: 0 });
    expect(complaints).toEqual([]);
  });

  it('move by key, and let no letter act while one types', async () => {
    const tab = await open('rollouts');
    await tab.locator('[id^=row-][aria-selected=true]').waitFor();
    const selected = () => tab.locator('[id^=row-][aria-selected=true]').getAttribute('id');
    const first = await selected();
    await tab.keyboard.press('j');
    await tab.waitForFunction((old) => document.querySelector('[id^=row-][aria-selected=true]')?.id !== old, first);
    const second = await selected();
    await tab.keyboard.press('k');
    await tab.waitForFunction((old) => document.querySelector('[id^=row-][aria-selected=true]')?.id === old, first);
    expect(second).not.toBe(first);

    await tab.keyboard.press('/');
    await tab.keyboard.type('xjp?');
    expect(await tab.locator('#rollout-filter').inputValue()).toBe('xjp?');
    expect(await tab.getByRole('form', { name: 'Flag' }).count()).toBe(0);
    expect(await tab.getByRole('dialog', { name: 'Keys' }).count()).toBe(0);
    await tab.locator('#rollout-filter').fill('');
    await tab.keyboard.press('Escape');
    await tab.keyboard.press('?');
    await tab.getByRole('dialog', { name: 'Keys' }).waitFor();
    await tab.keyboard.press('Escape');
    await tab.keyboard.press('p');
    await tab.getByText('probability of the token').waitFor();
    await tab.locator('[data-part=think] [data-token]').first().waitFor();
  });

  it('filter by typed terms, and offer the term that a faulty one was meant to be', async () => {
    const tab = await open('rollouts');
    await tab.locator('[id^=row-]').first().waitFor();
    await tab.locator('#rollout-filter').fill('ordr:shuffled');
    await tab.locator('[data-pane=list]').getByRole('alert').waitFor();
    expect(await tab.locator('[data-faulty]').textContent()).toBe('ordr');
    expect(await tab.locator('[id^=row-]').count()).toBeGreaterThan(0);
    await tab.locator('[data-pane=list]').getByRole('alert').getByRole('button').click();
    expect(await tab.locator('#rollout-filter').inputValue()).toBe('order:shuffled');
    await tab.waitForFunction(() => {
      const rows = [...document.querySelectorAll('[id^=row-]')];
      return rows.length > 0 && rows.every((row) => row.querySelector('[aria-label=shuffled]'));
    });
  });

  it('complete names and values of the filter by key, and leave what is typed alone otherwise', async () => {
    const tab = await open('rollouts');
    await tab.locator('[id^=row-]').first().waitFor();
    const box = tab.getByRole('combobox', { name: /^Filter/ });
    const offers = tab.getByRole('listbox', { name: 'What can stand here' }).getByRole('option');
    await tab.keyboard.press('/');
    await tab.keyboard.type('hal');
    await offers.first().waitFor();
    await tab.keyboard.press('Enter');
    expect(await box.inputValue()).toBe('hal');
    await tab.keyboard.press('ArrowDown');
    await tab.keyboard.press('ArrowDown');
    expect(await box.getAttribute('aria-activedescendant')).toBe(await offers.first().getAttribute('id'));
    await tab.keyboard.press('Tab');
    expect(await box.inputValue()).toBe('half:');
    await tab.keyboard.type('s');
    await tab.keyboard.press('Enter');
    expect(await box.inputValue()).toBe('half:shuffled');
    expect(await offers.count()).toBe(0);
    await tab.waitForFunction(() => {
      const rows = [...document.querySelectorAll('[id^=row-]')];
      return rows.length > 0 && rows.every((row) => row.querySelector('[aria-label=shuffled]'));
    });
    await box.fill('type:');
    await offers.first().waitFor();
    await tab.keyboard.press('Escape');
    expect(await offers.count()).toBe(0);
    expect(await box.evaluate((element) => element === document.activeElement)).toBe(true);
    await box.fill('answer');
    await tab.keyboard.press('Tab');
    expect(await box.inputValue()).toBe('answer');
  });

  it('flag a span by key with a verdict, show it in its place, export it, take it back and bring it back', async () => {
    const tab = await open('rollouts');
    await tab.locator('[data-part=think] [data-start]').first().waitFor();
    const picked = await tab.evaluate(() => {
      const piece = [...document.querySelectorAll('[data-part=think] [data-start]:not([data-code])')].find(
        (one) => (one.textContent ?? '').length >= 4,
      );
      const text = piece?.firstChild;
      if (!text) throw new Error('there is no text to select');
      const range = document.createRange();
      range.setStart(text, 1);
      range.setEnd(text, 4);
      window.getSelection()?.removeAllRanges();
      window.getSelection()?.addRange(range);
      return range.toString();
    });
    await tab.keyboard.press('x');
    await tab.getByRole('form', { name: 'Flag' }).waitFor();
    await tab.keyboard.press('2');
    await tab.keyboard.press('d');
    await tab.keyboard.press('s');
    await tab.keyboard.press('t');
    await tab.keyboard.type('<i>1 3 k');
    await tab.keyboard.press('Enter');
    // A browser knows nobody's name.
    await tab.getByRole('alert').filter({ hasText: 'write who signs this' }).waitFor();
    await tab.keyboard.type('Ann Example <ann@example.org>');
    await tab.keyboard.press('Enter');
    const said = tab.getByRole('region', { name: 'Flags and verdicts' }).getByRole('listitem');
    const flag = said.filter({ hasText: 'wrong order' });
    await flag.waitFor();
    expect(await said.allTextContents()).toEqual([
      expect.stringMatching(/^wrong order of events · minor · Ann Example <ann@example\.org>, .*<i>1 3 k/),
      expect.stringMatching(/^verdict: drop · Ann Example/),
    ]);
    expect(
      await tab
        .locator('[data-part=think] [data-flagged]')
        .evaluateAll((pieces) => pieces.map((piece) => piece.textContent).join('')),
    ).toBe(picked);
    await tab.locator('[data-part=think]').getByText('2 wrong order of events · minor', { exact: true }).waitFor();
    await tab.locator('[id^=row-][aria-selected=true] svg[aria-label="1 flag"]').waitFor();

    const download = tab.waitForEvent('download');
    await tab.getByRole('button', { name: 'Export (E)' }).click();
    await tab.getByRole('button', { name: /^All flags/ }).click();
    const [line = '', ...more] = (await readFile(await (await download).path(), 'utf8')).trim().split('\n');
    expect(more).toHaveLength(1);
    expect(line).toContain('wrong-order');
    expect(JSON.stringify(JSON.parse(line))).toContain(JSON.stringify(picked).slice(1, -1));

    await flag.getByRole('button', { name: 'Take back' }).click();
    await flag.waitFor({ state: 'detached' });
    await tab.locator('[data-part=think]').click();
    await tab.keyboard.press('u');
    await flag.waitFor();
    await tab.reload();
    await flag.waitFor();
    await flag.getByRole('button', { name: 'Take back' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('find the same place again after a reload, with the filter that was typed', async () => {
    const tab = await open('rollouts');
    await tab.locator('[id^=row-][aria-selected=true]').waitFor();
    await tab.locator('#rollout-filter').fill('order:ordered');
    await tab.waitForFunction(() => {
      const rows = [...document.querySelectorAll('[id^=row-]')];
      return rows.length > 0 && rows.every((row) => !row.querySelector('[aria-label=shuffled]'));
    });
    // Leaves the box, in which letters are typed.
    await tab.locator('#rollout-filter').blur();
    const selectedId = () => tab.locator('[id^=row-][aria-selected=true]').getAttribute('id');
    for (const _ of [1, 2, 3]) {
      const before = await selectedId();
      await tab.keyboard.press('j');
      await tab.waitForFunction((old) => document.querySelector('[id^=row-][aria-selected=true]')?.id !== old, before);
    }
    const selected = await selectedId();
    // The address names the rollout a moment after the row is marked.
    await tab.waitForURL((url) => `row-${url.searchParams.get('rollout')}` === selected);
    await tab.reload();
    await tab.locator(`[id="${selected}"][aria-selected=true]`).waitFor();
    expect(await tab.locator('#rollout-filter').inputValue()).toBe('order:ordered');
  });

  it('show every key whole on a narrow page', async () => {
    for (const page of ['dashboard', 'rollouts'] as const) {
      const tab = await open(page, { viewport: { width: 420, height: 400 } });
      await tab.locator('[data-part=state]').waitFor();
      await tab.keyboard.press('?');
      const help = await tab.getByRole('dialog').boundingBox();
      expect(help?.x).toBeGreaterThanOrEqual(0);
      expect((help?.y ?? 0) + (help?.height ?? Infinity)).toBeLessThanOrEqual(400);
      await context?.close();
    }
  });

  it.each([1400, 1125, 420])(
    'have every tool of the dashboard and the whole theme in sight at %i px',
    async (width) => {
      const tab = await open('dashboard', { viewport: { width, height: 900 } });
      await tab.locator('[data-part=progress]').waitFor();
      expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      for (const tool of await tab.getByRole('toolbar', { name: 'Run' }).getByRole('button').all())
        expect(await inSight(tool)).toBe(true);
      const theme = tab.locator('header [title="Theme of this page"] .selected-value');
      expect((await theme.textContent())?.trim()).toBe('system theme');
      expect(await isCut(theme)).toBe(false);
    },
  );

  const themes = {
    dark: { colorScheme: 'dark' },
    light: { colorScheme: 'light' },
    'high contrast': { colorScheme: 'dark', contrast: 'more' },
    'high contrast light': { colorScheme: 'light', contrast: 'more' },
  } as const;
  for (const [theme, options] of Object.entries(themes)) {
    it(`have no fault of accessibility in the ${theme} theme, wide and narrow`, async () => {
      for (const page of ['dashboard', 'rollouts'] as const) {
        for (const width of [1400, 420]) {
          const tab = await open(page, { ...options, viewport: { width, height: 900 } });
          await tab
            .locator(page === 'dashboard' ? 'figure' : '[id^=row-][aria-selected=true]')
            .first()
            .waitFor();
          expect(await faultsNow(tab), `${page}, ${width} px wide`).toEqual([]);
          expect(complaints).toEqual([]);
          await context?.close();
        }
      }
    });
  }

  it('stay readable when the trainer is killed, with the reason at every control', async () => {
    const tab = await open('rollouts');
    await tab.locator('[data-part=think]').waitFor();
    const read = await tab.locator('[id^=row-][aria-selected=true]').getAttribute('id');
    await tab.keyboard.press('j');
    await tab.waitForFunction((id) => document.querySelector('[id^=row-][aria-selected=true]')?.id !== id, read);
    await trainer.kill();
    await tab
      .getByText(/connection to the trainer is lost|trainer is gone/)
      .first()
      .waitFor();
    expect(await stateShown(tab)).toContain('No trainer');
    await tab.keyboard.press('k');
    await tab.waitForFunction((id) => document.querySelector('[id^=row-][aria-selected=true]')?.id === id, read);
    expect(await tab.locator('[data-part=think], [data-part=answer]').first().isVisible()).toBe(true);
    await tab.keyboard.press('d');
    const pause = tab.getByRole('toolbar', { name: 'Run' }).getByRole('button').first();
    await pause.waitFor();
    expect(await pause.getAttribute('aria-disabled')).toBe('true');
    expect(await pause.getAttribute('title')).toMatch(/trainer/);
    expect(await tab.locator('[data-part=progress]').textContent()).not.toContain('left');
  });
});
