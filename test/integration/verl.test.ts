/**
 * The verl engine with its real gateway, on the CPU: what it samples, keeps and saves, and what becomes of it when a part of it dies.
 * That it computes what the embedded engine does is held by verl-parity.test.ts.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, Frames, ModelHandle, OptimStep, Prompt, Sequence } from '../../trainer/engines/engine.ts';
import { newModelFolder } from '../../trainer/engines/new-model-folder.ts';
import { mropePositions, type PositionSpan } from '../../trainer/engines/qwen/positions.ts';
import { convertCheckpoint } from '../../trainer/engines/tfjs/checkpoint/convert.ts';
import { createTfjsEngine } from '../../trainer/engines/tfjs/engine.ts';
import { sha256OfFiles } from '../../trainer/journal/file-hash.ts';
import type { StudioError } from '../../trainer/protocol/errors.ts';
import { checkpointFileNames } from '../../trainer/runs/checkpoint-files.ts';
import {
  clip,
  imagePrompt,
  question,
  rows,
  sampleAll,
  tinySize,
  tinyTexts,
  videoPrompt,
} from '../engines/tfjs/tiny.ts';
import { type StandingGateway, standingGateway, verlEngine } from '../engines/verl/start.ts';
import { readTensors } from '../engines/verl/tensors.ts';
import { findVerl } from '../fidelity/verl.ts';

const found = findVerl();
if (found.python === null) process.stdout.write(`Skipped, the engine verl: ${found.reason}.\n`);

const step: OptimStep = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.01,
  gradClipNorm: 1,
};
const frames = clip(['red', 'blue', 'green', 'red'], 56, 84);
const video = videoPrompt(frames, question);
const image = imagePrompt(clip(['blue'], 56, 56), question);
const text: Prompt = [{ kind: 'text', text: question }];
const answer = { tokens: Int32Array.of(20, 30, 40, 50, 60) };
const scoredAll: readonly Sequence[] = [video, image, text].map((prompt) => ({ prompt, answer }));

/** Process numbers of the gateways that these tests started, and of what starts their ranks, by a word of their command. */
function gatewaysOf(word: string): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  const all = lines.map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)?.slice(1) ?? ['0', '0', '']);
  const below = (parent: string): string[][] =>
    all.filter(([, of]) => of === parent).flatMap((one) => [one, ...below(one[0] as string)]);
  return below(String(process.pid))
    .filter(([, , args = '']) => args.includes('video_r1_gateway') && args.includes(word))
    .map(([pid]) => Number(pid));
}

describe.skipIf(found.python === null)('the engine verl', () => {
  let scratch: string;
  let start: string;
  let standing: StandingGateway;
  const open: Engine[] = [];

  beforeAll(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-verl-'));
    start = await newModelFolder({ kind: 'new', size: tinySize, seed: 1, texts: tinyTexts }, null);
    standing = await standingGateway();
  }, 120_000);

  afterEach(async () => {
    for (const engine of open.splice(0)) await engine.dispose();
  });

  afterAll(async () => {
    await standing?.end();
    for (const folder of [scratch, start]) if (folder) await rm(folder, { recursive: true, force: true });
  });

  const started = async (settings: Parameters<typeof verlEngine>[0] = {}): Promise<Engine> => {
    const engine = await verlEngine(settings);
    open.push(engine);
    return engine;
  };
  const attached = () => started({ attach: standing.attach });
  const opened = (engine: Engine, folder = start, optimizer = false): Promise<ModelHandle> =>
    engine.createModel({ kind: 'folder', folder, optimizer }, 'policy');
  const logprobs = async (engine: Engine, model: ModelHandle, sequences = scoredAll): Promise<number[]> =>
    (await engine.forward(model, sequences)).flatMap((one) => [...one.logprobs]);
  const trainOn = async (engine: Engine, model: ModelHandle, times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      await engine.forwardBackward(model, { kind: 'cross-entropy', sequences: rows(), promptTokens: false });
      await engine.optimStep(model, step);
    }
  };
  const saved = async (engine: Engine, model: ModelHandle): Promise<string> => {
    const folder = await mkdtemp(path.join(scratch, 'saved-'));
    await engine.saveState(model, folder);
    return folder;
  };
  const away = (pids: readonly number[]) => expect.poll(() => pids.filter(isAlive), { timeout: 60_000 }).toEqual([]);

  test('positions of 5.0 are those of the transformers that verl computes with', { timeout: 300_000 }, async () => {
    const output = path.join(scratch, 'positions.json');
    const script = path.resolve(import.meta.dirname, '../fidelity/positions.py');
    execFileSync(found.python as string, [script, output], {
      stdio: 'ignore',
      env: { ...process.env, OMP_NUM_THREADS: '1' },
    });
    const said = JSON.parse(await readFile(output, 'utf8')) as Record<string, { cases: readonly PositionCase[] }>;
    expect(Object.keys(said)).toEqual(['5.0']);
    for (const { tokensPerSecond, spans, positions: expected, next: following } of said['5.0']?.cases ?? []) {
      const own = spans.map((span): PositionSpan => {
        if (span[0] === 'text') return { kind: 'text', tokens: span[1] };
        const [, [pairs, patchRows, columns], secondsPerPair] = span;
        return { kind: 'vision', grid: { pairs, rows: patchRows, columns }, secondsPerPair };
      });
      const { positions, next } = mropePositions(own, tokensPerSecond, '5.0');
      expect([0, 1, 2].map((axis) => Array.from(positions).filter((_, i) => i % 3 === axis))).toEqual(expected);
      expect(next).toBe(following);
    }
  });

  test('frames are read from their place, or sent where it can’t be read: the answers are the same', async () => {
    const engine = await attached();
    const model = await opened(engine);
    const file = path.join(scratch, 'frames.rgb');
    await writeFile(file, Buffer.concat([Buffer.alloc(8), frames.pixels]));
    const sizeBytes = frames.pixels.length;
    const of = (key: string, place: Frames['place']) =>
      logprobs(engine, model, [{ prompt: videoPrompt({ ...frames, key, place }, question), answer }]);
    const sent = await of('sent', null);
    expect(await of('placed', { file, offset: 8, sizeBytes })).toEqual(sent);
    expect(await of('gone', { file: `${file}-gone`, offset: 8, sizeBytes })).toEqual(sent);
    expect(await of('cut', { file, offset: 9, sizeBytes })).toEqual(sent);
    expect(await of('other', { file, offset: 0, sizeBytes })).not.toEqual(sent);
  });

  test('the same seeds in the same batch give the same answers, told as they are written', async () => {
    const engine = await attached();
    const model = await opened(engine);
    const requests = [video, image, text].map((prompt, i) => ({ prompt, seeds: [i, 7] }));
    const once = await sampleAll(engine, model, requests, { maxTokens: 12, alternatives: 3 });
    const again = await sampleAll(engine, model, requests, { maxTokens: 12, alternatives: 3 });
    expect(again).toEqual(once);
    const own = once
      .flat()
      .map(({ tokens }, i) => ({ prompt: requests[Math.floor(i / 2)]?.prompt ?? text, answer: { tokens } }));
    const told = once.flat().flatMap((one) => [...one.logprobs]);
    (await logprobs(engine, model, own)).forEach((value, i) => {
      expect(value).toBeCloseTo(told[i] ?? Number.NaN, 4);
    });
    for (const { tokens, entropy, alternatives, text: said } of once.flat()) {
      expect([tokens.length, entropy?.length, alternatives?.length]).toEqual([12, 12, 12]);
      expect(
        alternatives?.every((each) => each.length === 3 && (each[0]?.logprob ?? 0) >= (each[1]?.logprob ?? 0)),
      ).toBe(true);
      expect(said).not.toMatch(/<\|/);
    }
    let written = '';
    for await (const event of engine.sample(
      model,
      [{ prompt: text, seeds: [3] }],
      { maxTokens: 30, temperature: 1, topP: 1 },
      new AbortController().signal,
    )) {
      if (event.kind === 'delta') written += event.text;
      if (event.kind === 'done') expect(event.completion.text).toBe(written);
    }
    expect(written).not.toBe('');
  });

  test('an answer goes on from its beginning as it did, and ends with a stop text', async () => {
    const engine = await attached();
    const model = await opened(engine);
    await trainOn(engine, model, 30);
    const [[whole] = []] = await sampleAll(engine, model, [{ prompt: video, seeds: [5] }], { maxTokens: 16 });
    const begun = [...(whole?.tokens.slice(0, 6) ?? [])];
    const [[rest] = []] = await sampleAll(
      engine,
      model,
      [{ prompt: [...video, { kind: 'tokens', ids: begun }], seeds: [5] }],
      { maxTokens: 10 },
    );
    expect([...begun, ...(rest?.tokens ?? [])]).toEqual([...(whole?.tokens ?? [])]);
    const stop = whole?.text.slice(2, 5) ?? '';
    const [[cut] = []] = await sampleAll(engine, model, [{ prompt: video, seeds: [5] }], {
      maxTokens: 400,
      stop: [stop],
    });
    expect(cut?.stopReason).toBe('stop');
    expect(whole?.text.startsWith(cut?.text ?? 'x')).toBe(true);
    expect(cut?.text).toContain(stop);
  });

  test('an abort ends what is open, and the engine goes on', async () => {
    const engine = await attached();
    const model = await opened(engine);
    const abort = new AbortController();
    const done: string[] = [];
    const options = { maxTokens: 4000, temperature: 1, topP: 1 };
    for await (const event of engine.sample(model, [{ prompt: video, seeds: [1, 2] }], options, abort.signal)) {
      if (event.kind === 'delta') abort.abort();
      if (event.kind === 'done') done.push(event.completion.stopReason);
    }
    expect(done).toContain('aborted');
    expect(done).toHaveLength(2);
    expect(await logprobs(engine, model)).toHaveLength(15);
  });

  test('weights are put back bit for bit, and what is not finite changes none', async () => {
    const engine = await attached();
    const model = await opened(engine);
    await trainOn(engine, model, 2);
    const before = await logprobs(engine, model);
    const kept = await engine.snapshot(model);
    await trainOn(engine, model, 2);
    const after = await logprobs(engine, model);
    expect(after).not.toEqual(before);
    await engine.restore(kept);
    expect(await logprobs(engine, model)).toEqual(before);
    await trainOn(engine, model, 2);
    expect(await logprobs(engine, model)).toEqual(after);
    await engine.release(kept);
    const burst = engine.forwardBackward(model, {
      ...{ kind: 'policy', clip: { low: 0.2, high: 0.2 }, beta: 0, mean: 'answer' },
      sequences: [
        { prompt: text, answer, advantage: 3e38, oldLogprobs: new Float32Array(5).fill(-40), refLogprobs: null },
      ],
    });
    await expect(burst).rejects.toMatchObject({ kind: 'not-finite' });
    expect(await logprobs(engine, model)).toEqual(after);
  });

  test('a checkpoint goes on as if there had been none, on one rank or two, and opens in the embedded engine', async () => {
    const engine = await attached();
    const model = await opened(engine);
    await trainOn(engine, model, 3);
    const folder = await saved(engine, model);
    expect((await readdir(folder)).sort()).toEqual(
      expect.arrayContaining(['config.json', 'model.safetensors', 'optimizer', 'optimizer.json', 'tokenizer.json']),
    );
    // What a replay compares.
    const again = await saved(engine, model);
    const files = (await checkpointFileNames(folder)).filter((name) => name !== 'optimizer/.metadata');
    expect(files.some((name) => name.startsWith('optimizer/'))).toBe(true);
    for (const name of files)
      expect(await sha256OfFiles([path.join(again, name)]), name).toBe(await sha256OfFiles([path.join(folder, name)]));
    const at = await logprobs(engine, model);
    await trainOn(engine, model, 2);
    const further = await logprobs(engine, model);

    const resumed = await opened(engine, folder, true);
    await trainOn(engine, resumed, 2);
    expect(await logprobs(engine, resumed)).toEqual(further);

    const two = await started({ ranks: 2 });
    expect(two.status()).toMatchObject({ threads: 2, ranks: 2, backend: 'cpu' });
    const onTwo = await opened(two, folder, true);
    await trainOn(two, onTwo, 2);
    const [own, theirs] = await Promise.all(
      [saved(engine, resumed), saved(two, onTwo)].map(async (of) => readTensors(await of)),
    );
    let furthest = 0;
    for (const [name, values] of own ?? [])
      values.forEach((value, i) => {
        furthest = Math.max(furthest, Math.abs(value - (theirs?.get(name)?.[i] ?? Number.NaN)));
      });
    expect(furthest).toBeLessThan(1e-5);

    const tfjs = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 1 });
    open.push(tfjs);
    (await logprobs(tfjs, await opened(tfjs, folder))).forEach((value, i) => {
      expect(value).toBeCloseTo(at[i] ?? Number.NaN, 4);
    });
    await expect(opened(tfjs, folder, true)).rejects.toThrow('is of the engine verl');
  });

  test('a new model can be copied as a reference', async () => {
    const engine = await attached();
    const model = await engine.createModel({ kind: 'new', size: tinySize, seed: 1, texts: tinyTexts }, 'policy');
    const reference = await engine.createModel({ kind: 'copy', of: model }, 'reference');
    const before = await logprobs(engine, model);
    await trainOn(engine, model, 1);
    expect(await logprobs(engine, reference)).toEqual(before);
    expect(await logprobs(engine, model)).not.toEqual(before);
  });

  test('an adapter is trained beside its model, is its reference without it, and goes on', async () => {
    const lora = { rank: 4, alpha: 8 };
    const engine = await started({ lora });
    expect(engine.capabilities.fullParameters).toBe(false);
    const model = await opened(engine);
    const reference = await engine.createModel({ kind: 'copy', of: model }, 'reference');
    const before = await logprobs(engine, model);
    await trainOn(engine, model, 3);
    expect(await logprobs(engine, reference)).toEqual(before);
    const after = await logprobs(engine, model);
    expect(after).not.toEqual(before);
    const folder = await saved(engine, model);
    expect(await readdir(folder)).not.toContain('model.safetensors');
    await trainOn(engine, model, 1);
    const further = await logprobs(engine, model);
    const resumed = await opened(engine, folder, true);
    expect(await logprobs(engine, resumed)).toEqual(after);
    await trainOn(engine, resumed, 1);
    expect(await logprobs(engine, resumed)).toEqual(further);
    const whole = await started({ attach: standing.attach });
    await expect(opened(whole, folder)).rejects.toThrow('This is a LoRA adapter');
    const merged = path.join(scratch, 'merged');
    await convertCheckpoint(folder, merged, { dtype: 'float32', fileBytes: 1e9 });
    const told = await logprobs(whole, await opened(whole, merged));
    expect(Math.max(...told.map((value, i) => Math.abs(value - (after[i] ?? Number.NaN))))).toBeLessThan(1e-5);
    // Beside other weights than its own it is another model.
    const config = path.join(folder, 'adapter_config.json');
    const said = JSON.parse(await readFile(config, 'utf8'));
    await writeFile(config, JSON.stringify({ ...said, base_model_name_or_path: merged }));
    await expect(opened(engine, folder)).rejects.toThrow(`trained beside other weights than ${merged} holds now`);
  });

  test('a gateway that is attached to serves one after the other, and those alone who have its token', async () => {
    const wrong = path.join(scratch, 'wrong-token');
    await writeFile(wrong, 'guessed');
    await expect(started({ attach: { ...standing.attach, tokenFile: wrong } })).rejects.toThrow(
      "token is not this gateway's",
    );
    const first = await attached();
    await opened(first);
    await first.dispose();
    const second = await attached();
    await expect(logprobs(second, { id: 0, role: 'policy' })).rejects.toThrow('is not loaded');
    expect(await logprobs(second, await opened(second))).toHaveLength(15);
  });

  test('a rank that is killed ends all of them, and the error says so', { timeout: 300_000 }, async () => {
    const engine = await started({ ranks: 2 });
    const { log } = engine.status();
    const model = await opened(engine);
    const pids = gatewaysOf('"ranks":2');
    const [rank] = pids.filter((pid) => rankOf(pid) === '1');
    expect(rank).toBeDefined();
    const writing = sampleAll(engine, model, [{ prompt: video, seeds: [1, 2] }], { maxTokens: 4000 });
    const failed = writing.then(
      () => null,
      (error: unknown) => error as StudioError,
    );
    process.kill(rank as number, 'SIGKILL');
    expect(await engine.died).toMatchObject({ kind: 'engine-failed', place: log });
    expect((await failed)?.message).toMatch(
      /^The gateway closed the connection \(exit code \d+\)\. Its log says: Rank 1 is gone/,
    );
    expect(engine.recentLog?.().join('\n')).toContain('Rank 1 is gone');
    await expect(engine.memory()).rejects.toMatchObject({ kind: 'engine-failed' });
    await away(pids);
  });

  test('a rank that hangs is taken for gone, whatever waits for it', { timeout: 300_000 }, async () => {
    process.env.VIDEO_R1_PULSE_SECONDS = '0.25';
    const engine = await started({ ranks: 2 }).finally(() => {
      delete process.env.VIDEO_R1_PULSE_SECONDS;
    });
    const model = await opened(engine);
    const pids = gatewaysOf('"ranks":2');
    const [rank] = pids.filter((pid) => rankOf(pid) === '1');
    process.kill(rank as number, 'SIGSTOP');
    await expect(engine.forward(model, scoredAll)).rejects.toThrow(
      'Its log says: Rank 1 is gone: nothing was heard of it for 6 s.',
    );
    await away(pids);
  });

  test('models that nobody asks of rest, and are the same when they are back', async () => {
    const engine = await started({ restAfterMinutes: 0.001 });
    const model = await opened(engine);
    const before = await logprobs(engine, model);
    const isSaid = (words: string) => () => engine.recentLog?.().some((line) => line.includes(words));
    await expect.poll(isSaid('the models rest'), { timeout: 30_000 }).toBe(true);
    await engine.memory();
    expect(isSaid('The models are back')()).toBe(false);
    await trainOn(engine, model, 1);
    expect(isSaid('The models are back')()).toBe(true);
    const after = await logprobs(engine, model);
    // What a snapshot goes back into stays where it is.
    const snapshot = await engine.snapshot(model);
    await trainOn(engine, model, 1);
    await expect.poll(isSaid('the models stay'), { timeout: 30_000 }).toBe(true);
    await engine.restore(snapshot);
    expect(await logprobs(engine, model)).toEqual(after);
    expect(after).not.toEqual(before);
  });

  test('a Python without verl says what is missing and what makes one', async () => {
    const bare = execFileSync(found.python as string, ['-c', 'import sys; print(sys.base_prefix)'], {
      encoding: 'utf8',
    }).trim();
    await expect(started({ python: path.join(bare, 'bin', 'python3') })).rejects.toMatchObject({
      kind: 'engine-failed',
      remedy: expect.stringContaining('video-r1 setup verl'),
    });
  });
});

interface PositionCase {
  readonly tokensPerSecond: number;
  readonly spans: readonly (
    | readonly ['text', number]
    | readonly ['image' | 'video', readonly [number, number, number], number | null]
  )[];
  readonly positions: readonly (readonly number[])[];
  readonly next: number;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The rank of a process of torchrun's; empty for the launcher. */
function rankOf(pid: number): string {
  const environment = execFileSync('cat', [`/proc/${pid}/environ`], { encoding: 'utf8' }).split('\0');
  return environment.find((line) => line.startsWith('RANK='))?.slice('RANK='.length) ?? '';
}
