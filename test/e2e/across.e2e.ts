/**
 * One question across steps, and two runs or two evaluations compared, in a real browser. What the pages say is held against
 * figures worked out by hand, or from the groups as a client fetches them.
 */
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import { shownText } from '../../trainer/protocol/hostile-text.ts';
import type { GroupWithRollouts } from '../../trainer/protocol/records.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { TrainerProcess } from '../integration/trainer-process.ts';
import { faultsNow } from './axe.ts';
import { projectWithRuns } from './recorded-run.ts';
import { fast, firstRun, questions, secondRun, shortHostile, slow } from './two-runs.ts';

const root = path.resolve(import.meta.dirname, '../..');

let project: { folder: string; remove(): Promise<void> };
let trainer: TrainerProcess;
let browser: Browser;
let context: BrowserContext | null = null;
let complaints: string[] = [];

async function newTab(more: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...more });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const tab = await context.newPage();
  complaints = [];
  tab.on('pageerror', ({ message }) => complaints.push(message));
  tab.on('request', (request) => {
    const { hostname } = new URL(request.url());
    if (hostname !== trainer.discovery.host && !/^(blob|data):/.test(request.url())) complaints.push(request.url());
  });
  return tab;
}

async function openRollout(rolloutId: string, more?: Parameters<Browser['newContext']>[0]): Promise<Page> {
  const tab = await newTab(more);
  await tab.goto(`${pageAddress(trainer.discovery, 'rollouts')}&run=${firstRun}&rollout=${rolloutId}`);
  await tab.locator('[data-part=think]').waitFor({ state: 'attached' });
  return tab;
}

async function openAcross(rolloutId: string, more?: Parameters<Browser['newContext']>[0]): Promise<Page> {
  const tab = await openRollout(rolloutId, more);
  await tab.keyboard.press('t');
  await tab.locator('[data-part=amounts]').waitFor();
  return tab;
}

async function openCompare(rolloutId: string, more?: Parameters<Browser['newContext']>[0]): Promise<Page> {
  const tab = await openRollout(rolloutId, more);
  await tab.keyboard.press('r');
  await tab.locator('[data-pane=answers] h3').first().waitFor();
  return tab;
}

/** The groups of the run that ask a question, by step, as a client fetches them. */
async function groupsOf(problem: string): Promise<GroupWithRollouts[]> {
  const client = await trainer.connect();
  const { rows } = await client.client.request('rollouts/list', { runId: firstRun, query: '', limit: 500 });
  const groups: GroupWithRollouts[] = [];
  for (const groupId of new Set(rows.map((row) => row.groupId)))
    groups.push((await client.client.request('groups/get', { runId: firstRun, groupId })).group);
  client.close();
  return groups.filter(({ question }) => question.problem === problem).sort((a, b) => a.step - b.step);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const textsOf = (tab: Page, selector: string) =>
  tab
    .locator(selector)
    .evaluateAll((all) => all.map(({ textContent }) => (textContent ?? '').replace(/\s+/g, ' ').trim()));
const rowsOf = (tab: Page, part: string) =>
  tab
    .locator(`[data-part=${part}] tbody tr`)
    .evaluateAll((lines) =>
      lines.map((line) => [...line.children].map((cell) => (cell.textContent ?? '').replace(/\s+/g, ' ').trim())),
    );
const cell = (tab: Page, rolloutId: string) => tab.locator(`[data-rollout="${rolloutId}"]`);
const cursor = (tab: Page) => tab.locator('[data-rollout][aria-current=true]').getAttribute('data-rollout');
const heads = (tab: Page) => textsOf(tab, '[data-part=diff] h3');
const option = (tab: Page) => tab.locator('[data-pane=list] div[role=option][aria-selected=true]');

async function copiedLink(tab: Page): Promise<string> {
  await tab.keyboard.press('y');
  await tab.getByRole('status').filter({ hasText: 'copied' }).first().waitFor();
  return tab.evaluate(() => navigator.clipboard.readText());
}

async function follow(link: string): Promise<Page> {
  const tab = await (context as BrowserContext).newPage();
  await tab.goto(`http://${trainer.discovery.host}:${trainer.discovery.port}${link}`);
  return tab;
}

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await projectWithRuns([fast, slow]);
  trainer = await TrainerProcess.start(project.folder);
  browser = await launchBrowser();
}, 300_000);

afterEach(async () => {
  await context?.close();
  context = null;
  expect(complaints).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  await trainer?.stop();
  await project?.remove();
});

describe('a question across steps', () => {
  it('opens on t from the answer that is read, beside the first one, and Esc goes back to that answer', async () => {
    const tab = await openAcross('s3-1-o2');
    expect(await heads(tab)).toEqual([
      expect.stringMatching(/^1 ?step 1, ordered 3A/),
      expect.stringMatching(/^2 ?step 3, ordered 3B/),
    ]);
    await tab.keyboard.press('Escape');
    await tab.locator('[id="row-s3-1-o2"][aria-selected=true]').waitFor();
  });

  it('has the accuracies, lengths, tests and answers of the groups as they are fetched', async () => {
    const groups = await groupsOf(questions.square.problem);
    expect(groups.map(({ step }) => step)).toEqual([1, 3, 5]);
    const tab = await openAcross('s5-1-o0');
    const of = (group: GroupWithRollouts, order: string) => group.rollouts.filter((one) => one.order === order);
    const shown = await tab.locator('[data-pane=timeline] svg title').allTextContents();
    for (const group of groups) {
      for (const order of ['ordered', 'shuffled'])
        expect(shown).toContain(
          `step ${group.step}: ${mean(of(group, order).map(({ accuracy }) => accuracy)).toFixed(3)} on ${order} frames`,
        );
      const length = mean(of(group, 'ordered').map(({ tokenCount }) => tokenCount));
      expect(shown).toContain(`step ${group.step}: ${length.toFixed(1)} tokens`);
      for (const { id, order, index, answer, correct, reward, tokenCount } of group.rollouts) {
        const label = await cell(tab, id).getAttribute('aria-label');
        expect(label).toContain(`step ${group.step}, ${order} ${index + 1}: ${answer}, `);
        expect(label).toContain(`reward ${reward.total.toFixed(2)}, ${tokenCount} tokens`);
        expect(/, right|, exact|, correct/.test(label ?? '')).toBe(correct);
      }
    }
    expect(await tab.locator('[data-rollout]').count()).toBe(groups.flatMap(({ rollouts }) => rollouts).length);
    const tests = await tab
      .locator('[data-pane=timeline] [title^="p "]')
      .evaluateAll((all) => all.map((one) => [one.textContent, one.getAttribute('title')]));
    expect(tests).toEqual([
      ['paid', 'p 0.250 >= 0.80 × 0.000: passed, each right answer was paid +0.30'],
      ['not', 'p 0.500 < 0.80 × 1.000: not passed'],
      ['paid', 'p 1.000 >= 0.80 × 0.000: passed, each right answer was paid +0.30'],
    ]);
    // Ordered minus shuffled: (0.25 − 0 + 0.5 − 1 + 1 − 0) / 3.
    expect(await tab.locator('[data-part=verdict]').textContent()).toBe(
      'The temporal test passed at 2 of 3 times. Accuracy on ordered frames 0.250 at first, 1.000 at last. Ordered minus shuffled +0.250 on average.',
    );
    expect((await rowsOf(tab, 'amounts')).slice(1, 5)).toEqual([
      ['accuracy', '0.00', '1.00', '+1.00'],
      ['reward', '0.00', '1.00', '+1.00'],
      ['advantage', '−0.50', '+0.50', '+1.00'],
      ['tokens', '40', '25', '−15'],
    ]);
  });

  it('goes by keys: arrows among the cells, 1 and 2, x, g, and J and K to other questions', async () => {
    const tab = await openAcross('s5-1-o0');
    expect(await cursor(tab)).toBe('s5-1-o0');
    await tab.keyboard.press('ArrowDown');
    expect(await cursor(tab)).toBe('s5-1-o1');
    await tab.keyboard.press('ArrowLeft');
    expect(await cursor(tab)).toBe('s3-1-o1');
    await tab.keyboard.press('1');
    await expect.poll(() => heads(tab)).toContainEqual(expect.stringMatching(/^1 ?step 3, ordered 2A/));
    for (let press = 0; press < 3; press++) await tab.keyboard.press('j');
    expect(await cursor(tab)).toBe('s3-1-s0');
    await tab.keyboard.press('2');
    await expect.poll(() => heads(tab)).toContainEqual(expect.stringMatching(/^2 ?step 3, shuffled 1B/));
    await tab.keyboard.press('x');
    await expect.poll(() => heads(tab)).toContainEqual(expect.stringMatching(/^1 ?step 3, shuffled 1B/));
    // What the arrows reach ends at the edges.
    await tab.keyboard.press('l');
    await tab.keyboard.press('l');
    expect(await cursor(tab)).toBe('s5-1-s0');
    await tab.keyboard.press('g');
    await tab.locator('[id="row-s5-1-s0"][aria-selected=true]').waitFor();
    await tab.keyboard.press('t');
    await tab.locator('[data-part=amounts]').waitFor();
    const place = tab.getByRole('button', { name: 'Choose a question (/)' });
    await expect.poll(() => place.textContent()).toBe('question 1 of 9');
    await tab.keyboard.press('J');
    await expect.poll(() => place.textContent()).toBe('question 2 of 9');
    await tab.keyboard.press('K');
    await expect.poll(() => place.textContent()).toBe('question 1 of 9');
    await expect.poll(() => tab.locator('[data-part=verdict]').textContent()).toContain('2 of 3 times');
  });

  it('has a picker that finds a question by its words, and leaves on Esc', async () => {
    const tab = await openAcross('s5-1-o0');
    await tab.keyboard.press('/');
    const picker = tab.getByRole('dialog', { name: 'Questions of the run' });
    await expect.poll(() => picker.getByRole('option').count()).toBe(9);
    await tab.keyboard.type('GROWS triangle');
    await expect.poll(() => picker.getByRole('option').count()).toBe(1);
    expect(await picker.getByRole('option').textContent()).toContain(questions.triangle.problem);
    await tab.keyboard.press('Enter');
    await picker.waitFor({ state: 'hidden' });
    await expect.poll(() => tab.locator('[data-part=verdict]').textContent()).toContain('Came up once, at step 4.');
    await tab.keyboard.press('/');
    await picker.waitFor();
    await tab.keyboard.type('nothing has this');
    await picker.getByText('No question has these words.').waitFor();
    await tab.keyboard.press('Escape');
    await picker.waitFor({ state: 'hidden' });
    expect(await tab.locator('[data-pane=timeline]').isVisible()).toBe(true);
  });

  it('compares two answers word by word, in both layouts, and hostile answers stay text', async () => {
    const [first = '', second = ''] = (await groupsOf(questions.hostile.problem)).map(
      ({ rollouts }) => rollouts[0]?.text,
    );
    for (const text of shortHostile.slice(0, 20)) expect(first).toContain(text);
    const tab = await openAcross('hostile-1-o0');
    const title = await tab.title();
    const diff = tab.locator('[data-part=diff]');
    const markup = diff.locator('script, iframe, img, form, input, a, style, base, meta, h1, [onload], [onerror]');
    const texts = () => diff.locator('.model-text:has(> span)').allTextContents();
    expect(await texts()).toEqual([shownText(first), shownText(second)]);
    expect((await diff.locator('del').allTextContents()).join(' ')).toContain(
      '<script>document.title="hacked"</script>',
    );
    expect((await diff.locator('ins').allTextContents()).join(' ')).toContain('instead 0');
    expect(await markup.count()).toBe(0);
    await tab.keyboard.press('v');
    await tab.getByRole('button', { name: 'Inline', pressed: true }).waitFor();
    // Without what is struck out it is the second answer, without what is underlined the first.
    const without = (tag: 'del' | 'ins') =>
      diff.locator('.model-text:has(> span)').evaluate((shown, name) => {
        const copy = shown.cloneNode(true) as Element;
        for (const one of copy.querySelectorAll(name)) one.remove();
        return copy.textContent;
      }, tag);
    const words = (text: string | null) => (text ?? '').split(/\s+/).filter(Boolean);
    expect(words(await without('del'))).toEqual(words(shownText(second)));
    expect(words(await without('ins'))).toEqual(words(shownText(first)));
    expect(await markup.count()).toBe(0);
    expect(await tab.title()).toBe(title);
  });

  it('is led to by the link that y copies', async () => {
    const tab = await openAcross('s3-1-o2');
    const link = await copiedLink(tab);
    expect(link).not.toContain('token');
    const other = await follow(link);
    await other.locator('[data-part=amounts]').waitFor();
    await expect.poll(() => heads(other)).toEqual(await heads(tab));
  });
});

describe('two runs compared', () => {
  it('opens on r, and has the means over questions at the same steps, by hand', async () => {
    const tab = await openCompare('s5-1-o0');
    // At the same steps: square (1/4 and 2/4 against 2/4 and 2/4), circle (4/4 against 1/4).
    // Right: (0.375 + 1) / 2 and (0.5 + 0.25) / 2; tokens: (41.5 + 31.5) / 2 and 21.5; (11.5 + 13.5) / 2 and 23.5.
    const means = await rowsOf(tab, 'means');
    expect(means.slice(0, 3)).toEqual([
      [`${firstRun}`, '0.688', '0.69', '29'],
      [`${secondRun}`, '0.375', '0.38', '18'],
      ['difference', '−0.313', '−0.31', '−11'],
    ]);
    expect(await tab.locator('[data-part=differences]').textContent()).toMatch(/The runs differ in [Ll]earning rate/);
  });

  it('lists the questions that differ most first, with both answers side by side, by keys', async () => {
    const tab = await openCompare('s5-1-o0');
    const list = tab.locator('[data-pane=list] div[role=option]');
    // Differences of the share right: circle −0.75, triangle +0.25 at its nearest steps, square +0.125.
    expect(await list.evaluateAll((all) => all.map((one) => one.getAttribute('title')?.split('\n')))).toEqual([
      [questions.circle.problem, '1 step in common'],
      [questions.triangle.problem, 'no step in common: steps 4 and 6'],
      [questions.square.problem, '2 steps in common'],
    ]);
    const dumbbells = await list
      .locator('svg[aria-label]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
    expect(dumbbells.filter((label) => label?.startsWith('right'))).toEqual([
      'right: 1.00 first, 0.25 second',
      'right: 0.25 first, 0.50 second',
      'right: 0.38 first, 0.50 second',
    ]);
    await expect.poll(() => option(tab).getAttribute('title')).toContain(questions.square.problem);
    const texts = tab.locator('[data-part=texts] [data-side]');
    await expect
      .poll(() => texts.first().textContent())
      .toContain('It goes, then stops. By answer 1 of step 3 it is B.');
    expect(await texts.last().textContent()).toContain('It goes at once. By answer 1 of step 3 it is B.');
    await tab.keyboard.press('J');
    await expect.poll(() => texts.last().textContent()).toContain('By answer 2 of step 3 it is A.');
    await tab.keyboard.press('[');
    await expect.poll(() => texts.first().textContent()).toContain('of step 1 it is A.');
    await tab.keyboard.press('v');
    await tab
      .locator('[data-pane=answers] ins, [data-pane=answers] del, [data-pane=answers] [aria-pressed=true]')
      .first()
      .waitFor();
    await tab.keyboard.press('v');
    await tab.keyboard.press('k');
    await expect.poll(() => option(tab).getAttribute('title')).toContain(questions.triangle.problem);
    await tab.getByText('No step in common: the nearest are step 4 and step 6.').waitFor();
    await tab.keyboard.press('x');
    await expect.poll(async () => (await rowsOf(tab, 'means'))[0]?.[0]).toBe(secondRun);
    await tab.keyboard.press('Escape');
    await tab.locator('[data-pane=rollout]').waitFor();
  });

  it('opens on what the answer was for, or on what both runs have questions of', async () => {
    const evaluation = await openCompare('eval-late-0-g3-o0');
    await evaluation.getByRole('button', { name: 'Evaluations', pressed: true }).waitFor();
    await expect.poll(() => option(evaluation).getAttribute('title')).toContain('Evaluated question 4?');
    await context?.close();
    const training = await openCompare('s2-2-o0');
    await training.getByRole('button', { name: 'Training', pressed: true }).waitFor();
  });

  it('has two evaluations side by side, with what became of each answer', async () => {
    const tab = await openCompare('eval-late-0-g0-o0');
    // BBABA against ABBBA: the first alone got question 1 right, the second alone question 3.
    await expect
      .poll(() => rowsOf(tab, 'transitions'))
      .toEqual([
        [expect.stringContaining('right'), '2', '1'],
        [expect.stringContaining('wrong'), '1', '1'],
      ]);
    const [all] = await rowsOf(tab, 'slices');
    expect(all).toEqual([
      ...['all questions', '5', '0.600', '0.600'],
      expect.stringMatching(/^[+−]?0\.000 −0\.88 … \+0\.88$/),
      '1 : 1 1.000',
    ]);
    await tab.getByRole('button', { name: 'right to wrong: 1' }).click();
    await expect.poll(() => tab.locator('[data-pane=list] div[role=option]').count()).toBe(1);
    await expect.poll(() => option(tab).getAttribute('title')).toBe('Evaluated question 1?\nright to wrong');
  });

  it.each(['s5-1-o0', 'eval-late-0-g0-o0'])('has all its columns at every width, from %s', async (rolloutId) => {
    const tab = await openCompare(rolloutId);
    await option(tab).waitFor();
    for (const width of [1400, 1000, 760, 420]) {
      await tab.setViewportSize({ width, height: 900 });
      /* Widths are worked out anew in the frame after. */
      const cut = await tab.evaluate(async () => {
        await new Promise(requestAnimationFrame);
        const all = [document.documentElement, ...document.querySelectorAll('section, section div')];
        const scrolls = (one: Element) => one.tagName === 'HTML' || getComputedStyle(one).overflowX === 'auto';
        return all
          .filter((one) => scrolls(one) && one.scrollWidth > one.clientWidth + 1)
          .map((one) => `${one.tagName} ${one.ariaLabel} ${one.scrollWidth} > ${one.clientWidth}`);
      });
      expect([width, ...cut]).toEqual([width]);
      expect((await option(tab).boundingBox())?.height).toBeGreaterThan(20);
    }
  });

  it.each(['s2-2-o0', 'eval-late-0-g2-o0'])('is led to by the link that y copies, from %s', async (rolloutId) => {
    const tab = await openCompare(rolloutId);
    await option(tab).waitFor();
    const title = await option(tab).getAttribute('title');
    const link = await copiedLink(tab);
    const other = await follow(link);
    await expect.poll(() => option(other).getAttribute('title')).toBe(title);
    expect(await textsOf(other, '[data-pane=list] [aria-pressed=true]')).toEqual(
      await textsOf(tab, '[data-pane=list] [aria-pressed=true]'),
    );
  });
});

describe('both pages', () => {
  it('can be read in forced colours, wide and narrow', async () => {
    for (const width of [1400, 420]) {
      const tab = await openAcross('s5-1-o0', { viewport: { width, height: 900 }, forcedColors: 'active' });
      const faults = () => faultsNow(tab);
      expect(await faults()).toEqual([]);
      await tab.keyboard.press('/');
      await tab.getByRole('dialog', { name: 'Questions of the run' }).getByRole('option').first().waitFor();
      expect(await faults()).toEqual([]);
      await tab.keyboard.press('Escape');
      await tab.keyboard.press('r');
      await tab.locator('[data-part=means]').waitFor({ state: 'attached' });
      expect(await faults()).toEqual([]);
      await tab.getByRole('button', { name: 'Evaluations' }).click();
      await tab.locator('[data-part=transitions]').waitFor({ state: 'attached' });
      expect(await faults()).toEqual([]);
      await context?.close();
    }
  });
});
