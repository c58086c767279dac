/** What it costs to steer and to watch: answers while a run trains, a pause, the store and the streaming of a step, a late reader. */
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connectTrainer } from '../../trainer/client/connect.ts';
import type { RunEventBody, StepMetrics } from '../../trainer/protocol/records.ts';
import { runsFolder } from '../../trainer/runs/project-paths.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { sampleProject, type TestClient, TrainerProcess } from '../integration/trainer-process.ts';
import { type BenchFigure, type BenchOptions, median, quantile } from './part.ts';
import { during } from './server.bench.ts';

const limits = { pauseMs: 1000, share: 0.02, reconnectMs: 1000 };
const pauses = 12;
const watchedSteps = 8;
const rounds = 5;
const missed = 100_000;

const against = (value: number, limit: number, unit: string) =>
  `${(value / limit).toFixed(2)} of the limit of ${limit} ${unit}: ${value <= limit ? 'reached' : 'not reached'}`;

const few = { checkpointEvery: 0, evaluationQuestions: 1, probeEvery: 0 };

export async function* benchSteering({ backend }: BenchOptions): AsyncGenerator<BenchFigure> {
  const project = await sampleProject();
  try {
    const trainer = await TrainerProcess.start(project.folder);
    const client = await trainer.connect();
    const sft = await client.create('sft.run.json', { ...few, steps: 20 });
    await client.command(sft, { kind: 'start' });
    await client.until(sft, 'state', ({ run }) => run.state === 'completed');
    yield await during(client, 'tgrpo.run.json', backend ?? 'wasm');
    const run = await client.create('tgrpo.run.json', { ...few, steps: 100_000 });
    await client.command(run, { kind: 'start' });
    await client.until(run, 'step');
    yield await pausing(client, run);
    yield* await watching(trainer, client, run);
    await client.command(run, { kind: 'stop', when: 'now' });
    client.close();
    await trainer.stop();
    yield await comingBack(project.folder, sft);
  } finally {
    await project.remove();
  }
}

/** From a command to the run that stands still, at whatever point of a step it comes. */
async function pausing(client: TestClient, runId: string): Promise<BenchFigure> {
  const times: number[] = [];
  for (let i = 0; i < pauses; i++) {
    const since = client.events.at(-1)?.seq ?? 0;
    await client.until(runId, i % 2 === 0 ? 'group' : 'step', () => (client.events.at(-1)?.seq ?? 0) > since);
    const start = performance.now();
    await client.command(runId, { kind: 'pause', release: false });
    times.push(performance.now() - start);
    await client.command(runId, { kind: 'resume' });
  }
  const p95 = quantile(times, 0.95);
  const note = `median ${median(times).toFixed(0)} ms of ${pauses}, in T-GRPO; ${against(p95, limits.pauseMs, 'ms')}`;
  return { name: 'pause until it holds, 95 of 100', value: p95, unit: 'ms', note };
}

/** Steps that two clients follow beside steps that nobody follows, in turns; and what of a step is storing it. */
async function watching(trainer: TrainerProcess, client: TestClient, runId: string): Promise<BenchFigure[]> {
  const stepsOf = async (from: number): Promise<StepMetrics[]> =>
    (await client.client.request('metrics/get', { runId, fromStep: from })).steps;
  const ratios: number[] = [];
  const all: StepMetrics[] = [];
  const part = async () => {
    const from = (await stepsOf(0)).at(-1)?.step ?? 0;
    // Asked for now and then, which costs a step nothing to speak of.
    let steps: StepMetrics[] = [];
    while (steps.length < watchedSteps + 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      steps = await stepsOf(from + 1);
    }
    all.push(...steps);
    // The first began before the others came or went.
    return median(steps.slice(1).map(({ durations }) => durations.total));
  };
  for (let round = 0; round < rounds; round++) {
    await client.client.request('runs/unsubscribe', { runId });
    const alone = await part();
    const readers = [await trainer.connect(), await trainer.connect()];
    const { seq } = (await client.client.request('runs/list', {})).runs.find(({ id }) => id === runId) ?? { seq: 0 };
    for (const reader of readers) await reader.client.request('runs/subscribe', { runId, since: seq });
    ratios.push((await part()) / alone - 1);
    for (const reader of readers) reader.close();
  }
  await client.client.request('runs/subscribe', { runId, since: 0 });
  const share = median(all.map(({ durations }) => durations.store / durations.total));
  const streaming = median(ratios);
  const [low, high] = [quantile(ratios, 0.25), quantile(ratios, 0.75)];
  return [
    {
      ...{ name: 'store, share of a step', value: 100 * share, unit: '%' },
      note: `median of ${all.length} T-GRPO steps; ${against(100 * share, 100 * limits.share, '%')}`,
    },
    {
      ...{ name: 'streaming to two readers, share of a step', value: 100 * streaming, unit: '%' },
      note: `beside steps without; half of ${rounds} rounds in ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}; ${against(100 * streaming, 100 * limits.share, '%')}`,
    },
  ];
}

/** A reader that has missed many events reads the rest over its socket. */
async function comingBack(project: string, runId: string): Promise<BenchFigure> {
  const store = RunStore.open(path.join(runsFolder(project), runId));
  const since = store.lastSeq();
  const like = store.metrics().at(-1) as StepMetrics;
  for (let made = 0; made < missed; made += 1000) {
    const step = (i: number): RunEventBody => ({ type: 'step', metrics: { ...like, step: like.step + made + i } });
    store.appendAll(Array.from({ length: 1000 }, (_, i) => step(i + 1)));
    await nextTurn();
  }
  store.dispose();
  const trainer = await TrainerProcess.start(project);
  try {
    const client = await connectTrainer(trainer.discovery, { client: 'bench', author: 'bench' });
    const read = Promise.withResolvers<void>();
    let got = 0;
    client.on('run/event', () => {
      if (++got === missed) read.resolve();
    });
    const start = performance.now();
    await client.request('runs/subscribe', { runId, since });
    await read.promise;
    const ms = performance.now() - start;
    client.close();
    const note = `each checked by both sides; ${against(ms, limits.reconnectMs, 'ms')}`;
    return { name: `reconnect with ${missed.toLocaleString('en-US')} missed events`, value: ms, unit: 'ms', note };
  } finally {
    await trainer.stop();
  }
}
