/** The sides of `npm run bench -- verl`: each takes the same T-GRPO step, says where the time went, and scores answers that it is given. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Engine, ModelHandle, Prompt, SampleRequest } from '../../../trainer/engines/engine.ts';
import type { LoadedMedia } from '../../../trainer/video/frame-cache.ts';
import type { MediaLoader } from '../../../trainer/video/load.ts';
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

/** An engine, asked as the loop of `learning/` asks it. */
export async function engineSide(
  engine: Engine,
  {
    folder,
    questions,
    loader,
    cpuMs,
  }: {
    readonly folder: string;
    readonly questions: readonly BenchQuestion[];
    readonly loader: MediaLoader;
    /** Processor time of all that computes. */
    readonly cpuMs: () => number;
  },
): Promise<BenchSide> {
  const model = await engine.createModel({ kind: 'folder', folder, optimizer: false }, 'policy');
  const reference = await engine.createModel({ kind: 'copy', of: model }, 'reference');
  const media = await loaded(questions, loader);
  const wanted = questions.flatMap((one, i) => prompts(one, media[i] as LoadedMedia));
  const requests = await fullLengthSeeds(engine, model, wanted, work.newTokens, work.topP);
  return {
    step: () => engineStep({ engine, model, reference, questions, loader, requests, cpuMs }),
    score: async (answers) => {
      const shown = await loaded(questions, loader);
      const sequences = questions.map((one, i) => ({
        prompt: one.prompt(shown[i] as LoadedMedia, null),
        answer: { tokens: answers[i] as Int32Array },
      }));
      return (await engine.forward(model, sequences)).flatMap(({ logprobs }) => [...logprobs]);
    },
    dispose: () => engine.dispose(),
  };
}

const loaded = (questions: readonly BenchQuestion[], loader: MediaLoader): Promise<LoadedMedia[]> =>
  Promise.all(questions.map((one) => one.load(loader)));

/** The ordered prompt and, of a video, the shuffled one. */
function prompts(one: BenchQuestion, media: LoadedMedia): { prompt: Prompt; count: number; isOrdered: boolean }[] {
  const ordered = { prompt: one.prompt(media, null), count: work.ordered, isOrdered: true };
  if (one.order === null) return [ordered];
  return [ordered, { prompt: one.prompt(media, one.order), count: work.shuffled, isOrdered: false }];
}

async function engineStep({
  engine,
  model,
  reference,
  questions,
  loader,
  requests,
  cpuMs,
}: {
  readonly engine: Engine;
  readonly model: ModelHandle;
  readonly reference: ModelHandle;
  readonly questions: readonly BenchQuestion[];
  readonly loader: MediaLoader;
  /** With the seeds that are taken, in the order of the prompts. */
  readonly requests: readonly SampleRequest[];
  readonly cpuMs: () => number;
}): Promise<Step> {
  const times = [performance.now()];
  const cpuBefore = cpuMs();
  const media = await loaded(questions, loader);
  const asked = questions.flatMap((one, i) => prompts(one, media[i] as LoadedMedia));
  times.push(performance.now());
  const answers = await sampleAll(
    engine,
    model,
    asked.map(({ prompt }, i) => ({ prompt, seeds: requests[i]?.seeds ?? [] })),
    { maxTokens: work.newTokens, topP: work.topP },
  );
  const sequences = asked.flatMap(({ prompt, isOrdered }, i) =>
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
  const scored = await engine.forward(reference, sequences);
  times.push(performance.now());
  await engine.forwardBackward(model, {
    kind: 'policy',
    sequences: sequences.map((one, i) => ({ ...one, refLogprobs: scored[i]?.logprobs ?? null })),
    clip: { low: work.clipEpsilon, high: work.clipEpsilon },
    beta: work.beta,
    mean: 'answer',
  });
  await engine.optimStep(model, { ...tinyStep, beta2: 0.99, learningRate: work.learningRate });
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
