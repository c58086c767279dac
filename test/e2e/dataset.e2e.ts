/**
 * The page of a dataset in a browser, under the policy that it has in VS Code: it is worked by keyboard alone, what a dataset
 * wrote stays text, and axe finds nothing. The file's side is the real reading of a real file, without an editor around it.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { headOf, nothingSaid, readRow } from '../../extension/dataset-editor/read-row.ts';
import { makeNonce, pageHtml } from '../../extension/panels/page-html.ts';
import { EditableDataset } from '../../trainer/data/editable/editable-dataset.ts';
import { searchRows } from '../../trainer/data/editable/search-rows.ts';
import type { AgreementShown } from '../../trainer/protocol/annotations/agreement.ts';
import { builtInCategories } from '../../trainer/protocol/annotations/categories.ts';
import type { DatasetToPage, PageToDataset } from '../../trainer/protocol/dataset-editor.ts';
import type { Label } from '../../trainer/protocol/records.ts';
import type { Suggestion } from '../../trainer/protocol/review-queue.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { faultsInTheme, noLooks, type Theme, themes, wear } from './axe.ts';
import { inSight, isCut, liesOver } from './in-sight.ts';
import { lineUnder } from './line-contrast.ts';

const address = 'http://dataset.test';
const hostile = '<img src=x onerror="document.title=\'taken\'">\u202e';
const think =
  'In the first frames the red circle stands still and the blue square moves to the right, so the answer is A. ' +
  'Wait, let me check frame 3 again: there the green triangle moves before the square. ' +
  'So A is not right, because the square only moves in frame 5. The answer is B.';
const rows = Array.from({ length: 400 }, (_, n) => ({
  problem_id: n + 1,
  problem: n === 1 ? hostile : `Which of the shapes moves first in clip ${n + 1}?`,
  data_type: 'video',
  problem_type: 'multiple choice',
  options: ['A. the blue square', 'B. the green triangle', 'C. the red circle'],
  process: `<think>${n === 1 ? hostile : think}</think>`,
  solution: '<answer>B</answer>',
  path: `./clips/${n + 1}.mp4`,
  data_source: 'made',
}));
const sizes = [
  [1400, 900],
  [1000, 760],
  [420, 900],
] as const;

let folder: string;
let browser: Browser;
let tab: Page;
let dataset: EditableDataset;
let turn = 0;
const sent: PageToDataset[] = [];
const labels = new Map<number, readonly Label[]>();
let suggestions: readonly Suggestion[] = [];
let earlier: readonly Label[] = [];

const post = (message: DatasetToPage) => tab.evaluate((data) => window.postMessage(data), message);
const file = (more: Partial<Extract<DatasetToPage, { type: 'file' }>> = {}) =>
  post({
    ...{ type: 'file', name: 'rows.json', rowCount: dataset.rowCount, indexed: 1, turn, fault: null, outside: null },
    changedRows: dataset.changedRows,
    labelling: { author: 'Ann', authors: ['Ann', 'Bob <b@example.org>'], categories: [...builtInCategories] },
    ...more,
  });

async function answer(message: PageToDataset): Promise<void> {
  sent.push(message);
  switch (message.type) {
    case 'ready':
      return file();
    case 'heads':
      return post({
        type: 'heads',
        turn,
        heads: (await Promise.all(message.rows.map((row) => dataset.row(row)))).map((row) => headOf(row)),
      });
    case 'row':
      return post({
        type: 'row',
        reading: readRow(await dataset.row(message.row), turn, {
          ...nothingSaid,
          labels: [...(labels.get(message.row) ?? [])],
          earlier: [...earlier],
          suggestions: [...suggestions],
        }),
      });
    case 'frames':
      return post({ type: 'frames', row: message.row, picture: null, words: 'No frames: this folder is not trusted.' });
    case 'search': {
      const found = await searchRows(dataset, {
        ...(message.text && { text: message.text }),
        ...(message.isChanged && { isChanged: true }),
      });
      return post({ type: 'found', search: message.search, rows: found, share: 1, isDone: true, fault: null });
    }
    case 'say': {
      const head = {
        author: 'Ann',
        at: 0,
        quote: '',
        span: null,
        note: '',
        category: null,
        severity: 'major',
      } as const;
      const { flag, verdict, fixed } = message;
      const quote = flag?.span ? message.text.slice(flag.span.start, flag.span.end) : '';
      labels.set(message.row, [
        ...(flag ? [{ ...head, ...flag, id: 'flag', verdict: null, quote }] : []),
        ...(verdict ? [{ ...head, id: 'verdict', verdict, ...(fixed !== null && { fixed }) }] : []),
      ]);
      turn++;
      await file();
      return post({ type: 'said', said: message.said, ids: ['flag', 'verdict'], fault: null });
    }
    case 'carry-over':
      labels.set(message.row, earlier.slice(0, 1));
      earlier = earlier.slice(1);
      turn++;
      await file();
      return post({ type: 'said', said: message.said, ids: ['carried'], fault: null });
    case 'answer': {
      const { accepted } = message;
      suggestions = suggestions.map((one) => ({ ...one, answered: { accepted, id: 'said' } }));
      turn++;
      await file();
      return post({ type: 'said', said: message.said, ids: ['said'], fault: null });
    }
    case 'retract':
      labels.clear();
      turn++;
      await file();
      return post({ type: 'said', said: message.said, ids: ['back'], fault: null });
    case 'compare-head':
      return post({ type: 'since-head', share: 1, isDone: true, rows: [0, 2], gone: 1, fault: null });
    case 'before':
      return post({
        type: 'before',
        row: message.row,
        fields: { ...readRow(await dataset.row(message.row), turn).fields, process: '<think>It was another.</think>' },
        words: '',
      });
    case 'edit':
      await dataset.edit(message.row, message.field, message.value);
      turn++;
      await file();
      return post({ type: 'edited', edit: message.edit, fault: null });
  }
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-dataset-page-'));
  await buildWebview({ outdir: path.join(folder, 'webview'), minify: false });
  await writeFile(path.join(folder, 'rows.json'), JSON.stringify(rows, null, 1));
  browser = await launchBrowser();
  tab = await (await browser.newContext({ viewport: { width: 1400, height: 900 }, reducedMotion: 'reduce' })).newPage();
  await tab.exposeFunction('toEditor', answer);
  await tab.addInitScript(() => {
    const { toEditor } = window as unknown as { toEditor: (message: unknown) => void };
    Object.assign(window, {
      acquireVsCodeApi: () => ({ postMessage: toEditor, getState: () => null, setState() {} }),
    });
  });
  await tab.route(`${address}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname !== '/') return route.fulfill({ path: path.join(folder, 'webview', path.basename(pathname)) });
    const template = await readFile(path.join(folder, 'webview', 'page.html'), 'utf8');
    const body = pageHtml({ template, page: 'dataset', assets: address, source: address, nonce: makeNonce() });
    return route.fulfill({ contentType: 'text/html', body });
  });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  dataset = await EditableDataset.open(path.join(folder, 'rows.json'));
  await dataset.indexed;
  sent.length = 0;
  labels.clear();
  suggestions = [];
  earlier = [];
  await tab.goto(address);
  await theme('dark');
  await head(1).waitFor();
});

const head = (number: number) => tab.getByRole('heading', { name: `Row ${number}`, exact: true });
const area = () => tab.getByRole('textbox', { name: 'Chain of thought' });
const theme = (name: Theme) => wear(tab, name);
const press = async (...keys: string[]) => {
  for (const key of keys) await tab.keyboard.press(key);
};

describe('the page of a dataset', () => {
  it('is read, searched and edited by keyboard alone', async () => {
    await press('j', 'j', 'k');
    await head(2).waitFor();
    await press('/');
    await tab.keyboard.type('clip 37?');
    await tab.getByText('1 of 400 rows').waitFor();
    await press('Escape');
    await tab.getByText('400 rows', { exact: true }).waitFor();
    await press('Escape', 'j');
    await head(3).waitFor();
    await press('F2');
    await area().waitFor();
    await press('Control+End');
    await tab.keyboard.type(' Yes.');
    await press('Escape');
    await area().waitFor({ state: 'detached' });
    await tab.getByText('1 changed').waitFor();
    await tab.getByText('changed ·').waitFor();
    const edits = sent.filter((message) => message.type === 'edit');
    expect(edits.at(-1)).toMatchObject({ field: 'process', value: expect.stringMatching(/ Yes\.$/), save: false });
    await press('m');
    await tab.getByText('1 of 400 rows').waitFor();
    expect(await tab.getByRole('listbox').getByRole('option').count()).toBe(1);
    await press('?');
    await tab.getByRole('dialog', { name: 'Keys' }).waitFor();
  });

  it('says how often the reasoning looks again, and what the answer earns and why', async () => {
    expect(await tab.locator('[data-tier]').first().getAttribute('data-tier')).toBe('5');
    await tab.getByText('T5', { exact: true }).waitFor();
    await tab.getByText('accuracy', { exact: true }).waitFor();
    await tab.getByText('No frames: this folder is not trusted.').waitFor();
  });

  it('shows what a dataset wrote as text, whatever it is', async () => {
    await press('j');
    await head(2).waitFor();
    await tab.getByText('onerror').first().waitFor();
    await tab.getByText('\\u202e').first().waitFor();
    expect(await tab.title()).toBe('rows.json');
    expect(await tab.locator('img').count()).toBe(0);
  });

  it('keeps Ctrl+S from the text area to itself until what was typed is an edit', async () => {
    await press('F2');
    await area().waitFor();
    await tab.keyboard.type('x');
    await press('Control+S');
    await expect.poll(() => sent.some((message) => message.type === 'edit' && message.save)).toBe(true);
  });

  it('is flagged and judged by keyboard alone, and what was said is taken back and brought back', async () => {
    const form = () => tab.getByRole('form', { name: 'Flag' });
    const said = () => tab.getByRole('region', { name: 'Flags and verdicts' }).getByRole('listitem');
    await press('x');
    await form().and(tab.locator(':focus')).waitFor();
    await press('v', '2', 's', 'd', 't');
    await tab.keyboard.type('it is not so');
    await press('Enter');
    await said().first().waitFor();
    expect(await said().allTextContents()).toEqual([
      expect.stringMatching(/^wrong order of events · minor.*it is not so/),
      expect.stringMatching(/^verdict: drop/),
    ]);
    expect(sent.find(({ type }) => type === 'say')).toMatchObject({
      row: 0,
      flag: { category: 'wrong-order', severity: 'minor', note: 'it is not so' },
      verdict: 'drop',
    });
    await tab.locator('[data-flagged=minor]').first().waitFor();
    await press('u');
    await said().first().waitFor({ state: 'detached' });
    expect(sent.filter(({ type }) => type === 'retract')).toMatchObject([{ id: 'verdict' }, { id: 'flag' }]);
  });

  it('is judged at once by one key, which says so, and once alone', async () => {
    const verdicts = () => sent.flatMap((message) => (message.type === 'say' ? [message.verdict] : []));
    const region = tab.getByRole('region', { name: 'Flags and verdicts' });
    await press('D');
    await region.getByText('verdict: drop').waitFor();
    await tab.getByText('Verdict: drop; u takes it back.').waitFor();
    await press('D');
    await tab.getByText('Your verdict is drop already.').waitFor();
    await press('K');
    await region.getByText('verdict: keep').waitFor();
    await press('F');
    await region.getByText('verdict: fix').waitFor();
    expect(verdicts()).toEqual(['drop', 'keep', 'fix']);
    await press('u');
    await region.waitFor({ state: 'detached' });
    await press('x');
    await tab.getByRole('form', { name: 'Flag' }).and(tab.locator(':focus')).waitFor();
    await press('3', 'D', 'Enter');
    await region.getByText('verdict: drop').waitFor();
    await press('>');
    await head(11).waitFor();
    await press('<');
    await head(1).waitFor();
  });

  it('is given a fixed text with its verdict by keyboard alone, which is shown as text; the dataset stays', async () => {
    const form = () => tab.getByRole('form', { name: 'Flag' });
    const fixed = () => tab.getByRole('textbox', { name: 'Fixed text' });
    await press('j');
    await head(2).waitFor();
    await press('x');
    await form().and(tab.locator(':focus')).waitFor();
    await press('f');
    expect(await fixed().inputValue()).toBe(rows[1]?.process);
    await press('F2');
    await fixed().and(tab.locator(':focus')).waitFor();
    await press('Control+End');
    await tab.keyboard.type(' dk1');
    await press('Escape');
    await form().and(tab.locator(':focus')).waitFor();
    await press('F2', 'Enter', 'Control+Enter');
    await form().waitFor({ state: 'detached' });
    expect(sent.filter(({ type }) => type === 'say')).toMatchObject([
      { row: 1, flag: null, verdict: 'fix', fixed: `${rows[1]?.process} dk1\n` },
    ]);
    await tab.getByText('with the fixed text').click();
    await tab.getByRole('listitem').getByText('onerror').waitFor();
    expect(await tab.locator('img').count()).toBe(0);
    expect(sent.some(({ type }) => type === 'edit')).toBe(false);
    // What was written is there to be written on, and an untouched text stays.
    await press('x');
    await form().and(tab.locator(':focus')).waitFor();
    await press('f');
    expect(await fixed().inputValue()).toBe(`${rows[1]?.process} dk1\n`);
    await press('Enter');
    await form().waitFor({ state: 'detached' });
    expect(sent.findLast(({ type }) => type === 'say')).toMatchObject({ fixed: `${rows[1]?.process} dk1\n` });
  });

  it('shows labels of an earlier text as such, and carries one’s own flags over by one key', async () => {
    const region = () => tab.getByRole('region', { name: 'Labels of an earlier text' });
    const of = (id: string, more: Partial<Label>): Label => ({
      ...{
        id,
        author: 'Ann',
        at: 0,
        span: null,
        category: null,
        severity: 'major',
        verdict: null,
        note: '',
        quote: '',
      },
      ...more,
    });
    await press('c');
    await tab.getByText('You have no flag of an earlier text that is found in this one.').waitFor();
    earlier = [
      of('flag', { category: 'repetition', span: { start: 7, end: 12 }, quote: hostile }),
      of('lost', { category: 'format', quote: hostile, author: hostile, note: hostile }),
      of('verdict', { verdict: 'drop' }),
    ];
    turn++;
    await file();
    await region().waitFor();
    expect(await region().getByRole('listitem').allTextContents()).toEqual([
      expect.stringMatching(/^repetition · Ann, .* · of an earlier text/),
      expect.stringMatching(/^format.* · of an earlier text, not found in this one/),
      expect.stringMatching(/^verdict: drop · Ann, .* · of an earlier text, no longer counts/),
    ]);
    expect(await tab.locator('img').count()).toBe(0);
    await tab.locator('[data-flagged]').first().waitFor();
    await tab.getByText('repetition · major, of an earlier text').first().waitFor();
    await region().getByRole('button', { name: 'Carry Over Your Flag' }).waitFor();
    await press('c');
    await tab.getByText('1 flag carried over; u takes it back.').waitFor();
    expect(sent.filter(({ type }) => type === 'carry-over')).toMatchObject([{ row: 0, text: rows[0]?.process }]);
    await tab.getByRole('region', { name: 'Flags and verdicts' }).waitFor();
    expect(await region().getByRole('button').count()).toBe(0);
    await press('u');
    await expect.poll(() => sent.filter(({ type }) => type === 'retract')).toMatchObject([{ id: 'carried' }]);
  });

  it('has words that are flagged already readable while they are selected, in high contrast too', async () => {
    await theme('high contrast');
    await press('x');
    await tab.getByRole('form', { name: 'Flag' }).and(tab.locator(':focus')).waitFor();
    await press('v', '2', 'Enter');
    const flagged = tab.locator('#row-think [data-flagged]').first();
    await flagged.waitFor();
    await press('x', 'v');
    await tab.getByRole('form', { name: 'Flag' }).and(tab.locator(':focus')).waitFor();
    const { color, under } = await flagged.evaluate((of) => {
      const { color, backgroundColor } = getComputedStyle(of);
      const isClear = backgroundColor === 'rgba(0, 0, 0, 0)';
      return { color, under: isClear ? getComputedStyle(document.body).backgroundColor : backgroundColor };
    });
    expect(color).not.toBe(under);
    expect(await flagged.getAttribute('title')).toMatch(/^2 wrong order of events · major: Ann/);
  });

  it('has suggestions of detectors below the text and dashed in it, which are answered by keyboard', async () => {
    const span = { start: 7, end: 12 };
    suggestions = [
      { ...{ detector: 'repetition', category: 'repetition', span, answered: null }, says: hostile, precision: null },
    ];
    await press('j');
    await head(2).waitFor();
    const suggested = tab.getByRole('region', { name: 'Suggested' }).getByRole('listitem');
    await suggested.filter({ hasText: 'not judged yet' }).filter({ hasText: 'onerror' }).waitFor();
    const passage = tab.locator('#row-think [data-suggested]');
    expect((await passage.allTextContents()).join('')).toBe(hostile.slice(0, span.end - span.start));
    await tab.getByText('suggested: repetition', { exact: true }).waitFor();
    for (const name of Object.keys(themes) as Theme[]) {
      await theme(name);
      const { style, contrast } = await lineUnder(passage.first());
      expect([name, style]).toEqual([name, 'dashed']);
      expect(contrast, name).toBeGreaterThanOrEqual(3);
    }
    await press('X');
    await suggested.filter({ hasText: 'dismissed' }).waitFor();
    expect(await passage.count()).toBe(0);
    const { process } = rows[1] as { process: string };
    expect(sent.filter(({ type }) => type === 'answer')).toEqual([
      { type: 'answer', said: 1, row: 1, text: process, detector: 'repetition', span, accepted: false },
    ]);
    await press('Y');
    await tab.getByText('Nothing is suggested that is to be accepted.').waitFor();
  });

  it('shows what changed since the last commit, word against word', async () => {
    await press('h');
    await tab.getByText('2 of 400 rows').waitFor();
    await tab.getByText('1 row of HEAD is no longer there.').waitFor();
    const since = tab.getByRole('region', { name: 'Since HEAD' });
    await since.getByText('Chain of thought').waitFor();
    await since.locator('del').first().waitFor();
    await press('j');
    await head(3).waitFor();
    await since.getByText('Chain of thought').waitFor();
    await press('Escape');
    await since.waitFor({ state: 'detached' });
    await tab.getByText('400 rows', { exact: true }).waitFor();
  });

  it('tells of a change from outside, and asks which way to go', async () => {
    await file({ outside: 'Another program changed this file.' });
    await tab.getByText('Another program changed this file.').waitFor();
    await tab.getByRole('button', { name: 'Load Again' }).click();
    expect(sent.at(-1)).toEqual({ type: 'load-again' });
  });

  const states = {
    read: async () => {},
    edited: async () => {
      await press('F2');
      await area().waitFor();
    },
    'without a hit': async () => {
      await press('/');
      await tab.keyboard.type('nowhere');
      await tab.getByText('No row holds').waitFor();
    },
    'being flagged': async () => {
      await press('x');
      await tab.getByRole('form', { name: 'Flag' }).waitFor();
    },
    'being fixed': async () => {
      await press('x');
      await tab.getByRole('form', { name: 'Flag' }).and(tab.locator(':focus')).waitFor();
      await press('F2');
      await tab.getByRole('textbox', { name: 'Fixed text' }).waitFor();
    },
    labelled: async () => {
      const said = { author: 'Ann', at: 0, severity: 'major', note: '', quote: 'first' } as const;
      earlier = [
        { ...said, id: 'flag', category: 'repetition', verdict: null, span: { start: 14, end: 19 } },
        { ...said, id: 'verdict', category: null, verdict: 'drop', span: null },
      ];
      await press('x');
      await tab.getByRole('form', { name: 'Flag' }).and(tab.locator(':focus')).waitFor();
      await press('v', '2', 'd', 'Enter');
      await tab.getByRole('region', { name: 'Flags and verdicts' }).waitFor();
      await press('b');
    },
    suggested: async () => {
      const of = { detector: 'wrong way', category: 'unsupported-answer', span: { start: 7, end: 40 } };
      suggestions = [{ ...of, answered: null, says: 'It ends at another one.', precision: null }];
      turn++;
      await file();
      await tab.getByText('suggested: reasoning does not support the answer').waitFor();
    },
    'since HEAD': async () => {
      await press('h');
      await tab.getByRole('region', { name: 'Since HEAD' }).waitFor();
    },
    told: () => file({ outside: 'Another program changed this file.', indexed: 0.4 }),
  };
  const passed = noLooks();
  it.each(Object.keys(states) as (keyof typeof states)[])(
    'is without fault for axe in all themes and widths: %s',
    async (state) => {
      await states[state]();
      const found: string[] = [];
      for (const [width, height] of sizes) {
        await tab.setViewportSize({ width, height });
        if (width < 760 && state !== 'without a hit')
          await tab.getByRole('button', { name: 'Row 1', exact: true }).click();
        for (const name of Object.keys(themes) as Theme[]) {
          await theme(name);
          for (const fault of await faultsInTheme(tab, name, passed)) found.push(`${width} px, ${fault}`);
          expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        }
      }
      expect(found).toEqual([]);
      await tab.setViewportSize({ width: 1400, height: 900 });
    },
  );
});

describe('where the page is narrow or low', () => {
  afterEach(() => tab.setViewportSize({ width: 1400, height: 900 }));

  it('the number of rows and what the list is narrowed down to can be read', async () => {
    for (const width of [1400, 1000, 780, 420]) {
      await tab.setViewportSize({ width, height: 760 });
      expect([width, await isCut(tab.getByText('400 rows', { exact: true }))]).toEqual([width, false]);
    }
    await press('b');
    for (const width of [1400, 1000, 780, 420, 260]) {
      await tab.setViewportSize({ width, height: 760 });
      for (const verdict of ['disputed', 'none', 'waiting']) {
        await tab.getByRole('combobox', { name: 'Rows by their labels (b)' }).selectOption(verdict);
        const choices = await tab.getByRole('region', { name: 'Rows', exact: true }).getByRole('combobox').all();
        const cut = await Promise.all(choices.map(isCut));
        expect([width, verdict, ...cut]).toEqual([width, verdict, false, false, false]);
      }
    }
  });

  it('what is said of a row and who said it stand beside what takes it back', async () => {
    const author = 'Benjamin <benjamin.of.the.long.name@example.org>';
    const head = { author, at: 0, quote: '', span: null, note: '', category: null, severity: 'major' } as const;
    labels.set(1, [{ ...head, id: 'verdict', verdict: 'keep' }]);
    await file({ labelling: { author, authors: [author], categories: [...builtInCategories] } });
    await press('j');
    await tab.getByRole('heading', { name: 'Row 2', exact: true }).waitFor();
    const said = tab.getByRole('region', { name: 'Flags and verdicts' }).getByRole('listitem');
    for (const width of [1400, 420, 240]) {
      await tab.setViewportSize({ width, height: 900 });
      if (width === 420) await tab.getByRole('button', { name: 'Row 2', exact: true }).click();
      const back = said.getByRole('button', { name: 'Take back' });
      await back.waitFor();
      expect([width, await liesOver(said.locator('> :first-child'), back)]).toEqual([width, false]);
    }
  });

  it('the text that is fixed comes into sight with its help', async () => {
    await tab.setViewportSize({ width: 780, height: 600 });
    await press('x');
    await tab.getByRole('form', { name: 'Flag' }).and(tab.locator(':focus')).waitFor();
    await press('v', 'F2');
    await tab.getByRole('textbox', { name: 'Fixed text' }).and(tab.locator(':focus')).waitFor();
    expect(await inSight(tab.getByText('it only asks for a fix.'))).toBe(true);
  });

  it('the form of a flag names what is wrong whole, and nothing of it reaches out', async () => {
    await press('x');
    const form = tab.getByRole('form', { name: 'Flag' });
    await form.and(tab.locator(':focus')).waitFor();
    await press('v');
    for (const width of [1400, 1000, 420, 220]) {
      await tab.setViewportSize({ width, height: 900 });
      if (width === 420) await tab.getByRole('button', { name: 'Row 1', exact: true }).click();
      await form.waitFor();
      expect([width, await isCut(form)]).toEqual([width, false]);
      if (width === 220) continue;
      expect([width, await isCut(form.getByText('reasoning does not support the answer'))]).toEqual([width, false]);
    }
  });

  it('agreement takes one row of cells, and the others are scrolled to', async () => {
    await post({ type: 'agreement', agreement: ofManyCategories });
    const cells = tab.getByRole('region', { name: 'Agreement' }).getByRole('list');
    await cells.waitFor();
    await tab.setViewportSize({ width: 1000, height: 700 });
    const { height, whole, cell } = await cells.evaluate((of) => ({
      ...{ height: of.clientHeight, whole: of.scrollHeight, cell: of.firstElementChild?.clientHeight ?? 0 },
    }));
    expect(height).toBe(cell);
    expect(whole).toBeGreaterThan(height);
    expect(await inSight(cells.getByRole('listitem').first())).toBe(true);
    await cells.getByRole('listitem').last().scrollIntoViewIfNeeded();
    expect(await inSight(cells.getByRole('listitem').last())).toBe(true);
  });
});

const measured = { value: 0.5, low: 0.2, high: 0.8, why: null, items: 12 };
const ofManyCategories: AgreementShown = {
  authors: ['Ann', 'Ben'],
  subjects: [null, ...builtInCategories.map(({ id }) => id)].map((category) => ({
    ...{ category, alpha: measured, pairs: [{ first: 'Ann', second: 'Ben', kappa: measured }] },
  })),
  spans: [],
  toSettle: 1,
};
