/**
 * The verl engine computes what the embedded one does: both load the same tiny checkpoint, and for 20 prompts (text, image, video;
 * ordered and shuffled) give the same log-probabilities, entropies, losses, KL, gradient norms and weights after three steps.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type {
  Engine,
  Frames,
  ModelHandle,
  OptimStep,
  PolicySequence,
  Prompt,
  Sequence,
  TrainingLoss,
} from '../../trainer/engines/engine.ts';
import { newModelFolder } from '../../trainer/engines/new-model-folder.ts';
import { createTfjsEngine } from '../../trainer/engines/tfjs/engine.ts';
import { uniform } from '../../trainer/engines/tfjs/model/random.ts';
import { positionGenerations } from '../../trainer/protocol/runfile.ts';
import { question, tinySize, tinyTexts, videoPrompt } from '../engines/tfjs/tiny.ts';
import { type StandingGateway, standingGateway, verlEngine } from '../engines/verl/start.ts';
import { readTensors } from '../engines/verl/tensors.ts';
import { findVerl } from '../fidelity/verl.ts';

const found = findVerl();
if (found.python === null) process.stdout.write(`Skipped, verl beside the embedded engine: ${found.reason}.\n`);

/** Frames of noise, so that every patch tells. */
function noise(seed: number, count: number, width: number, height: number): Frames {
  const pixels = Uint8Array.from({ length: count * width * height * 3 }, (_, i) => Math.floor(256 * uniform(seed, i)));
  return { key: `noise ${seed}`, width, height, count, pixels, place: null, sampleFps: 1.5 };
}

const shuffled = [3, 0, 5, 1, 4, 2];
const turn = (prompt: Prompt): Prompt => [...prompt.slice(0, -1), { kind: 'text', text: '\nassistant\n' }];
const textPrompt = (text: string): Prompt =>
  videoPrompt(noise(0, 2, 28, 28), text).filter(({ kind }) => kind !== 'video');

/** 20: 4 of text, 4 images, 6 videos in order and the same 6 shuffled. */
const prompts: readonly Prompt[] = [
  ...Array.from({ length: 4 }, (_, i) => textPrompt(`${question} ${i}`)),
  ...Array.from({ length: 4 }, (_, i) =>
    videoPrompt(noise(10 + i, 1, 28 * (1 + i), 56), question).map((chunk) =>
      chunk.kind === 'video' ? { kind: 'image' as const, frames: chunk.frames } : chunk,
    ),
  ),
  ...Array.from({ length: 6 }, (_, i) => noise(20 + i, 6, 56, 28 * (1 + (i % 3)))).flatMap((frames) => [
    videoPrompt(frames, question),
    videoPrompt(frames, question, shuffled),
  ]),
].map(turn);

/** Answers of 4 to 15 tokens that are no words. */
const sequences: readonly Sequence[] = prompts.map((prompt, i) => ({
  prompt,
  answer: { tokens: Int32Array.from({ length: 4 + (i % 12) }, (_, k) => 10 + Math.floor(250 * uniform(900 + i, k))) },
}));

const step: OptimStep = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.01,
  gradClipNorm: 1,
};
const steps = 3;

const largest = (a: Float32Array, b: Float32Array): number =>
  a.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))),
    a.length === b.length ? 0 : Infinity,
  );
const joined = (parts: readonly Float32Array[]): Float32Array => Float32Array.from(parts.flatMap((part) => [...part]));
const relative = (a: number, b: number): number => Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b), 1e-12);

interface Side {
  readonly engine: Engine;
  readonly policy: ModelHandle;
  readonly reference: ModelHandle;
}

describe.skipIf(found.python === null)('verl beside the embedded engine', () => {
  let scratch: string;
  let start: string;
  let other: string;
  let gateway: StandingGateway;
  const open: Engine[] = [];

  beforeAll(async () => {
    gateway = await standingGateway();
    scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-parity-'));
    start = await newModelFolder({ kind: 'new', size: tinySize, seed: 1, texts: tinyTexts }, '5.18');
    other = await newModelFolder({ kind: 'new', size: tinySize, seed: 2, texts: tinyTexts }, '5.18');
  }, 120_000);

  afterEach(async () => {
    for (const engine of open.splice(0)) await engine.dispose();
  });

  afterAll(async () => {
    await gateway?.end();
    for (const folder of [scratch, start, other]) if (folder) await rm(folder, { recursive: true, force: true });
  });

  const side = async (engine: Engine): Promise<Side> => {
    open.push(engine);
    const policy = await engine.createModel({ kind: 'folder', folder: start, optimizer: false }, 'policy');
    const reference = await engine.createModel({ kind: 'folder', folder: other, optimizer: false }, 'reference');
    return { engine, policy, reference };
  };

  const logprobs = async ({ engine }: Side, model: ModelHandle): Promise<Float32Array[]> =>
    (await engine.forward(model, sequences)).map((scored) => scored.logprobs);

  /** The policy loss of both is made of the same numbers: those of the embedded engine. */
  const policyLoss = (old: readonly Float32Array[], references: readonly Float32Array[] | null): TrainingLoss => ({
    kind: 'policy',
    sequences: sequences.map(
      ({ prompt, answer }, i): PolicySequence => ({
        prompt,
        answer: answer as PolicySequence['answer'],
        advantage: Math.sin(i),
        oldLogprobs: (old[i] as Float32Array).map((value, k) => value + 0.3 * (uniform(70 + i, k) - 0.5)),
        refLogprobs: references?.[i] ?? null,
      }),
    ),
    clip: { low: 0.1, high: 0.15 },
    beta: 0.04,
    mean: 'answer',
  });

  const weights = async ({ engine, policy }: Side): Promise<ReadonlyMap<string, Float32Array>> => {
    const folder = await mkdtemp(path.join(scratch, 'saved-'));
    await engine.saveState(policy, folder);
    return readTensors(folder);
  };

  test.each(positionGenerations)('positions of %s', { timeout: 300_000 }, async (mropePositions) => {
    const tfjs = await side(await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 2, mropePositions }));
    const verl = await side(await verlEngine({ attach: gateway.attach, mropePositions }));
    const own = await tfjs.engine.forward(tfjs.policy, sequences, { entropy: true });
    const theirs = await verl.engine.forward(verl.policy, sequences, { entropy: true });
    expect(largest(joined(own.map((one) => one.logprobs)), joined(theirs.map((one) => one.logprobs)))).toBeLessThan(
      1e-4,
    );
    const entropies = (scored: typeof own) => joined(scored.map(({ entropy }) => entropy ?? new Float32Array()));
    expect(largest(entropies(own), entropies(theirs))).toBeLessThan(1e-4);
    const rendered = await Promise.all(prompts.map((prompt) => verl.engine.render(verl.policy, prompt)));
    expect(rendered.some(({ visionTokens }) => visionTokens > 0)).toBe(true);
  });

  test('losses, KL, gradient norms, and weights after three steps', { timeout: 300_000 }, async () => {
    const tfjs = await side(await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 2 }));
    const verl = await side(await verlEngine({ attach: gateway.attach }));
    const sides = [tfjs, verl] as const;
    const old = await logprobs(tfjs, tfjs.policy);
    const references = await logprobs(tfjs, tfjs.reference);
    expect(largest(joined(references), joined(await logprobs(verl, verl.reference)))).toBeLessThan(1e-4);
    // Before each step: whether every gradient so far tells a weight where to go; below, rounding does.
    let told: ReadonlyMap<string, boolean[]> = new Map();
    for (let made = 0; made < steps; made++) {
      const loss: TrainingLoss =
        made === 1 ? { kind: 'cross-entropy', sequences, promptTokens: true } : policyLoss(old, references);
      told = tells(await gradient(tfjs, loss), told);
      const [a, b] = await Promise.all(sides.map(({ engine, policy }) => engine.forwardBackward(policy, loss)));
      if (a === undefined || b === undefined) throw new Error('unreachable');
      expect(relative(a.loss, b.loss)).toBeLessThan(1e-4);
      expect(b.tokens).toBe(a.tokens);
      if (loss.kind === 'policy') {
        expect(relative(a.kl as number, b.kl as number)).toBeLessThan(1e-4);
        expect(b.clipped).toBeCloseTo(a.clipped as number, 9);
        expect(a.clipped).toBeGreaterThan(0);
        expect(
          largest(
            joined((a.scored ?? []).map((one) => one.logprobs)),
            joined((b.scored ?? []).map((one) => one.logprobs)),
          ),
        ).toBeLessThan(1e-4);
      }
      const [c, d] = await Promise.all(sides.map(({ engine, policy }) => engine.optimStep(policy, step)));
      expect(relative(c?.gradNorm ?? 0, d?.gradNorm ?? 1)).toBeLessThan(1e-4);
    }
    const [own, theirs] = await Promise.all(sides.map(weights));
    if (own === undefined || theirs === undefined) throw new Error('unreachable');
    expect([...theirs.keys()].sort()).toEqual([...own.keys()].sort());
    let compared = 0;
    let furthest = 0;
    for (const [name, values] of own)
      values.forEach((value, i) => {
        if (!told.get(name)?.[i]) return;
        compared++;
        furthest = Math.max(furthest, Math.abs(value - (theirs.get(name)?.[i] ?? Number.NaN)));
      });
    expect(compared).toBeGreaterThan(30_000);
    expect(furthest).toBeLessThan(1e-4);
    process.stdout.write(`${compared} weights after ${steps} steps differ by ${furthest.toExponential(1)} at most.\n`);
  });

  /** The gradient of each weight: what a step of a huge ε leaves of it, taken back afterwards. */
  const gradient = async (of: Side, loss: TrainingLoss): Promise<ReadonlyMap<string, Float32Array>> => {
    const { engine, policy } = of;
    const before = await weights(of);
    const snapshot = await engine.snapshot(policy);
    await engine.forwardBackward(policy, loss);
    await engine.optimStep(policy, {
      learningRate: 1e3,
      beta1: 0,
      beta2: 0,
      epsilon: 1e3,
      weightDecay: 0,
      gradClipNorm: 0,
    });
    const after = await weights(of);
    await engine.restore(snapshot);
    await engine.release(snapshot);
    return new Map(
      [...before].map(([name, values]) => [name, values.map((value, i) => value - (after.get(name)?.[i] ?? 0))]),
    );
  };

  const tells = (
    gradients: ReadonlyMap<string, Float32Array>,
    before: ReadonlyMap<string, boolean[]>,
  ): ReadonlyMap<string, boolean[]> =>
    new Map(
      [...gradients].map(([name, values]) => [
        name,
        Array.from(values, (value, i) => Math.abs(value) > 1e-6 && (before.get(name)?.[i] ?? true)),
      ]),
    );

  test('frames are cut into the patches of the image processor, and drawn with the same numbers', () => {
    const script = path.resolve(import.meta.dirname, '../fidelity/verl_patches.py');
    const said = execFileSync(found.python as string, [script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { largest: patches, uniform: numbers } = JSON.parse(said.trim().split('\n').at(-1) as string);
    expect(patches).toBeLessThan(1e-6);
    const own = [0, 1, 7, 123456, 4294967295].flatMap((seed) => [0, 1, 500].map((n) => uniform(seed, n)));
    expect(numbers).toEqual(own);
  });
});
