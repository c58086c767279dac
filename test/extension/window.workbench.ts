/** What a person meets in a window without any trainer: the view, the palette, the walkthrough, and errors that say what to do. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pictureOnFailure } from './harness/picture-on-failure.ts';
import { trainerOf } from './harness/trainer-process.ts';
import { Workbench } from './harness/workbench.ts';

const runFile = {
  version: 1,
  name: 'first',
  description: 'a first look',
  method: 'sft',
  dataset: 'data/train.jsonl',
  model: { checkpoint: 'nowhere' },
};

function projectFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-project-'));
  mkdirSync(path.join(folder, 'runs'));
  writeFileSync(path.join(folder, 'runs/first.run.json'), JSON.stringify(runFile, null, 2));
  writeFileSync(path.join(folder, 'runs/broken.run.json'), JSON.stringify({ ...runFile, metod: 'sft' }, null, 2));
  return folder;
}

describe('a window on a project, no trainer', () => {
  let window: Workbench;
  beforeAll(async () => {
    // A program that is no Node.js: every start must fail, and say so.
    window = await Workbench.open({ folder: projectFolder(), settings: { 'videoR1.trainer.nodePath': '/bin/echo' } });
  });
  afterAll(async () => {
    await window?.close();
    if (window) rmSync(window.folder, { recursive: true, force: true });
  });
  pictureOnFailure(() => window);

  test('the view lists run files with their method, and a faulty one with what is wrong', async () => {
    await window.openView();
    await window.treeRow('a first look').waitFor();
    expect(await window.treeRow('a first look').textContent()).toContain('SFT');
    await window.treeRow('broken').waitFor();
    expect(await window.treeRow('broken').textContent()).toMatch(/metod/);
    await window.sidebar.getByText('No trainer is at work in this folder').waitFor();
  });

  test('the palette offers what can be done and hides what needs a run', async () => {
    await window.openPalette('Video-R1: ');
    await window.rows('Video-R1: Start SFT Run').waitFor();
    expect(await window.rows('Video-R1: Pause').count()).toBe(0);
    expect(await window.rows('Video-R1: Set Parameter').count()).toBe(0);
    await window.escape();
  });

  test('the quick pick of run files shows a faulty one with its problem, and taking it opens the file', async () => {
    await window.run('Video-R1: Start Run…');
    await window.rows('first').waitFor();
    await window.rows(/metod/).waitFor();
    await window.pick('broken');
    await window.tab('broken.run.json').waitFor();
    await window.notification(/metod/).waitFor();
    await window.pressNotificationButton(/metod/, 'Show Log');
    await window.outputHasFocus();
    await window.output.getByText('metod').first().waitFor();
  });

  test('a Node.js that is none is named, with the setting that helps', async () => {
    await window.run('Video-R1: Start SFT Run');
    await window.pick('a first look');
    const message = window.notification('videoR1.trainer.nodePath');
    await message.waitFor();
    expect(await message.textContent()).toContain('/bin/echo');
    expect(existsSync(path.join(window.folder, '.video-r1/trainer.json'))).toBe(false);
  });

  test('a page that is opened asks for a trainer, and says why none comes', async () => {
    await window.run('Video-R1: Open Dashboard');
    await window.tab('Video-R1 Dashboard').waitFor();
    await window.webview().getByText('This program is not Node.js').first().waitFor();
    await window.webview().getByRole('button', { name: 'Start the trainer' }).waitFor();
  });

  test('the log shows what went wrong', async () => {
    await window.run('Video-R1: Show Log');
    await window.outputHasFocus();
    await window.output.getByText('This program is not Node.js').first().waitFor();
  });
});

describe('a window on an empty folder', () => {
  let window: Workbench;
  beforeAll(async () => {
    window = await Workbench.open();
  });
  afterAll(async () => {
    await window?.close();
    if (window) rmSync(window.folder, { recursive: true, force: true });
  });
  pictureOnFailure(() => window);

  test('the empty view offers the sample project', async () => {
    await window.openView();
    await window.sidebar.getByRole('button', { name: 'Create Sample Project' }).waitFor();
  });

  test('"Attach to Trainer" says that there is none, and offers to start one', async () => {
    await window.run('Video-R1: Attach to Trainer');
    await window.notification('No trainer is at work').waitFor();
  });

  test('a discovery file that is rubbish is named', async () => {
    mkdirSync(path.join(window.folder, '.video-r1'));
    writeFileSync(path.join(window.folder, '.video-r1/trainer.json'), '{"pid": "many"}');
    await window.run('Video-R1: Attach to Trainer');
    const message = window.notification('can not be understood');
    await message.waitFor();
    expect(await message.textContent()).toContain('delete the file');
  });

  test('a discovery file that a killed trainer left behind is not taken for a trainer', async () => {
    const dead = {
      pid: 2 ** 22 - 3,
      host: '127.0.0.1',
      port: 9,
      token: 'x',
      protocol: { major: 1, minor: 0 },
      version: '0',
      startedAt: 0,
    };
    writeFileSync(path.join(window.folder, '.video-r1/trainer.json'), JSON.stringify(dead));
    await window.page.locator('.notifications-toasts').waitFor();
    await window.run('Notifications: Clear All Notifications');
    await window.run('Video-R1: Attach to Trainer');
    await window.notification('No trainer is at work').waitFor();
  });

  test('opening a page starts a trainer, so that runs can be read', { timeout: 120_000 }, async () => {
    await window.run('Video-R1: Open Dashboard');
    await window.tab('Video-R1 Dashboard').waitFor();
    await window.webview().getByText('There is no run in').first().waitFor({ timeout: 60_000 });
    expect(trainerOf(window.folder)).toBeGreaterThan(0);
    await window.run('Video-R1: Shut Down Trainer');
    await window.until(async () => trainerOf(window.folder) === undefined, 'the trainer to end');
  });

  test('the walkthrough leads from the sample to T-GRPO', async () => {
    await window.run('Welcome: Open Walkthrough');
    await window.page.getByPlaceholder('Select a walkthrough to open').waitFor();
    await window.type('Train a video-reasoning model');
    await window.pick('Train a video-reasoning model');
    const editor = window.page.locator('.part.editor');
    for (const title of [
      'Create the sample project',
      'Start with SFT',
      'Watch the rollouts',
      'Flag bad reasoning',
      'Go on with T-GRPO',
    ]) {
      await editor.getByText(title, { exact: true }).first().waitFor();
    }
  });
});

describe('a window on a folder that is not trusted', () => {
  let window: Workbench;
  beforeAll(async () => {
    window = await Workbench.open({ folder: projectFolder(), trusted: false });
  });
  afterAll(async () => {
    await window?.close();
    if (window) rmSync(window.folder, { recursive: true, force: true });
  });
  pictureOnFailure(() => window);

  test('the view says why nothing starts', async () => {
    await window.openView();
    await window.sidebar.getByText('This folder is not trusted').waitFor();
    await window.treeRow('a first look').waitFor();
  });

  test('a page says why no trainer comes, and how to let it', async () => {
    await window.run('Video-R1: Open Rollouts');
    await window.tab('Video-R1 Rollouts').waitFor();
    await window.webview().getByText('is not trusted').first().waitFor();
    await window.webview().getByText('Manage Workspace Trust').first().waitFor();
    await window.webview().getByText('There is no trainer.', { exact: true }).waitFor();
    expect(existsSync(path.join(window.folder, '.video-r1'))).toBe(false);
  });

  test('starting a run explains, and starts nothing', async () => {
    await window.run('Video-R1: Start SFT Run');
    const message = window.notification('is not trusted');
    await message.waitFor();
    await message.hover();
    await message.getByRole('button', { name: 'Manage Workspace Trust' }).waitFor();
    expect(existsSync(path.join(window.folder, '.video-r1'))).toBe(false);
    expect(readFileSync(path.join(window.folder, 'runs/first.run.json'), 'utf8')).toBe(
      JSON.stringify(runFile, null, 2),
    );
  });

  test('trust that is given in this window counts at once: the page that waited has its trainer', {
    timeout: 120_000,
  }, async () => {
    await window.run('Workspaces: Manage Workspace Trust');
    await window.page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true }).click();
    await window.sidebar.getByText('This folder is not trusted').waitFor({ state: 'hidden' });
    // The window shows trust in a box over all else.
    await window.page.keyboard.press('Escape');
    await window.tab('Video-R1 Rollouts').click();
    await window.webview().getByText('There is no run in').first().waitFor({ timeout: 60_000 });
    expect(trainerOf(window.folder)).toBeGreaterThan(0);
  });
});
