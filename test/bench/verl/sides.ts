/** The sides of `npm run bench -- verl`: each takes the same T-GRPO step, says where the time went, and scores answers that it is given. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Engine, ModelHandle, Prompt, SampleRequest } from '../../../trainer/engines/engine.ts';
import type { LoadedMedia } from '../../../trainer/video/frame-cache.ts';
import { sampleAll, tinyStep } from '../../engines/tfjs/tiny.ts';
import type { Measured } from '../interleaved.ts';
import { PythonPeer } from '../python-peer.ts';
import { fullLengthSeeds } from '../pytorch.bench.ts';
import type { BenchQuestion, PeerQuestion } from './questions.ts';

/** What a step is made of, as far as all sides do it alike. */
export const work = {
  ordered: 8,
  shuffled: 4,
  newTokens: 48,
  topP: 0.95,
  beta: 0.04,
  clipEpsilon: 0.2,
  /** Leaves the policy as it is: the work is that of any other learning rate. */
  learningRate: 1e-9,
  seed: 1,
} as const;

export const parts = ['frames', 'sample', 'score', 'update'] as const;
export type Part = (typeof parts)[number];

export interface Step extends Measured {
  readonly parts: Readonly<Record<Part, number>>;
  readonly tokens: number;
}

export interface BenchSide {
  step(): Promise<Step>;
  /** Log-probabilities of an answer to each question by the weights that all sides began with, one after the other. */
  score(answers: readonly Int32Array[]): Promise<readonly number[]>;
  dispose(): Promise<void>;
}

/** Answers that one step of `questions` writes. */
export const answersOf = (questions: readonly { readonly order: readonly number[] | null }[]): number =>
  questions.reduce((sum, { order }) => sum + work.ordered + (order === null ? 0 : work.shuffled), 0);

/** Of a step of an engine, that which a bench sets for itself. */
export type StepShape = Readonly<Record<'ordered' | 'shuffled' | 'newTokens' | 'topP', number>>;

/** Requests with the seeds that every step takes: such under which answers reach their length, or the first ones. */
export type Seeds = (
  engine: Engine,
  model: ModelHandle,
  wanted: readonly { readonly prompt: Prompt; readonly count: number }[],
  shape: StepShape,
) => Promise<readonly SampleRequest[]>;

export const fullLength: Seeds = (engine, model, wanted, { newTokens, topP }) =>
  fullLengthSeeds(engine, model, wanted, newTokens, topP);

export const firstSeeds: Seeds = async (_engine, _model, wanted) =>
  wanted.map(({ prompt, count }, i) => ({ prompt, seeds: Array.from({ length: count }, (_, k) => 1000 * i + k) }));

export interface EngineStart {
  readonly folder: string;
  readonly questions: readonly Pick<BenchQuestion, 'order' | 'load' | 'prompt'>[];
  readonly shape: StepShape;
  readonly seeds: Seeds;
  /** Processor time of all that computes, in milliseconds. */
  readonly cpuMs: () => number;
}

/** An engine, asked as the loop of `learning/` asks it. */
export async function engineSide(engine: Engine, start: EngineStart): Promise<BenchSide> {
  const { folder, questions, shape, seeds } = start;
  const model = await engine.createModel({ kind: 'folder', folder, optimizer: false }, 'policy');
  const reference = await engine.createModel({ kind: 'copy', of: model }, 'reference');
  const media = await loaded(questions);
  const wanted = questions.flatMap((one, i) => prompts(one, media[i] as LoadedMedia, shape));
  const requests = await seeds(engine, model, wanted, shape);
  return {
    step: () => engineStep(engine, { policy: model, reference }, start, requests),
    score: async (answers) => {
      const shown = await loaded(questions);
      const sequences = questions.map((one, i) => ({
        prompt: one.prompt(shown[i] as LoadedMedia, null),
        answer: { tokens: answers[i] as Int32Array },
      }));
      return (await engine.forward(model, sequences)).flatMap(({ logprobs }) => [...logprobs]);
    },
    dispose: () => engine.dispose(),
  };
}

const loaded = (questions: EngineStart['questions']): Promise<LoadedMedia[]> =>
  Promise.all(questions.map((one) => one.load()));

/** The ordered prompt and, of a video, the shuffled one. */
function prompts(
  one: EngineStart['questions'][number],
  media: LoadedMedia,
  { ordered, shuffled }: StepShape,
): { prompt: Prompt; count: number; isOrdered: boolean }[] {
  const inOrder = { prompt: one.prompt(media, null), count: ordered, isOrdered: true };
  if (one.order === null) return [inOrder];
  return [inOrder, { prompt: one.prompt(media, one.order), count: shuffled, isOrdered: false }];
}

/** @param requests with the seeds that are taken, in the order of the prompts */
async function engineStep(
  engine: Engine,
  models: Readonly<Record<'policy' | 'reference', ModelHandle>>,
  { questions, shape, cpuMs }: EngineStart,
  requests: readonly SampleRequest[],
): Promise<Step> {
  const times = [performance.now()];
  const cpuBefore = cpuMs();
  const media = await loaded(questions);
  const asked = questions.flatMap((one, i) => prompts(one, media[i] as LoadedMedia, shape));
  times.push(performance.now());
  const answers = await sampleAll(
    engine,
    models.policy,
    asked.map(({ prompt }, i) => ({ prompt, seeds: requests[i]?.seeds ?? [] })),
    { maxTokens: shape.newTokens, topP: shape.topP },
  );
  const sampled = asked.flatMap(({ prompt, isOrdered }, i) =>
    isOrdered
      ? (answers[i] ?? []).map(({ tokens, logprobs }, k) => ({
          prompt,
          answer: { tokens },
          oldLogprobs: logprobs,
          // Half of a group is right.
          advantage: k % 2 === 0 ? 1 : -1,
        }))
      : [],
  );
  times.push(performance.now());
  // What a sampler of its own says of its tokens is not what the trainer does.
  const old = engine.capabilities.samplerIsTrainer ? null : await engine.forward(models.policy, sampled);
  const sequences = sampled.map((one, i) => ({ ...one, oldLogprobs: old?.[i]?.logprobs ?? one.oldLogprobs }));
  const scored = await engine.forward(models.reference, sequences);
  times.push(performance.now());
  await engine.forwardBackward(models.policy, {
    kind: 'policy',
    sequences: sequences.map((one, i) => ({ ...one, refLogprobs: scored[i]?.logprobs ?? null })),
    clip: { low: work.clipEpsilon, high: work.clipEpsilon },
    beta: work.beta,
    mean: 'answer',
  });
  await engine.optimStep(models.policy, { ...tinyStep, beta2: 0.99, learningRate: work.learningRate });
  times.push(performance.now());
  const took = parts.map((part, i) => [part, (times[i + 1] as number) - (times[i] as number)] as const);
  return {
    ms: (times.at(-1) as number) - (times[0] as number),
    cpuMs: cpuMs() - cpuBefore,
    parts: Object.fromEntries(took) as Record<Part, number>,
    tokens: answers.flat().reduce((sum, { tokens }) => sum + tokens.length, 0),
  };
}

export interface PeerStart {
  readonly name: string;
  readonly python: string;
  readonly program: 'plain_peer.py' | 'trl_peer.py';
  readonly threads: number;
  readonly model: string;
  readonly ffmpeg: string;
  /** Folder for what it keeps. */
  readonly cache: string;
  readonly questions: readonly PeerQuestion[];
  readonly orders: readonly (readonly number[] | null)[];
  readonly banned: readonly number[];
  readonly pad: number;
}

/** A Python peer, with its model loaded. */
export async function pythonSide(start: PeerStart): Promise<BenchSide & { readonly versions: string }> {
  const { name, python, program, orders, ...asked } = start;
  const peer = new PythonPeer(name, python, path.join(import.meta.dirname, program), asked.threads);
  try {
    const { versions } = (await peer.ask({ do: 'load', ...work, ...asked } as { do: string })) as { versions: string };
    return {
      versions,
      step: async () => (await peer.ask({ do: 'step', orders } as { do: string })) as Step,
      score: async (answers) => {
        const request = { do: 'score', answers: answers.map((tokens) => [...tokens]) };
        return ((await peer.ask(request)) as { logprobs: number[] }).logprobs;
      },
      dispose: async () => peer.dispose(),
    };
  } catch (error) {
    peer.dispose();
    throw error;
  }
}

export const ownCpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Of this process and of the gateways that it started; not a number where the system does not say. */
export function cpuMsWithGateways(): number {
  if (process.platform !== 'linux') return Number.NaN;
  const ticksPerSecond = 100;
  let ticks = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(fields[1]) !== process.pid) continue;
      if (!readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes('video_r1_gateway')) continue;
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It ended meanwhile.
    }
  }
  return ownCpuMs() + (1000 * ticks) / ticksPerSecond;
}
