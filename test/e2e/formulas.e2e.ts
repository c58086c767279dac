/** Every number on the pages says how it comes about: by pointer, by keyboard and by touch, in every theme, inside the page. */
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { buildWebview } from '../../webview/build.ts';
import { formulas } from '../../webview/formulas/formulas.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { sampleProject, type TestClient, TrainerProcess } from '../integration/trainer-process.ts';
import { faultsNow } from './axe.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Flat groups are trained on too: after two steps of SFT there may be no others, and the update's numbers would be missing. */
const small = {
  evaluationDirect: true,
  evaluationReversed: true,
  questionsPerStep: 4,
  evaluationQuestions: 8,
  checkpointEvery: 0,
  maxNewTokens: 24,
};

/** Narrower pages show the group in place of the rollout, where it is asked for. */
const groupBeside = 1120;

/** Where a figure must belong to a formula. */
const numberPlaces = [
  '[data-part=progress] > *',
  'figure header > *',
  'figure > p > *',
  'figure > div:not([role=img]) > *',
  '[aria-label="Where the time went"] li',
  '[aria-label="Where the time went"] h2 ~ *',
  '[aria-label="Evaluations"] td:not(:first-child)',
  '[id^=row-] :is([data-column=reward], [data-column=advantage], [data-column=length], [data-column=aha])',
  '[data-pane=group] button[aria-pressed] > :first-child > :last-child > span',
  '[data-pane=group] button[aria-pressed] > :last-child > span',
  '[data-pane=group] h3 > :last-child',
  '[data-part=temporal-test] > span',
  '[data-part=temporal-test] p > :first-child',
  '[data-part=spread] > *',
  '[data-part=reward-sum] > div > :nth-child(3)',
];

let project: { folder: string; remove(): Promise<void> };
let trainer: TrainerProcess;
let client: TestClient;
let browser: Browser;
let context: BrowserContext | null = null;
const runs = { sft: '', tgrpo: '' };

async function open(
  page: 'dashboard' | 'rollouts',
  run: keyof typeof runs,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Page> {
  await context?.close();
  context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const tab = await context.newPage();
  await tab.goto(`${pageAddress(trainer.discovery, page)}&run=${runs[run]}`);
  /* The lists of a page come one by one: curves, and of a completed run its evaluations. */
  const lists = page === 'rollouts' ? [] : run === 'sft' ? ['Curves', 'Evaluations'] : ['Curves'];
  await tab.locator('[data-formula]:visible').first().waitFor();
  for (const name of lists) await tab.getByRole('region', { name }).waitFor();
  return tab;
}

/** Opens an ordered answer to a video of the T-GRPO run, of those that a filter keeps. */
async function openRollout(options: Parameters<Browser['newContext']>[0] = {}, among = ''): Promise<Page> {
  const tab = await open('rollouts', 'tgrpo', options);
  await tab.locator('#rollout-filter').fill(`media:video order:ordered ${among}`);
  await tab.locator('[data-pane=list] h2 + span', { hasText: /\d of \d/ }).waitFor();
  await tab
    .getByTitle(/^step \d+, ordered/)
    .first()
    .click();
  if ((options.viewport?.width ?? 1400) >= groupBeside)
    await tab.locator('[data-part=temporal-test]').waitFor({ state: 'attached' });
  await tab.locator('section[aria-label=Reward] [data-formula]').first().waitFor();
  return tab;
}

/** Names that the page's numbers carry, the figures that belong to none, and the places that the page has. */
const numbersOf = (tab: Page) =>
  tab.evaluate((places) => {
    const bare: string[] = [];
    for (const place of document.querySelectorAll(places.join())) {
      const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const { textContent, parentElement } = texts.currentNode;
        /* The window of the response length is two parameters, which the list at the side explains. */
        const explained = parentElement?.closest('[data-formula]') || place.textContent?.startsWith('window ');
        if (/\d/.test(textContent ?? '') && !explained) bare.push(`${place.parentElement?.className}: ${textContent}`);
      }
    }
    const named = [...document.querySelectorAll<HTMLElement>('[data-formula]')];
    const found = places.filter((place) => document.querySelector(place));
    return { names: named.map(({ dataset }) => dataset.formula ?? ''), bare, found };
  }, numberPlaces);

const popover = (tab: Page) => tab.getByRole('tooltip');

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await sampleProject();
  trainer = await TrainerProcess.start(project.folder);
  client = await trainer.connect();
  runs.sft = await client.create('sft.run.json', { ...small, steps: 2, probeEvery: 1, probeQuestions: 2 });
  await client.command(runs.sft, { kind: 'start' });
  await client.until(runs.sft, 'state', ({ run }) => run.state === 'completed');
  runs.tgrpo = await client.create('tgrpo.run.json', {
    ...small,
    steps: 5000,
    skipFlatGroups: false,
    flagPenalty: 0.1,
  });
  await client.command(runs.tgrpo, { kind: 'start' });
  await client.until(runs.tgrpo, 'step');
  browser = await launchBrowser();
}, 300_000);

afterEach(async () => {
  await context?.close();
  context = null;
});

afterAll(async () => {
  await browser?.close();
  client?.close();
  await trainer?.stop();
  await project?.remove();
});

describe('formulas', () => {
  it('exist for every number on the pages, and each of them is used', async () => {
    const used = new Set<string>();
    const looked = new Set<string>();
    const look = async (tab: Page, where: string) => {
      const { names, bare, found } = await numbersOf(tab);
      expect(bare, where).toEqual([]);
      expect(
        names.filter((name) => !Object.hasOwn(formulas, name)),
        where,
      ).toEqual([]);
      for (const name of names) used.add(name);
      for (const place of found) looked.add(place);
    };
    const dashboard = await open('dashboard', 'tgrpo');
    await dashboard.locator('[data-formula=timeLeft]').waitFor();
    await look(dashboard, 'dashboard of a run that trains');
    await client.command(runs.tgrpo, { kind: 'pause', release: false });
    await look(dashboard, 'dashboard of a paused run');
    await look(await open('dashboard', 'sft'), 'dashboard of SFT');
    const rollouts = await openRollout();
    await look(rollouts, 'rollouts');
    await rollouts.keyboard.press('p');
    await rollouts.locator('[data-formula=tokenProbability]').waitFor();
    await look(rollouts, 'shaded tokens');
    await rollouts.keyboard.press('p');
    await rollouts.locator('[data-formula=tokenEntropy]').waitFor();
    await look(rollouts, 'tokens shaded by entropy');
    const trained = await openRollout({}, 'kl>=0');
    await trained.keyboard.press('P');
    await trained.locator('[data-formula=tokenKl]').waitFor();
    await look(trained, 'tokens of an answer that was trained on, shaded by KL');
    await trained.keyboard.press('w');
    await trained.locator('[data-part=pair-bars]').waitFor({ timeout: 60_000 });
    for (const shade of ['Order', 'Frames']) {
      await trained.getByRole('button', { name: shade, exact: true }).click();
      await look(trained, `words of an answer that was weighed, shaded by ${shade}`);
    }
    /* What engines have that sample with another program; a curve of runs in whose answers flagged words came back; one of answers
       that have reasoning; what groups say in which some answer was paid, and steps that have a receipt; the page of audits; parts
       of a reward, and of an advantage, that the sample does not have. */
    const elsewhere = [
      ...[
        'tokenMismatch',
        'mismatch',
        'importance',
        'trainerLogprob',
        'rankMemory',
        'flaggedBack',
        'commitment',
        'felt',
        'advantageWithout',
        'advantageIfUsed',
        'moved',
      ],
      ...['auditRight', 'auditOrder', 'auditShortcut', 'overlongPart', 'creditPart', 'rightWithoutOrder', 'batchStd'],
    ];
    expect(Object.keys(formulas).filter((name) => !used.has(name) && !elsewhere.includes(name))).toEqual([]);
    expect(numberPlaces.filter((place) => !looked.has(place))).toEqual([]);
  });

  it("show on hover with the group's numbers put in, stay under the pointer, and close by Escape", async () => {
    const tab = await openRollout();
    const label = tab.locator('[data-part=temporal-test] button[data-formula=temporalTest]');
    await label.hover();
    await popover(tab).waitFor();
    const text = (await popover(tab).textContent()) ?? '';
    const shown = (await label.textContent()) ?? '';
    expect(text).toContain(formulas.temporalTest.source);
    expect(text).toContain(shown);
    expect(shown).toMatch(/^[\d.]+ [>≥<≤] 0\.8 × [\d.]+ = [\d.]+$/);
    await popover(tab).hover();
    expect(await popover(tab).isVisible()).toBe(true);
    const selected = await tab.locator('[id^=row-][aria-selected=true]').getAttribute('id');
    await tab.keyboard.press('Escape');
    await popover(tab).waitFor({ state: 'detached' });
    expect(await tab.locator('[id^=row-][aria-selected=true]').getAttribute('id')).toBe(selected);
  });

  it('show on keyboard focus, are the description of their label, and move nothing', async () => {
    const tab = await open('dashboard', 'tgrpo');
    const label = tab.locator('button[data-formula=kl]');
    const places = () =>
      tab.evaluate(() =>
        [...document.querySelectorAll('figure, h2, [data-formula]')].map((x) => {
          const { x: left, y: top, width, height } = x.getBoundingClientRect();
          return [left, top, width, height];
        }),
      );
    const before = await places();
    // From the label before it, as a person goes.
    await tab.locator('button[data-formula=policyLoss]').focus();
    await tab.keyboard.press('Tab'); // the curve
    await tab.keyboard.press('Tab');
    await popover(tab).waitFor();
    expect(await label.evaluate((x) => x === document.activeElement)).toBe(true);
    const id = await label.getAttribute('aria-describedby');
    expect(await tab.locator(`#${id}`).textContent()).toContain(formulas.kl.formula[0]);
    expect(await places()).toEqual(before);
    await tab.keyboard.press('Escape');
    await popover(tab).waitFor({ state: 'detached' });
    expect(await label.getAttribute('aria-describedby')).toBeNull();
    expect(await label.evaluate((x) => x === document.activeElement)).toBe(true);
  });

  it('show on a tap, and go on a tap beside them', async () => {
    const tab = await openRollout({ viewport: { width: 420, height: 800 }, hasTouch: true });
    await tab.locator('section[aria-label=Reward] button[data-formula=advantage]').tap();
    await popover(tab).waitFor();
    await tab.locator('[data-pane=rollout] h2').first().tap();
    await popover(tab).waitFor({ state: 'detached' });
  });

  const themes = {
    dark: { colorScheme: 'dark' },
    light: { colorScheme: 'light' },
    'high contrast': { colorScheme: 'dark', contrast: 'more' },
    'high contrast light': { colorScheme: 'light', contrast: 'more' },
  } as const;
  for (const [theme, options] of Object.entries(themes)) {
    it(`are inside the page and have no fault of accessibility in the ${theme} theme`, async () => {
      for (const width of [1400, 420]) {
        for (const page of ['dashboard', 'rollouts'] as const) {
          const viewport = { ...options, viewport: { width, height: 900 } };
          const tab = page === 'dashboard' ? await open(page, 'tgrpo', viewport) : await openRollout(viewport);
          const label = tab.locator(
            page === 'dashboard'
              ? 'button[data-formula=learningRate]'
              : 'section[aria-label=Reward] button[data-formula=advantage]',
          );
          await label.hover();
          await popover(tab).waitFor();
          const box = await popover(tab).boundingBox();
          const inside = box && box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= 900;
          expect(inside, `${page}, ${width} px wide: ${JSON.stringify(box)}`).toBe(true);
          expect(await faultsNow(tab), `${page}, ${width} px wide`).toEqual([]);
          await context?.close();
        }
      }
    });
  }
});
