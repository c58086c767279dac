/** What the embedded engine costs at the size of the demonstration: a training step, a token; and beside PyTorch, where it is. */
import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { Engine, ModelHandle, Prompt, Scored } from '../../trainer/engines/engine.ts';
import { createTfjsEngine } from '../../trainer/engines/tfjs/engine.ts';
import { ensureKernels, wasmBackendFolder } from '../../trainer/engines/tfjs/files.ts';
import { createKernelOps } from '../../trainer/engines/tfjs/kernels/kernels.ts';
import { answerText, clip, colourNames, tinyStep, videoPrompt } from '../engines/tfjs/tiny.ts';
import { findPython } from '../fidelity/python.ts';
import { type BenchFigure, type BenchOptions, median, timed } from './part.ts';
import { benchAgainstTorch } from './pytorch.bench.ts';

const size = {
  hidden_size: 128,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 384,
  vocab_size: 800,
  vision_hidden_size: 64,
  vision_depth: 2,
  vision_num_heads: 2,
  vision_intermediate_size: 192,
} as const;

const question =
  'Which colour comes first in the clip?\nA. red\nB. green\nC. blue\nD. yellow\nThink, then give the letter.';
const sequencesPerStep = 24;
const questionsPerStep = 12;

/** A prompt with eight frames of 56 x 56 pixels; each number gives content of its own. */
function prompt(n: number): Prompt {
  const colours = Array.from({ length: 8 }, (_, i) => colourNames[(n >> (i % 6)) % 4] ?? 'red');
  const frames = clip(colours, 56, 56);
  return videoPrompt({ ...frames, key: `${frames.key} ${n}` }, question);
}

/** One step on questions of its own number. */
export async function trainingStep(
  engine: Engine,
  model: ModelHandle,
  n: number,
): Promise<{ loss: number; gradNorm: number }> {
  const sequences = Array.from({ length: sequencesPerStep }, (_, i) => ({
    prompt: prompt(n * sequencesPerStep + i),
    answer: { text: `${answerText('red', 'blue')} ${answerText('green', 'yellow')}` },
  }));
  const { loss } = await engine.forwardBackward(model, { kind: 'cross-entropy', sequences, promptTokens: false });
  return { loss, ...(await engine.optimStep(model, { ...tinyStep, learningRate: 1e-3 })) };
}

/** Milliseconds of a training step. */
async function measureTraining(engine: Engine, model: ModelHandle): Promise<number> {
  for (let n = 0; n < 3; n++) await trainingStep(engine, model, n);
  const steps: number[] = [];
  for (let n = 3; n < 15; n++) steps.push(await timed(() => trainingStep(engine, model, n)));
  return median(steps);
}

/** Microseconds per token of one round, with so many alternatives beside each. */
async function decodingRound(engine: Engine, model: ModelHandle, round: number, alternatives: number): Promise<number> {
  let tokens = 0;
  const ms = await timed(async () => {
    const requests = [{ prompt: prompt(round), seeds: Array.from({ length: 64 }, (_, i) => i) }];
    const options = { maxTokens: 48, temperature: 1, topP: 1, alternatives };
    for await (const event of engine.sample(model, requests, options, new AbortController().signal)) {
      if (event.kind === 'done') tokens += event.completion.tokens.length;
    }
  });
  return (1000 * ms) / tokens;
}

/** Microseconds per token. */
export async function measureDecoding(engine: Engine, model: ModelHandle): Promise<number> {
  const perToken: number[] = [];
  for (let round = 0; round < 4; round++) perToken.push(await decodingRound(engine, model, round, 0));
  return median(perToken);
}

/** How many times as long a token takes with five alternatives as without, in turns. */
async function measureAlternatives(engine: Engine, model: ModelHandle): Promise<number> {
  const ratios: number[] = [];
  for (let round = 0; round < 15; round++) {
    const without = await decodingRound(engine, model, round, 0);
    ratios.push((await decodingRound(engine, model, round, 5)) / without);
  }
  return median(ratios);
}

/** Milliseconds of the parts of a T-GRPO step: 12 questions, 8 ordered and 4 shuffled answers each, one update on the ordered. */
async function measureReinforcement(
  engine: Engine,
  model: ModelHandle,
): Promise<{ sampleMs: number; referenceMs: number; updateMs: number }> {
  const reference = await engine.createModel({ kind: 'copy', of: model }, 'reference');
  const parts = { sample: [] as number[], reference: [] as number[], update: [] as number[] };
  for (let round = 0; round < 4; round++) {
    const requests = Array.from({ length: 2 * questionsPerStep }, (_, i) => ({
      prompt: prompt(1000 * (i % 2) + 50 * round + Math.floor(i / 2)),
      seeds: Array.from({ length: i % 2 === 0 ? 8 : 4 }, (_unused, k) => 100 * i + k),
    }));
    const ordered: { prompt: Prompt; answer: { tokens: Int32Array }; oldLogprobs: Float32Array }[] = [];
    const options = { maxTokens: 35, temperature: 1, topP: 0.95 };
    parts.sample.push(
      await timed(async () => {
        for await (const event of engine.sample(model, requests, options, new AbortController().signal)) {
          if (event.kind !== 'done' || event.request % 2 === 1) continue;
          const { tokens, logprobs } = event.completion;
          ordered.push({ prompt: requests[event.request]?.prompt ?? [], answer: { tokens }, oldLogprobs: logprobs });
        }
      }),
    );
    let refLogprobs: Scored[] = [];
    parts.reference.push(
      await timed(async () => {
        refLogprobs = await engine.forward(reference, ordered);
      }),
    );
    parts.update.push(
      await timed(async () => {
        const sequences = ordered.map((sequence, i) => ({
          ...sequence,
          advantage: (i % 3) - 1,
          refLogprobs: refLogprobs[i]?.logprobs ?? null,
        }));
        await engine.forwardBackward(model, {
          kind: 'policy',
          sequences,
          clip: { low: 0.2, high: 0.2 },
          beta: 0.04,
          mean: 'answer',
        });
        await engine.optimStep(model, { ...tinyStep, learningRate: 1e-6 });
      }),
    );
  }
  await engine.unload(reference);
  return { sampleMs: median(parts.sample), referenceMs: median(parts.reference), updateMs: median(parts.update) };
}

/** How many times faster the own kernel does a layer of the model, forward and backward, than tfjs-wasm's own product. */
async function measureKernels(): Promise<number> {
  const [path] = await ensureKernels();
  setWasmPaths(wasmBackendFolder());
  await tf.setBackend('wasm');
  const ops = await createKernelOps(await WebAssembly.compile(await readFile(path as string)));
  const x = tf.randomNormal([1024, size.hidden_size], 0, 1, 'float32', 1);
  const w = tf.randomNormal([size.intermediate_size, size.hidden_size], 0, 1, 'float32', 2);
  const milliseconds = (product: () => tf.Tensor): number => {
    const runs = Array.from({ length: 7 }, () => {
      const start = performance.now();
      tf.tidy(() => {
        const { grads } = tf.engine().gradients(() => tf.sum(product()) as tf.Scalar, [x, w]);
        for (const grad of grads) grad.dataSync();
      });
      return performance.now() - start;
    });
    return median(runs);
  };
  const own = milliseconds(() => ops.linear(x, w, null));
  const stock = milliseconds(() => tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D, false, true));
  tf.dispose([x, w]);
  return stock / own;
}

export async function* benchEngine(options: BenchOptions): AsyncGenerator<BenchFigure> {
  const { threads } = options;
  const engine = await createTfjsEngine({ name: 'tfjs', backend: options.backend ?? 'wasm', threads });
  try {
    yield* measureAlone(engine, threads);
    const found = findPython();
    if (found.python === null) {
      yield { name: 'beside PyTorch', value: Number.NaN, unit: '', note: `not compared: ${found.reason}` };
    } else yield* benchAgainstTorch(engine, found.python, threads);
  } finally {
    await engine.dispose();
  }
}

async function* measureAlone(engine: Engine, threads: number): AsyncGenerator<BenchFigure> {
  const model = await engine.createModel(
    { kind: 'new', size, seed: 1, texts: colourNames.map((name) => answerText(name, 'red')) },
    'policy',
  );
  const { backend, parameters } = engine.status();
  const at = `${parameters} parameters, ${backend}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  yield {
    name: 'decoding, batch of 64',
    value: await measureDecoding(engine, model),
    unit: 'us/token',
    note: `${at}; prompt and start included; median`,
  };
  yield {
    name: 'decoding with 5 alternatives',
    value: await measureAlternatives(engine, model),
    unit: 'times',
    note: 'as long as without; median of 15 rounds in turns',
  };
  yield {
    name: 'SFT step',
    value: await measureTraining(engine, model),
    unit: 'ms',
    note: `${sequencesPerStep} sequences of eight frames; ${at}; median`,
  };
  const { sampleMs, referenceMs, updateMs } = await measureReinforcement(engine, model);
  yield {
    name: 'T-GRPO sampling',
    value: sampleMs,
    unit: 'ms',
    note: `${questionsPerStep} questions, 8 + 4 answers; ${at}; median`,
  };
  yield { name: 'T-GRPO reference', value: referenceMs, unit: 'ms', note: 'log-probabilities of 96 answers; median' };
  yield { name: 'T-GRPO update', value: updateMs, unit: 'ms', note: 'gradient and step on 96 answers; median' };
  if (backend === 'wasm') {
    yield {
      name: 'own kernels against tfjs-wasm',
      value: await measureKernels(),
      unit: 'times',
      note: 'a layer forward and backward; medians of 7',
    };
  }
  await engine.unload(model);
}
