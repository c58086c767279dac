/** How fast the trainer answers while it trains: requests over its socket during SFT, and during T-GRPO. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { preparedNative } from '../../trainer/engines/tfjs/setup/native-libraries.ts';
import { faultOf, type RunState } from '../../trainer/protocol/run-state.ts';
import type { TfjsSettings } from '../../trainer/protocol/runfile.ts';
import { sampleProject, type TestClient, TrainerProcess } from '../integration/trainer-process.ts';
import { type BenchFigure, type BenchOptions, quantile } from './part.ts';

const requestsPerSecond = 50;
const seconds = 30;
const limitMs = 20;
/** More than fit into the time. */
const endless = 100_000;
/** What makes the run stop for other work. */
const undisturbed = { checkpointEvery: 0, probeEvery: 0, evaluationQuestions: 4 };

/** Milliseconds of each answer; requests go out evenly, whether or not those before have been answered. */
async function answerTimes(client: TestClient): Promise<number[]> {
  const times: Promise<number>[] = [];
  const ask = async (): Promise<number> => {
    const start = performance.now();
    await client.client.request('runs/list', {});
    return performance.now() - start;
  };
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      times.push(ask());
      if (times.length < requestsPerSecond * seconds) return;
      clearInterval(timer);
      resolve();
    }, 1000 / requestsPerSecond);
  });
  return await Promise.all(times);
}

/** Backends whose steps take a minute and more. */
const slow = new Set(['cpu', 'webgpu']);

/** Starts a run and waits for its first step. @throws Error when it does not start */
async function start(client: TestClient, runFile: string, steps: number): Promise<string> {
  const run = await client.create(runFile, { ...undisturbed, steps });
  const command = await client.command(run, { kind: 'start' });
  if (command.state !== 'applied') throw new Error(`${run} did not start: ${command.why}`);
  await client.until(run, 'step');
  return run;
}

/** Waits until a run is in this state. @throws Error when it fails instead */
async function reached(client: TestClient, runId: string, wanted: RunState): Promise<void> {
  const { run } = await client.until(runId, 'state', (body) => [wanted, 'failed'].includes(body.run.state));
  if (run.state !== wanted) throw new Error(`${runId} is ${run.state}: ${faultOf(run)?.message ?? 'it was not to be'}`);
}

function answerFigure(name: string, times: readonly number[], note: string): BenchFigure {
  const p99 = quantile(times, 0.99);
  const [middle, longest] = [quantile(times, 0.5).toFixed(1), Math.max(...times).toFixed(1)];
  return {
    name: `answer ${name}, 99 of 100`,
    value: p99,
    unit: 'ms',
    note: `median ${middle} ms, longest ${longest} ms; ${times.length} requests${note}`,
  };
}

/** Starts a run, asks while it trains, and stops it. */
export async function during(client: TestClient, runFile: string, backend: string): Promise<BenchFigure> {
  const run = await start(client, runFile, endless);
  const times = await answerTimes(client);
  const trained = client.bodies(run, 'step').length;
  await client.command(run, { kind: 'stop', when: 'now' });
  await reached(client, run, 'stopped');
  const verdict = quantile(times, 0.99) <= limitMs ? 'reached' : 'not reached';
  const name = `during ${runFile.replace('.run.json', '')}`;
  return answerFigure(name, times, `, ${trained} steps on ${backend}; at most ${limitMs} ms: ${verdict}`);
}

async function* onBackend(backend: TfjsSettings['backend'], threads: number): AsyncGenerator<BenchFigure> {
  const project = await sampleProject();
  const names = ['sft.run.json', 'tgrpo.run.json'];
  for (const name of names) {
    const file = path.join(project.folder, name);
    const content = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...content, engine: { name: 'tfjs', backend, threads } }));
  }
  const trainer = await TrainerProcess.start(project.folder);
  try {
    const client = await trainer.connect();
    // What the machine's other work costs by itself.
    yield answerFigure('while nothing runs', await answerTimes(client), '');
    // T-GRPO goes on from a checkpoint of SFT.
    await reached(client, await start(client, 'sft.run.json', slow.has(backend) ? 1 : 20), 'completed');
    for (const name of names) yield await during(client, name, backend);
    client.close();
  } finally {
    await trainer.stop();
    await project.remove();
  }
}

export async function* benchServer({ backend, threads }: BenchOptions): AsyncGenerator<BenchFigure> {
  const present: TfjsSettings['backend'][] = ['wasm', ...(preparedNative().length > 0 ? (['native'] as const) : [])];
  for (const each of backend === null ? present : [backend]) yield* onBackend(each, threads);
}
