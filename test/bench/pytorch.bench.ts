/**
 * The engine beside PyTorch on the same model and the same data: a training step on text, decoding, a whole T-GRPO step. Both
 * load one checkpoint, use as many threads, and write as many tokens: the seeds of our answers are those under which no answer
 * ends early.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { permutation, randomFrom } from '../../trainer/data/random.ts';
import type { Completion, Engine, ModelHandle, Prompt, SampleRequest } from '../../trainer/engines/engine.ts';
import { readCheckpoint } from '../../trainer/engines/qwen/checkpoint-files.ts';
import { type ModelConfig, patchLength, temporalPatchSize } from '../../trainer/engines/qwen/config.ts';
import { patchGrid } from '../../trainer/engines/qwen/grid.ts';
import { PromptEncoder } from '../../trainer/engines/qwen/prompts.ts';
import type { Tokenizer } from '../../trainer/engines/qwen/tokenizer/tokenizer.ts';
import { framePairs, makePatches } from '../../trainer/engines/tfjs/model/patches.ts';
import type { ModelSize } from '../../trainer/protocol/runfile.ts';
import { clip, colourNames, sampleAll, tinyStep, videoPrompt } from '../engines/tfjs/tiny.ts';
import { interleaved, type Measured, measured, ratioFigure } from './interleaved.ts';
import type { BenchFigure } from './part.ts';
import { TorchProcess, type TorchPrompt } from './torch-process.ts';

/** Largest ratios that are wanted, by the backend's name. */
const wanted = {
  train128: { wasm: 1.6, 'native CPU': 1.5 },
  train256: { wasm: 2.5, 'native CPU': 1.5 },
  decode64: { wasm: 1, 'native CPU': 1 },
  tgrpo: { wasm: 0.5, 'native CPU': 0.5 },
} as const;

/** Largest relative difference of the losses at which both still do the same. */
const mostLossDifference = 1e-3;

const seed = 1;
const learningRate = 1e-3;
/** Leaves the policy, and with it the seeds' answers, as they are; the work is that of any other learning rate. */
const smallLearningRate = 1e-9;
const train = { sequences: 16, tokens: 128, rounds: 15, warmUps: 3 };
const decoding = { promptTokens: 32, newTokens: 64, rounds: 9, warmUps: 2 };
const group = { ordered: 8, shuffled: 4, newTokens: 32, frames: 8, side: 56, rounds: 9, warmUps: 2 };

const textSizes = [
  { name: 'd128, 4 layers', hidden: 128, layers: 4, atMost: wanted.train128 },
  { name: 'd256, 6 layers', hidden: 256, layers: 6, atMost: wanted.train256 },
] as const;

/** A text model: the vision tower, which no text passes through, is as small as can be. */
const textSize = (hidden: number, layers: number): ModelSize => ({
  hidden_size: hidden,
  num_hidden_layers: layers,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 3 * hidden,
  vocab_size: 1000,
  vision_hidden_size: 8,
  vision_depth: 1,
  vision_num_heads: 1,
  vision_intermediate_size: 8,
});

/** The size of the demonstration's model. */
const videoSize: ModelSize = {
  ...textSize(128, 4),
  vocab_size: 800,
  vision_hidden_size: 64,
  vision_depth: 2,
  vision_num_heads: 2,
  vision_intermediate_size: 192,
};

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
/** Texts with pairs enough for any of the vocabularies. */
function madeTexts(): string[] {
  const random = randomFrom(seed, 'texts');
  const letter = (): string => letters[Math.floor(letters.length * random())] as string;
  const words = Array.from({ length: 1000 }, () => Array.from({ length: 6 }, letter).join(''));
  return [words.join(' '), words.join(' ')];
}

interface Both {
  readonly engine: Engine;
  readonly torch: TorchProcess;
  readonly threads: number;
  readonly scratch: string;
}

/** The same new model on both sides. */
async function loadBoth(
  { engine, torch, threads, scratch }: Both,
  what: 'text' | 'reinforcement',
  size: ModelSize,
  rate: number,
): Promise<{ model: ModelHandle; config: ModelConfig; tokenizer: Tokenizer }> {
  const model = await engine.createModel({ kind: 'new', size, seed, texts: madeTexts() }, 'policy');
  const folder = path.join(scratch, `${what} ${size.hidden_size}`);
  await mkdir(folder);
  await engine.saveState(model, folder);
  await torch.ask<'load'>({ do: 'load', what, folder, threads, seed, learningRate: rate });
  const { config, tokenizer } = await readCheckpoint(folder, { optimizer: null, tokenizerFolder: null });
  return { model, config, tokenizer };
}

const optimStep = (rate: number) => ({ ...tinyStep, learningRate: rate });

async function* trainOnText(
  { engine, torch }: Both,
  model: ModelHandle,
  vocabularySize: number,
  tokenizer: Tokenizer,
  { name, atMost }: { readonly name: string; readonly atMost: number | null },
): AsyncGenerator<BenchFigure> {
  const random = randomFrom(seed, 'training');
  /** One more token than places: a place predicts the token after it. Each sequence starts with a letter, its prompt. */
  const batch = Array.from({ length: train.sequences }, (_, i) => {
    const first = letters[i] as string;
    const rest = Int32Array.from({ length: train.tokens }, () => Math.floor(vocabularySize * random()));
    return { first, tokens: [...tokenizer.encode(first), ...rest], rest };
  });
  const tokens = batch.map((sequence) => sequence.tokens);
  const sequences = batch.map(({ first, rest }): { prompt: Prompt; answer: { tokens: Int32Array } } => ({
    prompt: [{ kind: 'text', text: first }],
    answer: { tokens: rest },
  }));
  const losses = { ours: [] as number[], eager: [] as number[], compiled: [] as number[] };
  const torchStep = async (how: 'eager' | 'compiled'): Promise<Measured> => {
    const answer = await torch.ask<'step'>({ do: 'step', how, tokens });
    losses[how].push(answer.loss);
    return answer;
  };
  const ours = (): Promise<Measured> =>
    measured(async () => {
      const { loss } = await engine.forwardBackward(model, { kind: 'cross-entropy', sequences, promptTokens: false });
      await engine.optimStep(model, optimStep(learningRate));
      losses.ours.push(loss);
    });
  const eager = (): Promise<Measured> => torchStep('eager');
  const compiled = (): Promise<Measured> => torchStep('compiled');
  // Compiling happens here; it needs a C++ compiler, and where there is none, the comparison is with PyTorch as it is.
  const noCompiler = await compiled().then(
    () => null,
    (error: Error) => error.message.split('\n')[0],
  );
  const taken =
    noCompiler === null
      ? await interleaved({ ours, eager, compiled }, train)
      : { ...(await interleaved({ ours, eager }, train)), compiled: [] };
  const beside = noCompiler === null ? [losses.eager, losses.compiled] : [losses.eager];
  const difference = Math.max(
    ...beside.flatMap((theirs) => losses.ours.map((loss, i) => Math.abs(loss / (theirs[i] ?? Number.NaN) - 1))),
  );
  if (!(difference <= mostLossDifference)) {
    throw new Error(
      `${name}: the losses differ by ${difference.toExponential(1)} of their value, so both did not do the same.`,
    );
  }
  const work = { tokens: null, atMost };
  yield ratioFigure({ name: `train ${name}`, ours: taken.ours, theirs: taken.eager, ...work });
  yield {
    name: '  losses',
    value: difference,
    unit: '',
    note: `largest relative difference over ${losses.ours.length} steps, ${losses.ours[0]?.toFixed(3)} to ${losses.ours.at(-1)?.toFixed(3)}`,
  };
  if (noCompiler === null) {
    yield ratioFigure({ name: '  beside torch.compile', ours: taken.ours, theirs: taken.compiled, ...work });
  } else yield { name: '  beside torch.compile', value: Number.NaN, unit: '', note: `it does not run: ${noCompiler}` };
}

/** So many seeds for each prompt, under which the model's answers reach the length. */
export async function fullLengthSeeds(
  engine: Engine,
  model: ModelHandle,
  wantedAnswers: readonly { readonly prompt: Prompt; readonly count: number }[],
  maxTokens: number,
  topP = 1,
): Promise<SampleRequest[]> {
  const drawn = wantedAnswers.map(({ prompt, count }, i) => ({
    prompt,
    seeds: Array.from({ length: 8 + Math.ceil(1.5 * count) }, (_, k) => 1000 * i + k),
  }));
  const answers = await sampleAll(engine, model, drawn, { maxTokens, topP });
  return drawn.map(({ prompt, seeds }, i) => {
    const full = seeds.filter((_, k) => answers[i]?.[k]?.tokens.length === maxTokens);
    const count = wantedAnswers[i]?.count ?? 0;
    if (full.length < count)
      throw new Error(`Only ${full.length} of ${seeds.length} answers reach ${maxTokens} tokens.`);
    return { prompt, seeds: full.slice(0, count) };
  });
}

function checkTokens(answers: readonly (readonly Completion[])[], tokens: number): void {
  const written = answers.flat().reduce((sum, answer) => sum + answer.tokens.length, 0);
  if (written !== tokens) throw new Error(`${written} tokens were written instead of ${tokens}.`);
}

async function decode(
  { engine, torch }: Both,
  model: ModelHandle,
  tokenizer: Tokenizer,
  { name, prompts, answers, atMost }: { name: string; prompts: number; answers: number; atMost: number | null },
): Promise<BenchFigure> {
  const random = randomFrom(seed, 'prompts');
  const { promptTokens, newTokens } = decoding;
  const texts = Array.from({ length: prompts }, () =>
    Array.from({ length: promptTokens }, () => letters[Math.floor(letters.length * random())] as string),
  );
  const requests = await fullLengthSeeds(
    engine,
    model,
    texts.map((text) => ({ prompt: text.map((letter) => ({ kind: 'text', text: letter })), count: answers })),
    newTokens,
  );
  const tokenRows = texts.map((text) => text.flatMap((letter) => [...tokenizer.encode(letter)]));
  const tokens = prompts * answers * newTokens;
  const taken = await interleaved(
    {
      ours: () =>
        measured(async () => checkTokens(await sampleAll(engine, model, requests, { maxTokens: newTokens }), tokens)),
      theirs: () => torch.ask<'decode'>({ do: 'decode', prompts: tokenRows, answers, newTokens }),
    },
    decoding,
  );
  return ratioFigure({ name, ...taken, tokens, atMost });
}

/** Question `n`: its ordered and its shuffled prompt. */
function questionPrompts(n: number): readonly [ordered: Prompt, shuffled: Prompt] {
  const colours = Array.from({ length: group.frames }, (_, i) => colourNames[(n + (i >> 1)) % 4] ?? 'red');
  const frames = clip(colours, group.side, group.side);
  const question = `Which colour comes first in clip ${n}?\nA. red\nB. green\nC. blue\nD. yellow\nThink, then give the letter.`;
  return [videoPrompt(frames, question), videoPrompt(frames, question, permutation(group.frames, randomFrom(seed, n)))];
}

/** A prompt with the arrays that transformers' processor would give for it. */
function torchPrompt(encoder: PromptEncoder, prompt: Prompt): TorchPrompt {
  const { tokens, media } = encoder.encode(prompt);
  const [video] = media;
  const chunk = prompt.find(({ kind }) => kind === 'video');
  if (video === undefined || chunk?.kind !== 'video') throw new Error('no video in the prompt');
  const { pairs, rows, columns } = patchGrid(video.medium);
  return {
    tokens: [...tokens],
    types: Array.from(tokens, (_, i) => (i >= video.firstToken && i < video.firstToken + video.tokens ? 2 : 0)),
    pixels: Buffer.concat(framePairs(video.medium).map((pair) => Buffer.from(makePatches(pair).buffer))).toString(
      'base64',
    ),
    patchLength,
    grid: [pairs, rows, columns],
    secondsPerPair: temporalPatchSize / chunk.frames.sampleFps,
  };
}

async function reinforce(
  { engine, torch }: Both,
  model: ModelHandle,
  reference: ModelHandle,
  encoder: PromptEncoder,
  { count, atMost }: { readonly count: number; readonly atMost: number | null },
): Promise<BenchFigure> {
  const { ordered, shuffled, newTokens } = group;
  const [beta, clipEpsilon] = [0.04, 0.2];
  const advantages = Array.from({ length: ordered }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const questions = Array.from({ length: count }, (_, n) => questionPrompts(n));
  const requests = await fullLengthSeeds(
    engine,
    model,
    questions.flatMap(([inOrder, mixed]) => [
      { prompt: inOrder, count: ordered },
      { prompt: mixed, count: shuffled },
    ]),
    newTokens,
  );
  const tokens = count * (ordered + shuffled) * newTokens;
  const torchQuestions = questions.map(
    ([inOrder, mixed]) => [torchPrompt(encoder, inOrder), torchPrompt(encoder, mixed)] as const,
  );
  const ours = async (): Promise<void> => {
    const answers = await sampleAll(engine, model, requests, { maxTokens: newTokens });
    checkTokens(answers, tokens);
    const sequences = answers.flatMap((completions, request) =>
      request % 2 === 1
        ? []
        : completions.map((completion, i) => ({
            prompt: requests[request]?.prompt ?? [],
            answer: { tokens: completion.tokens },
            oldLogprobs: completion.logprobs,
            advantage: advantages[i] ?? 0,
          })),
    );
    const refLogprobs = await engine.forward(reference, sequences);
    await engine.forwardBackward(model, {
      kind: 'policy',
      sequences: sequences.map((sequence, i) => ({ ...sequence, refLogprobs: refLogprobs[i]?.logprobs ?? null })),
      clip: { low: clipEpsilon, high: clipEpsilon },
      beta,
      mean: 'answer',
    });
    await engine.optimStep(model, optimStep(smallLearningRate));
  };
  const theirs = async (): Promise<Measured> => {
    const asked = { questions: torchQuestions, ordered, shuffled, newTokens, advantages, clipEpsilon, beta };
    const answer = await torch.ask<'tgrpo'>({ do: 'tgrpo', ...asked });
    if (answer.tokens !== tokens) throw new Error(`PyTorch wrote ${answer.tokens} tokens instead of ${tokens}.`);
    return answer;
  };
  const taken = await interleaved({ ours: () => measured(ours), theirs }, group);
  const name = `T-GRPO step, ${count} question${count === 1 ? '' : 's'}`;
  return ratioFigure({ name, ...taken, tokens: null, atMost });
}

/** @throws Error when both do not compute the same loss, or do not write as many tokens */
export async function* benchAgainstTorch(engine: Engine, python: string, threads: number): AsyncGenerator<BenchFigure> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-bench-'));
  const torch = new TorchProcess(python, threads);
  const both: Both = { engine, torch, threads, scratch };
  const { backend } = engine.status();
  const target = (of: Readonly<Record<string, number>>): number | null => of[backend] ?? null;
  try {
    for (const { name, hidden, layers, atMost } of textSizes) {
      const { model, config, tokenizer } = await loadBoth(both, 'text', textSize(hidden, layers), learningRate);
      for (const [prompts, answers] of [
        [8, 1],
        [1, 8],
        [64, 1],
        [1, 64],
      ] as const) {
        yield await decode(both, model, tokenizer, {
          name: `decode d${hidden}, batch ${prompts * answers}, ${prompts === 1 ? 'one prompt' : 'own prompts'}`,
          prompts,
          answers,
          atMost: prompts * answers === 64 ? target(wanted.decode64) : null,
        });
      }
      yield* trainOnText(both, model, config.text.vocabularySize, tokenizer, { name, atMost: target(atMost) });
      await engine.unload(model);
    }
    const { model, config, tokenizer } = await loadBoth(both, 'reinforcement', videoSize, smallLearningRate);
    const reference = await engine.createModel({ kind: 'copy', of: model }, 'reference');
    const encoder = new PromptEncoder(tokenizer, config);
    for (const count of [1, 4]) {
      yield await reinforce(both, model, reference, encoder, { count, atMost: target(wanted.tgrpo) });
    }
    await engine.unload(reference);
    await engine.unload(model);
  } finally {
    torch.dispose();
    await rm(scratch, { recursive: true, force: true });
  }
}
