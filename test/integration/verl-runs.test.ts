/**
 * Runs on the verl engine, its ranks processes of their own: two ranks make what one makes; a rank or the trainer that is killed
 * leaves nothing behind, and the run goes on to the same rollouts and weights.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Engine, ModelHandle } from '../../trainer/engines/engine.ts';
import { newModelFolder } from '../../trainer/engines/new-model-folder.ts';
import { gatewayConfig } from '../../trainer/engines/verl/gateway-process.ts';
import { engineSettings, type VerlSettings } from '../../trainer/protocol/runfile.ts';
import { rows, sampleAll, tinySize, tinyStep, tinyTexts } from '../engines/tfjs/tiny.ts';
import { verlEngine } from '../engines/verl/start.ts';
import { readTensors } from '../engines/verl/tensors.ts';
import { findVerl } from '../fidelity/verl.ts';
import { kept, smallProject } from './small-project.ts';
import { type TestClient, TrainerProcess } from './trainer-process.ts';

const found = findVerl();
if (found.python === null) process.stdout.write(`Skipped, runs on the verl engine: ${found.reason}.\n`);

const waiting = { timeout: 60_000, interval: 100 };

/** Processes of this machine: what each was started as, and by whom. */
function processes(): { pid: number; parent: number; command: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'latin1')) ?? [];
      return [{ pid: Number(name), parent: Number(parent), command }];
    } catch {
      return [];
    }
  });
}

/** Those of the gateway below a process: its launcher first. */
function gatewayBelow(pid: number): number[] {
  const all = processes();
  const below = all.filter(({ parent, command }) => parent === pid && command.includes('video_r1_gateway'));
  return below.flatMap((one) => [one.pid, ...gatewayBelow(one.pid)]);
}

const isThere = (pid: number): boolean => processes().some((one) => one.pid === pid);

describe.skipIf(found.python === null)('one model on several ranks', () => {
  const open: Engine[] = [];
  let start: string;
  let scratch: string;
  let one: Awaited<ReturnType<typeof trained>>;

  beforeAll(async () => {
    start = await newModelFolder({ kind: 'new', size: tinySize, seed: 3, texts: tinyTexts }, '5.18');
    scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-ranks-'));
    one = await trained({ ranks: 1 });
  }, 400_000);
  afterEach(async () => {
    for (const engine of open.splice(0)) await engine.dispose();
  });
  afterAll(async () => {
    for (const folder of [start, scratch]) if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** Three steps of SFT, and answers that the model then gives. */
  async function trained(settings: Partial<VerlSettings>) {
    const engine = await verlEngine(settings);
    open.push(engine);
    const policy = await engine.createModel({ kind: 'folder', folder: start, optimizer: false }, 'policy');
    const made: number[] = [];
    for (let step = 0; step < 3; step++) {
      const { loss } = await engine.forwardBackward(policy, {
        ...{ kind: 'cross-entropy', sequences: rows(), promptTokens: step === 1 },
      });
      const { gradNorm } = await engine.optimStep(policy, { ...tinyStep, learningRate: 1e-3, epsilon: 1e-6 });
      made.push(loss, gradNorm);
    }
    return { made, weights: await weightsOf(engine, policy), answers: await answersOf(engine, policy) };
  }

  async function weightsOf(engine: Engine, policy: ModelHandle) {
    const folder = await mkdtemp(path.join(scratch, 'saved-'));
    await engine.saveState(policy, folder);
    return readTensors(folder);
  }

  const answersOf = async (engine: Engine, policy: ModelHandle) => {
    const written = (prompts: Parameters<typeof sampleAll>[2]) =>
      sampleAll(engine, policy, prompts, { maxTokens: 12, temperature: 0.9, topP: 0.95 });
    const several = rows().map(({ prompt }, i) => ({ prompt, seeds: [i, i + 100, i + 200] }));
    // One answer leaves the other ranks none.
    const alone = several.slice(0, 1).map(({ prompt }) => ({ prompt, seeds: [7] }));
    return [...(await written(several)), ...(await written(alone))].map((answers) =>
      answers.map(({ tokens }) => [...tokens]),
    );
  };

  test.each<[string, Partial<VerlSettings>]>([
    ['two ranks', { ranks: 2 }],
    ['two ranks, in parts of a few answers', { ranks: 2, microBatchTokens: 64, sampleTokens: 128 }],
    ['two workers of a Ray cluster', { mode: 'ray', ranks: 2 }],
  ])('%s make what one makes', { timeout: 400_000 }, async (_, settings) => {
    const many = await trained(settings);
    many.made.forEach((value, i) => {
      expect(Math.abs(value - (one.made[i] as number))).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
    });
    let furthest = 0;
    for (const [name, values] of one.weights)
      values.forEach((value, i) => {
        furthest = Math.max(furthest, Math.abs(value - (many.weights.get(name)?.[i] ?? Number.NaN)));
      });
    expect(furthest).toBeLessThan(1e-5);
    expect(many.answers).toEqual(one.answers);
  });

  test('verl takes what the settings for GPUs become of its configuration', { timeout: 120_000 }, () => {
    const gpus = { name: 'verl', device: 'cuda', ranks: 8 };
    const settings = [
      gpus,
      { ...gpus, offload: true },
      { ...gpus, lora: { rank: 16, alpha: 32 }, freezeVision: true },
      { ...gpus, mode: 'ray', sampler: 'vllm', tensorParallel: 2, samplerMemory: 0.4 },
      {
        ...gpus,
        mode: 'ray',
        ranks: 16,
        nodes: 2,
        sampler: 'vllm',
        lora: { rank: 8, alpha: 16 },
        precision: 'float32',
      },
    ].map((one) => gatewayConfig(engineSettings.parse(one) as VerlSettings));
    const script = path.resolve(import.meta.dirname, '../fidelity/verl_configurations.py');
    const said = execFileSync(found.python as string, [script, start], {
      ...{ input: JSON.stringify(settings), encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] },
    });
    const plain = { strategy: 'fsdp2', weights: 'float32', gradients: 'fp32', 'computed in': 'bf16', offload: false };
    expect(JSON.parse(said.trim().split('\n').at(-1) as string)).toMatchObject([
      { ...plain, lora: [0, 16], checkpointing: true },
      { ...plain, offload: true },
      { ...plain, lora: [16, 32], 'left out of lora': '.*visual.*' },
      {
        ...plain,
        vllm: {
          'tensor parallel': 2,
          memory: 0.4,
          'log-probabilities': 'raw_logprobs',
          'gpus a node': 8,
          merged: false,
        },
      },
      { ...plain, 'computed in': 'fp32', vllm: { 'gpus a node': 8, dtype: 'float32', merged: true } },
    ]);
  });
});

describe.skipIf(found.python === null)('runs on two ranks', () => {
  let project: string;
  let trainer: TrainerProcess | null = null;

  beforeAll(async () => {
    process.env.OMP_NUM_THREADS = '1';
    const engine = { name: 'verl', device: 'cpu', ranks: 2, python: found.python, gradientCheckpointing: false };
    project = await smallProject(engine);
    const sft = JSON.parse(readFileSync(path.join(project, 'sft.run.json'), 'utf8'));
    sft.parameters = { ...sft.parameters, steps: 4, checkpointEvery: 2, probeEvery: 0, evaluationQuestions: 0 };
    writeFileSync(path.join(project, 'sft.run.json'), JSON.stringify(sft));
    const grpo = {
      ...{ ...sft, name: 'tgrpo', method: 'tgrpo', model: { run: 'sft' } },
      parameters: { ...sft.parameters, steps: 6, groupSize: 3, skipFlatGroups: false, maxNewTokens: 16 },
    };
    writeFileSync(path.join(project, 'tgrpo.run.json'), JSON.stringify(grpo));
  }, 120_000);
  afterEach(async () => {
    await trainer?.stop();
    trainer = null;
  });
  afterAll(async () => {
    if (project) await rm(project, { recursive: true, force: true, maxRetries: 5 });
  });

  const connected = async (): Promise<TestClient> => {
    trainer = await TrainerProcess.start(project);
    return trainer.connect();
  };
  const begun = async (client: TestClient, runFile: string): Promise<string> => {
    const id = await client.create(runFile, {});
    expect(await client.command(id, { kind: 'start' })).toMatchObject({ state: 'applied' });
    return id;
  };
  const completed = (client: TestClient, id: string) =>
    client.until(id, 'state', ({ run }) => run.state === 'completed' || run.state === 'failed');
  const weightsOf = async (client: TestClient, id: string) => {
    const { checkpoints } = await client.client.request('checkpoints/list', { runId: id });
    return readTensors(path.resolve(project, checkpoints.at(-1)?.folder ?? ''));
  };

  let straight: { id: string; weights: Awaited<ReturnType<typeof weightsOf>> };

  test('SFT and T-GRPO; a pause and a parameter take effect at one step on all ranks', {
    timeout: 400_000,
  }, async () => {
    const client = await connected();
    const sft = await begun(client, 'sft.run.json');
    expect((await completed(client, sft)).run).toMatchObject({ state: 'completed' });
    const id = await begun(client, 'tgrpo.run.json');
    expect((await completed(client, id)).run).toMatchObject({ state: 'completed' });
    straight = { id, weights: await weightsOf(client, id) };
    expect(kept(project, id).steps.map(({ loss }) => loss)).not.toContain(null);
    const steered = await begun(client, 'tgrpo.run.json');
    expect(await client.command(steered, { kind: 'pause', release: false })).toMatchObject({ state: 'applied' });
    const set = await client.command(steered, { kind: 'set', parameter: 'learningRate', value: 0 });
    expect(set).toMatchObject({ state: 'applied' });
    expect(await client.command(steered, { kind: 'resume' })).toMatchObject({ state: 'applied' });
    await completed(client, steered);
    const { steps } = kept(project, steered);
    expect(steps.at(-1)?.learningRate).toBe(0);
    client.close();
  });

  test('a rank that is killed pauses the run with its log; it goes on to what it would have made', {
    timeout: 400_000,
  }, async () => {
    const client = await connected();
    const id = await begun(client, 'tgrpo.run.json');
    await client.until(id, 'step', ({ metrics }) => metrics.step === 3);
    const gateway = gatewayBelow(trainer?.discovery.pid ?? 0);
    // The launcher, then its ranks.
    expect(gateway).toHaveLength(3);
    process.kill(gateway[2] as number, 'SIGKILL');
    const { run } = await client.until(id, 'state', (body) => body.run.state === 'paused');
    expect(JSON.stringify(run)).toContain('gateway');
    await vi.waitUntil(() => !gateway.some(isThere), waiting);
    expect(await client.command(id, { kind: 'resume' })).toMatchObject({ state: 'applied' });
    expect((await completed(client, id)).run).toMatchObject({ state: 'completed' });
    expect(kept(project, id)).toEqual(kept(project, straight.id));
    expect(await weightsOf(client, id)).toEqual(straight.weights);
    client.close();
  });

  test('a trainer that is killed leaves no process; the run goes on as without it', { timeout: 400_000 }, async () => {
    const client = await connected();
    const id = await begun(client, 'tgrpo.run.json');
    await client.until(id, 'step', ({ metrics }) => metrics.step === 3);
    const gateway = gatewayBelow(trainer?.discovery.pid ?? 0);
    expect(gateway).toHaveLength(3);
    await trainer?.kill();
    await vi.waitUntil(() => !gateway.some(isThere), waiting);
    const after = await connected();
    await after.client.request('runs/subscribe', { runId: id, since: 0 });
    expect(await after.command(id, { kind: 'resume' })).toMatchObject({ state: 'applied' });
    expect((await completed(after, id)).run).toMatchObject({ state: 'completed' });
    expect(kept(project, id)).toEqual(kept(project, straight.id));
    expect(await weightsOf(after, id)).toEqual(straight.weights);
    after.close();
  });
});
