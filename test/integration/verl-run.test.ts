/**
 * A run on the engine verl, two ranks on the CPU, through the trainer's own commands: what a pause, a dead rank and a dead trainer leave of
 * it, and that it ends as one to which nothing was done.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { computedOf, type RunEvent } from '../../trainer/protocol/records.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { findVerl } from '../fidelity/verl.ts';
import { runProgram, sampleProject, type TestClient, TrainerProcess } from './trainer-process.ts';

const found = findVerl();
if (found.python === null) process.stdout.write(`Skipped, runs on the engine verl: ${found.reason}.\n`);
const isLinux = process.platform === 'linux';
if (!isLinux) process.stdout.write('Skipped, runs on the engine verl: its processes are found in /proc.\n');

const patienceMs = 120_000;
const waiting = { timeout: patienceMs, interval: 100 };

/** Processes of the gateway under a trainer, those started last at the end. */
function gatewayUnder(pid: number): number[] {
  const parents = readdirSync('/proc').flatMap((name): (readonly [number, number])[] => {
    try {
      const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
      return /^\d+$/.test(name) && parent !== undefined ? [[Number(name), Number(parent)]] : [];
    } catch {
      return [];
    }
  });
  const below = (of: number): number[] =>
    parents.filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...below(child)]);
  return below(pid)
    .filter((child) => /video_r1_gateway/.test(commandOf(child)) && !/torch\.distributed\.run/.test(commandOf(child)))
    .sort((a, b) => a - b);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

describe.skipIf(found.python === null || !isLinux)('a run on two ranks', () => {
  const engine = { name: 'verl', device: 'cpu', ranks: 2, python: found.python };
  const parameters = {
    ...{
      steps: 4,
      questionsPerStep: 2,
      groupSize: 3,
      shuffledGroupSize: 2,
      maxNewTokens: 12,
      checkpointEvery: 1,
      checkpointsKept: 9,
    },
    ...{ skipFlatGroups: false, evaluateEvery: 0, evaluationQuestions: 4, temporalCredit: 'both' },
  };
  let project: Awaited<ReturnType<typeof sampleProject>>;
  let trainer: TrainerProcess;
  let client: TestClient;
  let straight = '';

  const start = async () => {
    trainer = await TrainerProcess.start(project.folder, [], undefined, { OMP_NUM_THREADS: '1' });
    client = await trainer.connect();
  };
  const created = async (runFile = 'tgrpo.run.json', given: object = parameters): Promise<string> => {
    const { run } = await client.client.request('runs/create', {
      ...{ runFile, parameters: { ...given }, engine, start: false },
    });
    await client.client.request('runs/subscribe', { runId: run.id, since: 0 });
    return run.id;
  };
  /** Fails with what was wrong where the run comes to rest otherwise. */
  const completed = async (id: string) => {
    const { run } = await client.until(id, 'state', ({ run: now }) => ['completed', 'failed'].includes(now.state));
    expect(run).toMatchObject({ state: 'completed' });
  };
  /** The first event of a run behind those that were there already. */
  const next = <T extends RunEvent['body']['type']>(
    id: string,
    type: T,
    seen: number,
    fits: (body: Extract<RunEvent['body'], { type: T }>) => boolean,
  ) =>
    vi.waitUntil(() => {
      const bodies = client.events.slice(seen).flatMap(({ runId, body }) => (runId === id ? [body] : []));
      return bodies.find(
        (body): body is Extract<RunEvent['body'], { type: T }> => body.type === type && fits(body as never),
      );
    }, waiting);
  /** Kills a rank. @returns the run, once it is paused and its engine gone */
  const pausedByDeath = async (id: string) => {
    const seen = client.events.length;
    process.kill(gatewayUnder(trainer.discovery.pid).at(-1) as number, 'SIGKILL');
    const isPaused = ({ run }: { run: RunSummary }) => run.state === 'paused' && run.memory === 'released';
    const { run } = await next(id, 'state', seen, isPaused);
    await vi.waitUntil(() => gatewayUnder(trainer.discovery.pid).length === 0, waiting);
    return run as Extract<RunSummary, { state: 'paused' }>;
  };
  /** Steps, answers with their tokens, and weights. */
  const made = (id: string) => {
    const folder = path.join(project.folder, '.video-r1', 'runs', id);
    const store = RunStore.open(folder);
    try {
      return {
        steps: store.metrics().map(computedOf),
        answers: [...store.groups()].flatMap(({ rollouts }) =>
          rollouts.map((one) => [
            one.id,
            one.text,
            one.reward.total,
            one.advantage,
            store.heldTokens(one.id)?.logprobs,
          ]),
        ),
        weights: readFileSync(path.join(folder, 'checkpoints', 'step-000004', 'model.safetensors')).toString('base64'),
      };
    } finally {
      store.dispose();
    }
  };
  const asStraight = (id: string) => {
    const [own, other] = [made(straight), made(id)];
    expect(other.steps).toEqual(own.steps);
    expect(other.answers).toEqual(own.answers);
    expect(other.weights === own.weights).toBe(true);
  };

  beforeAll(async () => {
    project = await sampleProject();
    await start();
    // T-GRPO begins with its newest checkpoint.
    const sft = await created('sft.run.json', { ...parameters, steps: 2, probeEvery: 2, probeQuestions: 2 });
    await client.command(sft, { kind: 'start' });
    await completed(sft);
    straight = await created();
    await client.command(straight, { kind: 'start' });
    await completed(straight);
  }, 300_000);

  afterEach(() => expect(gatewayUnder(trainer.discovery.pid)).toEqual([]));

  afterAll(async () => {
    client?.close();
    await trainer?.stop();
    await project?.remove();
  });

  it('says on what it computes and what each rank takes, and that a seed holds for a batch', async () => {
    const { runs } = await client.client.request('runs/list', {});
    const run = runs.find(({ id }) => id === straight);
    expect(run?.engine).toMatchObject({
      ...{ name: 'verl', ranks: 2, devices: [{ name: 'CPU', memoryBytes: null }] },
      capabilities: { seeds: 'same batch', samplerIsTrainer: true, exactKl: false },
    });
    const { steps } = await client.client.request('metrics/get', { runId: straight });
    expect(steps.map(({ rankBytes }) => rankBytes?.length)).toEqual([2, 2, 2, 2]);
    expect(steps.every(({ mismatch }) => mismatch === undefined)).toBe(true);
  });

  it('takes another learning rate at one step on all ranks', async () => {
    const id = await created();
    await client.command(id, { kind: 'run-to', point: 'before-step', step: 3 });
    await client.until(id, 'state', ({ run }) => run.state === 'paused');
    await client.command(id, { kind: 'set', parameter: 'learningRate', value: 0 });
    await client.command(id, { kind: 'resume' });
    await completed(id);
    const rates = (of: string) => made(of).steps.map(({ learningRate }) => learningRate);
    expect(rates(id)).toEqual([...rates(straight).slice(0, 2), 0, 0]);
    const weightsAt = (step: number) =>
      readFileSync(path.join(project.folder, `.video-r1/runs/${id}/checkpoints/step-00000${step}/model.safetensors`));
    expect(weightsAt(4).equals(weightsAt(2))).toBe(true);
    expect(weightsAt(2).equals(weightsAt(1))).toBe(false);
  });

  it('pauses with the log where a rank dies, computing or not, leaves no process where its trainer does, and ends as if nothing had been', async () => {
    const id = await created();
    await client.command(id, { kind: 'start' });
    await client.until(id, 'checkpoint', ({ checkpoint }) => checkpoint.step === 1);
    expect((await pausedByDeath(id)).fault).toMatchObject({ kind: 'engine-failed' });

    // In another engine, which is told at once while the run stands still.
    const runTo = await client.command(id, { kind: 'run-to', point: 'before-update', step: 3 });
    expect(runTo.state).toBe('applied');
    await client.until(id, 'state', ({ run }) => run.state === 'paused' && run.at.point === 'before-update');
    const run = await pausedByDeath(id);
    expect(run).toMatchObject({ step: 2, fault: { kind: 'engine-failed' } });
    expect(run.fault?.log?.length).toBeGreaterThan(1);

    const seen = client.events.length;
    await client.command(id, { kind: 'resume' });
    await next(id, 'checkpoint', seen, ({ checkpoint }) => checkpoint.step === 3);
    const gateway = gatewayUnder(trainer.discovery.pid);
    expect(gateway.length).toBeGreaterThanOrEqual(2);
    await trainer.kill();
    await vi.waitUntil(() => gateway.every((pid) => commandOf(pid) === ''), waiting);
    await start();
    await client.client.request('runs/subscribe', { runId: id, since: 0 });
    await client.command(id, { kind: 'resume' });
    await completed(id);
    asStraight(id);
  });

  it('goes on on one rank where no more is left, and is done again by its log', async () => {
    const id = await created();
    await client.command(id, { kind: 'step', count: 2 });
    await client.until(id, 'state', ({ run }) => run.state === 'paused');
    await client.command(id, { kind: 'pause', release: true });
    await client.until(id, 'state', ({ run }) => run.state === 'paused' && run.memory === 'released');
    client.close();
    await trainer.stop();
    try {
      const gone = await runProgram(['run', '--resume', id, '--folder', project.folder, '--engine', 'ranks=1']);
      expect(gone.stdout + gone.stderr).toContain(`${id} completed after step 4 of 4`);
      const again = await runProgram(['replay', straight, '--folder', project.folder]);
      expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('no difference')]);
    } finally {
      await start();
    }
    expect(made(id).steps.map(({ learningRate }) => learningRate)).toEqual(
      made(straight).steps.map(({ learningRate }) => learningRate),
    );
  });
});
