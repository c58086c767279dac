/**
 * A T-GRPO step of the verl engine beside TRL's GRPOTrainer made to take the same, beside a plain loop with frames and tensors kept
 * on disk, and beside the embedded engine: one run, one CPU, one checkpoint, the sample project's clips, equally many tokens.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createEngine } from '../../trainer/engines/create.ts';
import { newModelFolder } from '../../trainer/engines/new-model-folder.ts';
import { readCheckpoint } from '../../trainer/engines/qwen/checkpoint-files.ts';
import { PromptEncoder } from '../../trainer/engines/qwen/prompts.ts';
import { drawable } from '../../trainer/engines/qwen/sampling.ts';
import { engineSettings, type ModelSize } from '../../trainer/protocol/runfile.ts';
import { findFfmpeg } from '../../trainer/video/ffmpeg.ts';
import { MediaLoader } from '../../trainer/video/load.ts';
import { findVerl } from '../fidelity/verl.ts';
import { sampleProject } from '../integration/trainer-process.ts';
import { interleaved, ratioFigure } from './interleaved.ts';
import { type BenchFigure, type BenchOptions, median } from './part.ts';
import { findTrl, installTrl } from './verl/environment.ts';
import { benchQuestions, peerQuestion, type Wording } from './verl/questions.ts';
import {
  answersOf,
  type BenchSide,
  cpuMsWithGateways,
  engineSide,
  fullLength,
  ownCpuMs,
  type Part,
  parts,
  pythonSide,
  type Step,
  work,
} from './verl/sides.ts';

const rounds = { rounds: 7, warmUps: 2 };
const counts = { video: 3, image: 1 } as const;
/** Largest difference of log-probabilities, in nats, at which all sides still show the model the same. */
const mostDifference = 1e-3;
/** An engine's answer may end early where rounding flips a draw. */
const mostMissing = 0.01;

/** That of the sample project's model. */
const size: ModelSize = {
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
};

const names = { verl: 'the verl engine', trl: 'TRL', plain: 'a plain loop', tfjs: 'the embedded engine' } as const;
type SideName = keyof typeof names;

const notDone: Readonly<Record<SideName, string>> = {
  verl: 'decodes a clip once; tells log-probability and entropy of every token as it is written',
  trl: 'decodes every clip in every step; no log-probabilities or entropy of the sampler, no streaming; videos, shuffled groups and the temporal reward come from a subclass',
  plain:
    'decodes a clip once; no log-probabilities or entropy of the sampler, no streaming, no reward but a fixed one, one process',
  tfjs: 'decodes a clip once; tells log-probability and entropy of every token; small models alone',
};

export async function* benchVerl(options: BenchOptions): AsyncGenerator<BenchFigure> {
  if (options.setup && findTrl().python === null) installTrl();
  const [verl, trl] = [findVerl(), findTrl()];
  for (const { python, reason } of [
    { reason: '', ...verl },
    { reason: '', ...trl },
  ])
    if (python === null) yield { name: 'T-GRPO step', value: Number.NaN, unit: '', note: `not compared: ${reason}` };
  if (verl.python === null || trl.python === null) return;
  for (const wording of ['the sample', 'Video-R1'] as const)
    yield* withPrompts(wording, { verl: verl.python, trl: trl.python }, options);
}

/** All sides on questions with one instruction behind them. */
async function* withPrompts(
  wording: Wording,
  python: Readonly<Record<'verl' | 'trl', string>>,
  { backend, threads }: BenchOptions,
): AsyncGenerator<BenchFigure> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-bench-'));
  const project = await sampleProject();
  const sides: Partial<Record<SideName, BenchSide>> = {};
  let loader: MediaLoader | null = null;
  let folder: string | null = null;
  try {
    const tools = await findFfmpeg();
    loader = new MediaLoader(tools, path.join(scratch, 'frames'), 1e9);
    const { questions, texts } = await benchQuestions(project.folder, loader, counts, wording);
    folder = await newModelFolder({ kind: 'new', size, seed: work.seed, texts }, null);
    const { config, tokenizer } = await readCheckpoint(folder, { optimizer: null, tokenizerFolder: null });
    const encoder = new PromptEncoder(tokenizer, config);
    const peers = await Promise.all(questions.map((one) => peerQuestion(one, encoder, scratch)));
    const { allowed, endTokens } = drawable(tokenizer, config.text.vocabularySize);
    const isPlain = (token: number): boolean => allowed[token] === 1 && !endTokens.includes(token);
    const [plain, banned] = [
      [...allowed.keys()].filter(isPlain),
      [...allowed.keys()].filter((token) => !isPlain(token)),
    ];
    const asked = { folder, questions, shape: work, seeds: fullLength };
    const settings = { name: 'verl', device: 'cpu', python: python.verl };
    // The gateway takes as many threads as this says; the peers are told in the same way.
    process.env.OMP_NUM_THREADS = String(threads);
    sides.verl = await engineSide(await createEngine(engineSettings.parse(settings)), {
      ...asked,
      cpuMs: cpuMsWithGateways,
    });
    const embedded = engineSettings.parse({ name: 'tfjs', backend: backend ?? 'wasm', threads });
    sides.tfjs = await engineSide(await createEngine(embedded), { ...asked, cpuMs: ownCpuMs });
    const told = { python: python.trl, threads, model: folder, ffmpeg: tools.ffmpeg, questions: peers, banned };
    const start = { ...told, orders: questions.map(({ order }) => order), pad: endTokens[1] ?? 0 };
    for (const [key, program] of [
      ['plain', 'plain_peer.py'],
      ['trl', 'trl_peer.py'],
    ] as const) {
      const cache = path.join(scratch, key);
      await mkdir(cache);
      sides[key] = await pythonSide({ ...start, name: names[key], program, cache });
    }
    const all = sides as Record<SideName, BenchSide>;
    yield await agreement(
      wording,
      all,
      peers.map(({ tokens }) => tokens.length),
      questions.length,
      plain,
    );
    yield* compare(all, answersOf(questions) * work.newTokens, threads);
  } finally {
    await Promise.all(Object.values(sides).map((side) => side.dispose()));
    await loader?.dispose();
    await project.remove();
    for (const made of [scratch, folder ?? []].flat()) await rm(made, { recursive: true, force: true });
  }
}

/** @throws Error naming the side that does not give the answers the same log-probabilities */
async function agreement(
  wording: Wording,
  sides: Readonly<Record<SideName, BenchSide>>,
  promptLengths: readonly number[],
  count: number,
  plain: readonly number[],
): Promise<BenchFigure> {
  const answers = Array.from({ length: count }, (_, i) =>
    Int32Array.from({ length: work.newTokens }, (_unused, k) => plain[(37 * i + 11 * k) % plain.length] as number),
  );
  const [first, ...others] = await Promise.all(
    (Object.keys(sides) as SideName[]).map(async (name) => ({ name, logprobs: await sides[name].score(answers) })),
  );
  let largest = 0;
  for (const { name, logprobs } of others) {
    const difference = Math.max(
      ...(first?.logprobs ?? []).map((value, i) => Math.abs(value - (logprobs[i] ?? Number.NaN))),
    );
    if (!(difference <= mostDifference) || logprobs.length !== first?.logprobs.length)
      throw new Error(`${names[name]} gives the same answers log-probabilities that differ by ${difference} nats.`);
    largest = Math.max(largest, difference);
  }
  return {
    name: `${wording}'s prompts, one answer each`,
    value: largest,
    unit: 'nats',
    note: `largest difference of log-probabilities between all sides; ${count} prompts of ${Math.min(...promptLengths)} to ${Math.max(...promptLengths)} tokens, ${counts.video} with 8 frames`,
  };
}

async function* compare(
  sides: Readonly<Record<SideName, BenchSide>>,
  tokens: number,
  threads: number,
): AsyncGenerator<BenchFigure> {
  const steps = (await interleaved(
    Object.fromEntries(Object.entries(sides).map(([name, side]) => [name, () => side.step()])),
    rounds,
  )) as Record<SideName, Step[]>;
  const shape = `${counts.video} videos of ${work.ordered} + ${work.shuffled} answers, ${counts.image} image of ${work.ordered}, ${work.newTokens} tokens, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  for (const name of Object.keys(names) as SideName[]) {
    const taken = steps[name];
    const written = median(taken.map((step) => step.tokens));
    if (Math.abs(written / tokens - 1) > mostMissing)
      throw new Error(`${names[name]} wrote ${written} tokens instead of ${tokens}.`);
    const part = (of: Part): number => median(taken.map((step) => step.parts[of]));
    yield {
      name: `T-GRPO step, ${names[name]}`,
      value: (1000 * written) / median(taken.map(({ ms }) => ms)),
      unit: 'tok/s',
      note: `${median(taken.map(({ ms }) => ms)).toFixed(0)} ms: ${parts.map((of) => `${of} ${part(of).toFixed(0)}`).join(', ')}; ${notDone[name]}${name === 'verl' ? `; ${shape}` : ''}`,
    };
  }
  for (const name of ['trl', 'plain', 'tfjs'] as const) {
    const beside = { peer: names[name], tokens: null };
    yield ratioFigure({
      name: `verl engine beside ${names[name]}`,
      ours: steps.verl,
      theirs: steps[name],
      ...beside,
      atMost: name === 'tfjs' ? null : 1,
    });
    const without = (taken: readonly Step[]) =>
      taken.map((step) => ({ ...step, ms: step.ms - step.parts.frames, cpuMs: Number.NaN }));
    yield ratioFigure({
      name: '  without the frames',
      ours: without(steps.verl),
      theirs: without(steps[name]),
      ...beside,
      atMost: null,
    });
  }
}
