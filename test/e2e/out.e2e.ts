/**
 * What leaves the pages and what leads into them, in a real browser: links there and back, pointing from a shell, exports that a
 * colleague opens. A short run of the sample's for real frames, and one that was made up, whose answers are hostile.
 */
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import type { Rollout } from '../../trainer/protocol/records.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { hostileCompletions } from '../fixtures/hostile-completions.ts';
import { runProgram, sampleProject, TrainerProcess } from '../integration/trainer-process.ts';
import { aGroup, aRollout, aRun } from '../store/records.ts';
import { faultsNow } from './axe.ts';

const root = path.resolve(import.meta.dirname, '../..');
const hostileRun = 'hostile-1';

let project: { folder: string; remove(): Promise<void> };
let trainer: TrainerProcess;
let browser: Browser;
let context: BrowserContext | null = null;
let runId: string;
let name: string;

async function newContext(more: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
  context = await browser.newContext({ viewport: { width: 1400, height: 900 }, acceptDownloads: true, ...more });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  return context;
}

async function open(page: 'dashboard' | 'rollouts', run = runId): Promise<Page> {
  const tab = await (await newContext()).newPage();
  await tab.goto(`${pageAddress(trainer.discovery, page)}&run=${run}`);
  return tab;
}

const origin = () => `http://${trainer.discovery.host}:${trainer.discovery.port}`;
const selected = (tab: Page) => tab.locator('[id^=row-][aria-selected=true]');
const rowShown = (tab: Page, id: string) => tab.locator(`[id="row-${id}"][aria-selected=true]`).waitFor();
/** Selected, and inside what the list shows of its rows. */
const rowInSight = (tab: Page, id: string) =>
  tab.waitForFunction((wanted) => {
    const row = document.querySelector(`[id="row-${wanted}"][aria-selected=true]`);
    const list = row?.closest('[role=listbox]');
    if (!row || !list) return false;
    const [inner, outer] = [row.getBoundingClientRect(), list.getBoundingClientRect()];
    return inner.top >= outer.top && inner.bottom <= outer.bottom;
  }, id);
const filter = (tab: Page) => tab.locator('#rollout-filter');
/** Of the first rows of the list, from its top. */
const shownIds = (tab: Page, rows: number) =>
  tab.locator('[id^=row-]').evaluateAll(
    (all, wanted) =>
      all
        .map((row) => ({ id: row.id.slice('row-'.length), place: Number(row.getAttribute('aria-posinset')) }))
        .filter(({ place }) => place <= wanted)
        .sort((a, b) => a.place - b.place)
        .map(({ id }) => id),
    rows,
  );
const clipboard = (tab: Page) => tab.evaluate(() => navigator.clipboard.readText());
const said = (tab: Page, words: string | RegExp) =>
  tab.getByRole('status').filter({ hasText: words }).first().waitFor();
const openFromShell = (...args: string[]) => runProgram(['open', ...args, '--folder', project.folder]);

async function rollouts(query = ''): Promise<{ id: string; step: number }[]> {
  const client = await trainer.connect();
  const { rows } = await client.client.request('rollouts/list', { runId, query });
  client.close();
  return rows;
}

/** Pastes as a person does. */
async function paste(tab: Page, text: string): Promise<void> {
  await tab.evaluate((held) => navigator.clipboard.writeText(held), text);
  await filter(tab).focus();
  await tab.keyboard.press('Control+V');
}

/** A run whose answers are hostile; its plan is that of the real one. */
async function makeHostileRun(): Promise<void> {
  const runs = path.join(project.folder, '.video-r1', 'runs');
  const store = RunStore.create(path.join(runs, hostileRun), aRun({ id: hostileRun, state: 'completed', step: 1 }));
  const rollouts = hostileCompletions.map(({ text }, index) => {
    const whole = `<think>${text}</think><answer>${text}</answer>`;
    const answer = { start: whole.length - 9 - text.length, end: whole.length - 9 };
    const parsed = { think: { start: 7, end: 7 + text.length }, answer, problems: [] };
    return aRollout({ id: `s1-g0-o${index}`, groupId: 's1-g0', index, text: whole, answer: text, parsed });
  });
  store.append({ type: 'group', group: aGroup(1, { rollouts }) });
  store.dispose();
  await mkdir(path.join(runs, hostileRun), { recursive: true });
  await copyFile(path.join(runs, runId, 'plan.json'), path.join(runs, hostileRun, 'plan.json'));
}

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await sampleProject();
  name = path.basename(project.folder);
  const first = await TrainerProcess.start(project.folder);
  const client = await first.connect();
  runId = await client.create('sft.run.json', {
    questionsPerStep: 2,
    probeEvery: 1,
    evaluationQuestions: 2,
    steps: 40,
  });
  await client.command(runId, { kind: 'step', count: 3 });
  await client.until(runId, 'state', ({ run }) => run.state === 'paused' && run.step === 3);
  client.close();
  await first.stop();
  await makeHostileRun();
  // Another port and another token than those under which the run was made.
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

describe('a link', () => {
  it('is copied by y without port or token, says so, and opens the same place in a tab of that browser', async () => {
    const tab = await open('rollouts');
    await filter(tab).fill('half:ordered');
    const [, second] = await rollouts('half:ordered');
    await tab.locator(`[id="row-${second?.id}"]`).click();
    await rowShown(tab, second?.id ?? '');
    await tab.keyboard.press('y');
    await said(tab, 'Link for any page of this project copied.');
    const link = await clipboard(tab);
    expect(link).toBe(`/${name}/${runId}/rollouts?step=${second?.step}&rollout=${second?.id}&query=half%3Aordered`);
    expect(new URL(tab.url()).search).not.toContain('token');

    const other = await (context as BrowserContext).newPage();
    await other.goto(origin() + link);
    await rowShown(other, second?.id ?? '');
    expect(await filter(other).inputValue()).toBe('half:ordered');

    await tab.getByRole('button', { name: 'Copy the link for VS Code instead' }).click();
    await said(tab, 'Link for VS Code copied.');
    expect(await clipboard(tab)).toBe(`vscode://video-r1-studio.video-r1-studio${link}`);
  });

  it('says in another browser how to get in, and goes nowhere', async () => {
    const tab = await (await newContext()).newPage();
    const answer = await tab.goto(`${origin()}/${name}/${runId}/rollouts`);
    expect(answer?.status()).toBe(401);
    expect(await tab.textContent('body')).toContain('A link to a place goes into the address bar of such a page');
  });

  it('to a page that does not exist says which there are, inside the page, and leaves no token in the address', async () => {
    const tab = await (await newContext()).newPage();
    await tab.goto('about:blank');
    const secret = `?token=${trainer.discovery.token}`;
    for (const [wrong, words] of [
      ['nonsense', 'The link names no page'],
      ['rollout', 'The link names no page; the nearest is rollouts'],
    ] as const) {
      const answer = await tab.goto(`${origin()}/${name}/${runId}/${wrong}${secret}&query=a%20b`);
      expect(answer?.status()).toBe(404);
      const alert = tab.getByRole('alert').filter({ hasText: words });
      await alert.filter({ hasText: 'one of dashboard, rollouts, across, compare' }).waitFor();
      await tab.locator('[data-part=state]').waitFor();
      await tab.waitForURL((url) => url.pathname === `/${name}/${runId}/dashboard` && url.search === '');
    }
    await tab.goBack();
    await tab.goBack();
    await tab.waitForURL('about:blank');
  });

  it('with a token is opened without it, and with its filter as it is written', async () => {
    const tab = await (await newContext()).newPage();
    await tab.goto(
      `${origin()}/${name}/${runId}/rollouts?token=${trainer.discovery.token}&query=half:ordered%20step%3E0`,
    );
    await selected(tab).waitFor();
    expect(await filter(tab).inputValue()).toBe('half:ordered step>0');
    await tab.waitForURL((url) => !url.search.includes('token'));
  });

  it('that is pasted into the filter is gone to with its own filter, and one can go back', async () => {
    const tab = await open('rollouts');
    await filter(tab).fill('half:ordered');
    const [, before] = await rollouts('half:ordered');
    await tab.locator(`[id="row-${before?.id}"]`).click();
    await rowShown(tab, before?.id ?? '');
    const last = (await rollouts()).at(-1);
    await paste(
      tab,
      `vscode://video-r1-studio.video-r1-studio/${name}/${runId}/rollouts?rollout=${last?.id}&query=step%3E~3d0&select=0-7`,
    );
    await said(tab, 'You followed a link.');
    await rowShown(tab, last?.id ?? '');
    expect(await filter(tab).inputValue()).toBe('step>=0');
    await expect.poll(() => tab.evaluate(() => window.getSelection()?.toString().length)).toBeGreaterThan(0);
    await tab.getByText('Back', { exact: true }).click();
    await expect.poll(() => filter(tab).inputValue()).toBe('half:ordered');
    await rowShown(tab, before?.id ?? '');
  });

  it('brings its row into sight though the list follows, also after a reload, and the way back and Home lead to its top', async () => {
    const tab = await (await newContext({ viewport: { width: 1400, height: 500 } })).newPage();
    await tab.goto(`${pageAddress(trainer.discovery, 'rollouts')}&run=${runId}`);
    const first = (await selected(tab).getAttribute('id'))?.slice('row-'.length) ?? '';
    const last = (await rollouts()).at(-1)?.id ?? '';
    await rowInSight(tab, first);
    await paste(tab, `/${name}/${runId}/rollouts?rollout=${last}`);
    await rowInSight(tab, last);
    await tab.getByText('Back', { exact: true }).click();
    await rowInSight(tab, first);
    await paste(tab, `/${name}/${runId}/rollouts?rollout=${last}`);
    await rowInSight(tab, last);
    await tab.waitForURL((url) => url.searchParams.get('rollout') === last);
    await tab.reload();
    await rowInSight(tab, last);
    await tab.keyboard.press('Home');
    await rowInSight(tab, first);
  });

  it('whose own filter leaves its rollout out shows the rollout, and says that the filter does not keep it', async () => {
    const target = (await rollouts('half:shuffled'))[0];
    for (const typed of ['', 'half:shuffled']) {
      const tab = await open('rollouts');
      await selected(tab).waitFor();
      await filter(tab).fill(typed);
      await paste(tab, `/${name}/${runId}/rollouts?rollout=${target?.id}&query=half%3Aordered`);
      await said(tab, 'You followed a link.');
      await tab.getByText('not in the filter', { exact: true }).waitFor();
      await tab
        .locator('[data-pane=rollout]')
        .getByText(/^shuffled \d+ of/)
        .waitFor();
      await tab.locator('[id^=row-]').first().waitFor();
      expect(await filter(tab).inputValue()).toBe('half:ordered');
      expect(await selected(tab).count()).toBe(0);
      await tab.waitForURL((url) => url.searchParams.get('rollout') === target?.id);
      await context?.close();
    }
  });

  it('to what is not there says so in a sentence and shows the nearest', async () => {
    const tab = await open('rollouts');
    await selected(tab).waitFor();
    await paste(tab, `/${name}/${runId}/rollouts?rollout=s99-g7-o0`);
    await said(tab, /There is no rollout s99-g7-o0 in this run; shown is the nearest, of step 3\./);
    await paste(tab, `/${name}/${runId}9/rollouts`);
    await said(tab, new RegExp(`There is no run ${runId}9 in ${name}\\. There are .*${runId}`));
    await paste(tab, '/elsewhere/sft-1/rollouts');
    await said(tab, `The link leads to the project elsewhere, and this page shows ${name}.`);
    await paste(tab, `/${name}/${runId}/rollouts?zoom=3`);
    await tab.getByRole('alert').filter({ hasText: 'This version knows no part "zoom" of a link' }).waitFor();
    expect(await filter(tab).inputValue()).toBe('');
  });

  it('of another origin is text of the filter, which is said; one of another port of this machine is gone to', async () => {
    const tab = await open('rollouts');
    await selected(tab).waitFor();
    const foreign = 'https://evil.example/rollouts?run=x';
    await paste(tab, foreign);
    await said(tab, 'An address of evil.example leads to none of these pages; it stays text of the filter.');
    expect(await filter(tab).inputValue()).toBe(foreign);
    await tab.keyboard.press('Enter');
    expect(await filter(tab).inputValue()).toBe(foreign);
    const last = (await rollouts()).at(-1)?.id ?? '';
    await filter(tab).fill('');
    await paste(tab, `http://localhost:1/${name}/${runId}/rollouts?rollout=${last}`);
    await rowInSight(tab, last);
  });

  it('and G say in the same words where a step or a row is not there', async () => {
    const tab = await open('rollouts');
    await selected(tab).waitFor();
    for (const [typed, words] of [
      ['99', 'Step 99 has no rollouts in this list; shown is the nearest that has some, 3.'],
      ['#9999', /There is no row #9,999 in this list; shown is the nearest, #\d+\./],
    ] as const) {
      await tab.keyboard.press('G');
      await tab.getByRole('textbox', { name: 'Step, or # and the number of a row' }).fill(typed);
      await tab.keyboard.press('Enter');
      await said(tab, words);
    }
  });
});

describe('a text of an answer', () => {
  it('opens as plain text in a tab of its own, hostile as it may be', async () => {
    const tab = await open('rollouts', hostileRun);
    await tab.locator('[id="row-s1-g0-o0"]').click();
    const shown = async () => {
      const [opened] = await Promise.all([
        (context as BrowserContext).waitForEvent('page'),
        tab.getByRole('button', { name: 'Open the answer as a document' }).click(),
      ]);
      await opened.waitForLoadState();
      return opened;
    };
    const markup = await shown();
    expect(await markup.evaluate(() => document.contentType)).toBe('text/plain');
    expect(await markup.textContent('body')).toBe(
      '<think><script>document.title="hacked"</script></think><answer><script>document.title="hacked"</script></answer>',
    );
    const backwards = hostileCompletions.findIndex(({ tries }) => tries === 'text that runs backwards');
    await tab.evaluate(
      (text) => navigator.clipboard.writeText(text),
      `/${name}/${hostileRun}/rollouts?rollout=s1-g0-o${backwards}`,
    );
    await filter(tab).focus();
    await tab.keyboard.press('Control+V');
    await rowShown(tab, `s1-g0-o${backwards}`);
    expect(await (await shown()).textContent('body')).toContain('The answer is \\u202eB ton si ti\\u202c, surely.');
  });
});

describe('video-r1 open', () => {
  it('has an open page go to the place and say who pointed', async () => {
    const tab = await open('dashboard');
    await tab.locator('[data-part=state]').waitFor();
    const target = (await rollouts('half:shuffled'))[0];
    const { code, stdout } = await openFromShell(runId, '--rollout', target?.id ?? '', '--query', 'half:shuffled');
    expect([code, stdout]).toEqual([0, 'Shown in the page that is open.\n']);
    await said(tab, /points here\./);
    await rowShown(tab, target?.id ?? '');
    expect(await filter(tab).inputValue()).toBe('half:shuffled');
    await tab.getByText('Back', { exact: true }).click();
    await tab.locator('figure', { hasText: 'Loss' }).first().waitFor();
  });

  it('prints what opens the place where no page is open, and refuses what is no place', async () => {
    const target = (await rollouts())[0];
    const { code, stdout } = await openFromShell(runId, '--rollout', target?.id ?? '');
    expect(code).toBe(0);
    const [, address = '', link] = /Open one of these:\n {2}(http\S+)\n {2}(vscode\S+)\n/.exec(stdout) ?? [];
    expect(link).toBe(`vscode://video-r1-studio.video-r1-studio/${name}/${runId}/rollouts?rollout=${target?.id}`);
    const tab = await (await newContext()).newPage();
    await tab.goto(address);
    await rowShown(tab, target?.id ?? '');
    expect((await openFromShell(runId, '--step', '2', '--print')).stdout.split('\n')[0]).toBe(
      `/${name}/${runId}/rollouts?step=2`,
    );
    const compared = ['--page', 'compare', '--against', hostileRun, '--print'];
    expect((await openFromShell(runId, ...compared)).stdout.split('\n')[0]).toBe(
      `/${name}/${runId}/compare?against=${hostileRun}`,
    );
    expect(await openFromShell('nothing-1')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no run nothing-1'),
    });
    expect(await openFromShell(runId, '--query', 'step>>3')).toMatchObject({ code: 2 });
    expect(await openFromShell(runId, '--page', 'settings')).toMatchObject({ code: 2 });
  });
});

describe('what is said and offered on the way', () => {
  it.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['high contrast', { forcedColors: 'active' }],
  ] as const)('can be read in %s, at every width', async (_theme, look) => {
    for (const width of [1400, 1000, 420]) {
      const tab = await (await newContext({ viewport: { width, height: 800 }, ...look })).newPage();
      await tab.goto(`${pageAddress(trainer.discovery, 'rollouts')}&run=${runId}`);
      await tab.locator('[aria-label="Copy link (y)"]').waitFor({ state: 'attached' });
      await tab.keyboard.press('y');
      await said(tab, 'copied.');
      await openFromShell(runId, '--rollout', 's99-g0-o0');
      await said(tab, 'There is no rollout s99-g0-o0 in this run');
      await tab.keyboard.press('l');
      if (width < 760) await tab.getByRole('tab', { name: 'List' }).click();
      const button = tab.getByRole('button', { name: 'Export (E)' });
      if (!(await button.isVisible())) await tab.keyboard.press('l');
      await button.click();
      await tab.getByRole('dialog', { name: 'Export' }).waitFor();
      expect(await faultsNow(tab), `${width} px wide`).toEqual([]);
      const box = await tab.getByRole('dialog', { name: 'Export' }).boundingBox();
      expect(box?.x).toBeGreaterThanOrEqual(0);
      expect((box?.x ?? 0) + (box?.width ?? width)).toBeLessThanOrEqual(width);
      await tab.keyboard.press('Escape');
      expect(await tab.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Export (E)');
      await context?.close();
    }
  });
});

describe('an export', () => {
  /** Exports as a person does, and gives the file. */
  async function exported(tab: Page, form: string, limit = ''): Promise<string> {
    await tab.getByRole('button', { name: 'Export (E)' }).click();
    if (limit !== '') await tab.getByRole('textbox', { name: /How many/ }).fill(limit);
    const [download] = await Promise.all([
      tab.waitForEvent('download'),
      tab.getByRole('dialog', { name: 'Export' }).getByText(form, { exact: true }).click(),
    ]);
    const file = path.join(project.folder, download.suggestedFilename());
    await download.saveAs(file);
    return file;
  }

  it('of a selection is what the list shows, and a page for a colleague has the frames', async () => {
    const tab = await open('rollouts');
    await filter(tab).fill('media:video half:ordered');
    await selected(tab).waitFor();
    const lines = (await readFile(await exported(tab, 'JSONL', '3'), 'utf8')).trimEnd().split('\n');
    await said(tab, '3 rollouts exported.');
    const ids = lines.map((line) => (JSON.parse(line) as { id: string }).id);
    await expect.poll(() => shownIds(tab, 3)).toEqual(ids);

    await tab.getByRole('button', { name: 'Export (E)' }).click();
    await tab.getByRole('button', { name: 'by reward, smallest first' }).click();
    await tab.keyboard.press('Escape');
    const worst = (await readFile(await exported(tab, 'JSONL', '3'), 'utf8')).trimEnd().split('\n');
    const [lowest = Number.NaN, ...above] = worst.map((one) => (JSON.parse(one) as Rollout).reward.total);
    const every = (await readFile(await exported(tab, 'JSONL'), 'utf8')).trimEnd().split('\n');
    expect(lowest).toBe(Math.min(...every.map((one) => (JSON.parse(one) as Rollout).reward.total)));
    expect(above.every((reward) => reward >= lowest)).toBe(true);
    await tab.getByRole('button', { name: 'Export (E)' }).click();
    await tab.getByRole('button', { name: 'newest first' }).click();
    await tab.keyboard.press('Escape');

    const file = await exported(tab, 'Page to read', '3');
    const page = await (context as BrowserContext).newPage();
    await page.goto(pathToFileURL(file).href);
    expect(await page.locator('article code').first().textContent()).toBe(ids[0]);
    const frames = page.locator('article').first().locator('img');
    expect(await frames.count()).toBeGreaterThan(3);
    expect(await frames.evaluateAll((all) => all.every((one) => (one as HTMLImageElement).naturalWidth > 0))).toBe(
      true,
    );
  });

  it('is opened by E with the focus inside, and Esc cancels one under way, says so and gives the focus back', async () => {
    const tab = await (await newContext()).newPage();
    const held: { readonly id: number }[] = [];
    await tab.routeWebSocket(/.*/, (page) => {
      const server = page.connectToServer();
      page.onMessage((message) => {
        /* Under way until it is cancelled, however fast the machine is; then it ends as the trainer ends it. */
        if (String(message).includes('"rollouts/export"')) held.push(JSON.parse(String(message)));
        else {
          server.send(message);
          if (!String(message).includes('"exports/cancel"')) return;
          const error = { code: -32000, message: 'The export was cancelled.', data: { kind: 'cancelled' } };
          for (const { id } of held.splice(0)) page.send(JSON.stringify({ jsonrpc: '2.0', id, error }));
        }
      });
    });
    await tab.goto(`${pageAddress(trainer.discovery, 'rollouts')}&run=${runId}`);
    await selected(tab).waitFor();
    const downloads: unknown[] = [];
    tab.on('download', (download) => downloads.push(download));
    const list = tab.getByRole('listbox', { name: /^Rollouts/ });
    const menu = tab.getByRole('dialog', { name: 'Export' });
    const focusedText = () => tab.evaluate(() => document.activeElement?.textContent?.trim());
    for (const opened of ['by key', 'by its button'] as const) {
      if (opened === 'by key') {
        await list.focus();
        await tab.keyboard.press('E');
      } else await tab.getByRole('button', { name: 'Export (E)' }).click();
      await tab
        .getByRole('textbox', { name: /How many/ })
        .and(tab.locator(':focus'))
        .waitFor();
      await menu.getByText('Page to read', { exact: true }).click();
      await expect.poll(focusedText).toBe('Cancel Esc');
      await expect.poll(() => held.length).toBe(1);
      await tab.keyboard.press('Escape');
      await said(tab, 'The export was cancelled; nothing of it is left.');
      await menu.waitFor({ state: 'detached' });
      const opener = opened === 'by key' ? list : tab.getByRole('button', { name: 'Export (E)' });
      await opener.and(tab.locator(':focus')).waitFor();
    }
    await tab.keyboard.press('E');
    await tab.keyboard.press('Escape');
    await menu.waitFor({ state: 'detached' });
    await tab.keyboard.press('?');
    await tab.getByRole('dialog').getByText('export what the list shows', { exact: true }).waitFor();
    expect(downloads).toEqual([]);
  });

  it('as a page fetches nothing, runs nothing, is read out in light and dark, and hostile answers stay text', async () => {
    const tab = await open('rollouts', hostileRun);
    await selected(tab).waitFor();
    const file = await exported(tab, 'Page to read');
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await (await newContext({ colorScheme })).newPage();
      const requests: string[] = [];
      const complaints: string[] = [];
      page.on('request', (request) => requests.push(request.url().slice(0, 60)));
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(pathToFileURL(file).href);
      expect(await page.title()).toBe(`${hostileCompletions.length} rollouts of ${hostileRun}`);
      expect(requests.filter((address) => !address.startsWith('data:image/png'))).toEqual([
        pathToFileURL(file).href.slice(0, 60),
      ]);
      expect(await page.locator('script, iframe, form, input, svg, base, link').count()).toBe(0);
      expect(await page.locator('article').count()).toBe(hostileCompletions.length);
      const text = await page.locator('main').innerText();
      expect(text).toContain('<script>document.title="hacked"</script>');
      expect(text).toContain('The answer is \\u202eB ton si ti\\u202c, surely.');
      expect(await faultsNow(page)).toEqual([]);
      expect(complaints).toEqual([]);
      if (colorScheme === 'light') await context?.close();
    }
  });
});
