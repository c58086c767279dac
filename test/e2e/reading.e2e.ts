/**
 * Reading in a real browser: what is in sight at once, what keeps its place, what every key of the help does at every width, what
 * tokens and frames show. One short run of the real trainer gives the frames; the answers are made up, so that there are long ones,
 * hostile ones, and tokens with all that can be kept of them.
 */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import type { Weighing } from '../../trainer/protocol/evidence.ts';
import type { GroupWithRollouts, Rollout, RolloutTokens } from '../../trainer/protocol/records.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { findFfmpeg } from '../../trainer/video/ffmpeg.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { sampleProject, TrainerProcess } from '../integration/trainer-process.ts';
import { aGroup, aRollout, aRun } from '../store/records.ts';
import { decodeAll, encode } from '../video/make-media.ts';

const root = path.resolve(import.meta.dirname, '../..');
const side = 56;
const clipFrames = 100;
const attack = '<img src=x onerror="window.owned=1">\u202E<script>window.owned=2</script>';
const attackShown = '<img src=x onerror="window.owned=1">\\u202e<script>window.owned=2</script>';

/** Longer than any page of these tests has room for. */
const sentences = [
  'In frames 2 to 3 the square goes left.',
  'So it is A.',
  'Wait, at 1.0 s it turns.',
  'It ends at the right, so it is B and not A.',
];
const longThought = Array.from({ length: 120 }, (_, i) => sentences[i % sentences.length]).join(' ');

let project: { folder: string; remove(): Promise<void> };
let trainer: TrainerProcess;
let browser: Browser;
let context: BrowserContext | null = null;
let complaints: string[] = [];
/** Of the real run: its frames are those that the engine was given. */
let probed: GroupWithRollouts;
let clip: readonly Uint8Array[];

/** Each frame says its number: eight columns, bright where the bit is set, over a ground that differs from row to row. */
function numbered(frame: number): Uint8Array {
  const pixels = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const bit = (frame >> Math.floor(x / (side / 8))) & 1;
      pixels.set(y < 28 ? [bit * 200 + 20, y * 3, x * 3] : [frame, y, 255 - frame], (y * side + x) * 3);
    }
  }
  return pixels;
}

/** One token a word; the trainer finds the third 0.3125 nats less likely than the sampler. */
function tokensOf(text: string): RolloutTokens {
  const pieces = [...(text.match(/\s*\S+/g) ?? []), '<|im_end|>'];
  const logprobs = pieces.map((_, i) => (i % 5 === 0 ? -2 : -0.125));
  return {
    ...{ pieces, logprobs },
    trainerLogprobs: logprobs.map((logprob, i) => (i === 2 ? logprob - 0.3125 : logprob)),
    entropy: pieces.map((_, i) => (i % 7 === 0 ? 2.5 : 0.25)),
    ids: pieces.map((_, i) => 1000 + i),
    alternatives: pieces.map(() => [{ id: 5, piece: ` ${attack}`, logprob: -1 }]),
  };
}

/** KL at the second token is exp(1) − 2. */
function scoresOf(text: string) {
  const { logprobs } = tokensOf(text);
  return {
    isLeftOut: false,
    reference: logprobs.map((logprob, i) => (i === 1 ? logprob + 1 : logprob)),
  };
}

function answer(groupId: string, step: number, order: Rollout['order'], index: number, thought: string): Rollout {
  const text = `<think>${thought}</think><answer>B</answer>`;
  const end = 7 + thought.length;
  const at = (sentence: string) => {
    const start = text.indexOf(sentence);
    return { start, end: start + sentence.length };
  };
  const isLong = thought === longThought;
  return aRollout({
    id: `${groupId}-${order}-${index}`,
    groupId,
    step,
    order,
    index,
    text,
    tokenCount: tokensOf(text).pieces.length,
    parsed: { think: { start: 7, end }, answer: { start: end + 16, end: end + 17 }, problems: [] },
    advantage: order === 'ordered' ? 0.5 : null,
    reward: {
      parts: [
        { name: 'accuracy', value: 1, possible: 1, explanation: 'B is right.' },
        { name: 'format', value: 1, possible: 1, explanation: 'the form' },
      ],
      total: 2,
    },
    aha: isLong
      ? [
          { span: at(sentences[2] ?? ''), tier: 3, rule: 'checks', evidence: '' },
          { span: at(sentences[3] ?? ''), tier: 5, rule: 'changes', evidence: '' },
        ]
      : [],
    commitments: isLong ? [{ span: at(sentences[1] ?? ''), answer: 'A', right: false }] : [],
  });
}

/** In the order of the list, newest first: three long answers, one of them shuffled, and a short and a hostile one. */
function madeGroup(step: number): GroupWithRollouts {
  const id = `s${step}-g0`;
  const { media, question } = probed;
  return aGroup(step, {
    id,
    media,
    question,
    stats: { mean: 1.5, std: 0.5, count: 4 },
    rollouts: [
      answer(id, step, 'ordered', 0, longThought),
      answer(id, step, 'ordered', 1, longThought),
      answer(id, step, 'ordered', 2, 'Wait. B.'),
      answer(id, step, 'ordered', 3, `In frames 2 to 3, wait ${attack} B.`),
      answer(id, step, 'shuffled', 0, longThought),
    ],
  });
}

/** As the other run, and order was weighed: two words of each answer are worth more than half a nat. */
const weighedRun = 'reading-2';

function orderWeighing({ id: rolloutId, text }: Rollout, step: number): Weighing {
  const { pieces } = tokensOf(text);
  const lowered = (heavy: readonly number[]) => pieces.map((_, i) => (heavy.includes(i) ? -2 : -0.1));
  return {
    ...{
      rolloutId,
      version: 1,
      at: 1,
      by: { run: weighedRun, step, same: true },
      seen: lowered([]),
      lessLikely: 0,
    },
    changes: [1, 2].map((place) => ({
      intervention: { kind: 'order', order: [place, 0] },
      first: 0,
      logprobs: lowered([4, 9]),
    })),
    ...{ commitment: null, without: [] },
  };
}

async function open(width: number, height: number, run = 'reading-1', query = ''): Promise<Page> {
  context = await browser.newContext({ viewport: { width, height } });
  await context.addInitScript(() => {
    localStorage.setItem('video-r1-theme', 'dark');
    const copied: string[] = [];
    Object.assign(window, { copied });
    Object.defineProperty(navigator, 'clipboard', {
      value: { writeText: (text: string) => Promise.resolve(void copied.push(text)) },
    });
  });
  const tab = await context.newPage();
  complaints = [];
  tab.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  tab.on('pageerror', (error) => complaints.push(error.message));
  await tab.goto(`${pageAddress(trainer.discovery, 'rollouts')}&run=${run}${query}`);
  await tab.locator('[data-part=problem]').waitFor({ state: 'attached' });
  return tab;
}

const at = (groupId: string, rolloutId: string) => `&group=${groupId}&rollout=${rolloutId}`;
const shown = async (tab: Page) => new URL(tab.url()).searchParams.get('rollout');
const goesTo = (tab: Page, rolloutId: string) => tab.waitForURL((url) => url.searchParams.get('rollout') === rolloutId);
const scrollOf = (tab: Page) => tab.locator('#rollout-think').evaluate((box) => box.scrollTop);

async function makeRun(id: string, runs: string, real: string): Promise<void> {
  const folder = path.join(runs, id);
  const store = RunStore.create(folder, aRun({ id, state: 'completed', step: 3, steps: 3 }));
  for (const step of [1, 2, 3]) {
    const group = madeGroup(step);
    const tokens = new Map(group.rollouts.map((rollout) => [rollout.id, tokensOf(rollout.text)]));
    const pieces = ['<|im_start|>', 'user', '\n', '<|video_pad|>', '<|video_pad|>', attack, '<|im_end|>'];
    const prompts = new Map([[group.id, { ids: pieces.map((piece) => 2000 + pieces.indexOf(piece)), pieces }]]);
    store.append({ type: 'group', group: { ...group, prompt: pieces.join('') } }, { tokens, prompts });
    const kl = Object.fromEntries(group.rollouts.map(({ id }) => [id, 0.1]));
    store.append(
      { type: 'references', step, kl },
      { scores: new Map(group.rollouts.map(({ id, text }) => [id, scoresOf(text)])) },
    );
    if (id !== weighedRun) continue;
    const worth = { worth: 3.8, error: 0, uses: true, step: step - 1, same: true };
    store.append(
      { type: 'weighed', answers: Object.fromEntries(group.rollouts.map((rollout) => [rollout.id, worth])) },
      { weighings: group.rollouts.map((rollout) => orderWeighing(rollout, step - 1)) },
    );
  }
  store.dispose();
  await copyFile(path.join(runs, real, 'plan.json'), path.join(folder, 'plan.json'));
}

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await sampleProject();
  const dataset = path.join(project.folder, 'data', 'eval.json');
  const tools = await findFfmpeg();
  const file = path.join(project.folder, 'data', 'media', 'numbered.mkv');
  encode(tools, file, { width: side, height: side, count: clipFrames }, numbered, ['-c:v', 'ffv1', '-pix_fmt', 'bgr0']);
  clip = decodeAll(tools, file, side, side);
  const rows = JSON.parse(await readFile(dataset, 'utf8')) as { data_type: string; path: string }[];
  const videos = rows.filter(({ data_type: type }) => type === 'video');
  await writeFile(dataset, JSON.stringify(videos.map((row) => ({ ...row, path: './media/numbered.mkv' }))));

  trainer = await TrainerProcess.start(project.folder);
  const client = await trainer.connect();
  const real = await client.create('sft.run.json', {
    steps: 1,
    questionsPerStep: 1,
    probeEvery: 1,
    probeQuestions: 1,
    evaluationQuestions: 1,
    checkpointEvery: 0,
  });
  await client.command(real, { kind: 'start' });
  ({ group: probed } = await client.until(real, 'group', ({ group }) => group.media.shuffledOrder !== null));
  await client.until(real, 'state', ({ run }) => run.state === 'completed');
  client.close();
  await trainer.stop();

  for (const run of ['reading-1', weighedRun]) await makeRun(run, path.join(project.folder, '.video-r1', 'runs'), real);
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

describe('the page as it lies', () => {
  it.each([
    [1400, 900],
    [1000, 760],
    [760, 760],
    [420, 900],
  ])('has text, answer, reward and reason of the longest answer in sight at once at %i × %i', async (width, height) => {
    const tab = await open(width, height, 'reading-1', at('s2-g0', 's2-g0-ordered-0'));
    await tab.keyboard.press('Enter');
    await tab.locator('[data-part=think]').waitFor();
    for (const part of ['#rollout-think', '[data-part=answer]', 'section[aria-label=Reward]', '[data-part=reason]']) {
      const box = await tab.locator(part).boundingBox();
      expect(box, part).not.toBeNull();
      expect(box?.y, part).toBeGreaterThanOrEqual(0);
      expect((box?.y ?? 0) + (box?.height ?? 0), part).toBeLessThanOrEqual(height);
    }
    const text = await tab.locator('#rollout-think').evaluate((box) => [box.scrollHeight, box.clientHeight]);
    expect(text[0]).toBeGreaterThan(text[1] ?? 0);
    /* Six lines at the least. */
    expect(text[1]).toBeGreaterThanOrEqual(6 * 19);
    const page = await tab.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.scrollHeight,
    ]);
    expect(page).toEqual([width, height]);
    expect(complaints).toEqual([]);
  });

  it('scrolls as one where it is low, as at 200 %', async () => {
    const tab = await open(700, 450, 'reading-1', at('s2-g0', 's2-g0-ordered-0'));
    await tab.keyboard.press('Enter');
    const reason = tab.locator('section[aria-label=Reward]');
    await reason.scrollIntoViewIfNeeded();
    const box = await reason.boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(450);
  });

  it('keeps the scroll, the strips and the shade on j, and begins at the top of an answer that fits', async () => {
    const tab = await open(1000, 760, 'reading-1', at('s2-g0', 's2-g0-ordered-0'));
    await tab.keyboard.press('s');
    await tab.keyboard.press('p');
    await tab.getByRole('listbox', { name: 'Frames as shuffled' }).waitFor();
    await tab.locator('#rollout-think').evaluate((box) => box.scrollTo(0, 100));
    await tab.keyboard.press('j');
    await goesTo(tab, 's2-g0-ordered-1');
    expect(await scrollOf(tab)).toBe(100);
    expect(await tab.getByRole('listbox', { name: 'Frames as shuffled' }).count()).toBe(1);
    expect(await tab.getByRole('button', { name: 'Probability', exact: true }).getAttribute('aria-pressed')).toBe(
      'true',
    );
    await tab.keyboard.press('j');
    await goesTo(tab, 's2-g0-ordered-2');
    await expect.poll(() => scrollOf(tab)).toBe(0);
  });

  it('has the group as chips, in its place on g, and back on Enter, with the focus where the eye is', async () => {
    const tab = await open(1000, 760, 'reading-1', at('s2-g0', 's2-g0-ordered-0'));
    const chips = tab.locator('[data-part=group-chips] [aria-pressed]');
    const chip = tab.getByRole('button', { name: /^ordered 3: B, .*advantage \+0\.50$/ });
    expect(await chips.count()).toBe(6);
    await chip.click();
    await goesTo(tab, 's2-g0-ordered-2');
    await tab.keyboard.press('g');
    await tab.locator('[data-pane=group]').waitFor();
    expect(await tab.locator('[data-pane=rollout]').isVisible()).toBe(false);
    const focused = () =>
      tab.evaluate(() => document.activeElement?.closest('[data-pane]')?.getAttribute('data-pane') ?? null);
    await expect.poll(focused).toBe('group');
    await tab.keyboard.press('Escape');
    await tab.locator('[data-pane=rollout]').waitFor();
    await expect.poll(() => tab.evaluate(() => document.activeElement?.id)).toBe('rollout-think');
  });

  it('opens the list over the reading under 860 px, where it begins hidden', async () => {
    const tab = await open(840, 760, 'reading-1', at('s2-g0', 's2-g0-ordered-0'));
    const list = tab.locator('[data-pane=list]');
    expect(await list.isVisible()).toBe(false);
    await tab.locator('[data-pane=rollout] h2 + span', { hasText: /row \d+ of 15/ }).waitFor();
    const before = await tab.locator('[data-pane=rollout]').boundingBox();
    await tab.keyboard.press('l');
    await list.waitFor();
    expect(await tab.locator('[data-pane=rollout]').boundingBox()).toEqual(before);
    await tab.keyboard.press('Escape');
    await list.waitFor({ state: 'hidden' });
  });
});

describe('a border between panes', () => {
  const width = (tab: Page) => tab.locator('[data-pane=list]').evaluate((pane) => pane.getBoundingClientRect().width);

  it('is dragged, moved by key, reset, and found again, for each layout by itself', async () => {
    const tab = await open(1000, 760);
    const sash = tab.getByRole('separator', { name: 'Width of the list' });
    expect(await width(tab)).toBe(264);
    const box = await sash.boundingBox();
    if (!box) throw new Error('there is no sash');
    await tab.mouse.move(box.x, 400);
    await tab.mouse.down();
    await tab.mouse.move(box.x + 46, 400, { steps: 4 });
    await tab.mouse.up();
    await expect.poll(() => width(tab)).toBe(310);
    const frame = await tab.locator('[data-part=frames]').textContent();
    await sash.focus();
    await tab.keyboard.press('ArrowLeft');
    await expect.poll(() => width(tab)).toBe(300);
    expect(await sash.getAttribute('aria-valuenow')).toBe('300');
    expect(await tab.locator('[data-part=frames]').textContent()).toBe(frame);
    await tab.reload();
    await expect.poll(() => width(tab)).toBe(300);
    await tab.setViewportSize({ width: 1400, height: 900 });
    await expect.poll(() => width(tab)).toBe(440);
    const group = tab.getByRole('separator', { name: 'Width of the group' });
    await group.focus();
    await tab.keyboard.press('Shift+ArrowRight');
    expect(await group.getAttribute('aria-valuenow')).toBe('366');
    await tab.setViewportSize({ width: 1000, height: 760 });
    await expect.poll(() => width(tab)).toBe(300);
    await sash.dblclick();
    await expect.poll(() => width(tab)).toBe(264);
  });
});

describe('the keys', () => {
  const names: Readonly<Record<string, string>> = {
    '←': 'ArrowLeft',
    '→': 'ArrowRight',
    '↑': 'ArrowUp',
    '↓': 'ArrowDown',
    Esc: 'Escape',
  };
  /** What a person could tell a change by. */
  const look = (tab: Page) =>
    tab.evaluate(() => {
      const active = document.activeElement;
      return JSON.stringify([
        location.pathname,
        document.body.innerHTML,
        active?.id,
        active?.tagName,
        active?.textContent,
        document.getElementById('rollout-think')?.scrollTop,
        (window as unknown as { copied: string[] }).copied,
      ]);
    });

  it.each([
    [1400, 900],
    [1000, 760],
    [760, 760],
    [420, 900],
  ])('of the help each do something at %i × %i', async (width, height) => {
    const address = at('s2-g0', 's2-g0-ordered-0');
    const tab = await open(width, height, weighedRun, address);
    await tab.keyboard.press('/');
    await tab.keyboard.type('wait');
    await tab.locator('#rollout-filter').blur();
    await tab.locator('[data-part=think] [data-hit]').first().waitFor({ state: 'attached' });
    await tab.keyboard.press('?');
    const help = tab.getByRole('dialog', { name: 'Keys' });
    await help.waitFor();
    const keys = await help.locator('dt kbd').allTextContents();
    await tab.keyboard.press('Escape');
    await help.waitFor({ state: 'hidden' });
    expect(keys.length).toBeGreaterThan(25);
    const idle: string[] = [];
    for (const key of keys) {
      /* Something is open to be left; the rollout is left to be come back to. */
      if (key === 'Esc') await tab.keyboard.press('o');
      if (key === 'Enter') await tab.keyboard.press('/').then(() => tab.locator('#rollout-filter').blur());
      const before = await look(tab);
      await tab.keyboard.press(names[key] ?? key);
      const changed = await expect
        .poll(() => look(tab), { timeout: 3000 })
        .not.toBe(before)
        .then(
          () => true,
          () => false,
        );
      if (!changed) idle.push(key);
      if (key === '/') await tab.locator('#rollout-filter').blur();
      if (!tab.url().includes('/rollouts')) {
        await tab.goBack();
        await tab.locator('[data-part=think] [data-hit]').first().waitFor({ state: 'attached' });
      }
      if (!['p', '[', ']', 'a', 'F3', 'g'].includes(key)) await tab.keyboard.press('Escape');
      if (!['Enter', 'l', '/'].includes(key)) await tab.keyboard.press('Enter');
    }
    expect(idle).toEqual([]);
  });

  it('leave letters to a text field', async () => {
    const tab = await open(1000, 760, 'reading-1', at('s2-g0', 's2-g0-ordered-0'));
    await tab.keyboard.press('/');
    await tab.keyboard.type('jgloptxy?[]');
    expect(await tab.locator('#rollout-filter').inputValue()).toBe('jgloptxy?[]');
    expect(await shown(tab)).toBe('s2-g0-ordered-0');
    expect(await tab.getByRole('dialog').count()).toBe(0);
    expect(await tab.getByRole('button', { name: 'Text', exact: true }).getAttribute('aria-pressed')).toBe('true');
  });
});

describe('tokens', () => {
  const openShaded = async (shade: string) => {
    const tab = await open(1000, 760, 'reading-1', at('s2-g0', 's2-g0-ordered-2'));
    await tab.getByRole('button', { name: shade, exact: true }).click();
    await tab.locator('[data-token]').first().waitFor();
    return tab;
  };
  /** Text by the fill it stands on; an empty name for none. */
  const fills = (tab: Page) =>
    tab
      .locator('[data-part=think] [data-token]')
      .evaluateAll((pieces) =>
        pieces.map((piece) => [
          piece.textContent?.trim(),
          getComputedStyle(piece).backgroundColor !== 'rgba(0, 0, 0, 0)',
        ]),
      );

  it('are shaded by KL and by mismatch, with a legend', async () => {
    const tab = await openShaded('KL');
    /* Token 0 is `<think>Wait.`, token 1 ` B.</think><answer>B</answer>`: only that one has a KL, 0.718. */
    await tab.getByText('.2–1').waitFor();
    expect(await fills(tab)).toEqual([
      ['Wait.', false],
      ['B.', true],
    ]);
    await tab.keyboard.press('p');
    await tab.getByText('trainer against sampler in nats').waitFor();
    expect((await fills(tab)).map(([, fill]) => fill)).toEqual([false, false]);
    /* What can't be weighed is passed over: the run has no checkpoint. */
    await tab.getByRole('button', { name: /^Frames: / }).waitFor();
    await tab.keyboard.press('P');
    await tab.keyboard.press('P');
    await tab.getByText('entropy in nats').waitFor();
  });

  it('show their numbers and alternatives on hover and by key', async () => {
    const tab = await openShaded('Probability');
    const popover = tab.getByRole('tooltip');
    await tab.locator('[data-part=think] [data-token="1"]').hover();
    await popover.waitFor();
    const said = await popover.textContent();
    for (const part of ['1001', '0.882', '0.250 nats', '0.7183 nats', '0.368', attackShown.replaceAll(' ', '␣')])
      expect(said).toContain(part);
    await tab.mouse.move(5, 5);
    await popover.waitFor({ state: 'hidden' });
    await tab.keyboard.press('Escape');
    await tab.keyboard.press(']');
    await popover.filter({ hasText: '1000' }).waitFor();
    await tab.keyboard.press(']');
    await popover.filter({ hasText: '1001' }).waitFor();
    const described = await tab.evaluate(() => document.activeElement?.getAttribute('aria-describedby'));
    expect(described).toBe(await popover.getAttribute('id'));
    await tab.keyboard.press('Escape');
    await popover.waitFor({ state: 'hidden' });
  });

  it('refuse a shade of which nothing is kept, with the reason', async () => {
    const tab = await open(1000, 760, 'sft-1');
    const mismatch = tab.getByRole('button', { name: /^Mismatch: / });
    await mismatch.waitFor();
    expect(await mismatch.getAttribute('aria-disabled')).toBe('true');
    await mismatch.click({ force: true });
    expect(await tab.getByRole('button', { name: 'Text', exact: true }).getAttribute('aria-pressed')).toBe('true');
  });
});

describe('hostile answers', () => {
  it('stay text in every view of the rollout', async () => {
    const tab = await open(1000, 760, 'reading-1', at('s2-g0', 's2-g0-ordered-3'));
    const foreign = () =>
      tab.evaluate(() => ({
        owned: (window as { owned?: number }).owned,
        foreign: document.querySelectorAll('#page img, #page script, #page iframe').length,
      }));
    const none = { owned: undefined, foreign: 0 };
    const think = tab.locator('[data-part=think]');
    await expect.poll(() => think.textContent()).toContain(attackShown);
    expect(await foreign()).toEqual(none);
    await tab.keyboard.press('p');
    await tab.locator('[data-token]').first().waitFor();
    await tab.keyboard.press(']');
    await tab.getByRole('tooltip').waitFor();
    expect(await foreign()).toEqual(none);
    await tab.keyboard.press('Escape');
    await tab.keyboard.press('o');
    const exact = tab.locator('[data-part=exact-text]');
    await expect.poll(() => exact.textContent()).toContain(`<|video_pad|> × 2`);
    await expect.poll(async () => (await exact.textContent())?.split(attackShown).length).toBe(3);
    expect(await foreign()).toEqual(none);
    await exact.getByRole('button', { name: 'Token ids', exact: true }).click();
    await exact.getByText('2005').waitFor();
    expect(await foreign()).toEqual(none);
    await exact.getByRole('button', { name: 'Copy the token ids of the prompt' }).click();
    await exact.getByRole('button', { name: 'Copy the completion' }).click();
    const copied = await tab.evaluate(() => (window as unknown as { copied: string[] }).copied);
    expect(copied).toEqual([
      '[2000,2001,2002,2003,2003,2005,2006]',
      `<think>In frames 2 to 3, wait ${attack} B.</think><answer>B</answer><|im_end|>`,
    ]);
  });
});

describe('frames', () => {
  it('are previewed by the pointer and chosen by a click', async () => {
    const tab = await open(1000, 760, 'reading-1', at('s2-g0', 's2-g0-ordered-0'));
    const preview = tab.locator('[data-part=frame-preview]');
    const frame = tab.locator('[data-frame="3"]');
    await frame.hover();
    await preview.filter({ hasText: 'frame 4' }).waitFor();
    expect(await frame.getAttribute('aria-selected')).toBe('false');
    await frame.click();
    await expect.poll(() => frame.getAttribute('aria-selected')).toBe('true');
    await tab.mouse.move(500, 500);
    await preview.waitFor({ state: 'hidden' });
    expect(await frame.getAttribute('aria-selected')).toBe('true');
  });

  it('are those that the engine was given, pixel by pixel, in both strips', async () => {
    const tab = await open(1000, 760, 'sft-1', at(probed.id, probed.rollouts[0]?.id ?? ''));
    await tab.keyboard.press('s');
    await tab.getByRole('listbox', { name: 'Frames as shuffled' }).waitFor();
    const { indices, shuffledOrder, width, height } = probed.media;
    expect([width, height]).toEqual([side, side]);
    expect(indices.length).toBeGreaterThan(4);
    const drawn = (row: string) =>
      tab.getByRole('listbox', { name: row }).evaluate((list) =>
        [...list.querySelectorAll('canvas')].map((canvas) => {
          const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
          return [...data].filter((_, i) => i % 4 < 3);
        }),
      );
    await expect.poll(async () => (await drawn('Frames in order'))[0]?.some((value) => value > 0)).toBe(true);
    /** The number that a frame carries in its upper half, and its pixels as decoded by themselves. */
    const numberOf = (pixels: readonly number[]) =>
      Array.from({ length: 8 }, (_, bit) => ((pixels[(bit * (side / 8) + 3) * 3] ?? 0) > 120 ? 1 << bit : 0)).reduce(
        (sum, bit) => sum + bit,
        0,
      );
    const given = (index: number) => [...(clip[index] ?? [])];
    const ordered = await drawn('Frames in order');
    expect(ordered.map(numberOf)).toEqual(indices);
    expect(ordered).toEqual(indices.map(given));
    const shuffled = await drawn('Frames as shuffled');
    const places = (shuffledOrder ?? []).map((frame) => indices[frame] ?? -1);
    expect(shuffled.map(numberOf)).toEqual(places);
    expect(shuffled).toEqual(places.map(given));
    expect(places).not.toEqual(indices);
  });
});
