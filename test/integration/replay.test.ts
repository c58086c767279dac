/** `video-r1 replay` on the embedded engine: bit for bit what a run was that was steered, killed and taken up again. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runProgram, sampleProject, TrainerProcess } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
beforeAll(async () => {
  project = await sampleProject();
});
afterAll(() => project?.remove());

const few = { evaluationQuestions: 2, probeEvery: 0, checkpointEvery: 2, questionsPerStep: 4 };
const replay = (...args: string[]) => runProgram(['replay', ...args, '--folder', project.folder]);

it('does SFT and T-GRPO again, through a parameter, a save, a kill and a fork, and finds no difference but a planted one', async () => {
  const first = await TrainerProcess.start(project.folder);
  const before = await first.connect();
  const sft = await before.create('sft.run.json', { ...few, steps: 5, probeEvery: 2 });
  await before.command(sft, { kind: 'run-to', point: 'before-step', step: 2 });
  await before.until(sft, 'state', ({ run }) => run.state === 'paused');
  expect((await before.command(sft, { kind: 'set', parameter: 'learningRate', value: 1e-3 })).state).toBe('applied');
  await before.command(sft, { kind: 'resume' });
  await before.until(sft, 'step', ({ metrics }) => metrics.step === 3);
  await first.kill();

  const second = await TrainerProcess.start(project.folder);
  const after = await second.connect();
  await after.client.request('runs/subscribe', { runId: sft, since: 0 });
  expect((await after.command(sft, { kind: 'resume' })).state).toBe('applied');
  await after.until(sft, 'state', ({ run }) => run.state === 'completed');
  const tgrpo = await after.create('tgrpo.run.json', { ...few, steps: 3, groupSize: 2, shuffledGroupSize: 1 });
  await after.command(tgrpo, { kind: 'run-to', point: 'before-update', step: 2 });
  await after.until(tgrpo, 'state', ({ run }) => run.state === 'paused');
  expect((await after.command(tgrpo, { kind: 'evaluate' })).state).toBe('applied');
  await after.command(tgrpo, { kind: 'resume' });
  await after.until(tgrpo, 'state', ({ run }) => run.state === 'completed');
  const { run: fork } = await after.client.request('runs/fork', { runId: tgrpo, from: 2, start: false });
  await after.client.request('runs/subscribe', { runId: fork.id, since: 0 });
  await after.command(fork.id, { kind: 'start' });
  await after.until(fork.id, 'state', ({ run }) => run.state === 'completed');
  after.close();
  await second.stop();

  for (const [run, steps] of [
    [sft, 5],
    [tgrpo, 3],
    [fork.id, 1],
  ] as const) {
    const { code, stdout, stderr } = await replay(run);
    expect({ code, stderr: stderr.includes('Error'), stdout }).toMatchObject({ code: 0, stderr: false });
    expect(stdout).toMatch(new RegExp(`^${run}: no difference\\. ([${steps}-9]|\\d\\d) steps?, `));
  }

  // A plan that somebody has changed since: the order of questions is another one.
  const plan = path.join(project.folder, '.video-r1', 'runs', tgrpo, 'plan.json');
  await writeFile(plan, (await readFile(plan, 'utf8')).replace('"seed": 1', '"seed": 2'));
  const { code, stdout } = await replay(tgrpo, '--json');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ difference: { step: expect.any(Number), what: expect.any(String) } });
  expect((await replay(tgrpo, '--keep')).stdout).toMatch(
    /differs first in step \d: .+\n {2}recorded .+\n {2}replayed .+\n[\s\S]+video-r1 open /,
  );
}, 400_000);
