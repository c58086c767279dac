/**
 * A VS Code window as a person has it: server, browser and page, with the parts that a person uses (palette, quick pick,
 * status bar, notifications, views, webviews) as methods. Nothing here reaches behind the screen.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, FrameLocator, Locator, Page } from 'playwright-core';
import { launchBrowser } from './browser.ts';
import { ffmpegSetting } from './ffmpeg-setting.ts';
import { endTrainer } from './trainer-process.ts';
import { cacheFolder, installExtension, installRepository, VsCodeServer } from './vscode-server.ts';

/** How often a value that is computed from the screen is read again. */
const lookEveryMs = 200;

export interface WorkbenchOptions {
  /** Folder that the window opens; a fresh empty one when absent. */
  readonly folder?: string;
  /** A packaged extension to install; without one the repository as it is built. */
  readonly vsix?: string | undefined;
  readonly trusted?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Name of a built-in colour theme. */
  readonly theme?: string;
}

export class Workbench {
  readonly page: Page;
  readonly folder: string;
  private readonly home: string;
  private readonly browser: Browser;
  private readonly server: VsCodeServer;
  private readonly address: string;

  private constructor(parts: {
    page: Page;
    folder: string;
    home: string;
    browser: Browser;
    server: VsCodeServer;
    address: string;
  }) {
    this.page = parts.page;
    this.folder = parts.folder;
    this.home = parts.home;
    this.browser = parts.browser;
    this.server = parts.server;
    this.address = parts.address;
  }

  static async open(options: WorkbenchOptions = {}): Promise<Workbench> {
    const home = realpathSync(mkdtempSync(path.join(tmpdir(), 'video-r1-window-')));
    const folder = options.folder ?? path.join(home, 'project');
    mkdirSync(folder, { recursive: true });
    const serverOptions = {
      home,
      trusted: options.trusted ?? true,
      settings: {
        ...(options.vsix && ffmpegSetting(home)),
        ...(options.theme && { 'workbench.colorTheme': options.theme }),
        ...options.settings,
      },
      environment: { ...options.environment },
    };
    if (options.vsix) installExtension(serverOptions, options.vsix);
    else installRepository(serverOptions);
    const server = await VsCodeServer.start(serverOptions);
    const browser = await launchBrowser();
    const page = await (
      await browser.newContext({
        viewport: { width: 1400, height: 900 },
        permissions: ['clipboard-read', 'clipboard-write'],
      })
    ).newPage();
    const payload = JSON.stringify([['skipWelcome', 'true']]);
    const address = `${server.address}/?folder=${encodeURIComponent(folder)}&payload=${encodeURIComponent(payload)}`;
    const workbench = new Workbench({ page, folder, home, browser, server, address });
    try {
      await workbench.load();
    } catch (failure) {
      await workbench.close();
      throw failure;
    }
    return workbench;
  }

  private async load(): Promise<void> {
    await this.page.goto(this.address, { waitUntil: 'commit' });
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 60_000 });
    // The activity bar shows the container of an extension once its manifest was read.
    await this.page.locator('.activitybar .action-label[aria-label^="Video-R1"]').waitFor({ timeout: 60_000 });
  }

  /** Saves what the window shows under `.vscode-test/pictures`. */
  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: path.join(cacheFolder, 'pictures', `${name.replace(/[^\w-]+/g, '-')}.png`) });
  }

  /** Reloads the window: a new extension host, as after Developer: Reload Window. */
  async reload(): Promise<void> {
    await this.load();
  }

  /** Closes the window, and ends the trainer that it may have started: a trainer outlives windows. */
  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    await endTrainer(this.folder);
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  /** Waits until something that must be computed from what is shown holds. */
  async until(holds: () => Promise<boolean>, what: string, timeoutMs = 280_000): Promise<void> {
    const giveUp = Date.now() + timeoutMs;
    while (!(await holds())) {
      if (Date.now() > giveUp) throw new Error(`Waited ${timeoutMs / 1000} s for ${what}.`);
      await pause(lookEveryMs);
    }
  }

  // ---- quick input ----------------------------------------------------------------------------------------------------

  private get quickInput(): Locator {
    return this.page.locator('.quick-input-widget:visible');
  }

  /** Rows of the open quick pick. */
  rows(text?: string | RegExp): Locator {
    const rows = this.quickInput.locator('.quick-input-list .monaco-list-row');
    return text === undefined ? rows : rows.filter({ hasText: text });
  }

  /** Runs a command by its title, by keyboard. */
  async run(title: string): Promise<void> {
    // The list filters as one types: wait until the row that Enter takes is the wanted one.
    const wanted = this.quickInput.locator('.monaco-list-row.focused').filter({ hasText: title });
    for (let attempt = 1; ; attempt++) {
      await this.openPalette(title);
      try {
        await wanted.waitFor({ timeout: 8000 });
        break;
      } catch (failure) {
        if (attempt === 3) throw failure;
      }
    }
    await this.page.keyboard.press('Enter');
  }

  /**
   * Opens the palette with a text typed into it; again where it closed under the hands, as it does when another part of the
   * window takes the focus late.
   */
  async openPalette(text: string): Promise<void> {
    const input = this.quickInput.locator('.quick-input-box input');
    for (let attempt = 1; ; attempt++) {
      await this.page.keyboard.press('F1');
      try {
        await input.waitFor({ timeout: 3000 });
        await input.fill(`>${text}`, { timeout: 3000 });
        return;
      } catch (failure) {
        if (attempt === 5) throw failure;
      }
    }
  }

  /** Takes the row with this text from the open quick pick. */
  async pick(text: string | RegExp): Promise<void> {
    await this.rows(text).first().click();
  }

  /** Replaces what stands in the open input box and accepts it. */
  async enter(text: string): Promise<void> {
    await this.type(text);
    await this.page.keyboard.press('Enter');
  }

  /** Types into the open quick input; again where that one was just closing and the next takes its place. */
  async type(text: string): Promise<void> {
    const input = this.quickInput.locator('.quick-input-box input');
    for (let attempt = 1; ; attempt++) {
      try {
        await input.fill(text, { timeout: 2000 });
        return;
      } catch (failure) {
        if (attempt === 10) throw failure;
      }
    }
  }

  /**
   * Saves to a file by the save dialog that is open or opening.
   * @param offered name of the file that the dialog offers, which it fills in by itself
   */
  async saveAs(file: string, offered: string): Promise<void> {
    const input = this.quickInput.locator('.quick-input-box input');
    await this.until(
      async () => (await input.inputValue()).endsWith(offered),
      `the dialog to offer ${offered}`,
      30_000,
    );
    await this.enter(file);
  }

  /** The message under an input box. */
  get inputMessage(): Locator {
    return this.quickInput.locator('.quick-input-message');
  }

  async escape(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.quickInput.waitFor({ state: 'hidden' });
  }

  // ---- the window's other parts ---------------------------------------------------------------------------------------

  statusBarItem(text: string | RegExp): Locator {
    return this.page.locator('.part.statusbar .statusbar-item').filter({ hasText: text });
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item').filter({ hasText: text });
  }

  async pressNotificationButton(text: string | RegExp, button: string): Promise<void> {
    const toast = this.notification(text).first();
    await toast.hover();
    await toast.getByRole('button', { name: button, exact: true }).click();
  }

  async openView(): Promise<void> {
    const icon = this.page.locator('.activitybar .action-item:has([aria-label^="Video-R1"])');
    if (!(await icon.getAttribute('class'))?.includes('checked')) await icon.click();
    await this.page
      .locator('.part.sidebar .composite.title')
      .filter({ hasText: /video-r1/i })
      .waitFor();
  }

  treeRow(text: string | RegExp): Locator {
    return this.page.locator('.part.sidebar .monaco-list-row').filter({ hasText: text });
  }

  get sidebar(): Locator {
    return this.page.locator('.part.sidebar');
  }

  tab(title: string): Locator {
    return this.page.locator('.tabs-container .tab').filter({ hasText: title });
  }

  /** The document inside the webview of the editor that is in front. A webview is two iframes deep. */
  webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready:visible').frameLocator('iframe#active-frame');
  }

  get output(): Locator {
    return this.page.locator('.part.panel');
  }

  /** The output takes the focus a while after it was asked for, and would take it from a palette opened before. */
  async outputHasFocus(): Promise<void> {
    await this.output.locator('.monaco-editor.focused').waitFor();
  }

  get dialog(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }
}
