/**
 * Checkpoints go to transformers and back: a model trained here gives the same log-probabilities and the same greedy text there, one
 * that transformers saved gives them here, and the numbers in test/fixtures/qwen.json are those of the transformers at hand.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, ModelHandle, Prompt } from '../../trainer/engines/engine.ts';
import { specialTokens } from '../../trainer/engines/engine.ts';
import { convertCheckpoint } from '../../trainer/engines/tfjs/checkpoint/convert.ts';
import { createTfjsEngine } from '../../trainer/engines/tfjs/engine.ts';
import { floats } from '../engines/tfjs/made-model.ts';
import { clip, newModel, question, sampleAll, train, videoPrompt } from '../engines/tfjs/tiny.ts';
import { findPython } from '../fidelity/python.ts';

const found = findPython();
if (found.python === null) process.stdout.write(`Skipped, comparing with transformers: ${found.reason}.\n`);

const fidelity = path.resolve(import.meta.dirname, '..', 'fidelity');
const frames = clip(['red', 'blue', 'green', 'red', 'yellow', 'blue'], 56, 84);
const prompt: Prompt = [
  ...videoPrompt(frames, question).slice(0, -1),
  { kind: 'text', text: '\n' },
  { kind: 'special', token: specialTokens.turnStart },
  { kind: 'text', text: 'assistant\n' },
];
/** The same as `prompt`, as chat messages. */
const messages = [{ role: 'user', content: [{ type: 'video' }, { type: 'text', text: question }] }];

interface Opened {
  readonly unloaded: readonly string[];
  readonly dtype: string;
  readonly text: string;
  readonly prompt: readonly number[];
  readonly logprobs: readonly number[];
  readonly greedy: readonly number[];
}

describe.skipIf(found.python === null)('with transformers', () => {
  let engine: Engine;
  let scratch: string;
  let folder: string;
  let answer: readonly number[];

  const python = async (script: string, ...args: string[]): Promise<string> => {
    const run = promisify(execFile)(found.python as string, [path.join(fidelity, script), ...args], {
      maxBuffer: 2 ** 26,
      env: { ...process.env, TRANSFORMERS_VERBOSITY: 'error', HF_HUB_OFFLINE: '1' },
    });
    return (await run).stdout;
  };

  const opened = async (model: string, save: string | null = null): Promise<Opened> => {
    const request = path.join(scratch, 'request.json');
    const pixels = Buffer.from(frames.pixels).toString('base64');
    await writeFile(
      request,
      JSON.stringify({
        folder: model,
        save,
        frames: [frames.count, frames.height, frames.width, pixels],
        messages,
        answer,
        secondsPerGrid: 2 / frames.sampleFps,
      }),
    );
    return JSON.parse(await python('open_checkpoint.py', request)) as Opened;
  };

  const logprobsOf = async (model: ModelHandle): Promise<number[]> => {
    const [own] = await engine.forward(model, [{ prompt, answer: { tokens: Int32Array.from(answer) } }]);
    return [...(own?.logprobs ?? [])];
  };
  const load = (from: string): Promise<ModelHandle> =>
    engine.createModel({ kind: 'folder', folder: from, optimizer: false }, 'policy');
  const greedyOf = async (model: ModelHandle): Promise<number[]> => {
    const [[written] = []] = await sampleAll(engine, model, [{ prompt, seeds: [0] }], {
      maxTokens: 16,
      temperature: 0,
    });
    return [...(written?.tokens ?? [])];
  };
  const worst = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Number.NaN))), 0);

  beforeAll(async () => {
    engine = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 1 });
    scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-transformers-'));
    const model = await newModel(engine);
    await train(engine, model, 8);
    folder = await mkdtemp(path.join(scratch, 'trained-'));
    await engine.saveState(model, folder);
    answer = await greedyOf(model);
    expect(answer.length).toBeGreaterThan(3);
  });

  afterAll(async () => {
    await engine?.dispose();
    await rm(scratch, { recursive: true, force: true });
  });

  test('a checkpoint trained here opens there whole, and gives the same prompt, log-probabilities and greedy text', async () => {
    const theirs = await opened(folder);
    expect(theirs.unloaded).toEqual([]);
    const model = await load(folder);
    const { text, ids } = await engine.render(model, prompt);
    expect(theirs.text.replace('<|video_pad|>', '<|video_pad|>'.repeat(18))).toBe(text);
    expect(theirs.prompt).toEqual([...ids]);
    expect(worst(await logprobsOf(model), theirs.logprobs)).toBeLessThan(1e-4);
    const own = await greedyOf(model);
    expect(theirs.greedy.slice(0, own.length)).toEqual(own);
    await engine.unload(model);
  });

  test('a checkpoint that transformers saved opens here and gives the same log-probabilities', async () => {
    const saved = path.join(scratch, 'saved');
    const before = await opened(folder, saved);
    const theirs = await opened(saved);
    const model = await load(saved);
    const own = await logprobsOf(model);
    expect(worst(own, theirs.logprobs)).toBeLessThan(1e-4);
    // Opened before its norms were changed in memory, saved after.
    expect(before.unloaded).toEqual([]);
    const original = await load(folder);
    expect(worst(await logprobsOf(original), own)).toBeGreaterThan(0.01);
    await engine.unload(model);
    await engine.unload(original);
  });

  test('a checkpoint converted to bfloat16 in several files opens there', async () => {
    const converted = path.join(scratch, 'converted');
    await convertCheckpoint(folder, converted, { dtype: 'bfloat16', fileBytes: 20_000 });
    const theirs = await opened(converted);
    expect(theirs.unloaded).toEqual([]);
    expect(theirs.dtype).toBe('torch.bfloat16');
    const model = await load(converted);
    expect(worst(await logprobsOf(model), theirs.logprobs)).toBeLessThan(1e-4);
    await engine.unload(model);
  });

  test('the fixture of interventions is what transformers computes', async () => {
    const file = path.join(scratch, 'interventions.json');
    await python('interventions.py', file);
    type Kept = { cases: unknown; models: { logprobs: string[]; loss: number }[] };
    const [made, kept] = (await Promise.all(
      [file, path.resolve(fidelity, '..', 'fixtures', 'interventions.json')].map(async (name) =>
        JSON.parse(await readFile(name, 'utf8')),
      ),
    )) as [Kept, Kept];
    expect(made.cases).toEqual(kept.cases);
    const logprobs = ({ models }: Kept) => models.flatMap((model) => model.logprobs.flatMap((own) => [...floats(own)]));
    expect(logprobs(made).length).toBeGreaterThan(1000);
    expect(worst(logprobs(made), logprobs(kept))).toBeLessThan(1e-5);
    const losses = ({ models }: Kept) => models.map(({ loss }) => loss);
    expect(worst(losses(made), losses(kept))).toBeLessThan(1e-5);
  });

  test('the fixture is what transformers computes', async () => {
    const file = path.join(scratch, 'qwen.json');
    await python('qwen.py', file);
    type Kept = { models: { cases: { loss: number; sequences: { positions: unknown; greedy: unknown }[] }[] }[] };
    const [made, kept] = (await Promise.all(
      [file, path.resolve(fidelity, '..', 'fixtures', 'qwen.json')].map(async (name) =>
        JSON.parse(await readFile(name, 'utf8')),
      ),
    )) as [Kept, Kept];
    const exact = ({ models }: Kept) =>
      models.map(({ cases }) =>
        cases.map(({ sequences }) => sequences.map(({ positions, greedy }) => ({ positions, greedy }))),
      );
    expect(exact(made)).toEqual(exact(kept));
    const losses = ({ models }: Kept) => models.flatMap(({ cases }) => cases.map(({ loss }) => loss));
    expect(worst(losses(made), losses(kept))).toBeLessThan(1e-5);
  });
});
