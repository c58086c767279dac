import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditsFolder } from '../../trainer/protocol/audit.ts';
import { trainerFolder } from '../../trainer/protocol/discovery.ts';
import type { AuditSurroundings } from '../../trainer/runs/audit-question.ts';
import { Audits } from '../../trainer/runs/audits.ts';
import { audited, imageOf, questions, writeAudit } from '../audit/made-audit.ts';

let project: string;
let audits: Audits;
const around: AuditSurroundings = {
  beside: () => {
    throw new Error('These tests ask for no question.');
  },
  media: () => Promise.reject(new Error('nor for its frames')),
};
const at = (...names: string[]) => path.join(project, trainerFolder, auditsFolder, ...names);

beforeAll(async () => {
  project = await mkdtemp(path.join(tmpdir(), 'video-r1-audits-'));
  audits = new Audits(project, around);
});
afterAll(() => rm(project, { recursive: true, force: true }));

describe('audits of a project', () => {
  it('are none where none was made', async () => {
    expect(await audits.list()).toEqual([]);
  });

  it('are listed with what they found, the newest first, one under way not yet, a damaged one with its fault', async () => {
    await writeAudit(
      project,
      'older',
      questions(9, (row) => audited(row, { without: ['one frame'] })),
    );
    await writeAudit(
      project,
      'newer',
      questions(8, (row) => audited(row)),
    );
    await utimes(at('older', 'results.json'), 1000, 1000);
    await mkdir(at('under way'));
    await mkdir(at('damaged'));
    await writeFile(at('damaged', 'results.json'), '{}');
    await utimes(at('damaged', 'results.json'), 500, 500);
    expect(await audits.list()).toMatchObject([
      { name: 'newer', model: 'tgrpo-1, step 200', datasets: ['eval'], questions: 8, shortcuts: 0, fault: null },
      { name: 'older', questions: 9, shortcuts: 1 },
      { name: 'damaged', fault: expect.stringContaining('no result of an audit') },
    ]);
    expect((await audits.get('older')).datasets[0]?.all.count).toBe(9);
  });

  it('give the questions of a family page by page, anew when there are more', async () => {
    const asked = { name: 'older', dataset: 'eval', family: 'direction' };
    const { rows, total } = await audits.rows({ ...asked, from: 7, limit: 5 });
    expect(total).toBe(9);
    expect(rows.map(({ row }) => row)).toEqual([7, 8]);
    await writeAudit(
      project,
      'older',
      questions(10, (row) => audited(row)),
    );
    expect((await audits.rows(asked)).total).toBe(10);
    expect((await audits.rows({ ...asked, family: 'other' })).rows).toEqual([]);
  });

  it('give the questions that are right without use of the order first, and count them', async () => {
    const lines = questions(8, (row) =>
      audited(row, row === 2 ? { right: false } : { order: row > 5 ? [0.4, 0.1] : [8, 1] }),
    );
    await writeAudit(project, 'ordered', lines);
    const read = await audits.rows({ name: 'ordered', dataset: 'eval', family: 'direction' });
    expect(read.rows.map(({ row }) => row)).toEqual([6, 7, 0, 1, 2, 3, 4, 5]);
    expect(read).toMatchObject({ asked: 8, right: 7, unused: 2 });
    await writeAudit(project, 'images', lines.map(imageOf));
    const images = await audits.rows({ name: 'images', dataset: 'eval', family: 'direction' });
    expect(images).toMatchObject({ right: 7, unused: null });
  });

  it('are found by the names that are there, and by no path', async () => {
    for (const name of ['../audits/older', 'none', '', '.', 'under way'])
      await expect(audits.get(name)).rejects.toThrow('There is no audit');
  });
});
