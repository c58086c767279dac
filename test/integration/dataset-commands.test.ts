import { spawn } from 'node:child_process';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetReport } from '../../trainer/data/dataset-check.ts';
import { faultOf } from '../../trainer/protocol/run-state.ts';
import { program, runProgram, sampleProject, type TestClient, TrainerProcess } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
let data: string;
beforeAll(async () => {
  project = await sampleProject();
  data = path.join(project.folder, 'data');
});
afterAll(() => project?.remove());

type Row = { path: string; data_source: string; data_type: string };
const at = (name: string) => path.join(data, name);
const rowsOf = async (name: string) => JSON.parse(await readFile(at(name), 'utf8')) as Row[];
const write = (name: string, rows: readonly unknown[]) => writeFile(at(name), JSON.stringify(rows, null, 1));
const videoR1 = (...args: string[]) => runProgram(args, data);

describe('video-r1 check', () => {
  it('finds no error in the sample project, whose splits share nothing', async () => {
    const { code, stdout } = await videoR1('check', 'rl.json', '--hash', '--against', 'eval.json');
    expect(stdout).toMatch(/ 0 errors, \d+ warnings?\.\n$/);
    expect(code).toBe(0);
  });

  it('ends with 1 on an error, and on a warning where it is told to', async () => {
    const rows = (await rowsOf('rl.json')).slice(0, 3);
    await write('warned.json', [...rows, rows[0]]);
    expect((await videoR1('check', 'warned.json')).code).toBe(0);
    expect((await videoR1('check', 'warned.json', '--fail-on-warnings')).code).toBe(1);
    await write('wrong.json', [...rows, { ...rows[0], problem_id: 'gone', path: 'gone.mp4' }]);
    const wrong = await videoR1('check', 'wrong.json', '--limit', '1');
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(
      /^error media-missing, 1: .*\n {2}wrong\.json:\d+, row 4: “gone\.mp4” is not there\.\n/,
    );
    const { stdout, code } = await videoR1('check', 'wrong.json', '--json');
    const report = JSON.parse(stdout) as DatasetReport;
    expect(code).toBe(1);
    expect(report).toMatchObject({ rows: 4, sound: 3, errors: 1, findings: [{ kind: 'media-missing', row: 4 }] });
  });

  it('says what is wrong with the command line', async () => {
    expect(await videoR1('check')).toMatchObject({ code: 2, stderr: expect.stringContaining('Name one dataset') });
    expect((await videoR1('check', 'rl.json', '--limit', 'few')).code).toBe(2);
    expect(await videoR1('check', 'none.json')).toMatchObject({ code: 1, stderr: expect.stringContaining('no such') });
  });

  it('ends with 130 after Ctrl-C while it probes', async () => {
    const child = spawn(process.execPath, [program, 'check', 'rl.json', '--media'], { cwd: data });
    let stderr = '';
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      if (stderr.includes('probed') && !child.killed) child.kill('SIGINT');
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toContain('stopped');
  });
});

describe('video-r1 split', () => {
  it('writes two files that check finds sound and apart, and nothing over files that are there', async () => {
    const rows = await rowsOf('rl.json');
    await symlink(at((rows[0] as Row).path), at('linked.mp4'));
    await write('all.json', [...rows, { ...rows[0], path: 'linked.mp4' }]);
    const split = await videoR1('split', 'all.json', '--eval', '0.2', '--seed', '3');
    expect(split.stdout).toMatch(/all\.train\.json: \d+ rows\nall\.eval\.json: \d+ rows\n$/);
    expect(split.code).toBe(0);
    expect((await videoR1('check', 'all.train.json', '--against', 'all.eval.json')).code).toBe(0);
    const [train, evaluation] = [await rowsOf('all.train.json'), await rowsOf('all.eval.json')];
    expect(train.length + evaluation.length).toBe(rows.length + 1);
    const again = await videoR1('split', 'all.json', '--eval', '0.2');
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('there already') });
    expect((await videoR1('split', 'all.json')).code).toBe(2);
    expect((await videoR1('split', 'all.json', '--eval', '2')).code).toBe(2);
    await rm(at('linked.mp4'));
  });
});

describe('sourceWeights of a run file', () => {
  let trainer: TrainerProcess;
  let client: TestClient;
  beforeAll(async () => {
    trainer = await TrainerProcess.start(project.folder);
    client = await trainer.connect();
  });
  afterAll(async () => {
    client?.close();
    await trainer?.stop();
  });

  async function ended(name: string, sourceWeights: Record<string, number>) {
    const rows = (await rowsOf('sft.json')).filter((row) => row.data_type === 'video').slice(0, 6);
    await write(
      `${name}.json`,
      rows.map((row, i) =>
        i % 2 ? { ...row, data_source: 'gone', path: `gone-${i}.mp4` } : { ...row, data_source: 'kept' },
      ),
    );
    const base = JSON.parse(await readFile(path.join(project.folder, 'sft.run.json'), 'utf8')) as object;
    const file = { ...base, name, dataset: `data/${name}.json`, sourceWeights };
    await writeFile(path.join(project.folder, `${name}.run.json`), JSON.stringify(file));
    const few = { steps: 2, evaluationQuestions: 2, probeEvery: 0, questionsPerStep: 3 };
    const id = await client.create(`${name}.run.json`, few);
    await client.client.request('runs/command', { runId: id, id: 'start', command: { kind: 'start' } });
    const over = (state: string) => state === 'completed' || state === 'failed';
    return (await client.until(id, 'state', (body) => over(body.run.state))).run;
  }

  it('leaves a source of weight 0 out, and asks one that has a weight', async () => {
    expect(await ended('without', { kept: 1, gone: 0 })).toMatchObject({ state: 'completed', skipped: 0 });
    expect(await ended('with', { kept: 1, gone: 1 })).toMatchObject({ state: 'completed', skipped: 3 });
  });

  it('fails the run on a source that is not known, with the nearest', async () => {
    const run = await ended('misspelt', { kept: 1, gon: 1 });
    expect(run).toMatchObject({ state: 'failed', fault: { kind: 'bad-run-file' } });
    expect(faultOf(run)?.message).toContain('Did you mean "gone"?');
  });
});
