import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, watch } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAnswers } from '../../trainer/evaluation/answers-file.ts';
import type { EvaluationResults } from '../../trainer/evaluation/results.ts';
import { program, runProgram, sampleProject } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
let whole: string;

const at = (...names: string[]) => path.join(project.folder, ...names);
const answersOf = (folder: string) => readFileSync(path.join(folder, 'answers.jsonl'));
const evalArgs = (out: string, ...more: string[]) => [
  'eval',
  'sft',
  '--folder',
  project.folder,
  '--shuffled',
  '--set',
  'maxNewTokens=12',
  '--out',
  out,
  ...more,
];

beforeAll(async () => {
  project = await sampleProject();
  const rows = JSON.parse(await readFile(at('data', 'eval.json'), 'utf8')) as { path: string }[];
  rows[5] = { ...(rows[5] as { path: string }), path: './gone.mp4' };
  await writeFile(at('data', 'eval.json'), JSON.stringify(rows));
  const few = ['steps=2', 'questionsPerStep=2', 'evaluationQuestions=2', 'probeEvery=0'].flatMap((set) => [
    '--set',
    set,
  ]);
  const trained = await runProgram(['run', 'sft.run.json', '--folder', project.folder, ...few]);
  if (trained.code !== 0) throw new Error(trained.stderr);
  whole = at('whole');
  const { code, stdout, stderr } = await runProgram(evalArgs(whole));
  if (code !== 0) throw new Error(stderr);
  expect(stdout).toContain('frames in order against shuffled');
});
afterAll(() => project?.remove());

/** Starts an evaluation and ends it by a signal as soon as it has written answers. */
async function endedBy(signal: 'SIGKILL' | 'SIGINT', out: string): Promise<{ code: number | null; stderr: string }> {
  await mkdir(out);
  const child: ChildProcess = spawn(process.execPath, [program, ...evalArgs(out)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const file = path.join(out, 'answers.jsonl');
  const watcher = watch(out, () => {
    if (!child.killed && existsSync(file) && readFileSync(file).filter((byte) => byte === 10).length > 1)
      child.kill(signal);
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  watcher.close();
  return { code, stderr };
}

describe('video-r1 eval', () => {
  it('writes every question once, and counts and names the one whose medium is gone', async () => {
    const { lines } = readAnswers(path.join(whole, 'answers.jsonl'));
    expect(new Set(lines.map(({ row }) => row)).size).toBe(156);
    expect(lines).toHaveLength(156);
    const results = JSON.parse(await readFile(path.join(whole, 'results.json'), 'utf8')) as EvaluationResults;
    expect(results.datasets[0]?.all).toMatchObject({ count: 155, skipped: 1 });
    expect(results.datasets[0]?.unreadable).toMatchObject([{ row: 6, path: './gone.mp4' }]);
    expect(await readFile(path.join(whole, 'results.md'), 'utf8')).toContain('skipped: eval, row 6, ./gone.mp4');
  });

  it('killed in the middle goes on where it stopped, and ends with the bytes of one that never stopped', async () => {
    const out = at('killed');
    expect((await endedBy('SIGKILL', out)).code).toBeNull();
    const kept = answersOf(out);
    const asked = kept.filter((byte) => byte === 10).length - 1;
    expect(asked).toBeGreaterThanOrEqual(32);
    expect(asked).toBeLessThan(156);
    // A kill in the middle of a write leaves half a line.
    await writeFile(path.join(out, 'answers.jsonl'), kept.subarray(0, kept.length - 7));
    const { code, stderr } = await runProgram(evalArgs(out));
    expect(code).toBe(0);
    expect(stderr).toContain(`Going on: ${asked - 1} questions have been asked already.`);
    expect(answersOf(out).equals(answersOf(whole))).toBe(true);
    expect(await readFile(path.join(out, 'results.json'))).toEqual(await readFile(path.join(whole, 'results.json')));
  });

  it('ends with 130 after Ctrl-C, says how to go on, and a finished one asks nothing', async () => {
    const out = at('stopped');
    const { code, stderr } = await endedBy('SIGINT', out);
    expect(code).toBe(130);
    expect(stderr).toContain('the same command goes on');
    expect((await runProgram(evalArgs(out))).code).toBe(0);
    expect(answersOf(out).equals(answersOf(whole))).toBe(true);
    const again = await runProgram(evalArgs(out));
    expect(again.code).toBe(0);
    expect(again.stderr).not.toContain('loading the model');
  });

  it('with a limit goes on from a smaller one, refuses other settings, and begins anew with --fresh', async () => {
    const out = at('limited');
    expect((await runProgram(evalArgs(out, '--limit', '3'))).code).toBe(0);
    const more = await runProgram(evalArgs(out, '--limit', '5', '--json'));
    expect((JSON.parse(more.stdout) as EvaluationResults).datasets[0]).toMatchObject({ rows: 156, all: { count: 5 } });
    expect(answersOf(whole).subarray(0, answersOf(out).length).equals(answersOf(out))).toBe(true);
    const other = ['--limit', '3', '--frames', '4', '--seed', '2'];
    const refused = await runProgram(evalArgs(out, ...other));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('frames.maxFrames: 8 against 4');
    expect(refused.stderr).toContain('sampling.seed: 1 against 2');
    expect((await runProgram(evalArgs(out, ...other, '--fresh'))).code).toBe(0);
    expect((await readdir(out)).sort()).toContain('answers.jsonl.1');
    const compared = await runProgram(['eval', '--compare', whole, out]);
    expect(compared).toMatchObject({ code: 1, stderr: expect.stringContaining('not shown the same frames') });
  });

  it('skips prompts longer than maxPromptTokens as training does, names them, and refuses to go on with another limit', async () => {
    const out = at('short-prompts');
    const done = await runProgram(evalArgs(out, '--limit', '2', '--set', 'maxPromptTokens=5'));
    expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining('maxPromptTokens allows 5') });
    const { lines } = readAnswers(path.join(out, 'answers.jsonl'));
    expect(lines.map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped']);
    expect(done.stdout).toMatch(/skipped: eval, row \d+, .*: The prompt has \d+ tokens; maxPromptTokens allows 5\./);
    const refused = await runProgram(evalArgs(out, '--limit', '2'));
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('maxPromptTokens: 5 against 16384') });
  });

  it('answers a finished evaluation without reasoning and on reversed videos besides, and leaves its answers as they are', async () => {
    const out = at('arms');
    const few = ['--limit', '20'];
    expect((await runProgram(evalArgs(out, ...few))).code).toBe(0);
    const [answers, plain] = [answersOf(out), await readFile(path.join(out, 'results.json'), 'utf8')];
    expect(plain).not.toContain('"direct"');
    const done = await runProgram(evalArgs(out, ...few, '--direct', '--reversed'));
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('with reasoning against without') });
    expect(answersOf(out).equals(answers)).toBe(true);
    const { datasets } = (await json('arms', 'results.json')) as EvaluationResults;
    const { direct, reversed, ...rest } = datasets[0] as (typeof datasets)[number];
    expect(rest).toEqual((JSON.parse(plain) as EvaluationResults).datasets[0]);
    expect(direct).toMatchObject({ by: 'prefix' });
    expect(direct?.slices[0]).toMatchObject({ kind: 'all' });
    const { lines } = readAnswers(path.join(out, 'answers.jsonl'));
    const pairs = reversed?.slices[0]?.count ?? 0;
    expect(pairs).toBeGreaterThan(0);
    expect(pairs + (reversed?.leftOut ?? 0)).toBe(lines.length);
    expect(done.stdout).toContain(`${reversed?.leftOut} questions are left out of the pairs`);
    // Once asked they stay in the results, and nothing is asked again.
    const again = await runProgram(evalArgs(out, ...few, '--direct'));
    expect(again.stderr).not.toContain('loading the model');
    expect(again.stdout).toBe(done.stdout);
    const compared = await runProgram(['eval', '--compare', out, out, '--out', at('compared-arms')]);
    expect(compared.stdout).toMatch(/\nwithout reasoning +\d+ [\s\S]*\nclip and its reversal +\d+ /);
  });

  it('refuses reversed videos of a dataset that does not say what is right then, and leaves no folder', async () => {
    const rows = (await json('data', 'eval.json')) as Record<string, unknown>[];
    await writeFile(
      at('data', 'silent.json'),
      JSON.stringify(rows.map((row) => ({ ...row, reversed_solution: undefined }))),
    );
    const args = [
      'eval',
      'sft',
      at('data', 'silent.json'),
      '--folder',
      project.folder,
      '--reversed',
      '--out',
      at('silent'),
    ];
    const refused = await runProgram(args);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('Give the videos whose answer changes') });
    expect(refused.stderr).toContain(at('data', 'silent.json'));
    expect(existsSync(at('silent'))).toBe(false);
  });

  it('compares two evaluations, and says what is wrong with a command line', async () => {
    const idle = await runProgram(['eval', '--compare', whole, at('killed'), '--frames', '8']);
    expect(idle).toMatchObject({ code: 2, stderr: expect.stringContaining('--frames has no meaning with --compare') });
    const { code, stdout } = await runProgram(['eval', '--compare', whole, at('killed'), '--out', at('compared')]);
    expect(code).toBe(0);
    expect(stdout).toContain('155 questions that both answered');
    expect(await readFile(at('compared', 'flips.jsonl'), 'utf8')).toBe('');
    expect((await runProgram(['eval'])).code).toBe(2);
    expect((await runProgram(evalArgs(whole, '--frames', '7'))).stderr).toContain('odd');
    const unknown = await runProgram(['eval', 'nobody', '--folder', project.folder]);
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('No run called nobody') });
  });
});

const tiny = [
  'maxNewTokens=12',
  'questionsPerStep=2',
  'groupSize=2',
  'shuffledGroupSize=2',
  'evaluationQuestions=2',
].flatMap((set) => ['--set', set]);
const json = async (...names: string[]) => JSON.parse(await readFile(at(...names), 'utf8'));

describe('video-r1 ablate', () => {
  it('trains the paper’s three arms from one checkpoint, evaluates them, and does nothing of it again', async () => {
    const args = ['ablate', 'tgrpo.run.json', '--folder', project.folder, '--seeds', '4', '--limit', '4'];
    const full = [...args, '--groups', '3', ...tiny, '--set', 'steps=1'];
    const first = await runProgram(full);
    expect(first.stderr).toContain('[3/7] ablation-tgrpo-no-images-s4: training');
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/the start .*\nT-GRPO +4 .*\nGRPO +4 .*\nT-GRPO without images +4 /);
    const arm = (name: string) => json('ablation', `ablation-${name}-s4.run.json`);
    expect((await arm('tgrpo-no-images')).parameters.imageShare).toBe(0);
    expect(await arm('grpo')).toMatchObject({ method: 'grpo', seed: 4, model: (await arm('tgrpo')).model });
    const { rows, contrasts, runs } = await json('ablation', 'ablation.json');
    expect(rows.map(({ stage }: { stage: string }) => stage)).toEqual(['start', 'tgrpo', 'grpo', 'tgrpo-no-images']);
    expect(contrasts[0]).toMatchObject({ first: 'tgrpo', second: 'grpo', seeds: [4] });
    expect(runs[1].groups).toMatchObject({ groups: 3, temporalFelt: expect.any(Number) });

    const again = await runProgram(full);
    expect(again.code).toBe(0);
    expect(again.stderr).not.toContain('training');
    expect(again.stderr).not.toContain('loading the model');
    expect(again.stdout).toBe(first.stdout);
    const other = await runProgram([...args, ...tiny, '--set', 'steps=2']);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('parameters.steps: 1 against 2');
    const unknown = await runProgram([...args, '--arms', 'grpo,gspo']);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('no arm gspo; the nearest is grpo') });
  });
});
