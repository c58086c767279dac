/** The whole engine as the loops use it: real threads, WebAssembly kernels, a tiny model. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type {
  Completion,
  Engine,
  ModelHandle,
  PolicySequence,
  SampleEvent,
  Scored,
} from '../../../trainer/engines/engine.ts';
import { specialTokens } from '../../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../../trainer/engines/tfjs/engine.ts';
import { nativeFolder } from '../../../trainer/engines/tfjs/files.ts';
import { addonBuild, preparedNative } from '../../../trainer/engines/tfjs/setup/native-libraries.ts';
import { webgpuHere } from './backends.ts';
import {
  answerText,
  clip,
  imagePrompt,
  newModel,
  question,
  rows,
  sampleAll,
  tinySize,
  tinyStep,
  tinyTexts,
  train,
  videoPrompt,
} from './tiny.ts';

let one: Engine;
let two: Engine;
let scratch: string;

beforeAll(async () => {
  one = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 1 });
  two = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 2 });
  scratch = await mkdtemp(join(tmpdir(), 'tfjs-engine-'));
});

afterAll(async () => {
  await one.dispose();
  await two.dispose();
  await rm(scratch, { recursive: true });
});

const prompt = videoPrompt(clip(['red', 'red', 'blue', 'blue']), question);
const otherPrompt = videoPrompt(
  clip(['green', 'yellow'], 56, 28),
  'What is seen, and in which order is it shown to you?',
);

async function folder(): Promise<string> {
  return await mkdtemp(join(scratch, 'checkpoint-'));
}

async function savedBytes(engine: Engine, model: ModelHandle): Promise<Buffer[]> {
  const path = await folder();
  await engine.saveState(model, path);
  return await Promise.all(
    ['model.safetensors', 'optimizer.safetensors', 'optimizer.json'].map((name) => readFile(join(path, name))),
  );
}

test('frames over plain memory give what the same frames over shared memory give, to the last bit', async () => {
  const frames = clip(['red', 'blue']);
  const plain = { ...frames, pixels: Uint8Array.from(frames.pixels) };
  expect(plain.pixels.buffer).not.toBeInstanceOf(SharedArrayBuffer);
  const model = await newModel(two);
  const requests = [frames, plain].map((own) => ({ prompt: videoPrompt(own, question), seeds: [1, 2] }));
  const [shared, copied] = [
    await sampleAll(two, model, requests.slice(0, 1)),
    await sampleAll(two, model, requests.slice(1)),
  ];
  expect(copied).toEqual(shared);
  await two.unload(model);
});

describe('training', () => {
  test('eight rows are learned by heart within 100 steps, and the answers then come out by themselves', async () => {
    const model = await newModel(one);
    const losses = await train(one, model, 100);
    expect(losses[0]).toBeGreaterThan(3);
    expect(losses[39]).toBeLessThan(0.5);
    expect(losses.at(-1)).toBeLessThan(0.1);
    const answers = await sampleAll(
      one,
      model,
      rows().map(({ prompt: own }) => ({ prompt: own, seeds: [1] })),
      { temperature: 0, maxTokens: 60 },
    );
    const right = rows().filter(({ answer }, i) => answers[i]?.[0]?.text === answer.text).length;
    expect(right).toBeGreaterThanOrEqual(7);
  });

  test('an answer as text ends with the end of its turn, and with the newline behind that where it is asked for', async () => {
    const model = await newModel(one);
    const [row] = rows();
    const answer = row?.answer as { text: string };
    const sequences = [true, false].map((turnNewline) => ({
      prompt: row?.prompt ?? [],
      answer: { ...answer, turnNewline },
    }));
    const [longer, shorter] = (await one.forward(model, sequences)).map(({ logprobs }) => [...logprobs]);
    expect(longer?.length).toBe((shorter?.length ?? 0) + 1);
    expect(longer?.slice(0, -1)).toEqual(shorter);
  });

  test('two threads give the loss and gradient of one, up to rounding', async () => {
    const [a, b] = [await newModel(one), await newModel(two)];
    for (let step = 0; step < 4; step++) {
      const loss = { kind: 'cross-entropy', sequences: rows(), promptTokens: step % 2 === 1 } as const;
      const [left, right] = [await one.forwardBackward(a, loss), await two.forwardBackward(b, loss)];
      expect(Math.abs(left.loss - right.loss) / left.loss).toBeLessThan(1e-5);
      expect(left.tokens).toBe(right.tokens);
      const norms = [(await one.optimStep(a, tinyStep)).gradNorm, (await two.optimStep(b, tinyStep)).gradNorm] as const;
      expect(Math.abs(norms[0] - norms[1]) / norms[0]).toBeLessThan(1e-4);
    }
  });

  test('the same run gives the same weights bit for bit, on two threads too', async () => {
    const runs: Buffer[][] = [];
    for (let run = 0; run < 2; run++) {
      const model = await newModel(two);
      await train(two, model, 5);
      runs.push(await savedBytes(two, model));
      await two.unload(model);
    }
    expect(runs[0]?.map((file, i) => file.equals(runs[1]?.[i] as Buffer))).toEqual([true, true, true]);
  });

  test('small micro-batches give the loss, gradient and log-probabilities of a whole batch', async () => {
    const small = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 1 }, { microBatchRows: 40 });
    try {
      const [a, b] = [await newModel(one), await newModel(small)];
      const sequences = [...rows(), ...rows().slice(0, 3)];
      const loss = { kind: 'cross-entropy', sequences, promptTokens: true } as const;
      const [whole, parts] = [await one.forwardBackward(a, loss), await small.forwardBackward(b, loss)];
      expect(parts.loss).toBeCloseTo(whole.loss, 5);
      expect(parts.tokens).toBe(whole.tokens);
      expect((await small.forward(b, sequences)).map(({ logprobs }) => [...logprobs])).toEqual(
        (await one.forward(a, sequences)).map(({ logprobs }) => [...logprobs]),
      );
      const norms = [
        (await one.optimStep(a, tinyStep)).gradNorm,
        (await small.optimStep(b, tinyStep)).gradNorm,
      ] as const;
      expect(norms[1] / norms[0]).toBeCloseTo(1, 5);
    } finally {
      await small.dispose();
    }
  });

  test('a batch split over two calls gives the gradient of the two losses added', async () => {
    const [a, b] = [await newModel(one), await newModel(one)];
    const all = rows();
    await one.forwardBackward(a, { kind: 'cross-entropy', sequences: all, promptTokens: false });
    const whole = await one.optimStep(a, tinyStep);
    for (const half of [all.slice(0, 4), all.slice(4)])
      await one.forwardBackward(b, { kind: 'cross-entropy', sequences: half, promptTokens: false });
    const halves = await one.optimStep(b, tinyStep);
    // All rows have the same number of tokens up to one or two, so the sum of two means is about twice the mean.
    expect(halves.gradNorm / whole.gradNorm).toBeGreaterThan(1.9);
    expect(halves.gradNorm / whole.gradNorm).toBeLessThan(2.1);
  });

  test('saving, loading and going on gives what going on would have given, bit for bit', async () => {
    for (const engine of [one, two]) {
      const model = await newModel(engine);
      await train(engine, model, 3);
      const path = await folder();
      await engine.saveState(model, path);
      const loaded = await engine.createModel({ kind: 'folder', folder: path, optimizer: true }, 'policy');
      await train(engine, model, 2);
      await train(engine, loaded, 2);
      const [left, right] = [await savedBytes(engine, model), await savedBytes(engine, loaded)];
      expect(left.map((file, i) => file.equals(right[i] as Buffer))).toEqual([true, true, true]);
      expect(JSON.parse((right[2] as Buffer).toString())).toEqual({ optimizer: 'AdamW', step: 5 });
    }
  });

  test('a copy keeps its weights while the policy learns', async () => {
    const model = await newModel(two);
    const reference = await two.createModel({ kind: 'copy', of: model }, 'reference');
    const [before] = await two.forward(reference, rows().slice(0, 1));
    await train(two, model, 3);
    const [[after], [learned]] = [
      await two.forward(reference, rows().slice(0, 1)),
      await two.forward(model, rows().slice(0, 1)),
    ];
    expect(after).toEqual(before);
    expect(learned).not.toEqual(before);
  });

  test('tensors do not pile up over fifty steps of training, forward and sampling', async () => {
    const model = await newModel(one);
    await train(one, model, 2);
    await sampleAll(one, model, [{ prompt, seeds: [1, 2, 3] }]);
    const before = await one.memory();
    for (let round = 0; round < 10; round++) {
      await train(one, model, 5);
      await one.forward(model, rows());
      await sampleAll(
        one,
        model,
        [
          { prompt, seeds: [round, 2, 3] },
          { prompt: otherPrompt, seeds: [4] },
        ],
        { maxTokens: 40 },
      );
    }
    const after = await one.memory();
    expect(after.tensors).toBe(before.tensors);
    expect(after.bytes).toBeLessThan(before.bytes * 1.3);
    await one.unload(model);
  });

  test('a policy loss tells the log-probabilities that it was made of, answer by answer, before the update', async () => {
    const model = await newModel(two);
    const reference = await two.createModel({ kind: 'copy', of: model }, 'reference');
    await train(two, model, 2);
    const requests = [
      { prompt, seeds: [1, 2, 3] },
      { prompt: otherPrompt, seeds: [4, 5] },
    ];
    const answers = await sampleAll(two, model, requests, { maxTokens: 12 });
    const sampled = requests.flatMap((request, i) =>
      (answers[i] ?? []).map(({ tokens, logprobs }) => ({
        prompt: request.prompt,
        answer: { tokens },
        oldLogprobs: logprobs,
      })),
    );
    const references = await two.forward(reference, sampled);
    const sequences = sampled.map((sequence, i) => ({
      ...sequence,
      advantage: i - 2,
      refLogprobs: references[i]?.logprobs ?? null,
    }));
    const own = await two.forward(model, sampled);
    const loss = { kind: 'policy', sequences, clip: { low: 0.2, high: 0.2 }, beta: 0.04, mean: 'answer' } as const;
    const close = (a: Float32Array | null | undefined, b: Float32Array | null | undefined): void => {
      expect(a?.length).toBe(b?.length);
      a?.forEach((value, i) => {
        expect(value).toBeCloseTo(b?.[i] ?? Number.NaN, 4);
      });
    };
    const { scored, kl } = await two.forwardBackward(model, loss);
    scored?.forEach(({ logprobs, refLogprobs }, i) => {
      close(logprobs, own[i]?.logprobs);
      expect(refLogprobs).toEqual(references[i]?.logprobs);
    });
    expect(scored).toHaveLength(5);
    const withoutReference = sequences.map((sequence) => ({ ...sequence, refLogprobs: null }));
    const exact = await two.forwardBackward(model, { ...loss, sequences: withoutReference, exactKl: reference });
    exact.scored?.forEach(({ logprobs, refLogprobs }, i) => {
      close(logprobs, own[i]?.logprobs);
      close(refLogprobs, references[i]?.logprobs);
    });
    expect(exact.kl).not.toBeCloseTo(kl ?? Number.NaN, 6);
    const supervised = { kind: 'cross-entropy', sequences: rows(), promptTokens: false } as const;
    expect((await two.forwardBackward(model, supervised)).scored).toBeNull();
    await two.optimStep(model, tinyStep);
    for (const held of [model, reference]) await two.unload(held);
  });

  test('a loss that is not finite is refused, changes no weight and leaves no gradient behind', async () => {
    const model = await newModel(two);
    await train(two, model, 1);
    const before = await savedBytes(two, model);
    const [[answer]] = (await sampleAll(two, model, [{ prompt, seeds: [1] }])) as [[Completion]];
    const sequence: PolicySequence = {
      prompt,
      answer: { tokens: answer.tokens },
      advantage: -1,
      oldLogprobs: answer.logprobs.map(() => -1000),
      refLogprobs: null,
    };
    const loss = {
      kind: 'policy',
      sequences: [sequence],
      clip: { low: 0.2, high: 0.2 },
      beta: 0,
      mean: 'answer',
    } as const;
    await expect(two.forwardBackward(model, loss)).rejects.toMatchObject({ kind: 'not-finite' });
    const after = await savedBytes(two, model);
    expect(after.map((file, i) => file.equals(before[i] as Buffer))).toEqual([true, true, true]);
    const { loss: next } = await two.forwardBackward(model, {
      kind: 'cross-entropy',
      sequences: rows(),
      promptTokens: false,
    });
    expect(Number.isFinite(next)).toBe(true);
    expect((await two.optimStep(model, tinyStep)).gradNorm).toBeLessThan(100);
  });
});

describe('sampling', () => {
  let model: ModelHandle;
  let modelOfTwo: ModelHandle;

  beforeAll(async () => {
    // Half learned, so that answers differ; trained on one thread, so that both engines hold the same weights.
    model = await newModel(one, 3);
    await train(one, model, 12);
    const path = await folder();
    await one.saveState(model, path);
    modelOfTwo = await two.createModel({ kind: 'folder', folder: path, optimizer: false }, 'policy');
  });

  const same = (a: Completion, b: Completion): void => {
    expect(a.text).toBe(b.text);
    expect(a.tokens).toEqual(b.tokens);
    expect(a.logprobs).toEqual(b.logprobs);
    expect(a.entropy).toEqual(b.entropy);
  };

  test('an answer depends on its prompt and seed alone: not on the batch, not on the number of threads, in no bit', async () => {
    const options = { maxTokens: 40, topP: 0.95 };
    const seeds = Array.from({ length: 23 }, (_, i) => 1000 + i);
    const [[alone]] = (await sampleAll(one, model, [{ prompt, seeds: [1007] }], options)) as [[Completion]];
    const [many] = (await sampleAll(one, model, [{ prompt, seeds }], options)) as [Completion[]];
    const mixed = await sampleAll(
      two,
      modelOfTwo,
      [
        { prompt: otherPrompt, seeds: [5, 6, 7] },
        { prompt, seeds },
        { prompt: otherPrompt, seeds: [8] },
      ],
      options,
    );
    same(alone, many[7] as Completion);
    for (const [i, answer] of many.entries()) same(answer, mixed[1]?.[i] as Completion);
    expect(new Set(many.map(({ text }) => text)).size).toBeGreaterThan(5);
  });

  test('log-probabilities of drawn tokens are those of a forward pass, and entropy lies between 0 and ln V', async () => {
    const requests = [
      { prompt, seeds: [1, 2, 3] },
      { prompt: otherPrompt, seeds: [4, 5] },
      { prompt: imagePrompt(clip(['red'], 28, 56), 'Which colour?'), seeds: [6] },
    ];
    const answers = await sampleAll(two, modelOfTwo, requests, { temperature: 0.8, topP: 0.9, maxTokens: 50 });
    const sequences = requests.flatMap(({ prompt: own }, i) =>
      (answers[i] ?? []).map(({ tokens }) => ({ prompt: own, answer: { tokens } })),
    );
    const recomputed = await two.forward(modelOfTwo, sequences, { entropy: true });
    const plain = await two.forward(modelOfTwo, sequences);
    expect(plain.map(({ entropy }) => entropy)).toEqual(sequences.map(() => null));
    answers.flat().forEach(({ logprobs, entropy }, i) => {
      expect(logprobs.length).toBe(recomputed[i]?.logprobs.length);
      for (const [j, logprob] of logprobs.entries()) {
        expect(Math.abs(logprob - (recomputed[i]?.logprobs[j] ?? Number.NaN))).toBeLessThan(1e-4);
      }
      expect(entropy).not.toBeNull();
      entropy?.forEach((value, j) => {
        expect(Math.abs(value - (recomputed[i]?.entropy?.[j] ?? Number.NaN))).toBeLessThan(1e-4);
      });
      for (const value of entropy ?? []) expect(value >= 0 && value <= Math.log(tinySize.vocab_size)).toBe(true);
    });
  });

  test('top-k draws from the k likeliest alone, and alternatives are the likeliest with their log-probabilities', async () => {
    const options = { temperature: 1.5, topK: 3, alternatives: 5, maxTokens: 20 };
    const [answers = []] = await sampleAll(two, modelOfTwo, [{ prompt, seeds: [1, 2, 3, 4, 5, 6] }], options);
    let notLikeliest = 0;
    for (const { tokens, logprobs, pieces, alternatives } of answers) {
      expect(alternatives?.length).toBe(tokens.length);
      alternatives?.forEach((likeliest, i) => {
        expect(likeliest.length).toBe(5);
        const sorted = likeliest.map(({ logprob }) => logprob);
        expect([...sorted].sort((a, b) => b - a)).toEqual(sorted);
        const rank = likeliest.findIndex(({ token }) => token === tokens[i]);
        expect(rank).toBeGreaterThanOrEqual(0);
        expect(rank).toBeLessThan(5);
        expect(likeliest[rank]?.logprob).toBeCloseTo(logprobs[i] ?? Number.NaN, 5);
        if (likeliest[rank]?.piece !== pieces[i]) expect(pieces[i]).toContain('\ufffd');
        notLikeliest += rank > 0 ? 1 : 0;
      });
    }
    expect(notLikeliest).toBeGreaterThan(0);
    const [[greedy] = []] = await sampleAll(two, modelOfTwo, [{ prompt, seeds: [9] }], {
      temperature: 0,
      maxTokens: 20,
    });
    const [[only] = []] = await sampleAll(two, modelOfTwo, [{ prompt, seeds: [9] }], { topK: 1, maxTokens: 20 });
    expect(only?.text).toBe(greedy?.text);
    expect(only?.alternatives).toBeNull();
  });

  test('a stop text ends an answer with the token that completes it, wherever tokens begin', async () => {
    const seeds = [1, 2, 3, 4];
    const [free = []] = await sampleAll(two, modelOfTwo, [{ prompt, seeds }], { maxTokens: 40 });
    const text = free[0]?.text ?? '';
    expect(text.length).toBeGreaterThan(8);
    const stop = text.slice(3, 6);
    const [stopped = []] = await sampleAll(two, modelOfTwo, [{ prompt, seeds }], {
      maxTokens: 40,
      stop: ['never said', stop],
    });
    stopped.forEach((answer, i) => {
      const whole = free[i] as Completion;
      expect(whole.text.startsWith(answer.text)).toBe(true);
      if (!whole.text.includes(stop)) return;
      expect(answer.stopReason).toBe('stop');
      expect(answer.text).toContain(stop);
      const before = answer.pieces.slice(0, -1).join('');
      expect(before).not.toContain(stop);
    });
    expect(stopped[0]?.tokens.length).toBeLessThan(free[0]?.tokens.length ?? 0);
  });

  test.each([
    [{ maxTokens: 0 }, 'maxTokens is 0'],
    [{ temperature: Number.NaN }, 'temperature is NaN'],
    [{ topP: 1.5 }, 'topP is 1.5'],
    [{ topK: 2.5 }, 'topK is 2.5'],
    [{ alternatives: 1000 }, 'alternatives is 1000'],
    [{ stop: [''] }, 'stop holds an empty text'],
  ])('%j is refused', async (options, message) => {
    await expect(sampleAll(one, model, [{ prompt, seeds: [1] }], options)).rejects.toMatchObject({
      kind: 'bad-request',
      message: expect.stringContaining(message),
    });
  });

  test('deltas of an answer add up to its text, pieces too, and no delta ends inside a character', async () => {
    const fresh = await one.createModel({ kind: 'new', size: tinySize, seed: 5, texts: tinyTexts }, 'policy');
    const deltas = new Map<number, string[]>();
    const done: Completion[] = [];
    const events: SampleEvent[] = [];
    for await (const event of one.sample(
      fresh,
      [{ prompt, seeds: Array.from({ length: 60 }, (_, i) => i) }],
      { maxTokens: 60, temperature: 1, topP: 1 },
      new AbortController().signal,
    )) {
      events.push(event);
      if (event.kind === 'delta') deltas.set(event.index, [...(deltas.get(event.index) ?? []), event.text]);
      if (event.kind === 'done') done[event.index] = event.completion;
    }
    done.forEach(({ text, pieces, tokens, stopReason }, i) => {
      expect((deltas.get(i) ?? []).join('')).toBe(text);
      expect(pieces.length).toBe(tokens.length);
      const end = stopReason === 'stop' ? pieces.at(-1) : '';
      expect(pieces.join('')).toBe(text + end);
      if (stopReason === 'stop') expect([specialTokens.turnEnd, specialTokens.pad]).toContain(end);
      // An untrained model writes loose bytes: whatever they are, the text is well formed and nothing but ends is special.
      expect(text.isWellFormed()).toBe(true);
      const specials = pieces.filter((piece) => Object.values<string>(specialTokens).includes(piece)).length;
      expect(specials).toBe(stopReason === 'stop' ? 1 : 0);
    });
    expect(events.filter(({ kind }) => kind === 'progress').at(-1)).toMatchObject({
      done: 60,
      total: 60,
      tokens: done.reduce((sum, { tokens }) => sum + tokens.length, 0),
    });
    await one.unload(fresh);
  });

  test('an abort ends every open answer at once, with what was written so far', async () => {
    const controller = new AbortController();
    const fresh = await one.createModel({ kind: 'new', size: tinySize, seed: 5, texts: tinyTexts }, 'policy');
    const completions: Completion[] = [];
    for await (const event of one.sample(
      fresh,
      [{ prompt, seeds: Array.from({ length: 90 }, (_, i) => i) }],
      { maxTokens: 4000, temperature: 0.2, topP: 1 },
      controller.signal,
    )) {
      if (event.kind === 'progress') controller.abort();
      if (event.kind === 'done') completions.push(event.completion);
    }
    expect(completions.length).toBe(90);
    const aborted = completions.filter(({ stopReason }) => stopReason === 'aborted');
    expect(aborted.length).toBeGreaterThan(0);
    for (const { tokens, logprobs } of aborted)
      expect(tokens.length === logprobs.length && tokens.length < 4000).toBe(true);
    const [[next]] = (await sampleAll(one, fresh, [{ prompt, seeds: [1] }], { maxTokens: 3 })) as [[Completion]];
    expect(next.tokens.length).toBeGreaterThan(0);
    await one.unload(fresh);
  });

  test('a reader who leaves early ends the sampling', async () => {
    for await (const event of one.sample(
      model,
      [{ prompt, seeds: [1, 2] }],
      { maxTokens: 4000, temperature: 1, topP: 1 },
      new AbortController().signal,
    )) {
      expect(event).toBeDefined();
      break;
    }
    expect((await one.forward(model, rows().slice(0, 1))).length).toBe(1);
  });
});

describe('the policy loss', () => {
  test('pushes up what had an advantage and down what had none; on the policy itself KL is 0 and nothing is clipped', async () => {
    const model = await newModel(two);
    await train(two, model, 5);
    const [answers] = (await sampleAll(two, model, [{ prompt, seeds: [1, 2, 3, 4] }], { maxTokens: 12 })) as [
      Completion[],
    ];
    const sequences = answers.map(
      ({ tokens, logprobs }, i): PolicySequence => ({
        prompt,
        answer: { tokens },
        advantage: i % 2 === 0 ? 1 : -1,
        oldLogprobs: logprobs,
        refLogprobs: logprobs,
      }),
    );
    const sum = ({ logprobs }: Scored): number => logprobs.reduce((total, value) => total + value, 0);
    const before = (await two.forward(model, sequences)).map(sum);
    const report = await two.forwardBackward(model, {
      kind: 'policy',
      sequences,
      clip: { low: 0.2, high: 0.2 },
      beta: 0.04,
      mean: 'answer',
    });
    expect(report.clipped).toBe(0);
    expect(report.kl).toBeLessThan(1e-8);
    expect(report.tokens).toBe(sequences.reduce((total, { answer }) => total + answer.tokens.length, 0));
    // Ratios are 1, so the loss is minus the mean advantage.
    expect(report.loss).toBeCloseTo(0, 5);
    await two.optimStep(model, { ...tinyStep, learningRate: 1e-3 });
    const after = (await two.forward(model, sequences)).map(sum);
    const gain = after
      .map((value, i) => (value - (before[i] ?? 0)) * (sequences[i]?.advantage ?? 0))
      .reduce((a, b) => a + b, 0);
    expect(gain).toBeGreaterThan(0);
  });

  /** Answers of a model with advantages of both signs. */
  async function policySequences(model: ModelHandle): Promise<PolicySequence[]> {
    const [answers = []] = await sampleAll(two, model, [{ prompt, seeds: [1, 2, 3, 4] }], { maxTokens: 12 });
    return answers.map(({ tokens, logprobs }, i) => ({
      prompt,
      answer: { tokens },
      advantage: i % 2 === 0 ? 1 : -1,
      oldLogprobs: logprobs,
      refLogprobs: null,
    }));
  }

  test('with the ratio of a sequence and a constant divisor the loss is GSPO’s of the log-probabilities, over threads and batches', async () => {
    const model = await newModel(two);
    await train(two, model, 5);
    const drawn = (await policySequences(model)).map((sequence, i) => ({
      ...sequence,
      answer: { tokens: sequence.answer.tokens.subarray(0, 3 + 2 * i) },
      oldLogprobs: sequence.oldLogprobs.subarray(0, 3 + 2 * i).map((value, k) => value - 0.1 * ((i + k) % 3)),
    }));
    const scored = await two.forward(model, drawn);
    const ratios = drawn.map(({ oldLogprobs }, i) => {
      const logprobs = scored[i]?.logprobs ?? new Float32Array();
      return Math.exp(
        logprobs.reduce((sum, value, k) => sum + value - (oldLogprobs[k] as number), 0) / logprobs.length,
      );
    });
    const [low, high, constant] = [0.2, 0.05, 12];
    const expected = drawn.map(({ advantage, answer }, i) => {
      const s = ratios[i] as number;
      const clipped = Math.min(1 + high, Math.max(1 - low, s));
      return (-answer.tokens.length * Math.min(s * advantage, clipped * advantage)) / (drawn.length * constant);
    });
    const small = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 1 }, { microBatchRows: 20 });
    onTestFinished(() => small.dispose());
    const path = await folder();
    await two.saveState(model, path);
    const inParts = await small.createModel({ kind: 'folder', folder: path, optimizer: false }, 'policy');
    // Prompts that differ, so that each answer is a batch of its own.
    const apart = drawn.map((sequence, i) => ({
      ...sequence,
      prompt: [...sequence.prompt, { kind: 'text', text: 'abcd'.slice(0, i) } as const],
    }));
    const sequenceLoss = {
      kind: 'policy',
      clip: { low, high },
      ratio: 'sequence',
      beta: 0,
      mean: { constant },
    } as const;
    const report = await two.forwardBackward(model, { ...sequenceLoss, sequences: drawn });
    const whole = await two.forwardBackward(model, { ...sequenceLoss, sequences: apart });
    const parts = await small.forwardBackward(inParts, { ...sequenceLoss, sequences: apart });
    expect(parts.loss).toBeCloseTo(whole.loss, 5);
    expect(parts.clipped).toBe(whole.clipped);
    expect(report.loss).toBeCloseTo(
      expected.reduce((sum, value) => sum + value, 0),
      4,
    );
    const clipped = drawn.filter(({ advantage }, i) => advantage > 0 && (ratios[i] as number) > 1 + high);
    const tokens = (of: readonly PolicySequence[]) => of.reduce((sum, { answer }) => sum + answer.tokens.length, 0);
    expect(clipped.length).toBeGreaterThan(0);
    expect(report.clipped).toBeCloseTo(tokens(clipped) / tokens(drawn), 6);
  });

  test('the exact KL is 0 against the model itself and positive against another, and a step down its gradient lessens it', async () => {
    const trained = await newModel(two);
    await train(two, trained, 5);
    // A copy has no moments that would lead its first step elsewhere.
    const model = await two.createModel({ kind: 'copy', of: trained }, 'policy');
    const itself = await two.createModel({ kind: 'copy', of: model }, 'reference');
    const other = await two.createModel({ kind: 'new', size: tinySize, seed: 8, texts: tinyTexts }, 'reference');
    const sequences = (await policySequences(model)).map((sequence) => ({ ...sequence, advantage: 0 }));
    const loss = { kind: 'policy', sequences, clip: { low: 0.2, high: 0.2 }, beta: 1, mean: 'token' } as const;
    const againstItself = await two.forwardBackward(model, { ...loss, exactKl: itself });
    expect(againstItself.kl).toBeLessThan(1e-6);
    expect(againstItself.loss).toBeCloseTo(0, 5);
    const before = await two.forwardBackward(model, { ...loss, exactKl: other });
    expect(before.kl).toBeGreaterThan(0.01);
    // Advantages are 0 and beta is 1, so that the loss is the KL.
    expect(before.loss).toBeCloseTo(before.kl ?? Number.NaN, 4);
    await two.optimStep(model, { ...tinyStep, learningRate: 1e-3 });
    const after = await two.forwardBackward(model, { ...loss, exactKl: other });
    expect(after.kl).toBeLessThan(before.kl ?? 0);
    for (const each of [itself, other]) await two.unload(each);
  });

  test('without beta, the exact KL changes nothing of the gradient', async () => {
    const model = await newModel(one);
    const reference = await one.createModel({ kind: 'new', size: tinySize, seed: 8, texts: tinyTexts }, 'reference');
    const [answers = []] = await sampleAll(one, model, [{ prompt, seeds: [1, 2] }], { maxTokens: 12 });
    const sequences = answers.map(({ tokens, logprobs }, i) => ({
      prompt,
      answer: { tokens },
      advantage: i === 0 ? 1 : -0.5,
      oldLogprobs: logprobs,
      refLogprobs: null,
    }));
    const loss = { kind: 'policy', sequences, clip: { low: 0.2, high: 0.2 }, beta: 0, mean: 'answer' } as const;
    const norms: number[] = [];
    for (const exactKl of [undefined, reference]) {
      await one.forwardBackward(model, { ...loss, ...(exactKl === undefined ? {} : { exactKl }) });
      // A learning rate of 0 leaves the weights as they are.
      norms.push((await one.optimStep(model, { ...tinyStep, learningRate: 0, weightDecay: 0 })).gradNorm);
    }
    expect(norms[1]).toBeCloseTo(norms[0] ?? Number.NaN, 5);
    await one.unload(reference);
  });

  test('a weight of 0 leaves a token out of the loss, and weights that do not fit are refused', async () => {
    const model = await newModel(one);
    const tokens = Int32Array.of(20, 21, 22, 23);
    const [scored] = await one.forward(model, [{ prompt, answer: { tokens } }]);
    const report = await one.forwardBackward(model, {
      kind: 'cross-entropy',
      promptTokens: false,
      sequences: [{ prompt, answer: { tokens, weights: Float32Array.of(1, 0, 0.5, 0) } }],
    });
    const [a = 0, , c = 0] = scored?.logprobs ?? [];
    expect(report.loss).toBeCloseTo(-(a + 0.5 * c) / 4, 5);
    for (const weights of [Float32Array.of(1, 1), Float32Array.of(1, 1, Number.NaN, 1)]) {
      const sequences = [{ prompt, answer: { tokens, weights } }];
      await expect(
        one.forwardBackward(model, { kind: 'cross-entropy', promptTokens: false, sequences }),
      ).rejects.toMatchObject({ kind: 'bad-request', message: expect.stringContaining('Sequence 0') });
    }
  });

  test('answers and log-probabilities of different lengths are refused', async () => {
    const model = await newModel(one);
    const sequence: PolicySequence = {
      prompt,
      answer: { tokens: Int32Array.of(1, 2, 3) },
      advantage: 1,
      oldLogprobs: new Float32Array(2),
      refLogprobs: null,
    };
    await expect(
      one.forwardBackward(model, {
        kind: 'policy',
        sequences: [sequence],
        clip: { low: 0.2, high: 0.2 },
        beta: 0,
        mean: 'token',
      }),
    ).rejects.toMatchObject({ kind: 'bad-request' });
    await one.unload(model);
  });
});

describe('what the engine says', () => {
  test('backend, reason and size are in the status; a rendered prompt shows what the model is given', async () => {
    const model = await newModel(one);
    const { capabilities } = one;
    expect(one.status()).toMatchObject({ name: 'tfjs', backend: 'wasm', threads: 1, capabilities });
    expect(one.status().why).toMatch(/WebAssembly/);
    const { text, ids, pieces, visionTokens } = await one.render(
      model,
      videoPrompt(clip(['red', 'blue', 'red', 'blue'], 56, 28), 'Hi'),
    );
    // 56 x 28 pixels are 4 x 2 patches, merged 2 x 2: two tokens for each of two frame pairs.
    expect(visionTokens).toBe(4);
    const pads = specialTokens.video.repeat(4);
    expect(text).toBe(`<|im_start|>user\n<|vision_start|>${pads}<|vision_end|>Hi<|im_end|>\nassistant\n`);
    const texts = ['user\n', 'Hi', '\nassistant\n'].map((text) => one.render(model, [{ kind: 'text', text }]));
    const plain = (await Promise.all(texts)).reduce((sum, rendered) => sum + rendered.ids.length, 0);
    expect(ids.length).toBe(plain + 4 + 4);
    expect(pieces.join('')).toBe(text);
    expect(pieces.slice(0, 1)).toEqual([specialTokens.turnStart]);
    expect(pieces.filter((piece) => piece === specialTokens.video)).toHaveLength(4);
    // What only looks like a special token is text, of other tokens.
    const typed = await one.render(model, [{ kind: 'text', text: specialTokens.turnStart }]);
    expect(typed.pieces.join('')).toBe(specialTokens.turnStart);
    expect(typed.ids.length).toBeGreaterThan(1);
    expect([...typed.ids]).not.toContain(ids[0]);
    await one.unload(model);
  });

  test('frames that cannot be cut into patches are refused by name', async () => {
    const model = await newModel(one);
    const sequences = [{ prompt: videoPrompt(clip(['red', 'blue'], 30, 28), 'Hi'), answer: { text: 'x' } }];
    await expect(one.forward(model, sequences)).rejects.toMatchObject({ kind: 'bad-media', place: 'red-blue 30x28' });
    await one.unload(model);
  });
});

const nativeIsThere = preparedNative().length > 0;
if (!nativeIsThere)
  console.log('Skipped: the native backend is not prepared on this machine; "npx video-r1 setup native" prepares it.');
const webgpuIsThere = (await webgpuHere()) !== null;
const stockBackends = [
  'cpu' as const,
  ...(nativeIsThere ? ['native' as const] : []),
  ...(webgpuIsThere ? ['webgpu' as const] : []),
];

test.each(stockBackends)(
  'plain TensorFlow.js on %s gives the loss, gradient and answers of the kernels',
  async (backend) => {
    const stock = await createTfjsEngine({ name: 'tfjs', backend, threads: 1 });
    try {
      const [a, b] = [await newModel(one, 9), await newModel(stock, 9)];
      const sequences = [
        ...rows().slice(0, 2),
        { prompt: otherPrompt, answer: { text: answerText('green', 'yellow') } },
        { prompt: imagePrompt(clip(['blue'], 28, 56), 'Which?'), answer: { text: 'blue' } },
        { prompt: [{ kind: 'text', text: 'no media here' }] as const, answer: { text: 'none' } },
      ];
      const loss = { kind: 'cross-entropy', sequences, promptTokens: true } as const;
      const [left, right] = [await one.forwardBackward(a, loss), await stock.forwardBackward(b, loss)];
      expect(left.loss).toBeCloseTo(right.loss, 4);
      expect(left.tokens).toBe(right.tokens);
      const norms = [
        (await one.optimStep(a, tinyStep)).gradNorm,
        (await stock.optimStep(b, tinyStep)).gradNorm,
      ] as const;
      expect(norms[0] / norms[1]).toBeCloseTo(1, 4);
      const requests = [
        { prompt, seeds: [1, 2] },
        { prompt: otherPrompt, seeds: [3] },
      ];
      const [ofKernels, ofStock] = [
        await sampleAll(one, a, requests, { temperature: 0, maxTokens: 3 }),
        await sampleAll(stock, b, requests, { temperature: 0, maxTokens: 3 }),
      ];
      ofKernels.flat().forEach((answer, i) => {
        expect(answer.tokens).toEqual(ofStock.flat()[i]?.tokens);
        for (const [j, value] of answer.logprobs.entries())
          expect(value).toBeCloseTo(ofStock.flat()[i]?.logprobs[j] ?? Number.NaN, 4);
      });
      const memory = await stock.memory();
      await sampleAll(stock, b, requests, { maxTokens: 2 });
      await stock.forward(b, rows().slice(0, 1));
      expect((await stock.memory()).tensors).toBe(memory.tensors);
    } finally {
      await stock.dispose();
    }
  },
);

test.each(['wasm' as const, ...stockBackends])(
  'on %s the alternatives of a token are the likeliest of the whole vocabulary, and asking for them changes no bit',
  async (backend) => {
    const engine = await createTfjsEngine({ name: 'tfjs', backend, threads: 1 });
    try {
      const model = await newModel(engine, 9);
      await engine.forwardBackward(model, { kind: 'cross-entropy', sequences: rows(), promptTokens: false });
      await engine.optimStep(model, { ...tinyStep, learningRate: 0.01 });
      const requests = [{ prompt: otherPrompt, seeds: [3, 4] }];
      const options = { temperature: 0.8, topP: 0.9, maxTokens: 3 };
      const [plain = []] = await sampleAll(engine, model, requests, options);
      const [asked = []] = await sampleAll(engine, model, requests, { ...options, alternatives: 5 });
      expect(asked.map((answer) => ({ ...answer, alternatives: null }))).toEqual(plain);
      const [{ tokens, logprobs, alternatives } = undefined as never] = asked;
      const last = tokens.length - 1;
      // Of every token that could stand last, by a forward pass that has it there.
      const saved = await folder();
      await engine.saveState(model, saved);
      const { text_config: text } = JSON.parse(await readFile(join(saved, 'config.json'), 'utf8'));
      const all = Array.from({ length: text.vocab_size }, (_, token) => token);
      const sequences = all.map((token) => ({ prompt: otherPrompt, answer: { tokens: tokens.with(last, token) } }));
      const scored = await engine.forward(model, sequences);
      const whole = scored.map((answer) => answer.logprobs[last] as number);
      expect(whole.reduce((sum, logprob) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 4);
      const likeliest = whole.toSorted((a, b) => b - a).slice(0, 5);
      alternatives?.[last]?.forEach(({ token, logprob }, i) => {
        expect(logprob).toBeCloseTo(whole[token] as number, 4);
        expect(logprob).toBeCloseTo(likeliest[i] as number, 4);
      });
      expect(alternatives?.[last]).toHaveLength(5);
      expect(logprobs[last]).toBeCloseTo(whole[tokens[last] as number] as number, 4);
      expect(engine.capabilities.samplerIsTrainer).toBe(engine.status().backend !== 'native CPU');
      expect(engine.capabilities.sampledEntropy).toBe(asked.every(({ entropy }) => entropy !== null));
      const onGpu = ['native GPU', 'webgpu'].includes(engine.status().backend);
      expect(engine.capabilities.seeds).toBe(onGpu ? 'same batch' : 'exact');
    } finally {
      await engine.dispose();
    }
  },
);

test.skipIf(!nativeIsThere)(
  'on the native backend two threads agree with one, a saved run goes on bit for bit, and drawn tokens have the log-probabilities of a forward pass',
  async () => {
    const native = await createTfjsEngine({ name: 'tfjs', backend: 'native', threads: 2 });
    try {
      expect(native.status().why).toMatch(/TensorFlow 2.*(GPU|kernels .* that write answers)/);
      const model = await newModel(native, 3);
      const [last] = (await train(native, model, 3)).slice(-1);
      const [expected] = (await train(one, await newModel(one, 3), 3)).slice(-1);
      expect((last ?? Number.NaN) / (expected ?? Number.NaN)).toBeCloseTo(1, 4);

      const path = await folder();
      await native.saveState(model, path);
      const loaded = await native.createModel({ kind: 'folder', folder: path, optimizer: true }, 'policy');
      await train(native, model, 2);
      await train(native, loaded, 2);
      const [left, right] = [await savedBytes(native, model), await savedBytes(native, loaded)];
      expect(left.map((file, i) => file.equals(right[i] as Buffer))).toEqual([true, true, true]);

      const requests = [
        { prompt, seeds: [1, 2, 3] },
        { prompt: otherPrompt, seeds: [4, 5] },
      ];
      const answers = await sampleAll(native, model, requests, { topP: 0.9, maxTokens: 30 });
      const recomputed = await native.forward(
        model,
        requests.flatMap(({ prompt: own }, i) =>
          (answers[i] ?? []).map(({ tokens }) => ({ prompt: own, answer: { tokens } })),
        ),
      );
      answers.flat().forEach(({ logprobs }, i) => {
        for (const [j, logprob] of logprobs.entries())
          expect(Math.abs(logprob - (recomputed[i]?.logprobs[j] ?? Number.NaN))).toBeLessThan(1e-4);
      });
    } finally {
      await native.dispose();
    }
  },
);

test('a thread that dies fails every open call, and all later ones, as engine-failed', async () => {
  const small = await createTfjsEngine({ name: 'tfjs', backend: 'wasm', threads: 2 }, { threadMemoryMb: 48 });
  try {
    const model = await newModel(small);
    // Far more distinct words than the thread's heap holds.
    const texts = [Array.from({ length: 2_000_000 }, (_, i) => `w${(i * 7919).toString(36)}`).join(' ')];
    const doomed = small.createModel({ kind: 'new', size: tinySize, seed: 1, texts }, 'policy');
    const behind = small.forward(model, rows());
    await expect(doomed).rejects.toMatchObject({ kind: 'engine-failed' });
    await expect(behind).rejects.toMatchObject({ kind: 'engine-failed' });
    await expect(small.optimStep(model, tinyStep)).rejects.toMatchObject({ kind: 'engine-failed' });
  } finally {
    await small.dispose();
  }
});

/** Runs with another cache folder. */
async function withCache(cache: string, work: () => Promise<void>): Promise<void> {
  const before = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = cache;
  try {
    await work();
  } finally {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
  }
}

test('a native library that is not prepared is an error that says what to choose instead; "auto" takes WebAssembly and says why', () =>
  withCache(scratch, async () => {
    const native = createTfjsEngine({ name: 'tfjs', backend: 'native', threads: 1 });
    await expect(native).rejects.toMatchObject({ kind: 'engine-failed', remedy: expect.stringContaining('wasm') });
    const auto = await createTfjsEngine({ name: 'tfjs', backend: 'auto', threads: 1 });
    expect(auto.status()).toMatchObject({
      backend: 'wasm',
      why: expect.stringContaining('No native TensorFlow is prepared'),
    });
    await auto.dispose();
  }));

test('"auto" takes WebAssembly, and says why, where the library that is prepared sees no GPU', async () => {
  const cache = await mkdtemp(join(scratch, 'cache-'));
  await withCache(cache, async () => {
    const folderOfCpu = join(nativeFolder(cache), 'cpu');
    await mkdir(folderOfCpu, { recursive: true });
    const addon = join(folderOfCpu, 'tfjs_binding.node');
    await writeFile(addon, 'never loaded');
    const ready = { build: addonBuild, version: '2.18.1', gpu: false, addon, files: {} };
    await writeFile(join(folderOfCpu, 'ready.json'), JSON.stringify(ready));
    const auto = await createTfjsEngine({ name: 'tfjs', backend: 'auto', threads: 1 });
    const { backend, why } = auto.status();
    await auto.dispose();
    expect(backend).toBe('wasm');
    expect(why).toMatch(/sees no GPU, and trains small models more slowly on the CPU/);
  });
});

test('"auto" goes on to WebAssembly when a prepared library does not start, and says which was tried and what it said', async () => {
  const cache = await mkdtemp(join(scratch, 'cache-'));
  await withCache(cache, async () => {
    const broken = join(nativeFolder(cache), 'gpu');
    await mkdir(broken, { recursive: true });
    const addon = join(broken, 'tfjs_binding.node');
    await writeFile(addon, 'not a library');
    await writeFile(
      join(broken, 'ready.json'),
      JSON.stringify({ build: addonBuild, version: '2.18.1', gpu: true, addon, files: {} }),
    );
    const auto = await createTfjsEngine({ name: 'tfjs', backend: 'auto', threads: 1 });
    const { backend, why } = auto.status();
    await auto.dispose();
    expect(backend).toBe('wasm');
    expect(why).toMatch(/native GPU backend was tried first.*tfjs_binding\.node/);
  });
});
