/** The page of audits in a real browser: the figures are those of lines that are written out here. */

import { copyFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { auditsFolder } from '../../trainer/protocol/audit.ts';
import { trainerFolder } from '../../trainer/protocol/discovery.ts';
import { audited, imageOf, questions, writeAudit } from '../audit/made-audit.ts';
import { notOwned, pagesOfRuns, rowsOf } from './pages-of-runs.ts';
import { projectWithRuns } from './recorded-run.ts';
import { firstRun, slow } from './two-runs.ts';

const hostile = '<img src=x onerror="window.owned=1"><script>window.owned=1</script>';

const pages = pagesOfRuns(firstRun, async () => {
  const project = await projectWithRuns([slow]);
  const lines = [
    ...questions(16, (row) => audited(row)),
    ...questions(16, (row) =>
      audited(20 + row, { without: ['one frame'], order: [0.2, 0.1] }, { family: 'planted', problem: hostile }),
    ),
    ...questions(8, (row) => imageOf(audited(40 + row, {}, { family: 'chart' }))),
  ];
  /* The first question of the audit alone is still in its file; its row of an image is of the second. */
  const row = (problem_id: number, data_type: string, file: string) => ({
    ...{ problem_id, problem: 'Which way does it move?', data_type, problem_type: 'multiple choice', path: file },
    ...{ options: ['A. left', 'B. <b>right</b>'], solution: '<answer>A</answer>', data_source: 'clips' },
  });
  await copyFile(path.resolve(import.meta.dirname, '../fixtures/open-gop-cut.mp4'), path.join(project.folder, '0.mp4'));
  const rows = JSON.stringify([row(0, 'video', '0.mp4'), row(1, 'image', '1.png')]);
  for (const name of ['eval.json', 'rl.json']) await writeFile(path.join(project.folder, name), rows);
  await writeAudit(project.folder, 'tgrpo-1-eval', lines, new Map([['eval', path.join(project.folder, 'eval.json')]]));
  return project;
});

describe('the page of audits', () => {
  it('shows what follows by family, and names the shortcut alone', async () => {
    const tab = await pages.open('audit');
    await tab.locator('[data-part=families]').waitFor();
    const rows = await rowsOf(tab, 'families');
    const verdicts = rows.map((cells) => [cells[0], ...cells.slice(-3)]);
    expect(verdicts).toEqual([
      ['chart', '–', '–', 'needs the image'],
      ['direction', '8.0', '0', 'needs order'],
      ['planted', '0.2', '100', 'SHORTCUT: right without order, one frame is enough, any order is enough'],
      ['all questions', '4.1', '50', ''],
    ]);
    expect(await tab.locator('tr[data-shortcut]').count()).toBe(1);
    expect(rows[2]?.[5]).toContain('100 percent, 100 % right, 81 to 100 % with 95 % confidence, of 16 questions');
  });

  it('opens a question of a family by keyboard, and keeps what a dataset says as text', async () => {
    const tab = await pages.open('audit');
    await tab.locator('[data-part=families]').waitFor();
    for (let i = 0; i < 3; i++) await tab.keyboard.press('j');
    const list = tab.locator('[data-part=questions]');
    await list.getByRole('button').first().waitFor();
    await expect.poll(() => list.getByRole('button').count()).toBe(16);
    await expect.poll(() => list.getByRole('button').first().textContent()).toContain('<img src=x');
    expect(await list.getByRole('button').first().textContent()).toContain(
      'solution Aanswered Aorder 0.2 ± 0.1 natsorder not usedright also with one frame',
    );
    await tab.getByText('16 of 16 right as seen, 16 of them without use of the order').waitFor();
    await list.getByRole('button').first().press('Enter');
    const answers = await list.getByRole('row').evaluateAll((all) => all.map((row) => row.textContent));
    expect(answers).toEqual([
      'as seen, order 0.2 ± 0.1 natsA',
      ...['no videoB', 'blank framesB', 'one frameA'],
      ...['shuffle 1B', 'shuffle 2B', 'shuffle 3B', 'shuffle 4B'],
      ...['reversed framesB', 'no questionB'],
    ]);
    await notOwned(tab);
  });

  it('shows the options and the frames of a question that is opened, and says where they are no longer there', async () => {
    const tab = await pages.open('audit', { place: '&family=eval:%20direction' });
    const list = tab.locator('[data-part=questions]');
    await list.getByRole('button').first().click();
    await expect
      .poll(() => list.locator('[data-part=options] li').allTextContents())
      .toEqual(['A. left', 'B. <b>right</b>']);
    const frames = list.locator('[data-part=frames] canvas');
    await frames.first().waitFor();
    const painted = () =>
      frames.first().evaluate((canvas) => {
        const { width, height } = canvas as HTMLCanvasElement;
        const { data } = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height) ?? {};
        return data?.some((value) => value > 0) ?? false;
      });
    await expect.poll(painted).toBe(true);
    await list.getByRole('button').nth(5).click();
    await list.getByText('The dataset has changed since it was audited.').waitFor();
  });

  it('opens and closes a family by a click anywhere in its row, and by the keyboard', async () => {
    const tab = await pages.open('audit');
    const row = tab.locator('[data-part=families] tbody tr').nth(1);
    const pane = tab.locator('[data-pane=questions]');
    await row.waitFor();
    expect(await pane.count()).toBe(0);
    await row.locator('td').last().click();
    await pane.getByText('16 of 16 right as seen, 0 of them').waitFor();
    await row.getByRole('button').press('Enter');
    await expect.poll(() => pane.count()).toBe(0);
  });

  it('shows a verdict under its family on a narrow page, and nothing beyond the edge', async () => {
    const tab = await pages.open('audit', { width: 420 });
    const row = tab.locator('tr[data-shortcut]');
    const name = await row.getByRole('button').boundingBox();
    const verdict = await row.getByText('SHORTCUT').boundingBox();
    if (name === null || verdict === null) throw new Error('Both are on the page.');
    expect(verdict.y).toBeGreaterThanOrEqual(name.y + name.height - 2);
    expect(verdict.y).toBeLessThan(name.y + 2 * name.height + 8);
    expect(verdict.x + verdict.width).toBeLessThanOrEqual(420);
    const wide = await tab.evaluate(
      () =>
        [...document.querySelectorAll('main, main *')].filter(
          (one) =>
            one.scrollWidth > one.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX),
        ).length,
    );
    expect(wide).toBe(0);
  });

  it('finds the place again after a reload, and is reached from the dashboard by a and by its bar', async () => {
    const tab = await pages.open('audit', { place: '&family=eval:%20chart' });
    await tab.locator('[data-part=questions]').waitFor();
    await tab.reload();
    await expect.poll(() => tab.locator('[data-part=questions]').getByRole('button').count()).toBe(8);
    const dashboard = await pages.open('dashboard');
    await dashboard.getByText('step').first().waitFor();
    await dashboard.keyboard.press('a');
    await dashboard.locator('[data-part=families]').waitFor();
    const again = await pages.open('dashboard');
    await again.getByRole('button', { name: 'Audits of datasets (a)' }).click();
    await again.locator('[data-part=families]').waitFor();
  });

  it('says how a dataset is audited where none has been', async () => {
    await rm(path.join(pages.folder, trainerFolder, auditsFolder), { recursive: true });
    const tab = await pages.open('audit');
    await tab.getByText('No dataset of this project has been audited.').waitFor();
    // The two questions of the dataset that is written out here: 10 prompts of a video, 4 of an image.
    await tab
      .locator('[data-part=cost]')
      .getByText(/^rl\.json: 2 questions, at most 14 answers/)
      .waitFor();
    const line = await tab.locator('main code').textContent();
    expect(line).toMatch(new RegExp(`^npx video-r1 audit \\S+ --checkpoint ${firstRun} --folder \\S+$`));
    expect(line).toContain(path.basename(pages.folder));
    await tab.getByRole('button', { name: 'Copy' }).waitFor();
  });
});
