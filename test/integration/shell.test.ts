/** A run from a shell: `run --set`, `ctl` to the trainer that serves the folder, `export` afterwards. */
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program, runProgram, sampleProject, TrainerProcess } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
beforeAll(async () => {
  project = await sampleProject();
});
afterAll(() => project?.remove());

const inProject = (...args: string[]) => runProgram([...args, '--folder', project.folder]);

describe('from a shell', () => {
  it('run trains what the file says, with the parameters that --set names in either writing', async () => {
    const few = ['steps=2', 'questions_per_step=4', 'probeEvery=1', 'probe_questions=1', 'evaluation_questions=4'];
    const { code, stdout, stderr } = await inProject('run', 'sft.run.json', ...few.flatMap((pair) => ['--set', pair]));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('sft-1 completed after step 2 of 2');
    const bad = await inProject('run', 'sft.run.json', '--set', 'stesp=2');
    expect(bad.code).toBe(2);
    expect(bad.stderr).toContain('there is no parameter stesp; the nearest is steps');
    const resumed = await inProject('run', '--resume', 'sft-1', '--set', 'steps=3');
    expect(resumed.code).toBe(2);
    expect(resumed.stderr).toContain('change a run that was created with: npx video-r1 ctl set NAME VALUE');
  });

  it('ctl says that nobody serves the folder, and how to begin', async () => {
    const { code, stderr } = await inProject('ctl', 'list');
    expect(code).toBe(1);
    expect(stderr).toContain('Start one: npx video-r1 serve');
  });

  it('ctl lists runs and sends commands, each reported when it was applied or refused; export writes the flags', async () => {
    const trainer = await TrainerProcess.start(project.folder);
    try {
      expect((await inProject('ctl', 'list')).stdout).toMatch(
        /^sft-1 +\d{4}-\d\d-\d\d \d\d:\d\d +completed +step 2\/2$/m,
      );
      const set = await inProject('ctl', 'set', 'learningRate', '5e-5', '--json');
      expect({ code: set.code, command: JSON.parse(set.stdout) }).toMatchObject({
        code: 0,
        command: { state: 'applied', change: { from: 0.0015, to: 5e-5 } },
      });
      const twice = ['ctl', 'set', 'learningRate', '4e-5', '--id', 'twice', '--json'];
      const once = JSON.parse((await inProject(...twice)).stdout);
      expect(JSON.parse((await inProject(...twice)).stdout)).toEqual(once);
      expect(once.change).toEqual({ from: 5e-5, to: 4e-5 });
      const pause = await inProject('ctl', 'pause');
      expect(pause).toMatchObject({ code: 1, stdout: 'sft-1: pause rejected: the run is complete\n' });
      expect((await inProject('ctl', 'dance')).code).toBe(2);
      expect((await inProject('ctl', 'pause', '--run', 'none')).stderr).toContain('There is no run none');

      const { client } = await trainer.connect();
      const { rows } = await client.request('rollouts/list', { runId: 'sft-1', limit: 1 });
      const rolloutId = rows[0]?.id as string;
      await client.request('annotations/add', {
        runId: 'sft-1',
        annotation: {
          rolloutId,
          flag: { span: null, category: 'wrong-order', severity: 'minor', note: 'a <b> note' },
          verdict: 'drop',
        },
      });
      client.close();
    } finally {
      await trainer.stop();
    }
    const { code, stdout } = await inProject('export', 'sft-1');
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { author: 'tester', category: 'wrong-order', severity: 'minor', note: 'a <b> note' },
      { author: 'tester', category: null, verdict: 'drop' },
    ]);
    expect((await inProject('export', '../sft-1')).code).toBe(2);
  });

  it('run saves and pauses at Ctrl-C, also where two come for one key press', async () => {
    const few = ['evaluationQuestions=2', 'questionsPerStep=2', 'probeEvery=0'].flatMap((pair) => ['--set', pair]);
    const args = ['run', 'sft.run.json', '--folder', project.folder, ...few];
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (!child.killed && /step +\d+\//.test(stdout)) for (const _ of [1, 2]) child.kill('SIGINT');
    });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
    expect(stdout).toMatch(/Pausing sft-\d+ at the end of this step; Ctrl-C again ends at once\./);
    expect(stdout).not.toContain('Ended at once');
    const [, id, step] = /(sft-\d+) paused after step (\d+) of/.exec(stdout) ?? [];
    const saved = path.join(project.folder, '.video-r1', 'runs', `${id}`, 'checkpoints');
    expect(await readdir(saved)).toContain(`step-${step?.padStart(6, '0')}`);
  });
});
