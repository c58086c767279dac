/**
 * `npm run test:gpu -- --verl`: a T-GRPO step of the verl engine on one GPU, on a random Qwen2.5-VL of about 1 B parameters with 16
 * frames and 8 ordered and 4 shuffled answers: tokens a second, where the time goes, and memory; sampled by `generate`, and by vLLM
 * where the environment has it. `--cpu` takes the same steps with a tiny model, to show that the script works.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os, { tmpdir } from 'node:os';
import path from 'node:path';
import { permutation, randomFrom } from '../../trainer/data/random.ts';
import { createEngine } from '../../trainer/engines/create.ts';
import type { Engine, Frames } from '../../trainer/engines/engine.ts';
import { newModelFolder } from '../../trainer/engines/new-model-folder.ts';
import { environmentFor } from '../../trainer/engines/verl/setup/environment.ts';
import { engineSettings } from '../../trainer/protocol/runfile.ts';
import type { LoadedMedia } from '../../trainer/video/frame-cache.ts';
import { median } from '../bench/part.ts';
import { cpuMsWithGateways, type EngineStart, engineSide, firstSeeds, parts, type Step } from '../bench/verl/sides.ts';
import { tinySize, tinyTexts, videoPrompt } from '../engines/tfjs/tiny.ts';
import { findVerl } from '../fidelity/verl.ts';

interface Work {
  /** Null trains the tiny model itself. */
  readonly size: { readonly text_config: object; readonly vision_config: object } | null;
  readonly frames: { readonly count: number; readonly width: number; readonly height: number };
  readonly questions: number;
  readonly newTokens: number;
  readonly steps: number;
}

/** Qwen2.5-VL's own proportions at 1.09 B parameters; frames of 120 vision tokens, so 960 for 16. */
const onGpu: Work = {
  size: {
    text_config: {
      ...{ hidden_size: 1536, intermediate_size: 6144, num_hidden_layers: 16, vocab_size: 151_936 },
      ...{ num_attention_heads: 12, num_key_value_heads: 2 },
    },
    vision_config: {
      ...{ depth: 16, hidden_size: 1280, intermediate_size: 3420, num_heads: 16 },
      ...{ window_size: 112, fullatt_block_indexes: [3, 7, 11, 15] },
    },
  },
  frames: { count: 16, width: 336, height: 280 },
  questions: 2,
  newTokens: 256,
  steps: 5,
};
const onCpu: Work = {
  size: null,
  frames: { count: 16, width: 56, height: 56 },
  questions: 1,
  newTokens: 16,
  steps: 3,
};

const samplers = { generate: { sampler: 'generate' }, vllm: { mode: 'ray', sampler: 'vllm' } } as const;

/** @returns 0 when the steps ran, 1 when they did not, 2 when there is no GPU or no environment */
export async function testVerl(isCpu: boolean, gpu: string | null): Promise<number> {
  if (!isCpu && gpu === null) {
    console.log('There is no NVIDIA GPU here: nvidia-smi lists none. With --cpu, the same runs on a tiny model.');
    return 2;
  }
  const python = pythonFor(isCpu);
  if (python === null) {
    const flag = isCpu ? ' --cpu' : '';
    console.log(`There is no environment with verl: npx video-r1 setup verl${flag} makes it.`);
    return 2;
  }
  const work = isCpu ? onCpu : onGpu;
  const scratch = await mkdtemp(path.join(tmpdir(), 'video-r1-gpu-'));
  try {
    const { folder, parameters } = await makeModel(python, work, scratch);
    const { count, width, height } = work.frames;
    console.log(
      `${isCpu ? os.cpus()[0]?.model : gpu}; ${parameters}; ${work.questions} questions, ${count} frames of ${width} x ${height}, 8 + 4 answers of up to ${work.newTokens} tokens; median of ${work.steps} steps`,
    );
    const has = hasVllm(python);
    let failed = false;
    for (const name of ['generate', 'vllm'] as const) {
      if (name === 'vllm' && (isCpu || !has)) {
        console.log(`vllm      not run: ${isCpu ? 'it needs a GPU' : `${python} has no vLLM`}`);
        continue;
      }
      const settings = { name: 'verl', device: isCpu ? 'cpu' : 'cuda', python, ...samplers[name] };
      try {
        await measure(name, await createEngine(engineSettings.parse(settings)), folder, work);
      } catch (error) {
        failed = true;
        console.log(`${name.padEnd(9)} failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return failed ? 1 : 0;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function pythonFor(isCpu: boolean): string | null {
  const named = process.env.VIDEO_R1_VERL_PYTHON;
  if (named !== undefined) return named;
  return environmentFor(isCpu ? 'cpu' : 'cuda')?.python ?? (isCpu ? findVerl().python : null);
}

const hasVllm = (python: string): boolean => spawnSync(python, ['-c', 'import vllm'], { stdio: 'ignore' }).status === 0;

/** A folder with the tokenizer of the tests' model. */
async function makeModel(
  python: string,
  { size }: Work,
  scratch: string,
): Promise<{ folder: string; parameters: string }> {
  const small = await newModelFolder({ kind: 'new', size: tinySize, seed: 1, texts: tinyTexts }, null);
  if (size === null) return { folder: small, parameters: 'a tiny model' };
  try {
    const folder = path.join(scratch, 'model');
    const program = path.join(import.meta.dirname, 'make_model.py');
    const said = execFileSync(python, [program, small, folder, JSON.stringify(size)], { encoding: 'utf8' });
    return { folder, parameters: `${(Number(said.trim().split('\n').at(-1)) / 1e9).toFixed(2)} B parameters` };
  } finally {
    await rm(small, { recursive: true, force: true });
  }
}

/** Frames of noise, so that no two patches are alike. */
function madeFrames(number: number, { count, width, height }: Work['frames']): Frames {
  const random = randomFrom(1, `frames ${number}`);
  const pixels = new Uint8Array(new SharedArrayBuffer(count * width * height * 3)).map(() =>
    Math.floor(256 * random()),
  );
  return { key: `noise ${number}`, width, height, count, pixels, place: null, sampleFps: 2 };
}

function madeQuestions(work: Work): EngineStart['questions'] {
  return Array.from({ length: work.questions }, (_, number) => {
    const frames = madeFrames(number, work.frames);
    return {
      order: permutation(frames.count, randomFrom(1, number)),
      load: async () => ({ frames }) as LoadedMedia,
      prompt: ({ frames: shown }, order) =>
        videoPrompt(shown, 'Which colour comes first, and which then?', order ?? undefined),
    };
  });
}

async function measure(name: string, engine: Engine, folder: string, work: Work): Promise<void> {
  try {
    const side = await engineSide(engine, {
      folder,
      questions: madeQuestions(work),
      shape: { ordered: 8, shuffled: 4, newTokens: work.newTokens, topP: 0.95 },
      seeds: firstSeeds,
      cpuMs: cpuMsWithGateways,
    });
    await side.step();
    const steps: Step[] = [];
    let mostBytes = 0;
    for (let i = 0; i < work.steps; i++) {
      steps.push(await side.step());
      mostBytes = Math.max(mostBytes, usedBytes() ?? 0);
    }
    const of = (value: (step: Step) => number): number => median(steps.map(value));
    const seconds = of(({ ms }) => ms) / 1000;
    const tokens = of((step) => step.tokens);
    const sampling = of((step) => step.parts.sample) / 1000;
    console.log(
      `${name.padEnd(9)} step ${seconds.toFixed(2)} s, ${(tokens / seconds).toFixed(0)} tokens a second; sampling alone ${(tokens / sampling).toFixed(0)}`,
    );
    console.log(
      `          ${parts.map((part) => `${part} ${of((step) => step.parts[part]).toFixed(0)} ms`).join(', ')}`,
    );
    const { bytes } = await engine.memory();
    const card = mostBytes === 0 ? '' : `; ${gigabytes(mostBytes)} of the card in use behind a step`;
    console.log(`          memory: ${gigabytes(bytes)} held by models${card}`);
    console.log(`          ${engine.status().why}`);
  } finally {
    await engine.dispose();
  }
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(3)} GB`;

/** What all programs take of the first GPU; null without one. */
function usedBytes(): number | null {
  const { status, stdout } = spawnSync('nvidia-smi', ['--query-gpu=memory.used', '--format=csv,noheader,nounits'], {
    encoding: 'utf8',
  });
  return status === 0 ? Number(stdout.split('\n')[0]) * 2 ** 20 : null;
}
