/**
 * Answers to one prompt that stand behind each other in a row of the verl engine's passes are to the model what each alone is:
 * log-probabilities, entropies, losses and gradients are those of the same answers between answers to other prompts, which share no row.
 */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, LossReport, ModelHandle, Prompt, TrainingLoss } from '../../trainer/engines/engine.ts';
import { newModelFolder } from '../../trainer/engines/new-model-folder.ts';
import { uniform } from '../../trainer/engines/tfjs/model/random.ts';
import {
  clip,
  imagePrompt,
  question,
  sampleAll,
  tinySize,
  tinyStep,
  tinyTexts,
  videoPrompt,
} from '../engines/tfjs/tiny.ts';
import { type StandingGateway, standingGateway, verlEngine } from '../engines/verl/start.ts';
import { findVerl } from '../fidelity/verl.ts';

const found = findVerl();
if (found.python === null) process.stdout.write(`Skipped, rows with several answers: ${found.reason}.\n`);

const frames = clip(['red', 'green', 'blue', 'yellow'], 56, 56);
const prompts: readonly Prompt[] = [
  videoPrompt(frames, question),
  videoPrompt(frames, question, [2, 0, 3, 1]),
  imagePrompt(clip(['blue'], 56, 28), question),
  videoPrompt(frames, question).filter(({ kind }) => kind !== 'video'),
];
const answersEach = 4;
/** Of 1 to 9 tokens that are no words. */
const answer = (n: number): Int32Array =>
  Int32Array.from({ length: 1 + ((5 * n) % 9) }, (_, k) => 10 + Math.floor(250 * uniform(n, k)));
const together = prompts.flatMap((prompt, p) =>
  Array.from({ length: answersEach }, (_, i) => ({ prompt, tokens: answer(answersEach * p + i) })),
);
/** Place i of the order in which no answer is behind one to the same prompt. */
const apartAt = together.map((_, i) => answersEach * (i % prompts.length) + Math.floor(i / prompts.length));

const close = (a: readonly number[], b: readonly number[], most: number): void => {
  expect(a.length).toBe(b.length);
  expect(Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))))).toBeLessThan(most);
};

describe.skipIf(found.python === null)('answers in one row', () => {
  let gateway: StandingGateway;
  let folder: string;
  let engine: Engine;
  let policy: ModelHandle;
  beforeAll(async () => {
    gateway = await standingGateway();
    engine = await verlEngine({ attach: gateway.attach });
    folder = await newModelFolder({ kind: 'new', size: tinySize, seed: 3, texts: tinyTexts }, null);
    policy = await engine.createModel({ kind: 'folder', folder, optimizer: false }, 'policy');
  }, 120_000);
  afterAll(async () => {
    await engine?.dispose();
    await gateway?.end();
    await rm(folder, { recursive: true, force: true });
  });

  const inOrder = <T>(values: readonly T[], order: readonly number[]): T[] => order.map((i) => values[i] as T);

  test('have the log-probabilities and entropies of each alone', async () => {
    const sequences = together.map(({ prompt, tokens }) => ({ prompt, answer: { tokens } }));
    const shared = await engine.forward(policy, sequences, { entropy: true });
    const apart = await engine.forward(policy, inOrder(sequences, apartAt), { entropy: true });
    for (const of of ['logprobs', 'entropy'] as const)
      close(
        inOrder(shared, apartAt).flatMap((one) => [...(one[of] as Float32Array)]),
        apart.flatMap((one) => [...(one[of] as Float32Array)]),
        1e-5,
      );
  });

  async function trained(loss: TrainingLoss): Promise<LossReport & { gradNorm: number }> {
    const before = await engine.snapshot(policy);
    const report = await engine.forwardBackward(policy, loss);
    const { gradNorm } = await engine.optimStep(policy, tinyStep);
    await engine.restore(before);
    await engine.release(before);
    return { ...report, gradNorm };
  }

  test('have the policy loss, KL and gradient of each alone', async () => {
    const sequences = together.map(({ prompt, tokens }, n) => ({
      prompt,
      answer: { tokens },
      oldLogprobs: Float32Array.from(tokens, (_, k) => -5.5 - uniform(70 + n, k)),
      refLogprobs: Float32Array.from(tokens, (_, k) => -5.5 - uniform(90 + n, k)),
      advantage: (n % 5) - 2,
    }));
    const policyLoss = (of: typeof sequences): TrainingLoss => ({
      ...{ kind: 'policy', sequences: of, clip: { low: 0.2, high: 0.2 }, beta: 0.04, mean: 'answer' },
    });
    const shared = await trained(policyLoss(sequences));
    const apart = await trained(policyLoss(inOrder(sequences, apartAt)));
    expect(shared.gradNorm).toBeGreaterThan(0.01);
    const said = ({ loss, kl, clipped, gradNorm }: typeof shared) => [
      loss,
      kl ?? Number.NaN,
      clipped ?? Number.NaN,
      gradNorm,
    ];
    close(said(shared), said(apart), 1e-5);
  });

  test('have the loss of prompt tokens for every answer', async () => {
    const sequences = together.map(({ prompt, tokens }) => ({ prompt, answer: { tokens } }));
    const of = (some: typeof sequences) => trained({ kind: 'cross-entropy', sequences: some, promptTokens: true });
    const [shared, apart] = [await of(sequences), await of(inOrder(sequences, apartAt))];
    close([shared.loss, shared.gradNorm], [apart.loss, apart.gradNorm], 1e-5);
  });

  test('are sampled each from its own prompt, with the log-probabilities that the trainer gives them', async () => {
    const seeds = [11, 12, 13];
    const requests = prompts.map((prompt) => ({ prompt, seeds }));
    const answers = await sampleAll(engine, policy, requests, { topP: 0.95 });
    const sequences = answers.flatMap((some, p) =>
      some.map(({ tokens }) => ({ prompt: prompts[p] as Prompt, answer: { tokens } })),
    );
    const scored = await engine.forward(policy, sequences, { entropy: true });
    const sampled = answers.flat();
    close(
      sampled.flatMap(({ logprobs }) => [...logprobs]),
      scored.flatMap(({ logprobs }) => [...logprobs]),
      1e-5,
    );
    close(
      sampled.flatMap(({ entropy }) => [...(entropy as Float32Array)]),
      scored.flatMap(({ entropy }) => [...(entropy as Float32Array)]),
      1e-5,
    );
  });
});
