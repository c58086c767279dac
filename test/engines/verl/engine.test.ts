/** The engine against a gateway that follows a script: how it starts, where models come from, what becomes of frames. */
import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createTfjsEngine } from '../../../trainer/engines/tfjs/engine.ts';
import { createVerlEngine } from '../../../trainer/engines/verl/engine.ts';
import type { Method } from '../../../trainer/engines/verl/messages.ts';
import { engineSettings, type VerlSettings } from '../../../trainer/protocol/runfile.ts';
import { clip, imagePrompt, question, tinySize, tinyTexts, videoPrompt } from '../tfjs/tiny.ts';
import {
  answerOf,
  attached,
  frames,
  model,
  one,
  plain,
  prompt,
  type Started,
  started,
  surroundings,
  tokenFile,
} from './attached.ts';
import { greeting, modelFolder, ScriptedGateway } from './scripted-gateway.ts';

describe('starting', () => {
  it('says what runs on what, and what it can do', async () => {
    const { engine } = await started();
    expect(engine.status()).toEqual({
      ...{ name: 'verl', backend: 'cpu', threads: 1, ranks: 1, parameters: 1000 },
      // The memory of a CPU is the machine's.
      devices: [{ name: 'CPU', memoryBytes: null }],
      why: 'A script on no GPU (verl 0.9.1, torch 2.13.0, transformers 5.10.4)',
      capabilities: engine.capabilities,
    });
    expect(engine.capabilities).toMatchObject({ exactKl: false, snapshot: true, topAlternatives: 20 });
  });

  it('without a Python that was set up says which command sets one up', async () => {
    const settings = engineSettings.parse({ name: 'verl', device: 'cpu' }) as VerlSettings;
    await expect(createVerlEngine(settings, surroundings)).rejects.toMatchObject({
      kind: 'engine-failed',
      remedy: 'Run: video-r1 setup verl --cpu; or name one with engine.python in the run file.',
    });
  });

  it('without the token names the file', async () => {
    const gateway = await ScriptedGateway.start();
    onTestFinished(() => gateway.stop());
    const attach = { address: gateway.address, tokenFile: '/nowhere/token' };
    const settings = engineSettings.parse({ name: 'verl', attach }) as VerlSettings;
    await expect(createVerlEngine(settings, surroundings)).rejects.toMatchObject({
      place: '/nowhere/token',
      remedy: expect.stringContaining("starts at the run file's folder"),
    });
  });

  it('over vLLM refuses other positions than its own by name, and counts as it does otherwise', async () => {
    const gateway = await ScriptedGateway.start();
    onTestFinished(() => gateway.stop());
    gateway.greeting = { ...greeting, sampler: 'vllm', mode: 'ray' };
    await expect(attached(gateway, { mropePositions: '5.0' })).rejects.toMatchObject({
      message: expect.stringContaining('counts positions as 4.49 does, not as 5.0'),
      place: 'engine.mropePositions',
    });
    const engine = await attached(gateway);
    const policy = await engine.createModel({ kind: 'folder', folder: model.folder, optimizer: false }, 'policy');
    // Four pairs a second apart, at two positions a second, and one row of tokens: text goes on after time 6.
    const long = videoPrompt(
      { ...clip(['red', 'blue', 'red', 'blue', 'red', 'blue', 'red', 'blue']), sampleFps: 2 },
      '',
    );
    await engine.forward(policy, [{ prompt: long, answer: answerOf(1) }]);
    const [sent] = gateway.of('forward')[0]?.prompts ?? [];
    const first = sent?.media[0]?.firstToken ?? 0;
    const behind = first + 4;
    expect([...(sent?.positions.slice(3 * behind, 3 * behind + 3) ?? [])]).toEqual([first + 7, first + 7, first + 7]);
    expect(engine.status().backend).toBe('cpu, Ray, vLLM');
  });
});

describe('models', () => {
  it('come from a folder, from nothing through a folder that is taken away, and as copies', async () => {
    const { engine, gateway, policy } = await started();
    const made = await engine.createModel({ kind: 'new', size: tinySize, seed: 1, texts: tinyTexts }, 'policy');
    await engine.createModel({ kind: 'copy', of: policy }, 'reference');
    const [fromFolder, fromNothing, copied] = gateway.of('createModel');
    expect(fromFolder).toEqual({
      ...{ model: policy.id, role: 'policy', folder: model.folder, copyOf: null, optimizer: false },
    });
    expect(fromNothing).toMatchObject({ model: made.id, role: 'policy', optimizer: false });
    // A copy may read it again.
    expect(await readdir(fromNothing?.folder ?? '')).toContain('config.json');
    expect(copied).toMatchObject({ role: 'reference', folder: null, copyOf: policy.id });
    await engine.unload(policy);
    await expect(engine.forward(policy, [])).rejects.toThrow('is not loaded');
    expect(gateway.of('unload')).toEqual([{ model: policy.id }]);
    await engine.dispose();
    await expect(readdir(fromNothing?.folder ?? '')).rejects.toThrow('ENOENT');
  });

  it('that are new go with no adapter, whose base has to stay', async () => {
    const gateway = await ScriptedGateway.start();
    onTestFinished(() => gateway.stop());
    const lora = { rank: 8, alpha: 16 };
    const settings = engineSettings.parse({ name: 'verl', attach: { address: gateway.address, tokenFile } });
    const engine = await createVerlEngine({ ...(settings as VerlSettings), lora }, surroundings);
    onTestFinished(() => engine.dispose());
    await expect(
      engine.createModel({ kind: 'new', size: tinySize, seed: 1, texts: tinyTexts }, 'policy'),
    ).rejects.toMatchObject({ kind: 'bad-model', message: expect.stringContaining('engine.lora') });
  });

  describe('that are adapters', () => {
    let adapter: Awaited<ReturnType<typeof modelFolder>>;
    beforeAll(async () => {
      adapter = await modelFolder();
      await rm(path.join(adapter.folder, 'model.safetensors'));
      await writeFile(path.join(adapter.folder, 'adapter_model.safetensors'), 'adapter');
      const config = { peft_type: 'LORA', r: 8, lora_alpha: 16, base_model_name_or_path: model.folder };
      await writeFile(path.join(adapter.folder, 'adapter_config.json'), JSON.stringify(config));
    });
    afterAll(() => adapter.remove());

    it.each([
      [undefined, 'This is a LoRA adapter, and all weights are to be trained.'],
      [{ rank: 4, alpha: 16 }, 'The adapter has rank 8 and alpha 16; engine.lora has 4 and 16.'],
      [{ rank: 8, alpha: 16 }, null],
    ])('go on as what they were trained as, with lora %j', async (lora, message) => {
      const gateway = await ScriptedGateway.start();
      onTestFinished(() => gateway.stop());
      const settings = engineSettings.parse({ name: 'verl', attach: { address: gateway.address, tokenFile } });
      const engine = await createVerlEngine({ ...(settings as VerlSettings), ...(lora && { lora }) }, surroundings);
      onTestFinished(() => engine.dispose());
      const opened = engine.createModel({ kind: 'folder', folder: adapter.folder, optimizer: false }, 'policy');
      if (message === null) await expect(opened).resolves.toMatchObject({ role: 'policy' });
      else await expect(opened).rejects.toMatchObject({ kind: 'bad-model', message });
    });

    it('are refused by the engine that has none', async () => {
      const tfjs = await createTfjsEngine({ name: 'tfjs', backend: 'cpu', threads: 1 });
      onTestFinished(() => tfjs.dispose());
      await expect(
        tfjs.createModel({ kind: 'folder', folder: adapter.folder, optimizer: false }, 'policy'),
      ).rejects.toThrow('This is a LoRA adapter');
    });
  });
});

describe('frames', () => {
  it('are named first, and those that are missing are sent once', async () => {
    const { engine, gateway, policy } = await started();
    const placed = { ...clip(['green'], 28, 28), place: { file: '/cache/green', offset: 8, sizeBytes: 28 * 28 * 3 } };
    const blank = { ...clip(['yellow'], 28, 28), blank: true as const };
    const answer = answerOf(1);
    const sequences = [prompt, imagePrompt(placed, question), imagePrompt(blank, question)].map((one) => ({
      prompt: one,
      answer,
    }));
    await engine.forward(policy, sequences);
    const [named] = gateway.of('frames');
    expect(named?.frames).toEqual([
      { key: `${frames.key}|3x56x28`, width: 56, height: 28, count: 3, place: null },
      { key: `${placed.key}|1x28x28`, width: 28, height: 28, count: 1, place: placed.place },
    ]);
    expect(gateway.of('putFrames').map(({ key, pixels }) => [key, pixels])).toEqual([
      [`${frames.key}|3x56x28`, new Uint8Array(frames.pixels)],
    ]);
    const [sent] = gateway.of('forward');
    expect(
      sent?.prompts.flatMap(({ media }) => media.map(({ kind, order, blank, fps }) => [kind, order, blank, fps])),
    ).toEqual([
      ['video', [0, 1, 2, 2], false, 2],
      ['image', [0, 0], false, null],
      ['image', [0, 0], true, null],
    ]);
    await engine.forward(policy, sequences);
    expect(gateway.of('putFrames')).toHaveLength(1);
  });

  it('that can’t be cut into patches are refused before anything is sent', async () => {
    const { engine, gateway, policy } = await started();
    const crooked = videoPrompt(clip(['red'], 30, 28), question);
    await expect(engine.forward(policy, [{ prompt: crooked, answer: answerOf(1) }])).rejects.toMatchObject({
      kind: 'bad-media',
    });
    expect(gateway.of('frames')).toEqual([]);
  });

  it.each<[Method, (s: Started) => Promise<unknown>]>([
    ['forward', ({ engine, policy }) => engine.forward(policy, [one(plain), one(prompt)])],
    [
      'forwardBackward',
      ({ engine, policy }) =>
        engine.forwardBackward(policy, {
          kind: 'cross-entropy',
          promptTokens: false,
          sequences: [one(plain), one(prompt)],
        }),
    ],
  ])('that the gateway saw otherwise are a refusal that names the prompt (%s)', async (method, ask) => {
    const s = await started();
    const { [method]: given } = s.gateway.handlers;
    (s.gateway.handlers as Record<string, unknown>)[method] = async (...args: Parameters<typeof given>) => ({
      ...((await (given as (...of: unknown[]) => object)(...args)) as object),
      grids: [[2, 2, 2]],
    });
    await expect(ask(s)).rejects.toMatchObject({
      kind: 'bad-media',
      place: frames.key,
      message: 'The gateway saw medium 1 of prompt 2 as 2 frame pairs of 2 x 2 patches; it has 2 of 2 x 4.',
    });
  });

  it('that the gateway did not count are told', async () => {
    const { engine, policy, gateway } = await started();
    gateway.handlers.forward = ({ sequences }) => ({
      ...{ logprobs: new Float32Array(sequences.length), entropy: null, grids: [] },
    });
    await expect(engine.forward(policy, [one(prompt)])).rejects.toThrow('saw 0 images and videos; 1 were shown');
  });
});

describe('rendering', () => {
  it('needs no gateway', async () => {
    const { engine, gateway, policy } = await started();
    await gateway.stop();
    const rendered = await engine.render(policy, prompt);
    expect(rendered.visionTokens).toBe(4);
    expect(rendered.text).toContain('<|video_pad|>'.repeat(4));
  });
});

it('goes with a word to the gateway, which it does not wait for without end', async () => {
  const s = await started();
  await s.engine.dispose();
  expect(s.gateway.of('shutdown')).toHaveLength(1);
});
