/** Two ranks, of one machine or of a Ray cluster, make what one makes; and verl takes what settings for GPUs become of its configuration. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, ModelHandle } from '../../trainer/engines/engine.ts';
import { newModelFolder } from '../../trainer/engines/new-model-folder.ts';
import { gatewayConfig } from '../../trainer/engines/verl/gateway-process.ts';
import { engineSettings, type VerlSettings } from '../../trainer/protocol/runfile.ts';
import { rows, sampleAll, tinySize, tinyStep, tinyTexts } from '../engines/tfjs/tiny.ts';
import { verlEngine } from '../engines/verl/start.ts';
import { readTensors } from '../engines/verl/tensors.ts';
import { findVerl } from '../fidelity/verl.ts';

const found = findVerl();
if (found.python === null) process.stdout.write(`Skipped, one model on several ranks: ${found.reason}.\n`);

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
      sampleAll(engine, policy, prompts, { maxTokens: 12, temperature: 0.9 });
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
