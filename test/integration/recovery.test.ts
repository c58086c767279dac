import { truncateSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepMetrics } from '../../trainer/protocol/records.ts';
import { runProgram, sampleProject, TrainerProcess } from './trainer-process.ts';

let project: Awaited<ReturnType<typeof sampleProject>>;
beforeAll(async () => {
  project = await sampleProject();
});
afterAll(() => project?.remove());

const parameters = { steps: 8, evaluationQuestions: 4, probeEvery: 0, checkpointEvery: 3, questionsPerStep: 8 };
const numbers = (steps: readonly StepMetrics[]) =>
  steps.map(({ step, loss, gradNorm, learningRate }) => ({ step, loss, gradNorm, learningRate }));

describe('a trainer that is killed', () => {
  it('finds its run again, goes on from the last checkpoint, and ends with the numbers of a run that never stopped', async () => {
    const first = await TrainerProcess.start(project.folder);
    const before = await first.connect();
    const whole = await before.create('sft.run.json', parameters);
    await before.command(whole, { kind: 'start' });
    await before.until(whole, 'state', ({ run }) => run.state === 'completed');
    const uninterrupted = (await before.client.request('metrics/get', { runId: whole })).steps;

    const id = await before.create('sft.run.json', parameters);
    await before.command(id, { kind: 'start' });
    await before.until(id, 'step', ({ metrics }) => metrics.step === 5);
    await first.kill();

    const second = await TrainerProcess.start(project.folder);
    const after = await second.connect();
    const { runs } = await after.client.request('runs/list', {});
    const found = runs.find((run) => run.id === id);
    expect(found?.step).toBeGreaterThanOrEqual(5);
    expect(found).toMatchObject({
      state: 'paused',
      at: { point: 'after-update', step: found?.step },
      why: `the trainer ended after step ${found?.step}`,
      memory: 'released',
    });
    await after.client.request('runs/subscribe', { runId: id, since: 0 });
    expect((await after.command(id, { kind: 'resume' })).state).toBe('applied');
    await after.until(id, 'state', ({ run }) => run.state === 'completed');
    const rewound = await after.until(id, 'rewound');
    expect(rewound.toStep).toBe(3);
    const seqs = after.events.filter((event) => event.runId === id).map((event) => event.seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    const resumed = (await after.client.request('metrics/get', { runId: id })).steps;
    expect(numbers(resumed)).toEqual(numbers(uninterrupted));
    after.close();
    expect(await second.stop()).toBe(143);
  });

  it('forks a run from a checkpoint: with nothing changed the new one gives the same numbers, and the other stays', async () => {
    const trainer = await TrainerProcess.start(project.folder);
    const client = await trainer.connect();
    const id = await client.create('sft.run.json', parameters);
    await client.command(id, { kind: 'break', change: { do: 'add', condition: 'loss > 0', logOnly: true } });
    await client.command(id, { kind: 'start' });
    await client.until(id, 'state', ({ run }) => run.state === 'completed');
    const whole = (await client.client.request('metrics/get', { runId: id })).steps;
    const { run } = await client.client.request('runs/fork', { runId: id, from: 3, name: 'again', start: false });
    expect(run).toMatchObject({ name: 'again', state: 'created', step: 3, parent: { run: id, step: 3 } });
    // What it was told to look out for, of which it has hit nothing yet.
    expect(run.breakpoints?.list).toMatchObject([{ number: 1, condition: 'loss > 0', hits: 0, lastHit: null }]);
    await client.client.request('runs/subscribe', { runId: run.id, since: 0 });
    expect((await client.command(run.id, { kind: 'start' })).state).toBe('applied');
    await client.until(run.id, 'state', (event) => event.run.state === 'completed');
    const forked = (await client.client.request('metrics/get', { runId: run.id })).steps;
    expect(numbers(forked)).toEqual(numbers(whole).slice(3));
    expect(numbers((await client.client.request('metrics/get', { runId: id })).steps)).toEqual(numbers(whole));
    const { checkpoints } = await client.client.request('checkpoints/list', { runId: id });

    // A tokenizer that was cut short is found out, and the run stays as it is until somebody agrees.
    const newest = checkpoints.at(-1)?.folder as string;
    truncateSync(path.resolve(project.folder, newest, 'tokenizer.json'), 100);
    const asked = await client.client.request('runs/resumption', { runId: id, from: 6 });
    expect(asked).toMatchObject({ from: 6, steps: 2, bad: [{ step: 8 }] });
    expect(asked.asks).toMatch(/step 8 can't be used: tokenizer\.json has 100 bytes of \d+\.$/);
    expect((await client.command(id, { kind: 'resume', from: 6 })).state).toBe('failed');
    expect((await client.command(id, { kind: 'resume', from: 6, confirmed: true })).state).toBe('applied');
    const wentBack = client.events.find(({ runId, body }) => runId === id && body.type === 'rewound')?.seq as number;
    await client.until(id, 'state', (event) => event.run.state === 'completed' && event.run.seq > wentBack);
    expect(numbers((await client.client.request('metrics/get', { runId: id })).steps)).toEqual(numbers(whole));
    client.close();
    await trainer.stop();
  });

  it('makes the same weights and answers of a run that pays credit and fills flat groups', async () => {
    const first = await TrainerProcess.start(project.folder);
    const before = await first.connect();
    // Of so short an SFT some answers are right, which is what credit is paid for.
    const few = { evaluationQuestions: 1, probeEvery: 0, imageShare: 0 };
    const sft = await before.create('sft.run.json', {
      ...few,
      steps: 60,
      questionsPerStep: 12,
      learningRate: 3e-3,
      checkpointEvery: 0,
    });
    await before.command(sft, { kind: 'start' });
    await before.until(sft, 'state', ({ run }) => run.state === 'completed');

    const credited = {
      ...{ ...few, steps: 7, checkpointEvery: 2, checkpointsKept: 9, questionsPerStep: 4, groupSize: 4 },
      ...{ temporalCredit: 'both', creditLow: 0, creditHigh: 1, shuffledGroupSize: 2, advantageScale: 'none' },
      ...{ fillFlatGroups: true, maxSamplingRounds: 3 },
    };
    const whole = await before.create('tgrpo.run.json', credited);
    await before.command(whole, { kind: 'start' });
    await before.until(whole, 'state', ({ run }) => run.state === 'completed');
    const id = await before.create('tgrpo.run.json', credited);
    await before.command(id, { kind: 'start' });
    await before.until(id, 'step', ({ metrics }) => metrics.step === 5);
    await first.kill();

    const second = await TrainerProcess.start(project.folder);
    const after = await second.connect();
    await after.client.request('runs/subscribe', { runId: id, since: 0 });
    await after.command(id, { kind: 'resume' });
    await after.until(id, 'state', ({ run }) => run.state === 'completed');
    expect((await after.until(id, 'rewound')).toStep).toBe(4);
    // As they are kept: what the update computed of answers is told apart from them while it trains.
    const reader = await second.connect();
    const groupsOf = async (run: string) => {
      await reader.client.request('runs/subscribe', { runId: run, since: 0 });
      await reader.until(run, 'state', (event) => event.run.state === 'completed');
      return new Map(reader.bodies(run, 'group').map(({ group: { at: _, ...group } }) => [group.id, group]));
    };
    const groups = await groupsOf(whole);
    const paid = [...groups.values()].flatMap(({ rollouts }) => rollouts.flatMap(({ reward }) => reward.parts));
    expect(paid.some(({ name, value }) => name === 'credit' && value > 0)).toBe(true);
    expect(groups.size).toBeGreaterThan(7 * credited.questionsPerStep);
    expect(await groupsOf(id)).toEqual(groups);
    expect(await after.weights(project.folder, id)).toEqual(await after.weights(project.folder, whole));
    reader.close();
    after.close();
    await second.stop();
  }, 300_000);

  it('saves at SIGTERM, so that nothing is lost at all', async () => {
    const first = await TrainerProcess.start(project.folder);
    const before = await first.connect();
    const id = await before.create('sft.run.json', { ...parameters, checkpointEvery: 0 });
    await before.command(id, { kind: 'start' });
    await before.until(id, 'step', ({ metrics }) => metrics.step === 2);
    expect(await first.stop()).toBe(143);
    const second = await TrainerProcess.start(project.folder);
    const after = await second.connect();
    const { runs } = await after.client.request('runs/list', {});
    const found = runs.find((run) => run.id === id);
    const { checkpoints } = await after.client.request('checkpoints/list', { runId: id });
    expect(checkpoints.map((checkpoint) => checkpoint.step)).toEqual([found?.step]);
    after.close();
    await second.stop();
  });

  it('refuses a second trainer on the same folder, naming the first', async () => {
    const first = await TrainerProcess.start(project.folder);
    const { code, stderr } = await runProgram(['serve', '--folder', project.folder]);
    expect(code).toBe(1);
    expect(stderr).toContain(String(first.discovery.pid));
    await first.stop();
  });
});
