/** The page of rollouts over a run of a million in a real browser: how long from a key to what it asks for on the screen. */
import { fork } from 'node:child_process';
import { constants, mkdirSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { type Discovery, pageAddress } from '../../trainer/protocol/discovery.ts';
import { writePlan } from '../../trainer/runs/plan.ts';
import { ProjectPaths } from '../../trainer/runs/project-paths.ts';
import { storeFile } from '../../trainer/store/run-store.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { type BenchFigure, median, quantile } from './part.ts';
import type { Answered, Asked } from './streaming-server.ts';

/** The run that is kept is made with this id. */
const runId = 'tgrpo-1';
/** Milliseconds, but of growth: at most so many times as much as before; of frames that come late: their share. */
const limits = {
  opening: 500,
  rows: 100,
  counts: 500,
  frame: 16.7,
  late: 0.05,
  group: 50,
  arrival: 150,
  growth: 1.1,
} as const;
const rounds = 5;
const scrolledMs = 10_000;
const streamed = { perSecond: 2000, seconds: 10 } as const;

/** What is waited for: other rows are shown, they are counted, another one is chosen, another group is shown, a row is chosen by its number. */
type Awaited =
  | { readonly is: 'rows' | 'counted' | 'chosen' | 'group' }
  | { readonly is: 'row'; readonly number: number };

/** What took how long. */
interface Taken {
  readonly what: string;
  /** Milliseconds. */
  readonly ms: number;
}

const slowest = (name: string, all: readonly Taken[], limit: number): BenchFigure => {
  const { what } = all.reduce((worst, one) => (one.ms > worst.ms ? one : worst));
  return figure(
    name,
    all.map(({ ms }) => ms),
    limit,
    1,
    `; slowest is ${what}`,
  );
};

function figure(name: string, times: readonly number[], limit: number, share: number, more = ''): BenchFigure {
  const value = quantile(times, share);
  const which = share === 1 ? 'slowest' : `${Math.round(share * 100)} of 100`;
  return {
    name,
    value: value / limit,
    unit: 'times',
    note:
      `the limit of ${limit} ms; ${which} ${value.toFixed(1)} ms, median ${median(times).toFixed(1)} ms of ${times.length}: ` +
      `${value <= limit ? 'reached' : 'not reached'}${more}`,
  };
}

function growth(name: string, before: number, after: number, minutes: number): BenchFigure {
  const ratio = after / before;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  return {
    name,
    value: ratio,
    unit: 'times',
    note:
      `${megabytes(before)} MB before, ${megabytes(after)} MB after ${minutes} minutes, both collected; at most ` +
      `${limits.growth}: ${ratio <= limits.growth ? 'reached' : 'not reached'}`,
  };
}

/** A project whose one run is the kept one, served by a process of its own. */
class Serving {
  readonly discovery: Discovery;
  private readonly child: ReturnType<typeof fork>;
  private readonly folder: string;

  private constructor(child: ReturnType<typeof fork>, folder: string, discovery: Discovery) {
    this.child = child;
    this.folder = folder;
    this.discovery = discovery;
  }

  static async start(kept: string, pagesFolder: string): Promise<Serving> {
    const folder = await mkdtemp(path.join(tmpdir(), 'video-r1-inspector-'));
    const runFolder = path.join(folder, '.video-r1', 'runs', runId);
    mkdirSync(runFolder, { recursive: true });
    await copyFile(path.join(kept, storeFile), path.join(runFolder, storeFile), constants.COPYFILE_FICLONE);
    await writePlan(runFolder, {
      name: 'tgrpo',
      method: 'tgrpo',
      preset: 'sample',
      dataset: path.join(folder, 'rl.json'),
      evaluationDataset: null,
      promptTemplate: null,
      runFile: path.join(folder, 'tgrpo.run.json'),
      model: { checkpoint: path.join(folder, 'checkpoint') },
      engine: { name: 'tfjs', backend: 'wasm', threads: 1 },
      seed: 1,
      sourceWeights: null,
      allowedRoots: [],
      paths: new ProjectPaths(folder),
    });
    const program = path.join(import.meta.dirname, 'streaming-server.ts');
    const child = fork(program, [folder, runId, pagesFolder], { execArgv: ['--expose-gc'] });
    const { discovery } = await answer(child, 'serving');
    return new Serving(child, folder, discovery);
  }

  async ask<K extends Answered['kind']>(asked: Asked, kind: K): Promise<Extract<Answered, { kind: K }>> {
    const answered = answer(this.child, kind);
    this.child.send(asked);
    return await answered;
  }

  async heap(): Promise<number> {
    return (await this.ask({ kind: 'heap' }, 'heap')).bytes;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.connected) this.child.disconnect();
    await ended;
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** @throws Error when the process ends instead */
function answer<K extends Answered['kind']>(
  child: ReturnType<typeof fork>,
  kind: K,
): Promise<Extract<Answered, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`The server of the bench ended with ${code}.`));
    const look = (answered: Answered) => {
      if (answered.kind !== kind) return;
      child.off('message', look).off('exit', ended);
      resolve(answered as Extract<Answered, { kind: K }>);
    };
    child.on('message', look).once('exit', ended);
  });
}

/** Runs in the page: takes down what is shown, and from the next key, click or input on waits until what is wanted is painted. */
function watchFor(awaited: Awaited): void {
  const look = () => ({
    rows: [...document.querySelectorAll('[id^=row-]')].map(({ id }) => id).join(' '),
    counted: document.querySelector('[data-pane=list] h2 + span')?.firstChild?.textContent ?? '',
    chosen: document.querySelector('[id^=row-][aria-selected=true]'),
    group: document.querySelector('[data-pane=group]')?.textContent,
  });
  const before = { ...look(), chosen: look().chosen?.id };
  const isThere = (): boolean => {
    const now = look();
    switch (awaited.is) {
      case 'rows':
        return now.rows !== '' && now.rows !== before.rows;
      case 'counted':
        return /^\d/.test(now.counted) && now.counted !== before.counted;
      case 'chosen':
        return now.chosen !== null && now.chosen.id !== before.chosen;
      case 'group':
        return now.chosen?.id !== before.chosen && now.group !== before.group;
      case 'row':
        return now.chosen?.getAttribute('aria-posinset') === String(awaited.number);
    }
  };
  const start = performance.now();
  const taken = new Promise<number>((resolve, reject) => {
    let from = Number.NaN;
    const begin = ({ timeStamp }: Event) => {
      from = timeStamp;
    };
    for (const kind of ['keydown', 'input', 'click']) window.addEventListener(kind, begin, { capture: true });
    const each = () => {
      if (Number.isNaN(from) || !isThere()) {
        if (performance.now() - start < 30_000) requestAnimationFrame(each);
        else reject(new Error(`What was waited for did not come within 30 seconds: ${awaited.is}.`));
        return;
      }
      for (const kind of ['keydown', 'input', 'click']) window.removeEventListener(kind, begin, { capture: true });
      /* A task after a frame's callbacks comes when the frame is drawn. */
      setTimeout(() => resolve(performance.now() - from));
    };
    requestAnimationFrame(each);
  });
  taken.catch(() => {});
  Object.assign(window, { taken });
}

/** Milliseconds from the last key or click of `act` to the paint of what is waited for. */
async function taken(page: Page, awaited: Awaited, act: () => Promise<void>): Promise<number> {
  await page.evaluate(watchFor, awaited);
  await act();
  return await page.evaluate(() => (window as unknown as { taken: Promise<number> }).taken);
}

async function opened(browser: Browser, at: Discovery): Promise<{ page: Page; ms: number }> {
  const page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();
  await page.addInitScript(() => {
    const each = () => {
      if (document.querySelector('[id^=row-]') === null) requestAnimationFrame(each);
      else setTimeout(() => Object.assign(window, { firstRows: performance.now() }));
    };
    requestAnimationFrame(each);
  });
  await page.goto(`${pageAddress(at, 'rollouts')}&run=${runId}`);
  const shown = await page.waitForFunction(() => (window as unknown as { firstRows?: number }).firstRows ?? null);
  const ms = Number(await shown.jsonValue());
  await counted(page);
  return { page, ms };
}

/** Waits until the list has its counts. */
async function counted(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const words = document.querySelector('[data-pane=list] h2 + span')?.firstChild?.textContent ?? '';
    return /^\d/.test(words);
  });
}

/** Sets the filter in one go, as a paste or a saved one does. */
async function filter(page: Page, line: string): Promise<void> {
  await page.locator('#rollout-filter').focus();
  await page.keyboard.press('ControlOrMeta+a');
  if (line === '') await page.keyboard.press('Delete');
  else await page.keyboard.insertText(line);
}

/** A filter is taken away, with its counts. */
async function unfilter(page: Page): Promise<void> {
  await taken(page, { is: 'counted' }, () => filter(page, ''));
  await page.keyboard.press('Escape');
  await page.locator('#rollout-filter').blur();
}

async function* keys(page: Page): AsyncGenerator<BenchFigure> {
  const filters = ['step<5000', 'correct:false step<6000', 'reward<0.5 step<7000', 'answer:b step<8000', 'aha>=3'];
  const [rows, counts]: [Taken[], Taken[]] = [[], []];
  for (const what of filters) {
    rows.push({ what, ms: await taken(page, { is: 'rows' }, () => filter(page, what)) });
    await counted(page);
    await unfilter(page);
    counts.push({ what, ms: await taken(page, { is: 'counted' }, () => filter(page, `${what} half:ordered`)) });
    await unfilter(page);
  }
  yield slowest('page: filter to first rows', rows, limits.rows);
  yield slowest('page: filter to counts and chips', counts, limits.counts);
  const sorted: Taken[] = [];
  for (const column of ['length', 'reward', 'advantage', 'aha', 'correct']) {
    const head = page.locator(`th[data-column=${column}] button`);
    for (const click of ['first', 'second', 'third']) {
      const ms = await taken(page, { is: 'rows' }, () => head.click());
      sorted.push({ what: `the ${click} on ${column}`, ms });
    }
    await counted(page);
  }
  yield slowest('page: click on a head to first rows', sorted, limits.rows);
  const jumps: number[] = [];
  for (const number of [500_000, 1000, 900_000, 250_000, 750_000]) {
    await page.keyboard.press('G');
    await page.getByRole('dialog', { name: 'Go to' }).waitFor();
    await page.keyboard.insertText(`#${number}`);
    jumps.push(await taken(page, { is: 'row', number }, () => page.keyboard.press('Enter')));
  }
  yield figure('page: jump to its rows', jumps, limits.rows, 1);
  const [next, group]: [number[], number[]] = [[], []];
  for (let round = 0; round < 6 * rounds; round++)
    next.push(await taken(page, { is: 'chosen' }, () => page.keyboard.press('j')));
  for (let round = 0; round < 6 * rounds; round++)
    group.push(await taken(page, { is: 'group' }, () => page.keyboard.press('J')));
  yield figure('page: j to the next row', next, limits.group, 0.95);
  yield figure('page: J to the next group', group, limits.group, 0.95);
}

/** Runs in the page: frame times, while the list goes by 40 rows a frame with a leap every second, or stands still. */
async function frames({ ms, moves }: { ms: number; moves: boolean }): Promise<number[]> {
  const list = document.querySelector('[data-pane=list] [role=listbox]');
  if (list === null) throw new Error('There is no list.');
  const times: number[] = [];
  const start = performance.now();
  return await new Promise((resolve) => {
    let before = start;
    const each = (now: number) => {
      if (times.length > 0 || now > start) times.push(now - before);
      before = now;
      if (moves) {
        const most = list.scrollHeight - list.clientHeight;
        const leap = times.length % 60 === 0 ? most / 7 : 0;
        list.scrollTop = (list.scrollTop + 880 + leap) % most;
      }
      if (now - start < ms) requestAnimationFrame(each);
      else resolve(times.slice(1));
    };
    requestAnimationFrame(each);
  });
}

/** Frames are drawn at 60 a second, give or take a tenth of a millisecond: 95 of 100 in time are a p95 of 16.7 ms. */
async function* scrolling(page: Page): AsyncGenerator<BenchFigure> {
  const still = await page.evaluate(frames, { ms: scrolledMs / 2, moves: false });
  const times = await page.evaluate(frames, { ms: scrolledMs, moves: true });
  const late = (all: readonly number[]) => all.filter((ms) => ms > 1.5 * limits.frame).length / all.length;
  const value = late(times) / limits.late;
  const words = (all: readonly number[]) =>
    `${(100 * late(all)).toFixed(1)} of 100, p95 ${quantile(all, 0.95).toFixed(1)} ms`;
  yield {
    name: 'page: frames that come late while it scrolls',
    value,
    unit: 'times',
    note:
      `the limit of ${100 * limits.late} of 100; ${words(times)} of ${times.length} frames: ` +
      `${value <= 1 ? 'reached' : 'not reached'}; standing still ${words(still)}`,
  };
}

/** From the moment at which the trainer tells of a group to the frame that has it, or one after it, on top. */
async function* streaming(browser: Browser, serving: Serving): AsyncGenerator<BenchFigure> {
  const { page } = await opened(browser, serving.discovery);
  await page.evaluate(() => {
    const painted: [number, number][] = [];
    Object.assign(window, { painted });
    const each = () => {
      const top = document.querySelector('[id^=row-late-][aria-posinset="1"]')?.id.split('-')[2];
      const number = Number(top ?? -1);
      if (number > (painted.at(-1)?.[0] ?? -1)) {
        const entry: [number, number] = [number, Number.NaN];
        painted.push(entry);
        setTimeout(() => {
          entry[1] = Date.now();
        });
      }
      requestAnimationFrame(each);
    };
    requestAnimationFrame(each);
  });
  const { at } = await serving.ask({ kind: 'stream', ...streamed }, 'streamed');
  /* What never comes is waited for without end: that is a figure too. */
  const come = page.waitForFunction(
    (last) => (window as unknown as { painted: [number, number][] }).painted.some(([number]) => number >= last),
    at.length - 1,
  );
  await come.catch(() => {});
  const painted = await page.evaluate(async () => {
    await new Promise((resolve) => setTimeout(resolve));
    return (window as unknown as { painted: [number, number][] }).painted;
  });
  await page.context().close();
  let place = 0;
  const delays = at.map((told, number) => {
    while ((painted[place]?.[0] ?? Number.POSITIVE_INFINITY) < number) place += 1;
    return (painted[place]?.[1] ?? Number.POSITIVE_INFINITY) - told;
  });
  const took = ((at.at(-1) ?? 0) - (at[0] ?? 0)) / 1000;
  const rate = `; ${streamed.seconds} s of ${streamed.perSecond} rollouts a second, told in ${took.toFixed(1)} s, ${delays.filter((ms) => !Number.isFinite(ms)).length} groups never painted`;
  yield figure('page: rollouts that stream in', delays, limits.arrival, 0.95, rate);
}

async function heapOf(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize;
}

async function* memory(page: Page, serving: Serving, minutes: number): AsyncGenerator<BenchFigure> {
  const session = await page.context().newCDPSession(page);
  const round = async (number: number) => {
    await filter(page, ['correct:true', 'reward>1', 'aha>=2', 'half:shuffled'][number % 4] ?? '');
    await counted(page);
    await page.evaluate(frames, { ms: 1000, moves: true });
    await page.locator('th[data-column=length] button').click();
    await unfilter(page);
    await page.evaluate(frames, { ms: 1000, moves: true });
  };
  /* What is kept of pages and orders is full from here on. */
  for (let number = 0; number < 12; number++) await round(number);
  const before = { page: await heapOf(session), server: await serving.heap() };
  const start = performance.now();
  for (let number = 0; performance.now() - start < minutes * 60_000; number++) await round(number);
  yield growth('page: heap', before.page, await heapOf(session), minutes);
  yield growth('page: heap of its server', before.server, await serving.heap(), minutes);
}

/**
 * @param kept folder of the run of a million
 * @param minutes of scrolling and filtering between the two looks at the heaps
 */
export async function* inspectorPages(kept: string, minutes: number): AsyncGenerator<BenchFigure> {
  const pagesFolder = await mkdtemp(path.join(tmpdir(), 'video-r1-pages-'));
  await buildWebview({ outdir: pagesFolder, minify: true });
  const serving = await Serving.start(kept, pagesFolder);
  const browser = await launchBrowser();
  try {
    const { page, ms } = await opened(browser, serving.discovery);
    const again: number[] = [];
    for (let round = 1; round < rounds; round++) {
      const next = await opened(browser, serving.discovery);
      again.push(next.ms);
      await next.page.context().close();
    }
    yield figure(
      'page: opened to first rows',
      [ms, ...again],
      limits.opening,
      1,
      `; the first time ${ms.toFixed(0)} ms`,
    );
    yield* keys(page);
    yield* scrolling(page);
    yield* memory(page, serving, minutes);
    await page.context().close();
    yield* streaming(browser, serving);
  } finally {
    await browser.close();
    await serving.stop();
    await rm(pagesFolder, { recursive: true, force: true });
  }
}
