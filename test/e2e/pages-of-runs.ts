/** Pages of a project's runs in a browser: each test has one tab, in which no script of the page may fail. */
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { TrainerProcess } from '../integration/trainer-process.ts';

const root = path.resolve(import.meta.dirname, '../..');

interface OpenedPage {
  /** Another run of the project. */
  readonly run?: string;
  /** Parameters of the address, after those of run and token. */
  readonly place?: string;
  readonly width?: number;
  /** Who signs what is said. */
  readonly author?: string;
  /** Before anything is loaded. */
  readonly watch?: (tab: Page) => void;
}

export interface PagesOfRuns {
  readonly folder: string;
  readonly trainer: TrainerProcess;
  /** In place of the tab before. */
  open(page: 'dashboard' | 'rollouts' | 'across' | 'compare' | 'review' | 'audit', opened?: OpenedPage): Promise<Page>;
}

/**
 * To be called at the top of a test file. The trainer works on the project from before its first test until after its last.
 * @param runId of which the pages are
 */
export function pagesOfRuns(
  runId: string,
  project: () => Promise<{ readonly folder: string; remove(): Promise<void> }>,
): PagesOfRuns {
  let made: Awaited<ReturnType<typeof project>> | null = null;
  let trainer: TrainerProcess | null = null;
  let browser: Browser | null = null;
  let context: BrowserContext | null = null;
  let errors: string[] = [];

  beforeAll(async () => {
    await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
    made = await project();
    trainer = await TrainerProcess.start(made.folder);
    browser = await launchBrowser();
  }, 300_000);

  afterEach(async () => {
    await context?.close();
    context = null;
    expect(errors).toEqual([]);
    errors = [];
  });

  afterAll(async () => {
    await browser?.close();
    await trainer?.stop();
    await made?.remove();
  });

  return {
    get folder() {
      if (made === null) throw new Error('The project is made before the first test.');
      return made.folder;
    },
    get trainer() {
      if (trainer === null) throw new Error('The trainer is started before the first test.');
      return trainer;
    },
    async open(page, { run = runId, place = '', width = 1400, author, watch } = {}) {
      if (browser === null || trainer === null) throw new Error('A page is opened by a test.');
      await context?.close();
      context = await browser.newContext({ viewport: { width, height: 900 } });
      if (author !== undefined)
        await context.addInitScript((name) => localStorage.setItem('video-r1-author', name), author);
      const tab = await context.newPage();
      watch?.(tab);
      tab.on('pageerror', ({ message }) => errors.push(message));
      const address = new URL(pageAddress(trainer.discovery));
      address.pathname = `/${page}`;
      await tab.goto(`${address.href}&run=${run}${place}`);
      return tab;
    },
  };
}

/** What a model wrote stayed text. */
export const notOwned = async (tab: Page) => expect(await tab.evaluate(() => 'owned' in window)).toBe(false);

/** Rows of a table as texts, without its head. */
export const rowsOf = async (tab: Page, part: string): Promise<string[][]> =>
  tab
    .locator(`[data-part=${part}] tbody tr`)
    .evaluateAll((lines) =>
      lines.map((line) => [...line.children].map((cell) => (cell.textContent ?? '').replace(/\s+/g, ' ').trim())),
    );
