/**
 * `npm run test:gpu`: whether the native backend computes on this machine's GPU what the WebAssembly kernels compute, and how
 * fast. Prepares the library where it is not there. `--cpu` does the same with the library for the CPU.
 * Exit codes: 0 they agree, 1 they do not, 2 there is no GPU. With `--verl` it is the verl engine's turn; see `gpu/verl.ts`.
 */
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { LiveLine } from '../trainer/cli/terminal/progress.ts';
import type { Engine, ModelHandle } from '../trainer/engines/engine.ts';
import { createTfjsEngine } from '../trainer/engines/tfjs/engine.ts';
import { fetchNative } from '../trainer/engines/tfjs/setup/fetch-native.ts';
import { StudioError } from '../trainer/protocol/errors.ts';
import type { ModelSize } from '../trainer/protocol/runfile.ts';
import { holdFile } from '../trainer/store/process-lock.ts';
import { measureDecoding, trainingStep } from './bench/engine.bench.ts';
import { median, timed } from './bench/part.ts';
import { tinySize, tinyTexts } from './engines/tfjs/tiny.ts';
import { testVerl } from './gpu/verl.ts';

const steps = 8;
const largestDifference = 1e-3;
const sizes: Readonly<Record<string, ModelSize>> = {
  'tiny, d32': tinySize,
  d256: {
    hidden_size: 256,
    num_hidden_layers: 6,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    intermediate_size: 768,
    vocab_size: 800,
    vision_hidden_size: 64,
    vision_depth: 2,
    vision_num_heads: 2,
    vision_intermediate_size: 192,
  },
};

interface Measured {
  readonly backend: string;
  readonly why: string;
  readonly losses: readonly number[];
  readonly gradNorms: readonly number[];
  readonly stepMs: number;
  readonly decodeMicroseconds: number;
}

async function measure(backend: 'native' | 'wasm', size: ModelSize): Promise<Measured> {
  // TensorFlow's library shares the work among the cores by itself.
  const engine = await createTfjsEngine({ name: 'tfjs', backend, threads: backend === 'native' ? 1 : 2 });
  try {
    const model = await engine.createModel({ kind: 'new', size, seed: 1, texts: tinyTexts }, 'policy');
    const { backend: name, why } = engine.status();
    const trained = await train(engine, model);
    return { backend: name, why, ...trained, decodeMicroseconds: await measureDecoding(engine, model) };
  } finally {
    await engine.dispose();
  }
}

async function train(engine: Engine, model: ModelHandle): Promise<Pick<Measured, 'losses' | 'gradNorms' | 'stepMs'>> {
  const losses: number[] = [];
  const gradNorms: number[] = [];
  const times: number[] = [];
  for (let n = 0; n < steps; n++) {
    times.push(
      await timed(async () => {
        const { loss, gradNorm } = await trainingStep(engine, model, n);
        losses.push(loss);
        gradNorms.push(gradNorm);
      }),
    );
  }
  // The first steps pay for compiling and for memory.
  return { losses, gradNorms, stepMs: median(times.slice(2)) };
}

const furthest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value / (b[i] ?? Number.NaN) - 1)));

/** What the driver calls the first GPU; null without one. */
function gpuName(): string | null {
  const { status, stdout } = spawnSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], {
    encoding: 'utf8',
  });
  return status === 0 ? (stdout.split('\n')[0]?.trim() ?? null) || null : null;
}

async function prepare(kind: 'cpu' | 'gpu'): Promise<{ version: string; gpu: boolean }> {
  const line = new LiveLine();
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new StudioError('conflict', 'It was ended; it goes on from what is there.')));
  try {
    return await fetchNative({
      kind,
      hold: holdFile,
      signal: stop.signal,
      onProgress: (what, done, total) => line.show(total > 0 ? `${what}: ${Math.floor((100 * done) / total)} %` : what),
    });
  } finally {
    line.clear();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { cpu: { type: 'boolean', default: false }, verl: { type: 'boolean', default: false } },
  });
  // No GPU is shown to a library that could use one.
  if (values.cpu) process.env.CUDA_VISIBLE_DEVICES = '-1';
  if (values.verl) return testVerl(values.cpu, values.cpu ? null : gpuName());
  const device = values.cpu ? (os.cpus()[0]?.model ?? 'unknown processor') : gpuName();
  if (device === null) {
    console.log('There is no NVIDIA GPU here: nvidia-smi lists none. With --cpu, the library for the CPU is tested.');
    return 2;
  }
  const { version, gpu } = await prepare(values.cpu ? 'cpu' : 'gpu');
  if (!values.cpu && !gpu) {
    console.log(`TensorFlow ${version} sees no GPU, though the driver lists ${device}.`);
    return 2;
  }
  console.log(
    `${device}, ${os.cpus().length} cores; TensorFlow ${version}; Node ${process.version}; ${steps} steps each`,
  );
  let agree = true;
  for (const [name, size] of Object.entries(sizes)) {
    const native = await measure('native', size);
    const wasm = await measure('wasm', size);
    if (native.backend !== (values.cpu ? 'native CPU' : 'native GPU')) {
      console.log(`It ran on ${native.backend}: ${native.why}`);
      return 1;
    }
    const loss = furthest(native.losses, wasm.losses);
    const gradNorm = furthest(native.gradNorms, wasm.gradNorms);
    agree &&= loss <= largestDifference && gradNorm <= largestDifference;
    for (const { backend, stepMs, decodeMicroseconds } of [native, wasm])
      console.log(
        `${name.padEnd(10)} ${backend.padEnd(10)} step ${stepMs.toFixed(0).padStart(5)} ms, decoding ${decodeMicroseconds.toFixed(0).padStart(4)} us a token`,
      );
    console.log(
      `${name.padEnd(10)} largest relative difference: loss ${loss.toExponential(1)}, gradient norm ${gradNorm.toExponential(1)}`,
    );
  }
  console.log(agree ? 'They agree.' : `They differ by more than ${largestDifference}.`);
  return agree ? 0 : 1;
}

process.exitCode = await main();
