/** `video-r1 run` and `ctl` beside a trainer that another window started: one run computes, others are refused or queued. */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { program, runProgram, sampleProject, TrainerProcess } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
let trainer: TrainerProcess;
beforeAll(async () => {
  project = await sampleProject();
  trainer = await TrainerProcess.start(project.folder);
});
afterAll(async () => {
  await trainer.stop();
  await project.remove();
});

const few = ['evaluationQuestions=2', 'questionsPerStep=2', 'probeEvery=0'].flatMap((pair) => ['--set', pair]);
const run = (...args: string[]) => ['run', ...args, '--folder', project.folder];
const ctl = (...args: string[]) => runProgram(['ctl', ...args, '--folder', project.folder]);

/** A `run` of its own process, and what it says. */
function started(args: readonly string[]) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  let look = () => {};
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    look();
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const until = async (pattern: RegExp) => {
    while (!pattern.test(said))
      await new Promise<void>((resolve) => {
        look = resolve;
      });
  };
  return { child, ended, until, said: () => said };
}

it('trains there, refuses or queues beside what computes, and ends only what it was asked to', async () => {
  const first = started(run('sft.run.json', ...few));
  await first.until(/step +\d+\/450/);
  expect(first.said()).toContain('Another window or shell has started the trainer');

  const refused = await runProgram(run('sft.run.json'));
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/sft-1 is running.*--queue.*--pause-other/s);
  expect((await ctl('list')).stdout).not.toContain('sft-2');

  const second = started(run('sft.run.json', '--queue', '--set', 'steps=2', ...few));
  await second.until(/sft-2 is queued: 1 of 1, while sft-1 is running/);
  expect((await ctl('list')).stdout).toMatch(/sft-2 .* queued +step 0\/2 +1 of 1, while sft-1 is running/);

  // Ctrl-C pauses that one run; the pause holds the queue, and the trainer lives.
  first.child.kill('SIGINT');
  expect(await first.ended).toBe(130);
  expect(first.said()).toMatch(/Pausing sft-1 .*\n(.*\n)*sft-1 paused after step \d+ of 450/);
  expect((await ctl('stop', '--run', 'sft-1')).stdout).toContain('stop applied');
  expect(await second.ended).toBe(0);
  expect(second.said()).toContain('sft-2 completed after step 2 of 2');

  const third = started(run('sft.run.json', ...few));
  await third.until(/step +\d+\/450/);
  const fourth = started(run('sft.run.json', '--pause-other', '--set', 'steps=2', ...few));
  expect(await fourth.ended).toBe(0);
  expect(fourth.said()).toMatch(/Pausing sft-3.*sft-3 is paused.*sft-4 completed/s);
  expect(await third.ended).toBe(130);
  expect(third.said()).toContain('pause applied');
});
