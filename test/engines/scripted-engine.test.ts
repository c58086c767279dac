/** The scripted engine says what it does: its numbers are those of its logits and of the losses that the real engine uses. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Engine, ModelHandle, PolicySequence, Prompt, TrainingLoss } from '../../trainer/engines/engine.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import { temporaryFolder } from '../store/folders.ts';
import { endToken, ScriptedEngine, tokensOf, vocabulary } from './scripted-engine.ts';

const size = { hidden_size: 8 } as never;
const origin = { kind: 'new', size, seed: 1, texts: [] } as const;
const prompt: Prompt = [{ kind: 'text', text: 'Which?' }];
const step = { learningRate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, gradClipNorm: 0 };
const uniform = -Math.log(vocabulary.length);
const sft = (text: string): TrainingLoss => ({
  kind: 'cross-entropy',
  sequences: [{ prompt, answer: { text } }],
  promptTokens: false,
});

function policySequence(text: string, advantage: number, old: number, ref: number | null): PolicySequence {
  const tokens = Int32Array.from([...tokensOf(text), endToken]);
  const fill = (value: number) => new Float32Array(tokens.length).fill(value);
  return {
    prompt,
    answer: { tokens },
    advantage,
    oldLogprobs: fill(old),
    refLogprobs: ref === null ? null : fill(ref),
  };
}

/** The loss after the logits have been moved by hand. */
async function lossAt(engine: ScriptedEngine, model: ModelHandle, loss: TrainingLoss, logits: Float64Array) {
  engine.logitsOf(model).set(logits);
  const { loss: value } = await engine.forwardBackward(model, loss);
  await engine.optimStep(model, { ...step, learningRate: 0 });
  return value;
}

/** The gradient by each logit, as AdamW's first step without momentum shows its sign, and finite differences. */
async function expectGradientIsSlope(engine: ScriptedEngine, model: ModelHandle, loss: TrainingLoss) {
  const logits = engine.logitsOf(model).slice();
  await engine.forwardBackward(model, loss);
  const { gradNorm } = await engine.optimStep(model, { ...step, learningRate: 0 });
  let squares = 0;
  for (let v = 0; v < vocabulary.length; v++) {
    const moved = (by: number) => logits.map((logit, at) => (at === v ? logit + by : logit));
    const [up, down] = [
      await lossAt(engine, model, loss, moved(0.01)),
      await lossAt(engine, model, loss, moved(-0.01)),
    ];
    squares += ((up - down) / 0.02) ** 2;
  }
  engine.logitsOf(model).set(logits);
  expect(gradNorm).toBeCloseTo(Math.sqrt(squares), 3);
  expect(gradNorm).toBeGreaterThan(0.01);
}

async function newEngine(script?: () => string): Promise<{ engine: ScriptedEngine; policy: ModelHandle }> {
  const engine = new ScriptedEngine(script ?? null);
  return { engine, policy: await engine.createModel(origin, 'policy') };
}

async function answers(engine: Engine, model: ModelHandle, seeds: number[], signal = new AbortController().signal) {
  const found = [];
  const options = { maxTokens: 8, temperature: 1, topP: 1 };
  for await (const event of engine.sample(model, [{ prompt, seeds }], options, signal))
    if (event.kind === 'done') found.push(event.completion);
  return found;
}

describe('the scripted engine', () => {
  it('begins with all tokens alike: log-probability and entropy are those of a uniform distribution', async () => {
    const { engine, policy } = await newEngine(() => '<think>a');
    const [answer] = await answers(engine, policy, [1]);
    expect(answer?.pieces).toEqual(['<think>', 'a', '<|im_end|>']);
    expect(answer?.text).toBe('<think>a');
    for (const logprob of answer?.logprobs ?? []) expect(logprob).toBeCloseTo(uniform, 5);
    for (const entropy of answer?.entropy ?? []) expect(entropy).toBeCloseTo(-uniform, 5);
    const sequence = { prompt, answer: { tokens: answer?.tokens as Int32Array } };
    const [scored] = await engine.forward(policy, [sequence], { entropy: true });
    expect(scored?.logprobs).toEqual(answer?.logprobs);
    expect(scored?.entropy).toEqual(answer?.entropy);
  });

  it('learns: a supervised step makes its text likelier, by as much as AdamW moves each logit', async () => {
    const { engine, policy } = await newEngine();
    const { loss } = await engine.forwardBackward(policy, sft('ab'));
    expect(loss).toBeCloseTo(-uniform, 5);
    await engine.optimStep(policy, step);
    // Three tokens of 102 go up by 0.1, all others down by 0.1.
    const expected = Math.log(3 * Math.exp(0.1) + (vocabulary.length - 3) * Math.exp(-0.1)) - 0.1;
    expect((await engine.forwardBackward(policy, sft('ab'))).loss).toBeCloseTo(expected, 5);
  });

  it('has the gradient of its losses: cross-entropy, clipped policy with k3, and with the exact KL', async () => {
    const { engine, policy } = await newEngine();
    engine.logitsOf(policy)[tokensOf('a')[0] as number] = 1;
    const reference = await engine.createModel(origin, 'reference');
    await expectGradientIsSlope(engine, policy, sft('abba'));
    const sequences = [policySequence('ab', 1, uniform, uniform), policySequence('b', -0.5, uniform - 0.1, uniform)];
    const policyLoss = { kind: 'policy', sequences, clip: { low: 0.2, high: 0.2 }, beta: 0.3, mean: 'answer' } as const;
    await expectGradientIsSlope(engine, policy, policyLoss);
    await expectGradientIsSlope(engine, policy, { ...policyLoss, mean: { constant: 5 } });
    await expectGradientIsSlope(engine, policy, { ...policyLoss, ratio: 'sequence' });
    await expectGradientIsSlope(engine, policy, { ...policyLoss, ratio: 'sequence', exactKl: reference });
    await expectGradientIsSlope(engine, policy, { ...policyLoss, mean: 'token', exactKl: reference });
  });

  it('clips a ratio that left its window, and reports k3 of what the reference says', async () => {
    const { engine, policy } = await newEngine();
    // Ratio e^0.5 = 1.649 is above 1.2: the surrogate is 1.2, and every token is clipped. k3 of d = 0.5: e^0.5 - 1.5.
    const sequences = [policySequence('a', 1, uniform - 0.5, uniform + 0.5)];
    const report = await engine.forwardBackward(policy, {
      ...{ kind: 'policy', sequences, clip: { low: 0.2, high: 0.2 }, beta: 0.1, mean: 'answer' },
    });
    expect(report.clipped).toBe(1);
    expect(report.kl).toBeCloseTo(Math.exp(0.5) - 1.5, 5);
    expect(report.loss).toBeCloseTo(0.1 * (Math.exp(0.5) - 1.5) - 1.2, 5);
  });

  it('draws from its policy by seed when it has no script', async () => {
    const { engine, policy } = await newEngine();
    const [first, again, second] = await answers(engine, policy, [1, 1, 2]);
    expect(again?.tokens).toEqual(first?.tokens);
    expect(second?.tokens).not.toEqual(first?.tokens);
    engine.logitsOf(policy)[tokensOf('z')[0] as number] = 50;
    expect((await answers(engine, policy, [3])).map(({ text, stopReason }) => [text, stopReason])).toEqual([
      ['zzzzzzzz', 'length'],
    ]);
  });

  it('saves its table and reads it again, with its optimizer where that is asked for', async () => {
    const { engine, policy } = await newEngine();
    const learn = async (model: ModelHandle) => {
      await engine.forwardBackward(model, sft('abc'));
      return engine.optimStep(model, step);
    };
    await learn(policy);
    const folder = path.join(temporaryFolder(), 'saved');
    await engine.saveState(policy, folder);
    const whole = await engine.createModel({ kind: 'folder', folder, optimizer: true }, 'policy');
    const bare = await engine.createModel({ kind: 'folder', folder, optimizer: false }, 'policy');
    expect(engine.logitsOf(whole)).toEqual(engine.logitsOf(policy));
    for (const model of [policy, whole, bare]) await learn(model);
    expect(engine.logitsOf(whole)).toEqual(engine.logitsOf(policy));
    expect(engine.logitsOf(bare)).not.toEqual(engine.logitsOf(policy));
  });

  it('fails where it is told to, waits where it is told to, and ends every open answer when it is aborted', async () => {
    const { engine, policy } = await newEngine(() => 'a');
    engine.failNext('forward', new StudioError('engine-failed', 'It died.'));
    await expect(engine.forward(policy, [])).rejects.toMatchObject({ kind: 'engine-failed' });
    await expect(engine.forward(policy, [])).resolves.toEqual([]);
    const abort = new AbortController();
    const gate = engine.holdNext('sample');
    const sampled = answers(engine, policy, [1, 2], abort.signal);
    await gate.entered;
    abort.abort();
    expect((await sampled).map(({ stopReason, tokens }) => [stopReason, tokens.length])).toEqual([
      ['aborted', 0],
      ['aborted', 0],
    ]);
  });

  it('changes no weight when the loss is not finite', async () => {
    const { engine, policy } = await newEngine();
    engine.logitsOf(policy)[3] = Number.NaN;
    await expect(engine.forwardBackward(policy, sft('a'))).rejects.toMatchObject({ kind: 'not-finite' });
  });
});
