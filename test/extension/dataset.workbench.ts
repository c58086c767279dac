/** The sample's chains of thought in a real window: opened from the title of their file, edited by keyboard, undone, saved; no trainer is at work. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appendEntries } from '../../trainer/annotations/label-writer.ts';
import { itemOfRow } from '../../trainer/annotations/rows/row-item.ts';
import type { Entry } from '../../trainer/protocol/annotations/entries.ts';
import { signal } from '../annotations/projects.ts';
import { sampleProject } from '../integration/trainer-process.ts';
import { ben, itemEntry, verdictOf } from '../protocol/annotations/made-entries.ts';
import { pictureOnFailure } from './harness/picture-on-failure.ts';
import { Workbench } from './harness/workbench.ts';

describe('the editor of a dataset', () => {
  let project: { folder: string; remove(): Promise<void> };
  let window: Workbench;
  let file: string;
  let before: string;

  beforeAll(async () => {
    project = await sampleProject();
    file = path.join(project.folder, 'data', 'sft.json');
    before = readFileSync(file, 'utf8');
    window = await Workbench.open({ folder: project.folder, vsix: process.env.VIDEO_R1_VSIX });
  }, 300_000);
  afterAll(async () => {
    await window?.close();
    await project?.remove();
  });
  pictureOnFailure(() => window);

  const page = () => window.webview();
  const rowHead = (number: number) => page().getByRole('heading', { name: `Row ${number}`, exact: true });
  /** The tab of the dataset's editor; the text's own stands beside it. */
  const tab = (): Locator => window.page.locator('.tabs-container .tab.active').filter({ hasText: 'sft.json' });
  const dirty = () => tab().and(window.page.locator('.dirty'));
  const text = () => page().getByRole('textbox', { name: 'Chain of thought' });

  const press = async (...keys: string[]) => {
    for (const key of keys) await window.page.keyboard.press(key);
  };
  const form = () => page().getByRole('form', { name: 'Flag' });
  const said = () => page().getByRole('region', { name: 'Flags and verdicts' }).getByRole('listitem');
  const labelFolder = () => path.join(project.folder, '.video-r1', 'annotations');
  /** All entries of the one author. */
  const written = () => {
    const [name = ''] = readdirSync(labelFolder()).filter((each) => each.endsWith('.jsonl') && !each.startsWith('ben'));
    const lines = readFileSync(path.join(labelFolder(), name), 'utf8').trim().split('\n');
    return lines.map(
      (line) => JSON.parse(line) as { kind: string; category?: string; verdict?: string; fixed?: string },
    );
  };

  /** By keyboard alone, from wherever the page's focus is. */
  async function append(words: string): Promise<void> {
    await window.page.keyboard.press('F2');
    await text().waitFor();
    await window.page.keyboard.press('Control+End');
    await window.page.keyboard.type(words);
    await window.page.keyboard.press('Escape');
    await text().waitFor({ state: 'detached' });
  }

  test('opens from a button of the title, with the rows, what the model would see, and what the answer earns', async () => {
    await window.page.keyboard.press('Control+P');
    await window.type('data/sft.json');
    await window.pick('sft.json');
    await tab().waitFor();
    await window.page.locator('.editor-actions').getByRole('button', { name: 'Open as Dataset' }).click();
    await rowHead(1).waitFor({ timeout: 60_000 });
    await page().getByRole('listbox').getByRole('option').first().click();
    await page()
      .getByRole('img', { name: /frames? of/ })
      .waitFor({ timeout: 60_000 });
    await page().getByText('accuracy', { exact: true }).waitFor();
    await window.page.keyboard.press('j');
    await rowHead(2).waitFor();
    expect(existsSync(path.join(project.folder, '.video-r1', 'trainer.json'))).toBe(false);
  });

  test('an edit makes the file unsaved, and Ctrl+Z takes it back', async () => {
    await append(' Really.');
    await dirty().waitFor();
    await page().getByText('Really.').first().waitFor();
    await window.page.keyboard.press('Control+Z');
    await dirty().waitFor({ state: 'detached' });
    await page().getByText('Really.').first().waitFor({ state: 'detached' });
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  test('a save changes the bytes of the edited row alone', async () => {
    await append(' Really.');
    await dirty().waitFor();
    await window.page.keyboard.press('Control+S');
    await dirty().waitFor({ state: 'detached' });
    const now = readFileSync(file, 'utf8');
    const rows = JSON.parse(before) as { process: string }[];
    const after = JSON.parse(now) as { process: string }[];
    expect(after.filter((row, n) => JSON.stringify(row) !== JSON.stringify(rows[n]))).toEqual([after[1]]);
    expect(after[1]?.process).toBe(`${rows[1]?.process} Really.`);
    const added = Buffer.byteLength(now) - Buffer.byteLength(before);
    expect(added).toBe(' Really.'.length);
    expect(now.replace(' Really.', '')).toBe(before);
  });

  test('ten rows and two passages are flagged by keyboard alone, and there when the file was closed and opened again', async () => {
    const say = async (...keys: string[]) => {
      await press('x');
      await form().and(page().locator(':focus')).waitFor();
      await press(...keys, 'Enter');
      await form().waitFor({ state: 'detached' });
      await said().first().waitFor();
    };
    await press('Home');
    await rowHead(1).waitFor();
    for (let number = 1; number <= 10; number++) {
      if (number > 1) await press('j');
      await rowHead(number).waitFor();
      await say(...(number <= 2 ? ['w', 'Shift+ArrowRight', '2'] : ['3']), 'd');
    }
    await press('b');
    await page()
      .getByText(/^10 of [\d,]+ rows$/)
      .waitFor();
    await window.page.keyboard.press('Control+W');
    // The text's own tab is left, with the button in its title.
    await window.page.locator('iframe.webview.ready:visible').waitFor({ state: 'detached' });
    await window.page.locator('.editor-actions').getByRole('button', { name: 'Open as Dataset' }).click();
    await page().getByRole('listbox').getByRole('option').first().click({ timeout: 60_000 });
    await press('b');
    await page()
      .getByText(/^10 of [\d,]+ rows$/)
      .waitFor();
    await press('Home');
    await rowHead(1).waitFor();
    await expect
      .poll(() => page().locator('[data-part=think] [data-flagged], #row-think [data-flagged]').count())
      .toBeGreaterThan(0);
    expect(await said().allTextContents()).toEqual([
      expect.stringContaining('wrong order of events'),
      expect.stringContaining('verdict: drop'),
    ]);
    const kinds = written().map(({ kind }) => kind);
    expect(['item', 'flag', 'verdict'].map((kind) => kinds.filter((each) => each === kind).length)).toEqual([
      10, 10, 10,
    ]);
  });

  test('the labels of a second author come in, kappa is that worked out by hand, and what differs is settled by keys', async () => {
    await press('b', 'Home', ...Array.from({ length: 10 }, () => 'j'));
    for (const number of [11, 12]) {
      await rowHead(number).waitFor();
      await press('K');
      await said().filter({ hasText: 'verdict: keep' }).waitFor();
      if (number === 11) await press('j');
    }
    // The first one: drop in rows 1 to 10, keep in 11 and 12. Ben: drop in 1 to 8 and 12, keep in 9 to 11.
    const rows = JSON.parse(readFileSync(file, 'utf8')) as unknown[];
    const entries = rows.slice(0, 12).flatMap((row, at): Entry[] => {
      const known = itemOfRow('data/sft.json', row);
      if (known === null) throw new Error('A row without a chain of thought.');
      const { item, content } = known;
      const verdict = at < 8 || at === 11 ? 'drop' : 'keep';
      return [itemEntry(ben, at, { item, ...content }), verdictOf(ben, at, verdict, { item })];
    });
    await appendEntries(project.folder, entries, signal);
    // 9 of 12 agree; by chance 10/12 · 9/12 + 2/12 · 3/12 = 2/3; so kappa is (3/4 - 2/3) / (1 - 2/3) = 1/4.
    const agreement = page().getByRole('region', { name: 'Agreement' });
    await agreement.getByText('12 items judged by both').waitFor({ timeout: 20_000 });
    const verdict = agreement.getByRole('listitem').filter({ hasText: 'verdict' });
    expect(await verdict.textContent()).toMatch(/^verdict0\.25/);
    // Ben flags none of the ten rows that are flagged, and differs in the verdict of 12.
    await agreement.getByRole('button', { name: '11 to settle' }).waitFor();
    await press('b');
    await page()
      .getByText(/^12 of [\d,]+ rows$/)
      .waitFor();
    await press('Home', ...Array.from({ length: 8 }, () => 'j'));
    await rowHead(9).waitFor();
    await page().getByText('People differ').waitFor();
    await press('S', 'K');
    await agreement.getByRole('button', { name: '10 to settle' }).waitFor();
    await press('u');
    await agreement.getByRole('button', { name: '11 to settle' }).waitFor();
  });

  test('of twelve categories that a project names the tenth and those after it are chosen by 0 and a letter', async () => {
    const names = Array.from({ length: 12 }, (_, n) => ({ id: `kind-${n + 1}`, name: `kind number ${n + 1}` }));
    writeFileSync(path.join(labelFolder(), 'labels.json'), JSON.stringify({ version: 1, labels: names }));
    const before = written().length;
    await press('b', 'End');
    await page()
      .getByText(/^[\d,]+ rows$/)
      .waitFor();
    await said().first().waitFor({ state: 'detached' });
    const offered = page().getByRole('radio', { name: '0c kind number 12' });
    // The folder of labels is looked at every two seconds.
    await expect
      .poll(
        async () => {
          if (await form().isVisible()) await press('Escape');
          await press('x');
          await form().and(page().locator(':focus')).waitFor();
          return offered.isVisible();
        },
        { interval: 500, timeout: 30_000 },
      )
      .toBe(true);
    for (const [keys, name] of [
      [['0', 'a'], 'kind number 10'],
      [['0', 'c'], 'kind number 12'],
    ] as const) {
      if (!(await form().isVisible())) await press('x');
      await form().and(page().locator(':focus')).waitFor();
      await press(...keys);
      await page().getByRole('radio', { name, checked: true }).waitFor();
      await press('Enter');
      await said().filter({ hasText: name }).waitFor();
    }
    const categories = written()
      .slice(before)
      .flatMap(({ category }) => category ?? []);
    expect(categories).toEqual(['kind-10', 'kind-12']);
  });

  test('a fix is given with its text, which is in the label file and not in the dataset', async () => {
    const file = path.join(project.folder, 'data', 'sft.json');
    const now = readFileSync(file, 'utf8');
    await press('x');
    await form().and(page().locator(':focus')).waitFor();
    await press('F2');
    await page().getByRole('textbox', { name: 'Fixed text' }).and(page().locator(':focus')).waitFor();
    await press('Control+A');
    await window.page.keyboard.type('<think>It is the square.</think>');
    await press('Control+Enter');
    await said().filter({ hasText: 'verdict: fix' }).getByText('with the fixed text').waitFor();
    expect(written().at(-1)).toMatchObject({ verdict: 'fix', fixed: '<think>It is the square.</think>' });
    await press('D');
    await said().filter({ hasText: 'verdict: drop' }).waitFor();
    expect(written().at(-1)).toMatchObject({ verdict: 'drop', fixed: null });
    expect(readFileSync(file, 'utf8')).toBe(now);
  });
});
