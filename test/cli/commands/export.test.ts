import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunStore } from '../../../trainer/store/run-store.ts';
import { runProgram } from '../../integration/trainer-process.ts';
import { aGroup, anAnnotation, aRun, someMetrics } from '../../store/records.ts';

let folder: string;
const at = (name: string) => path.join(folder, name);
const call = (...args: string[]) => runProgram(['export', 'tgrpo-1', ...args], folder);
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'video-r1-export-'));
  const store = RunStore.create(at('.video-r1/runs/tgrpo-1'), aRun({ state: 'completed' }));
  store.append({ type: 'group', group: aGroup(1) });
  store.append({ type: 'step', metrics: someMetrics(1) });
  store.append({ type: 'annotation', annotation: anAnnotation(1, 's1-g0-o0') });
  store.dispose();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('video-r1 export', () => {
  it('writes the annotations as JSON lines where nothing else is asked for', async () => {
    const { code, stdout } = await call();
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ run: 'tgrpo-1', category: 'wrong-order', question: { dataset: 'rl.json' } }]);
  });

  it('takes the form from the ending, and says what it wrote', async () => {
    expect(await call('rollouts', '--out', 'r.csv')).toMatchObject({ code: 0, stdout: '3 rollouts in r.csv\n' });
    expect(readFileSync(at('r.csv'), 'utf8').split('\r\n')).toHaveLength(5);
    expect((await call('steps', '--format', 'csv')).stdout).toMatch(/^step,at,loss/);
  });

  it('writes what a filter keeps, in an order, the first so many, and as a page too', async () => {
    const sorted = await call('--query', 'half:ordered', '--sort=-reward', '--limit', '1', '--out', 'worst.jsonl');
    expect(sorted).toMatchObject({ code: 0, stdout: '1 rollouts in worst.jsonl\n' });
    expect(JSON.parse(readFileSync(at('worst.jsonl'), 'utf8'))).toMatchObject({ id: 's1-g0-o1', group: { step: 1 } });
    const page = await call('--query', 'correct:false', '--out', 'worst.html', '--json-progress');
    expect(
      page.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([{ type: 'progress', done: 0, total: 1, what: 'rollouts' }, { type: 'done' }]);
    const html = readFileSync(at('worst.html'), 'utf8');
    expect(html).toContain('<h1>1 rollout of tgrpo-1</h1>');
    expect(html).toContain('The frames are not at hand');
    expect(await call('--query', 'step>>3', '--out', 'a.jsonl')).toMatchObject({ code: 2 });
    expect(existsSync(at('a.jsonl'))).toBe(false);
  });

  it("refuses a folder in a file's place, and a file in a folder's, before it begins", async () => {
    mkdirSync(at('full'));
    writeFileSync(at('file'), '');
    const file = await call('--query', 'correct:false', '--out', 'full', '--json-progress');
    expect(file).toMatchObject({ code: 2, stdout: '' });
    expect(file.stderr).toContain(
      '--out full is a folder, and a file is written.\nName a file in it, such as full/rollouts.jsonl.',
    );
    const folder = await call('all', '--out', 'file');
    expect(folder.code).toBe(2);
    expect(folder.stderr).toContain('--out file is a file, and a folder is written.\nName a folder.');
    expect(readdirSync(at('full'))).toEqual([]);
  });

  it('writes one folder for all, and one for TensorBoard, as a program follows them', async () => {
    const all = await call('all', '--format', 'parquet', '--out', 'all', '--json-progress');
    expect(all.code).toBe(0);
    expect(
      all.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
        .at(-1),
    ).toEqual({ type: 'done' });
    expect(existsSync(at('all/rollouts.parquet'))).toBe(true);
    expect((await call('--format', 'tensorboard', '--out', 'logs')).stdout).toContain(
      'logs/tgrpo-1/events.out.tfevents',
    );
  });

  it('refuses what it can not write in one sentence, with what to do', async () => {
    const refusals: readonly (readonly [number, string, readonly string[]])[] = [
      [2, 'the nearest is rollouts', ['rolouts']],
      [2, 'parquet needs --out', ['--format', 'parquet']],
      [2, 'all needs --out', ['all']],
      [2, 'The ending .xlsx tells no form', ['--out', 'r.xlsx']],
      [1, 'There is no such folder.', ['steps', '--out', 'none/steps.csv']],
    ];
    for (const [code, message, args] of refusals) {
      const refused = await call(...args);
      expect(refused.code, message).toBe(code);
      expect(refused.stderr).toContain(message);
      expect(refused.stderr).not.toContain('    at ');
    }
  });
});
