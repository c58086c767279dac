/** What is asked of the gateway to score and to train, and what is made of its sums; checkpoints that both ends write. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTfjsEngine } from '../../../trainer/engines/tfjs/engine.ts';
import { sampleAll } from '../tfjs/tiny.ts';
import { answerOf, attached, model, one, plain, prompt, started } from './attached.ts';
import { gridsOf, logprobOf, modelFolder, ScriptedGateway } from './scripted-gateway.ts';

describe('scoring', () => {
  it('sends equal prompts once, and gives each answer its own', async () => {
    const { engine, gateway, policy } = await started();
    const scored = await engine.forward(
      policy,
      [
        { prompt, answer: answerOf(3, 4) },
        { prompt: plain, answer: answerOf(5) },
        { prompt, answer: answerOf(6, 7, 8) },
      ],
      { entropy: true },
    );
    const [sent] = gateway.of('forward');
    expect(sent?.prompts).toHaveLength(2);
    expect(sent?.sequences).toEqual([
      { prompt: 0, tokens: Int32Array.of(3, 4) },
      { prompt: 1, tokens: Int32Array.of(5) },
      { prompt: 0, tokens: Int32Array.of(6, 7, 8) },
    ]);
    const logprobs = (...ids: number[]) => Float32Array.from(ids, logprobOf);
    expect(scored.map((each) => each.logprobs)).toEqual([logprobs(3, 4), logprobs(5), logprobs(6, 7, 8)]);
    expect(scored[2]?.entropy).toEqual(Float32Array.of(0.006, 0.007, 0.008));
    expect((await engine.forward(policy, [one(plain)]))[0]?.entropy).toBeNull();
  });

  it('takes no answer of another length', async () => {
    const { engine, policy } = await started({
      forward: ({ prompts }) => ({ logprobs: new Float32Array(2), entropy: null, grids: gridsOf(prompts) }),
    });
    await expect(engine.forward(policy, [one(plain)])).rejects.toThrow('gave 2 log-probabilities for 1 answer tokens');
  });
});

describe('training', () => {
  it('on text shares the loss among answer and prompt tokens, vision tokens left out', async () => {
    const { engine, gateway, policy } = await started();
    const sequences = [
      { prompt, answer: answerOf(3, 4) },
      { prompt: plain, answer: answerOf(5) },
    ];
    const report = await engine.forwardBackward(policy, { kind: 'cross-entropy', promptTokens: true, sequences });
    const [sent] = gateway.of('forwardBackward');
    const vision = sent?.prompts[0]?.media[0]?.tokens ?? 0;
    const [first = 0, second = 0] = sent?.prompts.map(({ tokens }) => tokens.length) ?? [];
    expect(vision).toBe(4);
    const tokens = 3 + (first - 1 - vision) + (second - 1);
    expect(report.tokens).toBe(tokens);
    expect(sent?.weights).toEqual(new Float32Array(3).fill(1 / tokens));
    expect(sent?.promptWeights).toEqual(new Float32Array(2).fill(1 / tokens));
    expect(sent?.loss).toEqual({ kind: 'cross-entropy' });
    expect(report).toMatchObject({ kl: null, clipped: null, scored: null });
    expect(report.loss).toBeCloseTo((0.03 + 0.04 + 0.05) / tokens, 6);
  });

  it('on advantages sends the terms of each token, and divides the sums of the gateway', async () => {
    const { engine, gateway, policy } = await started();
    const of = (advantage: number, ...ids: number[]) => ({
      ...{ prompt: plain, answer: answerOf(...ids), advantage },
      oldLogprobs: Float32Array.from(ids, (id) => -id),
      refLogprobs: Float32Array.from(ids, (id) => -2 * id),
    });
    const report = await engine.forwardBackward(policy, {
      ...{ kind: 'policy', clip: { low: 0.2, high: 0.3 }, beta: 0.04, mean: 'answer', ratio: 'sequence' },
      sequences: [of(1.5, 3, 4), of(-0.5, 5)],
    });
    const [sent] = gateway.of('forwardBackward');
    expect(sent?.weights).toEqual(Float32Array.of(0.25, 0.25, 0.5));
    expect(sent?.promptWeights).toBeNull();
    expect(sent?.loss).toEqual({
      ...{ kind: 'policy', clipLow: 0.2, clipHigh: 0.3, ratio: 'sequence', beta: 0.04 },
      advantages: Float32Array.of(1.5, 1.5, -0.5),
      old: Float32Array.of(-3, -4, -5),
      reference: Float32Array.of(-6, -8, -10),
    });
    // The script says KL 3 and 2 clipped, summed over three tokens.
    expect(report.kl).toBe(1);
    expect(report.clipped).toBeCloseTo(2 / 3, 12);
    expect(report.scored?.[0]).toEqual({
      logprobs: Float32Array.of(-0.03, -0.04),
      refLogprobs: Float32Array.of(-6, -8),
    });
  });

  it('without a reference has no KL, and refuses the exact one by name', async () => {
    const { engine, policy } = await started();
    const sequence = { ...one(plain), advantage: 1, oldLogprobs: Float32Array.of(-1), refLogprobs: null };
    const loss = {
      kind: 'policy',
      clip: { low: 0.2, high: 0.2 },
      beta: 0,
      mean: 'token',
      sequences: [sequence],
    } as const;
    expect(await engine.forwardBackward(policy, loss)).toMatchObject({ kl: null });
    await expect(engine.forwardBackward(policy, { ...loss, exactKl: policy })).rejects.toThrow('klEstimator exact');
  });

  it('steps as it is told, keeps weights aside and puts them back', async () => {
    const { engine, gateway, policy } = await started();
    const step = {
      ...{ learningRate: 1e-4, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01, gradClipNorm: 5 },
    };
    const kept = await engine.snapshot(policy);
    expect(await engine.optimStep(policy, step)).toEqual({ gradNorm: 0.5 });
    await engine.restore(kept);
    await engine.release(kept);
    expect(gateway.of('optimStep')).toEqual([{ model: policy.id, ...step }]);
    expect(gateway.asked.slice(-3).map(({ method, params }) => [method, params])).toEqual([
      ['optimStep', { model: policy.id, ...step }],
      ['restore', { model: policy.id, snapshot: kept.id }],
      ['release', { model: policy.id, snapshot: kept.id }],
    ]);
    expect(await engine.memory()).toEqual({ bytes: 12, tensors: 3, byRank: [12] });
  });

  it('has the sampler take the weights before it samples, once after each change', async () => {
    const { engine, gateway, policy } = await started();
    const sample = () => sampleAll(engine, policy, [{ prompt: plain, seeds: [1] }]);
    await sample();
    await sample();
    expect(gateway.of('publish')).toHaveLength(1);
    await engine.optimStep(policy, {
      ...{ learningRate: 1, beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0, gradClipNorm: 0 },
    });
    await sample();
    expect(gateway.of('publish')).toHaveLength(2);
  });
});

describe('a checkpoint', () => {
  it('is what the gateway wrote and what lies on this side, with the form of the optimizer’s state', async () => {
    const { engine, policy } = await started();
    const folder = await mkdtemp(path.join(tmpdir(), 'verl-save-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await engine.saveState(policy, folder);
    expect((await readdir(folder)).sort()).toEqual([
      ...['config.json', 'model.safetensors', 'optimizer.json', 'tokenizer.json'],
    ]);
    const read = async (name: string) => JSON.parse(await readFile(path.join(folder, name), 'utf8')) as object;
    expect(await read('optimizer.json')).toEqual({ optimizer: 'AdamW', step: 7, form: 'distributed' });
    expect(await read('config.json')).toMatchObject({ mrope_positions: '5.18' });
    const again = await engine.createModel({ kind: 'folder', folder, optimizer: true }, 'policy');
    expect(again.role).toBe('policy');
    const tfjs = await createTfjsEngine({ name: 'tfjs', backend: 'cpu', threads: 1 });
    onTestFinished(() => tfjs.dispose());
    await expect(tfjs.createModel({ kind: 'folder', folder, optimizer: true }, 'policy')).rejects.toMatchObject({
      ...{ kind: 'bad-model', place: path.join(folder, 'optimizer.json') },
      message: 'The optimizer’s state here is of the engine verl, which tfjs can’t read.'.replaceAll('’', "'"),
      remedy: `Go on with verl; or begin a new run from these weights, {"model": {"checkpoint": "${folder}"}}.`,
    });
  });

  it('of the embedded engine gives its weights, and not its optimizer', async () => {
    const { engine } = await started();
    const other = await modelFolder();
    onTestFinished(() => other.remove());
    await writeFile(path.join(other.folder, 'optimizer.json'), '{"optimizer":"AdamW","step":3}');
    const open = (optimizer: boolean) =>
      engine.createModel({ kind: 'folder', folder: other.folder, optimizer }, 'policy');
    await expect(open(true)).rejects.toThrow(
      "The optimizer's state here is of the engine tfjs, which verl can't read.",
    );
    await expect(open(false)).resolves.toBeDefined();
  });

  it('whose weights lie on another machine is none', async () => {
    const { engine, policy } = await started({ saveState: () => ({ optimizerStep: 1 }) });
    const folder = await mkdtemp(path.join(tmpdir(), 'verl-save-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await expect(engine.saveState(policy, folder)).rejects.toMatchObject({
      ...{ kind: 'engine-failed', place: folder },
      message: 'The gateway saved the weights, and they are not here.',
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('keeps positions that the settings name', async () => {
    const gateway = await ScriptedGateway.start();
    onTestFinished(() => gateway.stop());
    const engine = await attached(gateway, { mropePositions: '5.0' });
    const policy = await engine.createModel({ kind: 'folder', folder: model.folder, optimizer: false }, 'policy');
    const folder = await mkdtemp(path.join(tmpdir(), 'verl-save-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await engine.saveState(policy, folder);
    expect(JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8'))).toMatchObject({
      mrope_positions: '5.0',
    });
  });
});
