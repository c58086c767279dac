/**
 * What the verl engine keeps of videos does not grow: over 1,000 steps, each on clips of its own and some of them paused while
 * answers are written, the gateway holds what it held after the first ones.
 */
import { readFile, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, Frames, ModelHandle, Prompt } from '../../trainer/engines/engine.ts';
import { newModelFolder } from '../../trainer/engines/new-model-folder.ts';
import { clip, question, sampleAll, tinySize, tinyStep, tinyTexts, videoPrompt } from '../engines/tfjs/tiny.ts';
import { type StandingGateway, standingGateway, verlEngine } from '../engines/verl/start.ts';
import { findVerl } from '../fidelity/verl.ts';

const found = findVerl();
if (found.python === null) process.stdout.write(`Skipped, what the verl engine keeps: ${found.reason}.\n`);

const steps = 1000;
const settled = 100;
/** What the process may take more between step 100 and the last: a feature kept of every clip would be far above. */
const mostResidentGrowth = 24e6;

/** A clip that no other step shows: 8 frames of 56 x 56, and content by number. */
function clipOf(step: number): Frames {
  const frames = clip(['red', 'green', 'blue', 'yellow', 'red', 'green', 'blue', 'yellow'], 56, 56);
  new DataView(frames.pixels.buffer).setUint32(0, step);
  return { ...frames, key: `clip ${step}` };
}

async function residentBytes(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => null);
  const kilobytes = status === null ? null : /^VmRSS:\s+(\d+)/m.exec(status)?.[1];
  return kilobytes === null || kilobytes === undefined ? null : 1024 * Number(kilobytes);
}

describe.skipIf(found.python === null)('what the gateway keeps', () => {
  let gateway: StandingGateway;
  let folder: string;
  let engine: Engine;
  let policy: ModelHandle;
  let reference: ModelHandle;
  beforeAll(async () => {
    gateway = await standingGateway();
    engine = await verlEngine({ attach: gateway.attach });
    folder = await newModelFolder({ kind: 'new', size: tinySize, seed: 1, texts: tinyTexts }, null);
    policy = await engine.createModel({ kind: 'folder', folder, optimizer: false }, 'policy');
    reference = await engine.createModel({ kind: 'copy', of: policy }, 'reference');
  }, 120_000);
  afterAll(async () => {
    await engine?.dispose();
    await gateway?.end();
    await rm(folder, { recursive: true, force: true });
  });

  /** An answer that is ended as it is written, as a pause does; how many tokens it got. */
  async function pausedAnswer(prompt: Prompt, seed: number): Promise<number> {
    const pause = new AbortController();
    let tokens = 0;
    const options = { maxTokens: 400, temperature: 1, topP: 1 };
    for await (const event of engine.sample(policy, [{ prompt, seeds: [seed] }], options, pause.signal)) {
      pause.abort();
      if (event.kind === 'done') tokens = event.completion.tokens.length;
    }
    return tokens;
  }

  /** An update on an answer of two tokens. */
  async function update(prompt: Prompt, seed: number): Promise<void> {
    const [[answer] = []] = await sampleAll(engine, policy, [{ prompt, seeds: [seed] }], { maxTokens: 2 });
    if (answer === undefined) throw new Error('no answer');
    const sequence = { prompt, answer: { tokens: answer.tokens } };
    const [scored] = await engine.forward(reference, [sequence]);
    const refLogprobs = scored?.logprobs ?? null;
    await engine.forwardBackward(policy, {
      kind: 'policy',
      sequences: [{ ...sequence, oldLogprobs: answer.logprobs, refLogprobs, advantage: 1 }],
      clip: { low: 0.2, high: 0.2 },
      beta: 0.04,
      mean: 'answer',
    });
    await engine.optimStep(policy, { ...tinyStep, learningRate: 1e-6 });
  }

  test('features of the frames that are shown, until an update', async () => {
    const prompt = videoPrompt(clipOf(0), question);
    await update(prompt, 1);
    const before = await engine.memory();
    const [[answer] = []] = await sampleAll(engine, policy, [{ prompt, seeds: [1] }], { maxTokens: 2 });
    const kept = await engine.memory();
    // 4 frame pairs of 2 x 2 vision tokens, 32 wide, in float32.
    expect(kept.bytes - before.bytes).toBe(4 * 4 * 32 * 4);
    expect(kept.tensors - before.tensors).toBe(1);
    const sequences = [{ prompt, answer: { tokens: answer?.tokens as Int32Array } }];
    await engine.forward(policy, sequences);
    expect(await engine.memory()).toEqual(kept);
    await engine.forward(reference, sequences);
    expect((await engine.memory()).tensors - before.tensors).toBe(2);
    await engine.forwardBackward(policy, { kind: 'cross-entropy', sequences, promptTokens: false });
    await engine.optimStep(policy, { ...tinyStep, learningRate: 1e-6 });
    expect((await engine.memory()).tensors).toBe(before.tensors);
  });

  test('over 1,000 steps, pauses among them', { timeout: 600_000 }, async () => {
    let resident: number | null = null;
    let paused = 0;
    let held: { bytes: number; tensors: number } | null = null;
    for (let number = 1; number <= steps; number++) {
      const prompt = videoPrompt(clipOf(number), question);
      if (number % 10 === 0) {
        if ((await pausedAnswer(prompt, number)) < 400) paused++;
      } else await update(prompt, number);
      if (number % settled !== 1 || number === 1) continue;
      const now = await engine.memory();
      held ??= now;
      expect({ step: number, ...now }).toEqual({ step: number, ...held });
      resident ??= await residentBytes(gateway.pid);
    }
    expect(paused).toBeGreaterThan(steps / 20);
    const last = await residentBytes(gateway.pid);
    if (resident !== null && last !== null)
      expect(last - resident, `from ${resident} to ${last}`).toBeLessThan(mostResidentGrowth);
  });
});
