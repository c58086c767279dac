/**
 * What an answer stood on, in a real browser: a short run of the real trainer is weighed for real, and a made-up run of its media has
 * weighings whose numbers are known, so that words, pairs, curve, columns and filters can be held to them.
 */
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageAddress } from '../../trainer/protocol/discovery.ts';
import type { HeldOrderWorth, Weighing } from '../../trainer/protocol/evidence.ts';
import type { GroupWithRollouts, Rollout, RolloutTokens } from '../../trainer/protocol/records.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { sampleProject, TrainerProcess } from '../integration/trainer-process.ts';
import { aGroup, aRollout, aRun } from '../store/records.ts';
import { faultsNow } from './axe.ts';

const root = path.resolve(import.meta.dirname, '../..');
const madeRun = 'weighed-1';
const attack = '<img/onerror="window.owned=1">';

/** "left" stands on the third pair, "last" is likelier when shuffled, and the hostile word is heavy too. */
const thought = `It goes left. Wait, the last ${attack} turns. So it is B.`;
const text = `<think>${thought}</think><answer>B</answer>`;
const pieces = [...(text.match(/\s*[^\s<>]+|\s*[<>]/g) ?? [])];
const tokens: RolloutTokens = {
  pieces,
  logprobs: pieces.map(() => -0.1),
  entropy: pieces.map(() => 0.2),
  ids: pieces.map((_, i) => 100 + i),
};
const tokenOf = (word: string) => pieces.findIndex((piece) => piece.includes(word));
const startOf = (word: string) => text.indexOf(word);

const lowered = (by: Readonly<Record<string, number>>): number[] => {
  const at = new Map(Object.entries(by).map(([word, nats]) => [tokenOf(word), nats]));
  return pieces.map((_, i) => -0.1 - (at.get(i) ?? 0));
};

function weighingOf(rolloutId: string, pairs: number, used: boolean, step: number, same: boolean): Weighing {
  const shuffle = (order: number[], left: number) => ({
    intervention: { kind: 'order' as const, order },
    first: 0,
    logprobs: lowered(used ? { left, last: -0.6, onerror: 0.7 } : { left: 0.4 * left - 1, last: 0.1 }),
  });
  return {
    ...{
      rolloutId,
      version: 1,
      at: 1,
      seen: lowered({}),
      lessLikely: same ? 0 : rolloutId === 'w-4' ? 0.04 : 0.25,
      without: [],
    },
    by: { run: madeRun, step, same },
    changes: [
      shuffle([1, 0, 2, 3, 4, 5, 6, 7], 2.5),
      shuffle([0, 1, 2, 3, 4, 5, 7, 6], 3.5),
      { intervention: { kind: 'reversed' }, first: 0, logprobs: lowered({ left: 5.2 }) },
      ...Array.from({ length: pairs }, (_, pair) => ({
        intervention: { kind: 'pair' as const, pair },
        first: 0,
        logprobs: lowered(pair === 2 ? { left: 4.3 } : pair === 1 ? { turns: 0.75 } : {}),
      })),
      { intervention: { kind: 'blind' }, first: 0, logprobs: lowered({ left: 9, onerror: 3 }) },
    ],
    commitment: [
      { end: 7, logprob: Math.log(0.3) },
      { end: startOf('left.') + 5, logprob: Math.log(0.75) },
      { end: startOf('turns.') + 6, logprob: Math.log(0.125) },
      { end: startOf('</think>'), logprob: Math.log(0.875) },
    ],
  };
}

const uses: HeldOrderWorth = { worth: 3.1, error: 0.5, uses: true, step: 1, same: true };
const worths: Readonly<Record<string, HeldOrderWorth>> = {
  'w-0': uses,
  'w-1': { worth: 0.3, error: 0.2, uses: false, step: 1, same: true },
  'w-2': { ...uses, step: 9, same: false },
  'w-4': { ...uses, step: 9, same: false },
};

let project: { folder: string; remove(): Promise<void> };
let trainer: TrainerProcess;
let browser: Browser;
let context: BrowserContext;
let real: { readonly run: string; readonly video: string; readonly image: string | null };
let complaints: string[] = [];

function answer(index: number, paid: number): Rollout {
  const at = startOf('</think>');
  return aRollout({
    ...{ id: `w-${index}`, groupId: 'g', step: 2, order: 'ordered', index, text, answer: 'B' },
    tokenCount: pieces.length,
    parsed: { think: { start: 7, end: at }, answer: { start: at + 16, end: at + 17 }, problems: [] },
    advantage: 0.5,
    reward: {
      parts: [
        { name: 'accuracy', value: 1, possible: 1, explanation: 'B is right.' },
        { name: 'temporal', value: paid, possible: 0.3, explanation: 'passed' },
      ],
      total: 1 + paid,
    },
  });
}

function makeRun({ media, question }: GroupWithRollouts): void {
  const folder = path.join(project.folder, '.video-r1', 'runs', madeRun);
  const store = RunStore.create(folder, aRun({ id: madeRun, state: 'completed', step: 3, steps: 3 }));
  const rollouts = [0, 1, 2, 3, 4].map((index) => answer(index, 0.3));
  const group = aGroup(2, { id: 'g', media, question, stats: { mean: 1.3, std: 0, count: 5 }, rollouts });
  store.append({ type: 'group', group }, { tokens: new Map(rollouts.map(({ id }) => [id, tokens])) });
  const pairs = Math.ceil(media.indices.length / 2);
  const weighings = Object.entries(worths).map(([id, { step, same }]) =>
    weighingOf(id, pairs, id !== 'w-1', step, same),
  );
  store.append({ type: 'weighed', answers: { ...worths } }, { weighings });
  store.dispose();
}

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await sampleProject();
  const first = await TrainerProcess.start(project.folder);
  const client = await first.connect();
  const small = { steps: 1, questionsPerStep: 2, evaluationQuestions: 1, checkpointEvery: 0, maxNewTokens: 12 };
  const run = await client.create('sft.run.json', { ...small, probeEvery: 1, probeQuestions: 8 });
  await client.command(run, { kind: 'start' });
  await client.until(run, 'state', ({ run: now }) => now.state === 'completed');
  const groups = client.bodies(run, 'group').map(({ group }) => group);
  const video = groups.find(({ media }) => media.shuffledOrder !== null);
  if (!video) throw new Error('The probes of the run had no video.');
  const of = (group: GroupWithRollouts | undefined) => group?.rollouts[0]?.id ?? null;
  real = { run, video: of(video) ?? '', image: of(groups.find(({ media }) => media.kind === 'image')) };
  client.close();
  await first.stop();
  makeRun(video);
  const runs = path.join(project.folder, '.video-r1', 'runs');
  await copyFile(path.join(runs, run, 'plan.json'), path.join(runs, madeRun, 'plan.json'));
  trainer = await TrainerProcess.start(project.folder);
  browser = await launchBrowser();
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await trainer?.stop();
  await project?.remove();
});
afterEach(async () => {
  await context.close();
  expect(complaints).toEqual([]);
});

/** @param isHeld messages that match never reach the trainer */
async function open(
  rolloutId: string,
  run = madeRun,
  [width, height] = [1400, 900],
  theme = 'dark',
  isHeld: RegExp | null = null,
): Promise<Page> {
  context = await browser.newContext({ viewport: { width, height } } as Parameters<Browser['newContext']>[0]);
  await context.addInitScript((chosen) => localStorage.setItem('video-r1-theme', chosen), theme);
  const tab = await context.newPage();
  if (isHeld !== null)
    await tab.routeWebSocket(/.*/, (page) => {
      const server = page.connectToServer();
      page.onMessage((message) => {
        if (!isHeld.test(String(message))) server.send(message);
      });
      server.onMessage((message) => page.send(message));
    });
  complaints = [];
  tab.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  tab.on('pageerror', (error) => complaints.push(error.message));
  await tab.goto(`${pageAddress(trainer.discovery, 'rollouts')}&run=${run}&rollout=${rolloutId}`);
  await tab.locator('[data-part=verdict]').waitFor({ state: 'attached' });
  return tab;
}

const verdict = (tab: Page) => tab.locator('[data-part=verdict]');
const bars = (tab: Page) => tab.locator('[data-part=pair-bars] button');
const word = (tab: Page, name: string) => tab.locator(`[data-part=think] [data-word="${startOf(name)}"]`).first();
const outlined = (tab: Page) =>
  tab
    .locator('[data-frame]')
    .evaluateAll((frames) =>
      frames.flatMap((frame, i) => (getComputedStyle(frame).fontWeight === '600' ? [i + 1] : [])),
    );

describe('an answer that was weighed', () => {
  it('says first what it stood on, and a word of it turns the bars to its own', async () => {
    const tab = await open('w-0');
    await verdict(tab)
      .getByText(/^Order is worth 3\.1 ± 0\.5 nats to this answer; \d+ % of it in two words:$/)
      .waitFor();
    await verdict(tab).getByText('reversed 5.2').waitFor();
    await verdict(tab).getByText('blind 12.0').waitFor();
    expect(await bars(tab).allTextContents()).toEqual(['0.0', '0.8', '4.3', '0.0']);
    await verdict(tab).getByRole('button', { name: 'left', exact: true }).click();
    await tab.getByText('stands on: nats lost when the pair is replaced by its neighbour').waitFor();
    expect(await bars(tab).allTextContents()).toEqual(['0.0', '0.0', '4.3', '0.0']);
    expect(await outlined(tab)).toEqual([5, 6]);
    expect(await tab.getByRole('button', { name: 'Order', exact: true }).getAttribute('aria-pressed')).toBe('true');
    await tab.keyboard.press('Escape');
    await expect.poll(() => bars(tab).nth(1).textContent()).toBe('0.8');
  });

  it('is let go of by one Escape while the list is still counted, and the list is given up by the next', async () => {
    const tab = await open('w-0', madeRun, [1400, 900], 'dark', /rollouts\/count/);
    const stop = tab.locator('[data-pane=list]').getByRole('button', { name: 'Stop Esc' });
    await stop.waitFor();
    await verdict(tab).getByRole('button', { name: 'left', exact: true }).click();
    await expect.poll(() => bars(tab).nth(1).textContent()).toBe('0.0');
    await tab.keyboard.press('Escape');
    await expect.poll(() => bars(tab).nth(1).textContent()).toBe('0.8');
    expect(await stop.count()).toBe(1);
    // So is a group in the answer's place.
    await tab.setViewportSize({ width: 1000, height: 760 });
    await tab.keyboard.press('g');
    const group = tab.locator('[data-pane=group]').getByRole('heading', { name: /Ordered/ });
    await group.waitFor();
    await tab.keyboard.press('Escape');
    await group.waitFor({ state: 'hidden' });
    await stop.waitFor();
    await tab.keyboard.press('Escape');
    await stop.waitFor({ state: 'detached' });
  });

  it('is shaded by order and by frames, with the words that other frames make likelier marked apart', async () => {
    const tab = await open('w-0');
    await tab.getByRole('button', { name: 'Order', exact: true }).click();
    await word(tab, 'left').waitFor();
    expect(await word(tab, 'left').getAttribute('data-worth')).toBe('order');
    expect(await word(tab, 'last').getAttribute('data-worth')).toBe('against');
    const line = (name: string) =>
      word(tab, name).evaluate((element) => {
        const { borderBottomWidth, borderBottomStyle } = getComputedStyle(element);
        return `${borderBottomWidth} ${borderBottomStyle}`;
      });
    expect([await line('left'), await line('last'), await line('turns')]).toEqual([
      '4px solid',
      '2px dashed',
      '0px none',
    ]);
    await tab.keyboard.press('p');
    expect(await word(tab, 'turns').getAttribute('data-worth')).toBe('frames');
    expect(await word(tab, 'last').getAttribute('data-worth')).toBeNull();
  });

  it('is gone through by n and N, and a pair names its words', async () => {
    const tab = await open('w-0');
    await bars(tab).first().waitFor();
    await tab.keyboard.press('n');
    expect(await word(tab, 'left').getAttribute('aria-pressed')).toBe('true');
    expect(await tab.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toMatch(
      /^left: order \+3\.0 ± /,
    );
    await tab.keyboard.press('n');
    await tab.keyboard.press('N');
    expect(await word(tab, 'left').getAttribute('aria-pressed')).toBe('true');
    // Enter on it lets go.
    await tab.keyboard.press('Enter');
    expect(await word(tab, 'left').getAttribute('aria-pressed')).toBe('false');
    await bars(tab).nth(1).click();
    await tab.getByText(/words that lose most when they are replaced/).waitFor();
    expect(await tab.locator('[data-part=frames]').textContent()).toContain('turns 0.8');
    expect(await tab.locator('[data-part=think] [data-worth]').count()).toBe(1);
    await tab.locator('[data-frame="4"]').click();
    expect(await outlined(tab)).toEqual([5, 6]);
  });

  it('says in words and beside the text where it was decided', async () => {
    const tab = await open('w-0');
    const curve = tab.locator('[data-part=commitment]');
    await curve
      .getByRole('img', {
        name: 'The answer B was decided with sentence 3 of 3, at 0.88; 0 sentences came after; at its lowest 0.13 after sentence 2.',
      })
      .waitFor();
    expect(await curve.locator('text').allTextContents()).toEqual(['.75', '.13', '.88']);
    // In one line of text the sentences stand side by side, and so do the dots; nothing below goes further down for them.
    const places = (at: string) =>
      curve.locator('circle').evaluateAll((dots, name) => dots.map((dot) => Number(dot.getAttribute(name))), at);
    const across = await places('cx');
    expect(across).toEqual([...across].sort((a, b) => a - b));
    const heightOf = (part: string) => tab.locator(part).evaluate((element) => element.getBoundingClientRect().height);
    expect(await heightOf('[data-part=think]')).toBeLessThanOrEqual(48);
    // Where the text takes more lines, the dots stand level with them.
    await tab.setViewportSize({ width: 320, height: 900 });
    await tab.getByRole('tab', { name: 'Rollout', exact: true }).click();
    await curve.and(tab.locator(':not([data-lying])')).waitFor();
    const levels = await places('cy');
    expect(levels).toEqual([...levels].sort((a, b) => a - b));
  });

  it('that was paid without order says so, and one of other weights names both', async () => {
    const tab = await open('w-1');
    await verdict(tab)
      .getByText(/^Paid, but order was not used: 0\.3 ± 0\.2 nats\.$/)
      .waitFor();
    await tab.keyboard.press('j');
    await tab.locator('[data-part=other-weights]').waitFor();
    expect(await tab.locator('[data-part=other-weights]').textContent()).toBe(
      'By other weights than answered: step 9, not 1; a token is 0.25 nats less likely to them.',
    );
  });

  it('is not warned of where other weights find it as likely', async () => {
    const tab = await open('w-4');
    await verdict(tab).locator('[data-part=other-weights]').waitFor();
    expect(await tab.locator('[data-part=other-weights]').textContent()).toBe(
      'By step 9’s weights, to which it is as likely as to those that answered (1).',
    );
    expect(await verdict(tab).textContent()).not.toContain('less likely');
  });

  it('keeps what a model wrote text', async () => {
    const tab = await open('w-0');
    await verdict(tab).getByRole('button', { name: 'img', exact: true }).click();
    await word(tab, 'img').waitFor();
    expect(await tab.locator('[data-part=think]').textContent()).toContain(attack);
    expect(await tab.locator('img').count()).toBe(0);
    expect(await tab.evaluate(() => (window as unknown as { owned?: number }).owned)).toBeUndefined();
  });

  it('shows how often the question is answered right, and where guessing stands', async () => {
    const tab = await open('w-0');
    const right = tab.locator('[data-part=right-with]');
    await right.getByRole('img', { name: 'as seen: 5 of 5 right' }).waitFor();
    await right.getByRole('img', { name: 'no video: not sampled' }).waitFor();
    await context.close();
    const low = await open('w-0', madeRun, [1000, 760]);
    const line = low.locator('[data-part=right-with]');
    await line.getByRole('img', { name: 'as seen: 5 of 5 right' }).waitFor();
    expect(await line.getByRole('img').count()).toBe(4);
    await line.getByRole('button', { name: /^Sample/ }).waitFor();
    // Whole, and in no more than a line of text and its bars.
    const box = await line.boundingBox();
    expect((box?.y ?? 760) + (box?.height ?? 0)).toBeLessThanOrEqual(760);
    expect(box?.height).toBeLessThanOrEqual(28);
    const cut = await line
      .locator('p > span')
      .evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent));
    expect(cut).toEqual([]);
  });

  it.each([
    ['dark', [1400, 900]],
    ['light', [1400, 900]],
    ['high contrast', [1400, 900]],
    ['light', [1000, 760]],
    ['dark', [420, 900]],
    ['high contrast', [420, 900]],
  ] as const)('is without fault for axe, in %s at %j', async (theme, size) => {
    const tab = await open('w-0', madeRun, [...size], theme);
    if (size[0] === 420) await tab.keyboard.press('Enter');
    await bars(tab).first().waitFor();
    for (const step of ['n', 'p', 'pair'] as const) {
      if (step === 'pair') await bars(tab).nth(1).click();
      else await tab.keyboard.press(step);
      expect(await faultsNow(tab)).toEqual([]);
    }
    expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(size[0]);
  });
});

describe('the list and the group', () => {
  it('have what order is worth: a column, bars, a filter, and how many can match', async () => {
    const tab = await open('w-0');
    const cells = tab.locator('[role=option] [data-column=order]');
    await expect.poll(() => cells.allTextContents()).toEqual(['3.1', '0.3', '3.1', '', '3.1']);
    // What does not use it is faint.
    expect(await cells.locator('.dim').allTextContents()).toEqual(['0.3']);
    expect(await tab.locator('[data-column=length]').count()).toBe(0);
    expect(await tab.locator('[data-pane=group] [data-part=order-worth]').allTextContents()).toEqual([
      'order3.1',
      'order0.3',
      'order3.1',
      'order–',
      'order3.1',
    ]);
    await tab.keyboard.press('/');
    await tab.locator('#rollout-filter').fill('orderWorth<1 temporal>0');
    const weighed = tab.locator('[data-part=weighed]');
    await weighed.getByText('4 of 5 answers').waitFor();
    expect(await weighed.textContent()).toContain('only those can match');
    await expect.poll(() => cells.allTextContents()).toEqual(['0.3']);
    // What leaves nothing, since nothing more is weighed, says that first, and offers nothing that leaves nothing.
    await tab.locator('#rollout-filter').fill('orderWorth>50 temporal>0');
    await weighed.getByText('None that is weighed fits.').waitFor();
    await tab.getByRole('button', { name: /^Drop orderWorth\s*>\s*50/ }).waitFor();
    expect(await tab.getByRole('button', { name: /\(0 left\)/ }).count()).toBe(0);
    await tab.locator('#rollout-filter').fill('orderWorth<1 temporal>0');
    await expect.poll(() => cells.allTextContents()).toEqual(['0.3']);
    // Letters in the field are typed.
    await tab.locator('#rollout-filter').press('w');
    expect(await tab.locator('#rollout-filter').inputValue()).toBe('orderWorth<1 temporal>0w');
  });

  it('are narrowed by what was paid without order, ready to use', async () => {
    const tab = await open('w-0');
    await tab.keyboard.press('F');
    await tab.getByRole('list', { name: 'Ready to use' }).getByRole('button').click();
    expect(await tab.locator('#rollout-filter').inputValue()).toBe('usesOrder:false temporal>0');
  });
});

describe('weighing for real', () => {
  it('is offered with its cost, and fills the page in when it is done', async () => {
    const tab = await open(real.video, real.run);
    await verdict(tab)
      .getByText(/\d+ forward passes/)
      .waitFor();
    await verdict(tab)
      .getByRole('button', { name: /^Weigh/ })
      .waitFor();
    await tab.keyboard.press('w');
    await tab.locator('[data-part=pair-bars]').waitFor({ timeout: 120_000 });
    await verdict(tab)
      .getByText(/blind −?\d+\.\d/)
      .waitFor();
    // What was found is kept.
    await tab.reload();
    await tab.locator('[data-part=pair-bars]').waitFor();
  });

  it('of all that the list shows is offered under the filter, and closes when it is done', async () => {
    const tab = await open(real.video, real.run);
    await verdict(tab)
      .getByText(/reversed −?\d/)
      .waitFor();
    await tab.locator('#rollout-filter').fill('half:shuffled');
    await tab.locator('#rollout-filter').press('Enter');
    await tab.keyboard.press('W');
    const box = tab.getByRole('dialog', { name: 'Weigh these' });
    await box.getByText(/^\d+ answers?(, about \d+ (s|min)|; how long)/).waitFor();
    expect(await box.getByRole('button', { name: 'Leave it' }).count()).toBe(1);
    const filter = await tab.locator('#rollout-filter').boundingBox();
    const own = await box.boundingBox();
    expect((own?.y ?? 0) >= (filter?.y ?? 0) + (filter?.height ?? 0)).toBe(true);
    await tab.keyboard.press('Enter');
    await box.waitFor({ state: 'detached', timeout: 120_000 });
  });

  it('of an image has no order and no pairs, and says why', async () => {
    if (real.image === null) throw new Error('The probes of the run had no image.');
    const tab = await open(real.image, real.run);
    await verdict(tab)
      .getByRole('button', { name: /^Weigh/ })
      .waitFor();
    await tab.keyboard.press('w');
    await verdict(tab).getByText('An image has no order.').waitFor({ timeout: 120_000 });
    await verdict(tab)
      .getByText(/blind −?\d+\.\d/)
      .waitFor();
    expect(await tab.getByRole('button', { name: 'Order: An image has no order.' }).getAttribute('aria-disabled')).toBe(
      'true',
    );
    expect(await tab.locator('[data-part=pair-bars]').count()).toBe(0);
  });
});
