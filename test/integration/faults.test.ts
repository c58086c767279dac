/** What becomes of a run when a part of what carries it ends, fails or lies: real processes, and a table of the outcomes. */
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { findTrainer } from '../../trainer/client/find-trainer.ts';
import { type Discovery, discoveryFile, trainerFolder } from '../../trainer/protocol/discovery.ts';
import { isComputing, type RunSummary } from '../../trainer/protocol/run-state.ts';
import { runsFolder } from '../../trainer/runs/project-paths.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { kept, smallProject } from './small-project.ts';
import { connectTo, program, type TestClient, TrainerProcess } from './trainer-process.ts';

const faulty = path.join(import.meta.dirname, 'faulty-trainer.ts');
// Each starts a trainer or two, which a busy machine does slowly.
vi.setConfig({ testTimeout: 600_000 });
const waiting = { timeout: 120_000, interval: 50 };

let project: string;
/** A run of twenty steps that nothing happens to, which the others must be like. */
let straight: { readonly id: string; readonly weights: readonly string[] };
const rows: [string, string, string][] = [];

beforeAll(async () => {
  project = await smallProject();
  const trainer = await TrainerProcess.start(project);
  const client = await trainer.connect();
  const id = await client.create('sft.run.json', {});
  await client.command(id, { kind: 'start' });
  await client.until(id, 'state', ({ run }) => run.state === 'completed');
  straight = { id, weights: await client.weights(project, id) };
  client.close();
  await trainer.stop();
}, 900_000);

afterAll(async () => {
  if (project) await rm(project, { recursive: true, force: true, maxRetries: 5 });
  const width = (at: 0 | 1) => Math.max(...rows.map((row) => row[at].length));
  const lines = rows.map(([line, did, outcome]) => `${line.padEnd(width(0))} | ${did.padEnd(width(1))} | ${outcome}`);
  console.log(`What was done to a run, and what became of it:\n${lines.join('\n')}`);
});

const said = (line: string, did: string, outcome: string) => rows.push([line, did, outcome]);

async function begin(client: TestClient, step: number, parameters: object = {}): Promise<string> {
  const id = await client.create('sft.run.json', { ...parameters });
  expect((await client.command(id, { kind: 'start' })).state).toBe('applied');
  await client.until(id, 'step', ({ metrics }) => metrics.step === step);
  return id;
}

async function summaryOf(client: TestClient, id: string): Promise<RunSummary> {
  const { runs } = await client.client.request('runs/list', {});
  return runs.find((run) => run.id === id) as RunSummary;
}

/** Resumes a run that a trainer found, or that stands still, and expects it to end as the straight one did. */
async function goesOn(client: TestClient, id: string, folder = project): Promise<void> {
  await client.client.request('runs/subscribe', { runId: id, since: (await summaryOf(client, id)).seq });
  expect(await client.command(id, { kind: 'resume' })).toMatchObject({ state: 'applied' });
  await client.until(id, 'state', ({ run }) => run.state === 'completed');
  expect(await client.weights(folder, id)).toEqual(straight.weights);
}

/** The events of a run that a client got, which must be all above a number, in order. */
function withoutGaps(client: TestClient, id: string, since = 0): number {
  const seqs = client.events.filter(({ runId }) => runId === id).map(({ seq }) => seq);
  expect(seqs).toEqual(seqs.map((_, i) => since + 1 + i));
  return since + seqs.length;
}

it('trainer kill -9: 7 steps, resume and 13 more end with the weights and the store of 20 straight', async () => {
  const first = await TrainerProcess.start(project);
  const before = await first.connect();
  const id = await begin(before, 7);
  await first.kill();
  const second = await TrainerProcess.start(project);
  const after = await second.connect();
  const found = await summaryOf(after, id);
  expect(found).toMatchObject({
    state: 'paused',
    memory: 'released',
    why: `the trainer ended after step ${found.step}`,
  });
  const { from, asks } = await after.client.request('runs/resumption', { runId: id });
  expect({ from, asks }).toEqual({ from: found.step - (found.step % 3), asks: null });
  await goesOn(after, id);
  after.close();
  await second.stop();
  expect(kept(project, id)).toEqual(kept(project, straight.id));
  said(
    'trainer kill -9',
    `at step ${found.step} of 20`,
    `found paused, went on from step ${from}: same weights and store, bit for bit`,
  );
});

it('window reload, nobody watching, a second window, two that steer: the run goes on, and each hears all', async () => {
  const trainer = await TrainerProcess.start(project);
  const first = await trainer.connect('ada');
  const id = await begin(first, 2, { steps: 100_000 });
  const seen = withoutGaps(first, id);
  const { step } = await summaryOf(first, id);
  first.close();
  // The records themselves tell that it goes on: nobody is connected.
  const store = RunStore.open(path.join(runsFolder(project), id));
  await vi.waitUntil(() => store.metrics().length >= step + 3, waiting);
  store.dispose();
  const reloaded = await trainer.connect('ada');
  await reloaded.client.request('runs/subscribe', { runId: id, since: seen });
  const second = await trainer.connect('bob');
  await second.client.request('runs/subscribe', { runId: id, since: 0 });
  await reloaded.until(id, 'step', ({ metrics }) => metrics.step >= step + 3);
  said(
    'window reload',
    `the only window leaves at event ${seen}, another attaches`,
    'the rest came in order, none twice',
  );
  said('nobody watching', 'no window is connected', `3 steps and more were made meanwhile`);
  const set = await reloaded.command(id, { kind: 'set', parameter: 'learningRate', value: 1e-4 });
  expect(
    (await second.until(id, 'command', ({ command }) => command.id === set.id && command.state === 'applied')).command
      .by,
  ).toBe('ada');
  const stop = await second.command(id, { kind: 'stop', when: 'now' });
  expect(
    (await reloaded.until(id, 'command', ({ command }) => command.id === stop.id && command.state === 'applied'))
      .command.by,
  ).toBe('bob');
  await reloaded.until(id, 'state', ({ run }) => run.state === 'stopped');
  await second.until(id, 'state', ({ run }) => run.state === 'stopped');
  expect(withoutGaps(reloaded, id, seen)).toBe(withoutGaps(second, id));
  said('two windows', 'one sets a parameter, the other stops', 'each saw the command of the other, and by whom');
  reloaded.close();
  second.close();
  await trainer.stop();
});

it('extension-host crash: the trainer that it started goes on', async () => {
  const host = spawn(process.execPath, [path.join(import.meta.dirname, 'host-process.ts'), project, program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = await new Promise<number>((resolve, reject) => {
    host.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk)));
    host.once('exit', () => reject(new Error('The host ended before the trainer was there.')));
  });
  const client = await connectTo((await findTrainer(project)) as Discovery);
  const id = await begin(client, 2);
  host.removeAllListeners('exit');
  const ended = new Promise((resolve) => host.once('exit', resolve));
  host.kill('SIGKILL');
  await ended;
  await client.until(id, 'state', ({ run }) => run.state === 'completed');
  expect(await client.weights(project, id)).toEqual(straight.weights);
  expect(await findTrainer(project)).toMatchObject({ pid });
  said(
    'extension-host crash',
    'the process that started the trainer is killed -9',
    'the run went on to its end: same weights',
  );
  process.kill(pid, 'SIGTERM');
  await client.client.closed;
  await vi.waitUntil(async () => (await findTrainer(project)) === null, waiting);
});

it('socket dropped and opened again: a command that is sent again acts once', async () => {
  const trainer = await TrainerProcess.start(project);
  const sockets: net.Socket[] = [];
  const between = net.createServer((socket) => {
    const onward = net.connect(trainer.discovery.port, trainer.discovery.host);
    sockets.push(socket, onward);
    for (const end of [socket, onward]) end.on('error', () => {});
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  const at = { ...trainer.discovery, port: (between.address() as net.AddressInfo).port };
  const dropped = await connectTo(at);
  const id = await begin(dropped, 2);
  const command = { runId: id, id: randomUUID(), command: { kind: 'save' } } as const;
  const lost = dropped.client.request('runs/command', command).catch((thrown: Error) => thrown.message);
  for (const socket of sockets) socket.destroy();
  await dropped.client.closed;
  await lost;
  const seen = withoutGaps(dropped, id);
  const again = await connectTo(at);
  await again.client.request('runs/subscribe', { runId: id, since: seen });
  await again.client.request('runs/command', command);
  await again.until(id, 'state', ({ run }) => run.state === 'completed');
  withoutGaps(again, id, seen);
  const { commands } = await again.client.request('commands/list', { runId: id });
  expect(commands.filter(({ request }) => request.kind === 'save')).toMatchObject([
    { id: command.id, state: 'applied' },
  ]);
  said(
    'socket dropped',
    'with a command on its way; it is sent again',
    'acted once; the events came in order, none twice',
  );
  again.close();
  between.close();
  await trainer.stop();
});

it('engine crash: the run is paused with the reason and the log, and goes on from its last checkpoint', async () => {
  const trainer = await TrainerProcess.start(project, [], faulty, { FAULTS: 'thread' });
  const client = await trainer.connect();
  const id = await begin(client, 5);
  process.kill(trainer.discovery.pid, 'SIGUSR2');
  const { run } = await client.until(id, 'state', (body) => body.run.state === 'paused');
  expect(run).toMatchObject({ memory: 'released', fault: { kind: 'engine-failed' } });
  const { fault } = run as Extract<RunSummary, { state: 'paused' }>;
  expect(fault?.message).toMatch(/thread of the engine/);
  expect(fault?.log?.at(-1)).toContain(fault?.message);
  await goesOn(client, id);
  client.close();
  await trainer.stop();
  expect(kept(project, id)).toEqual(kept(project, straight.id));
  said(
    'engine crash',
    `its thread ends at step ${run.step}`,
    'paused with reason and log; resume: same weights and store',
  );
  said('engine kill -9', 'the embedded engine is threads of the trainer: as trainer kill -9', 'see there');
});

it('engine crash while the run stands still: it says so at once, and resume opens the engine anew', async () => {
  const trainer = await TrainerProcess.start(project, [], faulty, { FAULTS: 'thread' });
  const client = await trainer.connect();
  const id = await begin(client, 4);
  await client.command(id, { kind: 'pause', release: false });
  await client.until(id, 'state', ({ run }) => run.state === 'paused' && run.memory === 'held');
  process.kill(trainer.discovery.pid, 'SIGUSR2');
  const { run } = await client.until(
    id,
    'state',
    (body) => body.run.state === 'paused' && body.run.memory === 'released',
  );
  expect(run).toMatchObject({ fault: { kind: 'engine-failed' } });
  await goesOn(client, id);
  client.close();
  await trainer.stop();
  expect(kept(project, id)).toEqual(kept(project, straight.id));
  said(
    'engine crash, idle',
    `its thread ends while the run is paused at step ${run.step}`,
    'told at once; resume: same weights and store',
  );
});

it.skipIf(process.platform !== 'linux')(
  'decoder kill -9: it is started again, and no question is left out',
  async () => {
    const cold = await smallProject();
    const trainer = await TrainerProcess.start(cold);
    const client = await trainer.connect();
    const id = await client.create('sft.run.json', {});
    const { pid } = trainer.discovery;
    const decoder = () => {
      const tasks = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
      const children = tasks.flatMap((task) =>
        readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' '),
      );
      return children.find(
        (child) => child !== '' && readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('decoder'),
      );
    };
    const started = client.command(id, { kind: 'start' });
    await vi.waitUntil(() => decoder() !== undefined, waiting);
    process.kill(Number(decoder()), 'SIGKILL');
    expect((await started).state).toBe('applied');
    const { run } = await client.until(id, 'state', (body) =>
      ['completed', 'paused', 'failed'].includes(body.run.state),
    );
    if (run.state === 'paused') await client.command(id, { kind: 'resume' });
    await client.until(id, 'state', (body) => body.run.state === 'completed');
    expect((await summaryOf(client, id)).skipped).toBe(0);
    expect(await client.weights(cold, id)).toEqual(straight.weights);
    said(
      'decoder kill -9',
      'while pictures are decoded',
      `${run.state === 'paused' ? 'paused, resumed' : 'started again by itself'}: same weights`,
    );
    client.close();
    await trainer.stop();
    await rm(cold, { recursive: true, force: true, maxRetries: 5 });
  },
);

it.skipIf(process.platform !== 'linux')(
  'reboot: what the trainer left is not taken for a living one, and the last checkpoint is offered',
  async () => {
    const first = await TrainerProcess.start(project);
    const before = await first.connect();
    const id = await begin(before, 4);
    await first.kill();
    const file = path.join(project, trainerFolder, discoveryFile);
    const left = JSON.parse(readFileSync(file, 'utf8')) as Discovery;
    const startedAt = left.identity?.split(' ')[1];
    expect(Number(startedAt)).toBeGreaterThan(0);
    // Under its number lives another program: this one.
    writeFileSync(
      file,
      JSON.stringify({ ...left, pid: process.pid, identity: `00000000-0000-0000-0000-000000000000 ${startedAt}` }),
    );
    expect(await findTrainer(project)).toBeNull();
    const second = await TrainerProcess.start(project);
    const after = await second.connect();
    const found = await summaryOf(after, id);
    const { from } = await after.client.request('runs/resumption', { runId: id });
    expect({ state: found.state, from }).toEqual({ state: 'paused', from: 3 });
    await goesOn(after, id);
    said(
      'reboot',
      'simulated: another boot id, and its process id reused',
      `a new trainer found the run paused and offered step ${from}: same weights`,
    );
    after.close();
    await second.stop();
  },
);

it('clock change: forward and back, the run goes on', async () => {
  const day = 86_400_000;
  const trainer = await TrainerProcess.start(project, [], faulty, { FAULTS: `clock:${day},clock:${-3 * day}` });
  const client = await trainer.connect();
  const id = await begin(client, 3);
  process.kill(trainer.discovery.pid, 'SIGUSR2');
  await client.until(id, 'step', ({ metrics }) => metrics.step === 8);
  process.kill(trainer.discovery.pid, 'SIGUSR2');
  await client.until(id, 'state', ({ run }) => run.state === 'completed');
  withoutGaps(client, id);
  const times = client.events.filter(({ runId }) => runId === id).map(({ at }) => at);
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(3 * day);
  const { steps } = await client.client.request('metrics/get', { runId: id });
  for (const { durations } of steps) for (const ms of Object.values(durations)) expect(ms).toBeLessThan(day / 2);
  expect(steps.every(({ durations }) => durations.total >= 0)).toBe(true);
  expect(await client.weights(project, id)).toEqual(straight.weights);
  said('clock change', 'a day forward, then three back', 'no event lost, durations unmoved, same weights');
  client.close();
  await trainer.stop();
});

it('disk full where a checkpoint is written: the run pauses, and goes on when there is room', async () => {
  const trainer = await TrainerProcess.start(project, [], faulty, { FAULTS: 'disk:1' });
  const client = await trainer.connect();
  const id = await begin(client, 3);
  process.kill(trainer.discovery.pid, 'SIGUSR2');
  const { run } = await client.until(id, 'state', (body) => body.run.state === 'paused');
  expect(run).toMatchObject({ memory: 'held', fault: { kind: 'disk-full' } });
  await goesOn(client, id);
  client.close();
  await trainer.stop();
  expect(kept(project, id)).toEqual(kept(project, straight.id));
  said(
    'disk full',
    `ENOSPC at a file of the checkpoint of step ${run.step}`,
    'paused in memory; resume: same weights and store',
  );
});

it('disk full under the run: it pauses, and goes on when there is room', async (context) => {
  const disk = await mkdtemp(path.join(tmpdir(), 'video-r1-disk-'));
  const mounted =
    process.platform === 'linux' && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'small', disk]).status === 0;
  if (!mounted) {
    console.log('Skipped: a full disk under a run needs the right to mount a small one.');
    said('disk full, tmpfs', 'not tried: no right to mount one', '-');
    await rm(disk, { recursive: true });
    context.skip();
  }
  try {
    for (const name of readdirSync(project).filter((name) => name !== trainerFolder))
      await cp(path.join(project, name), path.join(disk, name));
    const trainer = await TrainerProcess.start(disk);
    const client = await trainer.connect();
    const id = await begin(client, 3);
    const filler = path.join(disk, 'filler');
    fill(filler);
    await vi.waitUntil(async () => !isComputing((await summaryOf(client, id)).state), waiting);
    const full = await summaryOf(client, id);
    expect(full).toMatchObject({ state: 'paused', fault: { kind: 'disk-full' } });
    rmSync(filler);
    await goesOn(client, id, disk);
    client.close();
    await trainer.stop();
    expect(kept(disk, id)).toEqual(kept(project, straight.id));
    said(
      'disk full, tmpfs',
      `no space is left at step ${full.step}`,
      'paused; when there was room, resume: same weights and store',
    );
  } finally {
    spawnSync('umount', ['-l', disk]);
    await rm(disk, { recursive: true, force: true });
  }
});

/** Takes all the space that is left. */
function fill(file: string): void {
  const handle = openSync(file, 'w');
  try {
    for (const size of [1 << 20, 4096]) {
      const piece = Buffer.alloc(size, 1);
      try {
        for (;;) writeSync(handle, piece);
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown;
      }
    }
  } finally {
    closeSync(handle);
  }
}
