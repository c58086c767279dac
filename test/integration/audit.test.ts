/** `video-r1 audit` on a dataset with a planted shortcut and an honest half, by a model that was trained on both. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, watch } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAudit } from '../../trainer/audit/audit-file.ts';
import { needsOf } from '../../trainer/audit/results.ts';
import { type AuditedLine, type AuditResults, auditResults } from '../../trainer/protocol/audit.ts';
import type { DatasetRow } from '../../trainer/protocol/dataset.ts';
import { findFfmpeg } from '../../trainer/video/ffmpeg.ts';
import { plantedDataset } from './planted-dataset.ts';
import { program, runProgram } from './trainer-process.ts';

let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);
const auditArgs = (...more: string[]) => [
  'audit',
  at('data', 'eval.json'),
  '--checkpoint',
  'sft',
  '--folder',
  folder,
  ...more,
];

async function resultsIn(out: string): Promise<AuditResults> {
  return auditResults.parse(JSON.parse(await readFile(path.join(out, 'results.json'), 'utf8')));
}

const size = {
  ...{ hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 128 },
  ...{ vocab_size: 512, vision_hidden_size: 32, vision_depth: 1, vision_num_heads: 2, vision_intermediate_size: 64 },
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'video-r1-audit-'));
  await plantedDataset(at('data'), (await findFfmpeg()).ffmpeg, { train: 48, eval: 24 });
  const answerHint = { 'multiple choice': '', numerical: '', OCR: '', 'free-form': '', regression: '' };
  await writeFile(at('prompt.json'), JSON.stringify({ system: null, instruction: '', answerHint }));
  const runFile = {
    ...{ version: 1, name: 'sft', method: 'sft', preset: 'sample', dataset: 'data/train.json' },
    ...{ promptTemplate: 'prompt.json', model: { size } },
    parameters: { steps: 120, questionsPerStep: 16, learningRate: 3e-3, warmupSteps: 10 },
  };
  await writeFile(at('sft.run.json'), JSON.stringify(runFile));
  const trained = await runProgram(['run', 'sft.run.json', '--folder', folder], folder);
  if (trained.code !== 0) throw new Error(trained.stderr);
});
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

describe('video-r1 audit', () => {
  it('finds the family whose ground gives the answer away and names the cue, and names no honest one', async () => {
    const { code, stdout, stderr } = await runProgram(auditArgs('--out', at('whole')));
    expect(stderr).not.toContain('video-r1:');
    expect(code).toBe(0);
    const [dataset] = (await resultsIn(at('whole'))).datasets;
    const [first, moves] = dataset?.byFamily ?? [];
    expect(moves).toMatchObject({ name: 'moves', count: 24, seen: { share: 1 } });
    expect(moves?.verdict).toMatchObject({
      kind: 'shortcut',
      cues: expect.arrayContaining(['one frame', 'any order']),
    });
    expect(moves?.order?.worth.mean).toBeLessThan(0.5);
    expect(first).toMatchObject({ name: 'first', count: 24, verdict: { kind: 'needs order' } });
    expect(first?.order?.worth.mean).toBeGreaterThan(1);
    expect(stdout).toMatch(/moves: SHORTCUT: right without order, one frame is enough, any order is enough/);
    expect(stdout).toMatch(/first: needs order/);
    const page = await readFile(at('whole', 'audit.html'), 'utf8');
    expect(page).toContain('SHORTCUT: right without order');
    expect(page).not.toMatch(/<script/i);
  });

  it('killed in the middle, and begun with fewer questions, ends with the bytes of one that never stopped', async () => {
    const out = at('killed');
    await mkdir(out);
    const child = spawn(process.execPath, [program, ...auditArgs('--out', out, '--limit', '40')], { stdio: 'ignore' });
    const file = path.join(out, 'answers.jsonl');
    const watcher = watch(out, () => {
      if (existsSync(file) && readFileSync(file).filter((byte) => byte === 10).length > 1) child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.on('close', resolve));
    watcher.close();
    expect(readAudit(file).lines.length).toBeLessThan(40);
    const { code, stderr } = await runProgram(auditArgs('--out', out));
    expect(code).toBe(0);
    expect(stderr).toContain('Going on: ');
    expect(readFileSync(file).equals(readFileSync(at('whole', 'answers.jsonl')))).toBe(true);
    for (const name of ['results.json', 'results.md', 'audit.html'])
      expect(await readFile(path.join(out, name), 'utf8')).toBe(await readFile(at('whole', name), 'utf8'));
  });

  it('refuses to go on with other settings', async () => {
    const { code, stderr } = await runProgram(auditArgs('--out', at('whole'), '--seed', '2'));
    expect(code).toBe(1);
    expect(stderr).toContain('sampling.seed: 1 against 2');
  });

  it('writes the rows that need the order, and those that do not need the video, as they stand in the dataset', async () => {
    const args = ['--out', at('whole'), '--needs-order', at('data', 'order.json'), '--without-video', at('blind.json')];
    const { code } = await runProgram(auditArgs(...args));
    expect(code).toBe(0);
    const source = await readFile(at('data', 'eval.json'), 'utf8');
    const audited = readAudit(at('whole', 'answers.jsonl')).lines as AuditedLine[];
    const rowsThat = (need: 'needs order' | 'without video') =>
      audited.filter((line) => needsOf(line).includes(need)).map(({ problemId }) => Number(problemId));
    const order = await readFile(at('data', 'order.json'), 'utf8');
    const rows = JSON.parse(order) as DatasetRow[];
    expect(rows.map(({ problem_id }) => problem_id)).toEqual(rowsThat('needs order').sort((a, b) => a - b));
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every(({ family }) => family === 'first')).toBe(true);
    for (const text of order.split(/,\n(?=\{)|^\[\n|\n\]\n$/).filter((part) => part !== ''))
      expect(source).toContain(text);
    // Above the dataset's folder, paths lead to the same videos.
    const blind = JSON.parse(await readFile(at('blind.json'), 'utf8')) as DatasetRow[];
    expect(blind).toHaveLength(rowsThat('without video').length);
    for (const row of blind) expect(existsSync(path.resolve(folder, row.path))).toBe(true);
    const again = await runProgram(auditArgs(...args));
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('The file is there already');
  });
});
