/** The queue: a run's answers are judged one after the other in a browser, by keyboard alone; axe finds nothing in it. */
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LabelFolder } from '../../trainer/annotations/label-folder.ts';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import type { Verdict } from '../../trainer/protocol/records.ts';
import { defaultEngine } from '../../trainer/protocol/runfile.ts';
import { writePlan } from '../../trainer/runs/plan.ts';
import { ProjectPaths } from '../../trainer/runs/project-paths.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { TrainerProcess } from '../integration/trainer-process.ts';
import { aRunThat } from '../protocol/every-standing.ts';
import { aGroup, aQuestion, aRollout, someMetrics } from '../store/records.ts';
import { faultsNow } from './axe.ts';
import { inSight } from './in-sight.ts';
import { lineUnder } from './line-contrast.ts';

const root = path.resolve(import.meta.dirname, '../..');
const attack = '<img src=x onerror="window.owned=1">\u202e';
const sizes = [
  [1400, 900],
  [1000, 760],
  [420, 900],
] as const;

/** The classes that the editor gives its pages, and a browser tab by its own choice. */
const themes = {
  light: 'vscode-light',
  'high contrast': 'vscode-high-contrast',
  'high contrast light': 'vscode-high-contrast vscode-high-contrast-light',
  dark: 'vscode-dark',
} as const;

let folder: string;
let trainer: TrainerProcess;
let browser: Browser;
let context: BrowserContext | null = null;
let errors: string[] = [];

const think = 'It goes left at first. Then it turns. It ends at the right side, so the answer is B.';
/** In which the reasoning of step 4 ends; the answer is another. */
const wrongEnd = 'It ends at the left side at 1 s, so the answer is A.';

async function writeRun(): Promise<void> {
  const runFolder = path.join(folder, '.video-r1', 'runs', 'first-1');
  mkdirSync(runFolder, { recursive: true });
  await writePlan(runFolder, {
    ...{ name: 'first', method: 'tgrpo', preset: 'sample', seed: 1, evaluationDataset: null, promptTemplate: null },
    dataset: path.join(folder, 'rl.json'),
    runFile: path.join(folder, 'first.run.json'),
    model: { checkpoint: path.join(folder, 'checkpoint') },
    engine: defaultEngine,
    sourceWeights: null,
    allowedRoots: [],
    paths: new ProjectPaths(folder),
  });
  const store = RunStore.create(
    runFolder,
    aRunThat({ state: 'completed' }, { id: 'first-1', name: 'first', step: 6, steps: 6 }),
  );
  for (let step = 1; step <= 5; step++) {
    const id = `s${step}-g0`;
    const thought = step === 4 ? think.replace(/It ends.*$/, wrongEnd) : think;
    const text = `<think>${thought}${step === 2 ? attack : ''}</think><answer>B</answer>`;
    const end = { start: text.indexOf(wrongEnd), end: text.indexOf(wrongEnd) + wrongEnd.length };
    store.append({
      type: 'group',
      group: aGroup(step, {
        id,
        question: aQuestion({ row: step, problem: `${step === 2 ? attack : ''} Question ${step}?` }),
        rollouts: [
          aRollout({
            ...{ id: `${id}-o0`, groupId: id, step, index: 0, text, correct: true, accuracy: 1, answer: 'B' },
            ...(step === 4 && {
              patterns: ['wrong way' as const],
              commitments: [{ span: end, answer: 'A', right: false }],
            }),
            parsed: {
              think: { start: 7, end: text.indexOf('</think>') },
              answer: { start: text.indexOf('<answer>') + 8, end: text.indexOf('</answer>') },
              problems: [],
            },
          }),
        ],
      }),
    });
    store.append({ type: 'step', metrics: someMetrics(step) });
  }
  store.dispose();
}

async function open(author: string, page: 'review' | 'rollouts' = 'review', more = ''): Promise<Page> {
  context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  await context.addInitScript((name) => name && localStorage.setItem('video-r1-author', name), author);
  const tab = await context.newPage();
  errors = [];
  tab.on('pageerror', ({ message }) => errors.push(message));
  const address = new URL(pageAddress(trainer.discovery));
  address.pathname = `/${page}`;
  await tab.goto(`${address.href}&run=first-1${more}`);
  if (page === 'rollouts') return tab;
  await tab.getByRole('combobox', { name: 'Which items' }).selectOption('newest');
  await item(tab, 1).waitFor();
  await tab.locator('body').click({ position: { x: 600, y: 10 } });
  return tab;
}

const item = (tab: Page, number: number) => tab.getByRole('heading', { name: `Item ${number}`, exact: true });
const said = (tab: Page) => tab.getByRole('region', { name: 'Flags and verdicts' }).getByRole('listitem');
const press = async (tab: Page, ...keys: readonly string[]) => {
  for (const key of keys) await tab.keyboard.press(key);
};

/** What is marked so of the text that is read; commitments and tags stand between. */
const words = async (tab: Page, mark: 'data-suggested' | 'data-flagged') =>
  (await tab.locator(`[data-part=think] [${mark}]`).allTextContents()).join('');

/** The suggested passage of step 4: dashed, with a tag, and to be seen in all themes. */
async function seenInTheText(tab: Page): Promise<void> {
  const passage = tab.locator('[data-part=think] [data-suggested]');
  await passage.first().waitFor();
  expect(await words(tab, 'data-suggested')).toBe(wrongEnd);
  await tab.getByText('suggested: reasoning does not support the answer', { exact: true }).waitFor();
  for (const classes of Object.values(themes)) {
    await wear(tab, classes);
    const { style, contrast } = await lineUnder(passage.first());
    expect([classes, style]).toEqual([classes, 'dashed']);
    expect(contrast, classes).toBeGreaterThanOrEqual(3);
    expect(await faultsNow(tab, { rules: ['color-contrast'], within: ['[data-part=think]'] }), classes).toEqual([]);
  }
}

const wear = (tab: Page, classes: string) =>
  tab.evaluate((names) => {
    document.body.className = `browser ${names}`;
  }, classes);

async function verdictsOf(author: string): Promise<(readonly [string, Verdict])[]> {
  const { book } = await LabelFolder.open(folder, { signal: new AbortController().signal });
  return [...book.keys()].flatMap((key) => {
    const labels = book.get(key);
    if (labels?.item.kind !== 'rollout') return [];
    const { rollout } = labels.item;
    return labels.verdicts
      .filter((one) => one.author.name === author)
      .map(({ verdict }) => [rollout, verdict] as const);
  });
}

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-review-'));
  await writeRun();
  trainer = await TrainerProcess.start(folder);
  browser = await launchBrowser();
}, 300_000);

afterEach(async () => {
  await context?.close();
  context = null;
  expect(errors).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  await trainer?.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe('a passage', () => {
  it('is chosen by sentence and word without a mouse, on the page of the rollouts too', async () => {
    const tab = await open('Ann Third', 'rollouts');
    const quoted = () => tab.getByRole('form', { name: 'Flag' }).locator('.model-text').first().textContent();
    await tab.locator('[data-part=think] [data-start]').first().waitFor();
    await press(tab, 'x', 'v');
    await expect.poll(quoted).toBe('It goes left at first.');
    await press(tab, 'v');
    await expect.poll(quoted).toBe('Then it turns.');
    await press(tab, 'V', 'Shift+ArrowLeft');
    await expect.poll(quoted).toBe('It goes left at first');
    await press(tab, 'Shift+ArrowDown');
    await expect.poll(quoted).toBe('It goes left at first.');
    await press(tab, 'w');
    await expect.poll(quoted).toBe('Then');
    await press(tab, 'Shift+ArrowRight');
    await expect.poll(quoted).toBe('Then it');
    await press(tab, 'W');
    await expect.poll(quoted).toBe('first');
    await press(tab, 'Escape');
    expect(await tab.getByRole('form', { name: 'Flag' }).count()).toBe(0);
  });
});

describe('the queue', () => {
  it('is worked by keyboard alone: a verdict and Enter opens the next item, and how far one is and how fast is said', async () => {
    const tab = await open('Ann');
    await tab.getByText('5 left').waitFor();
    await press(tab, 'D', 'Enter');
    await item(tab, 2).waitFor();
    await press(tab, 'K', 'Enter');
    await item(tab, 3).waitFor();
    await tab.getByText('2 of 5 done').waitFor();
    await tab.getByText(/^\d+ s an item$/).waitFor();
    await press(tab, 'n');
    await item(tab, 4).waitFor();
    await tab.getByText('keep 1 · drop 1 · skipped 1').waitFor();
    expect((await verdictsOf('Ann')).toSorted()).toEqual([
      ['s4-g0-o0', 'keep'],
      ['s5-g0-o0', 'drop'],
    ]);
    await press(tab, 'Enter');
    await tab.getByText('Choose keep, fix or drop first').waitFor();
    await press(tab, 'F', 'Enter');
    await item(tab, 5).waitFor();
    await press(tab, 'u');
    await item(tab, 4).waitFor();
    expect((await verdictsOf('Ann')).map(([, verdict]) => verdict).toSorted()).toEqual(['drop', 'keep']);
    await tab.reload();
    await tab.getByRole('combobox', { name: 'Which items' }).selectOption('newest');
    await tab.getByText('3 left').waitFor();
  });

  it('has passages flagged between verdicts, and shows what a model wrote as text', async () => {
    const tab = await open('Bob');
    await press(tab, 'v');
    await tab.getByRole('form', { name: 'Flag' }).and(tab.locator(':focus')).waitFor();
    await press(tab, '2', 'Enter');
    await said(tab).filter({ hasText: 'wrong order of events' }).waitFor();
    expect(await tab.locator('[data-flagged]').first().textContent()).toBe('It goes left at first.');
    await press(tab, 'j', 'j', 'j');
    await item(tab, 4).waitFor();
    await tab.getByText('onerror').first().waitFor();
    expect(await tab.evaluate(() => 'owned' in window)).toBe(false);
  });

  it('hides what others said until one has judged', async () => {
    const tab = await open('Eve');
    await tab.getByText(/others have labelled this answer|other has labelled this answer/).waitFor();
    expect(await said(tab).count()).toBe(0);
    await press(tab, 'K', 'Enter');
    await item(tab, 2).waitFor();
    await press(tab, 'k');
    await item(tab, 1).waitFor();
    await said(tab).filter({ hasText: 'Bob' }).waitFor();
    expect(await tab.getByText(/labelled this answer/).count()).toBe(0);
  });

  it('has what detectors suggest, which is a flag only when somebody accepts it, with how often people agreed', async () => {
    const tab = await open('Ann Other');
    await press(tab, 'j');
    await item(tab, 2).waitFor();
    const suggested = tab
      .getByRole('region', { name: 'Suggested' })
      .getByRole('listitem')
      .filter({ hasText: 'reasoning does not support the answer' });
    await suggested.filter({ hasText: 'not judged yet' }).waitFor();
    expect(await said(tab).count()).toBe(0);
    await seenInTheText(tab);
    await press(tab, 'Y');
    await suggested.filter({ hasText: 'right 1 of 1' }).filter({ hasText: 'accepted' }).waitFor();
    await tab.setViewportSize({ width: 420, height: 900 });
    await tab.getByRole('button', { name: 'verdict', exact: true }).click();
    expect(await inSight(suggested.getByText('right 1 of 1'))).toBe(true);
    await tab.setViewportSize({ width: 1400, height: 900 });
    await said(tab).filter({ hasText: 'reasoning does not support the answer' }).waitFor();
    await expect.poll(() => words(tab, 'data-suggested')).toBe('');
    await expect.poll(() => words(tab, 'data-flagged')).toBe(wrongEnd);
    const lines = await tab
      .locator('[data-part=think] [data-flagged]')
      .evaluateAll((pieces) => pieces.map((piece) => getComputedStyle(piece).textDecorationLine));
    // The mention of a time is one of them.
    expect(lines).toEqual(['underline', 'underline', 'underline']);
    await press(tab, 'u');
    await said(tab).first().waitFor({ state: 'detached' });
    await suggested.filter({ hasText: 'not judged yet' }).waitFor();
    await expect.poll(() => words(tab, 'data-suggested')).toBe(wrongEnd);
    expect(await words(tab, 'data-flagged')).toBe('');
    await press(tab, 'X');
    await suggested.filter({ hasText: 'right 0 of 1' }).filter({ hasText: 'dismissed' }).waitFor();
    await expect.poll(() => words(tab, 'data-suggested')).toBe('');
  });

  it('has them in the text of the rollouts page too', async () => {
    const tab = await open('Ann Third', 'rollouts', '&rollout=s4-g0-o0');
    await seenInTheText(tab);
  });

  it('shows how far people agree, and has settled by keys what they differ in', async () => {
    // Ann gave drop and keep, Eve keep and keep: one of two agrees, and by chance one would, so kappa is 0.
    const eve = await open('Eve');
    await press(eve, 'K', 'Enter');
    await eve.getByText('1 of 4 done').waitFor();
    await context?.close();
    const tab = await open('Zed');
    const agreement = tab.getByRole('region', { name: 'Agreement' });
    await agreement.getByText('Cohen’s κ of Ann and Eve').waitFor();
    await agreement.getByText('2 items judged by both').waitFor();
    const verdict = agreement.getByRole('listitem').filter({ hasText: 'verdict' });
    expect(await verdict.textContent()).toMatch(/^verdict0\.00/);
    await press(tab, 'S');
    await tab.getByText('the verdicts of 2 people differ').waitFor();
    await said(tab).filter({ hasText: 'verdict: drop' }).waitFor();
    const history = tab.getByRole('region', { name: 'History' }).getByRole('listitem');
    await history.filter({ hasText: 'Ann: verdict drop' }).waitFor();
    await press(tab, 'D', 'Enter');
    await agreement.getByText('nothing to settle').waitFor();
    await tab.getByText('The one item is done.').waitFor();
    const { book } = await LabelFolder.open(folder, { signal: new AbortController().signal });
    const settled = Array.from(book.keys(), (key) => book.get(key)?.outcome).filter((one) => one?.state === 'settled');
    expect(settled).toEqual([{ state: 'settled', verdict: 'drop', fixed: null }]);
    await press(tab, 'u');
    await agreement.getByText('1 to settle').waitFor();
  });

  it('asks in a browser who judges before anything is said, and shows who signs', async () => {
    const tab = await open('');
    const before = (await LabelFolder.open(folder, { signal: new AbortController().signal })).book.authors.length;
    const name = tab.getByRole('form', { name: 'Who judges' }).getByRole('textbox');
    await press(tab, 'D', 'Enter');
    await name.and(tab.locator(':focus')).waitFor();
    await tab.keyboard.type('Nia <nia@example.org>');
    await press(tab, 'Enter');
    await tab.getByText('signed Nia <nia@example.org>').waitFor();
    await name.waitFor({ state: 'detached' });
    await item(tab, 1).waitFor();
    const { book } = await LabelFolder.open(folder, { signal: new AbortController().signal });
    expect(book.authors).toHaveLength(before);
    await press(tab, 'Enter');
    await item(tab, 2).waitFor();
    expect((await verdictsOf('Nia')).map(([, verdict]) => verdict)).toEqual(['drop']);
  });

  it('is filtered, found again with its filter and its kind after a reload, and drawn anew when all is done', async () => {
    const tab = await open('Uma');
    await press(tab, '/');
    await tab.keyboard.type('step<=2');
    await press(tab, 'Enter');
    await tab.getByText('2 left').waitFor();
    await tab.reload();
    await tab.getByText('2 left').waitFor();
    expect(await tab.getByRole('combobox', { name: 'Which items' }).inputValue()).toBe('newest');
    await item(tab, 1).waitFor();
    await tab.locator('body').click({ position: { x: 600, y: 10 } });
    await press(tab, 'n', 'n');
    await tab.getByText('All 2 items are done.').waitFor();
    await press(tab, 'Enter');
    await tab.getByText('2 left').waitFor();
    await item(tab, 1).waitFor();
    await tab.getByRole('combobox', { name: 'Which items' }).selectOption('assigned');
    await tab.getByText('Nothing waits for you.').waitFor();
  });

  it('deals out what nobody has judged, a share of it to two, whose queue it then is', async () => {
    const tab = await open('Lea');
    await press(tab, 'a');
    await tab.getByRole('form', { name: 'Deal out' }).getByRole('textbox').first().fill('Pia\nQuin');
    await press(tab, 'Tab', 'Tab', 'Control+A', '9', '9', '9', 'Enter');
    await tab.getByRole('alert').filter({ hasText: 'The share must be a whole number from 0 to 100.' }).waitFor();
    await press(tab, 'Control+A', '3', '0', 'Enter');
    await tab.getByText('3 items dealt out, 1 of them to two people. Waiting now: Pia 2, Quin 2.').waitFor();
    await context?.close();
    const hers = await open('Pia');
    await hers.getByRole('combobox', { name: 'Which items' }).selectOption('assigned');
    await hers.getByText('2 left').waitFor();
    await hers.getByText('Lea gave it to you').first().waitFor();
    await hers
      .getByRole('region', { name: 'History' })
      .getByText(/given to (Quin and )?Pia/)
      .waitFor();
  });

  it('hides what others say of an answer from whom it was dealt out to, on the page of the rollouts too', async () => {
    const { book } = await LabelFolder.open(folder, { signal: new AbortController().signal });
    const [given] = Array.from(book.keys()).flatMap((key) => {
      const { item: about, assignment } = book.get(key) ?? {};
      const isHers = assignment?.annotators.some(({ name }) => name === 'Pia');
      return isHers && about?.kind === 'rollout' ? [about.rollout] : [];
    });
    const at = `&rollout=${given}`;
    const gus = await open('Gus', 'rollouts', at);
    await gus.locator('[data-part=think] [data-start]').first().waitFor();
    await press(gus, 'x', 'v', '3', 'Enter');
    await said(gus).filter({ hasText: 'Gus' }).waitFor();
    await context?.close();
    const hal = await open('Hal', 'rollouts', at);
    await said(hal).filter({ hasText: 'Gus' }).waitFor();
    await hal.locator('[data-part=think] [data-flagged]').first().waitFor();
    await context?.close();
    const hers = await open('Pia', 'rollouts', at);
    const hidden = hers.getByText('1 other has labelled this answer. Hidden until your verdict is in');
    await hidden.waitFor();
    expect(await said(hers).count()).toBe(0);
    expect(await words(hers, 'data-flagged')).toBe('');
    await press(hers, 'x', 'k', 'Enter');
    await said(hers).filter({ hasText: 'Gus' }).waitFor();
    expect(await hidden.count()).toBe(0);
    await press(hers, 'u');
    await hidden.waitFor();
    expect(await words(hers, 'data-flagged')).toBe('');
    await context?.close();
    const back = await open('Lea');
    await press(back, 'a');
    await back.getByText('Waiting now: Pia 2, Quin 2').waitFor();
    await back.getByRole('button', { name: 'Take back 3 items' }).click();
    await back.getByText('3 items taken back').waitFor();
    await press(back, 'a');
    await back.getByRole('form', { name: 'Deal out' }).waitFor();
    await back.getByText('Waiting now').waitFor({ state: 'detached' });
  });

  it('has a fix written as it should be, which goes with the verdict', async () => {
    const tab = await open('Fay');
    await press(tab, 'F2');
    const text = tab.getByRole('textbox', { name: 'Fixed text' }).and(tab.locator(':focus'));
    await text.fill('kept while one looks elsewhere');
    await press(tab, 'Escape', 'j');
    await item(tab, 2).waitFor();
    await press(tab, 'k', 'F2');
    await item(tab, 1).waitFor();
    expect(await text.inputValue()).toBe('kept while one looks elsewhere');
    await text.fill('<think>It ends left.</think><answer>A</answer>');
    await press(tab, 'Control+Enter');
    await item(tab, 2).waitFor();
    await press(tab, 'k');
    await said(tab).filter({ hasText: 'verdict: fix' }).filter({ hasText: 'with the fixed text' }).waitFor();
    const { book } = await LabelFolder.open(folder, { signal: new AbortController().signal });
    const fixed = Array.from(book.keys(), (key) => book.get(key)?.verdicts ?? []).flat();
    expect(fixed.filter(({ author }) => author.name === 'Fay')).toMatchObject([
      { verdict: 'fix', fixed: '<think>It ends left.</think><answer>A</answer>' },
    ]);
    await press(tab, 'j', 'j');
    await item(tab, 3).waitFor();
    expect(await tab.getByRole('textbox', { name: 'Fixed text' }).count()).toBe(0);
  });

  it('brings the text that is fixed into sight with its help, where the page is low', async () => {
    const tab = await open('Fay');
    await tab.setViewportSize({ width: 1000, height: 600 });
    const help = tab.getByText('it only asks for a fix.');
    // It has no frames, which a notice says.
    await tab.getByText('it does not exist').waitFor();
    await press(tab, 'j');
    await item(tab, 2).waitFor();
    await press(tab, 'F2');
    await tab.getByRole('textbox', { name: 'Fixed text' }).and(tab.locator(':focus')).waitFor();
    expect(await inSight(help)).toBe(true);
    await press(tab, 'Escape', 'v', 'F2');
    await tab.getByRole('form', { name: 'Flag' }).getByRole('textbox', { name: 'Fixed text' }).waitFor();
    expect(await inSight(tab.getByRole('form', { name: 'Flag' }).getByText('it only asks for a fix.'))).toBe(true);
  });

  it('is without fault for axe at every width', async () => {
    const tab = await open('Max');
    const found: string[] = [];
    const look = async (state: string) => {
      for (const [width, height] of sizes) {
        await tab.setViewportSize({ width, height });
        for (const pane of width < 760 ? ['queue', 'item', 'verdict'] : ['all']) {
          if (pane !== 'all') await tab.getByRole('button', { name: pane, exact: true }).click();
          found.push(...(await faultsNow(tab)).map((fault) => `${state} ${width} ${pane}: ${fault}`));
          expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        }
      }
      await tab.setViewportSize({ width: 1400, height: 900 });
    };
    for (const [theme, classes] of Object.entries(themes)) {
      await wear(tab, classes);
      await look(`read, ${theme}`);
    }
    await press(tab, 'v');
    await tab.getByRole('form', { name: 'Flag' }).waitFor();
    await look('flagging');
    expect(found).toEqual([]);
  });
});
