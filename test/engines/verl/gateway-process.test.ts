/** The gateway as a program: how it is started, what its end says, and that nothing of it stays behind. */
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createVerlEngine } from '../../../trainer/engines/verl/engine.ts';
import { GatewayProcess, gatewayCommand, gatewayConfig } from '../../../trainer/engines/verl/gateway-process.ts';
import { engineSettings, type VerlSettings } from '../../../trainer/protocol/runfile.ts';

let folder: string;
let python: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'verl-process-'));
  python = path.join(folder, 'python');
  const script = path.join(import.meta.dirname, 'fake-python.mjs');
  await writeFile(python, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`);
  await chmod(python, 0o700);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const settings = (more: object = {}): VerlSettings => engineSettings.parse({ name: 'verl', ...more }) as VerlSettings;

async function start(does: string, more: { python?: string } = {}): Promise<GatewayProcess> {
  process.env.FAKE_GATEWAY = does;
  const order = { python, packages: '/packages', logs: path.join(folder, 'logs'), settings: settings(), ...more };
  try {
    const gateway = await GatewayProcess.start({ ...order, graceMs: 2000 });
    onTestFinished(() => gateway.dispose(false));
    return gateway;
  } finally {
    delete process.env.FAKE_GATEWAY;
  }
}

const lives = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
async function gone(pid: number): Promise<void> {
  await expect.poll(() => lives(pid), { timeout: 20_000 }).toBe(false);
}

interface Said {
  readonly address: string;
  readonly pid: number;
  readonly rank: number;
  /** Of another group. */
  readonly agent: number;
  readonly token: string;
  readonly arguments: readonly string[];
  readonly packages: string;
}
const saidIn = async (log: string): Promise<Said> => JSON.parse(await readFile(log, 'utf8')) as Said;

describe('the command', () => {
  it('is a launcher for several ranks of one machine, and the gateway alone else', () => {
    expect(gatewayCommand(settings())).toEqual(['-m', 'video_r1_gateway']);
    expect(gatewayCommand(settings({ mode: 'ray', ranks: 4, nodes: 2 }))).toEqual(['-m', 'video_r1_gateway']);
    const launched = gatewayCommand(settings({ ranks: 4 }));
    expect(launched.slice(0, 2)).toEqual(['-m', 'torch.distributed.run']);
    expect(launched.join(' ')).toContain('--nproc-per-node 4 -m video_r1_gateway');
  });

  it('tells the settings, and not how the gateway was found', () => {
    const given = settings({ python: 'python3', ranks: 2, mropePositions: '5.0', lora: { rank: 8, alpha: 16 } });
    expect(gatewayConfig(given)).toMatchObject({ ranks: 2, device: 'auto', lora: { rank: 8, alpha: 16 } });
    for (const key of ['name', 'python', 'attach', 'mropePositions'])
      expect(gatewayConfig(given)).not.toHaveProperty(key);
  });
});

describe('a gateway', () => {
  it('is given a token that only this user can read, and says where it listens', async () => {
    const gateway = await start('serve');
    const address = await gateway.address();
    const said = await saidIn(gateway.logFile);
    expect(said.address).toBe(address);
    expect(said.token).toBe(gateway.token);
    expect(gateway.token).toMatch(/^[0-9a-f]{64}$/);
    expect(said.arguments.join(' ')).not.toContain(gateway.token);
    expect(said.packages.split(path.delimiter)[0]).toBe('/packages');
    expect((await stat(gateway.logFile)).mode & 0o777).toBe(0o600);
    // Read by now, and taken away.
    expect(existsSync(said.arguments[said.arguments.indexOf('--token-file') + 1] ?? '')).toBe(false);
  });

  it('ends with all that it started', async () => {
    const gateway = await start('serve');
    await gateway.address();
    const { pid, rank } = await saidIn(gateway.logFile);
    expect(lives(rank)).toBe(true);
    await gateway.dispose(false);
    await gone(pid);
    await gone(rank);
  });

  it('that does not end when it is told to is ended', async () => {
    const gateway = await start('stubborn');
    await gateway.address();
    const { pid, rank } = await saidIn(gateway.logFile);
    await gateway.dispose(true);
    await gone(pid);
    await gone(rank);
  });

  it('that dies leaves no rank, and its log says why', async () => {
    const gateway = await start('serve');
    const [host, port] = (await gateway.address()).split(':');
    const { rank, agent } = await saidIn(gateway.logFile);
    const socket = createConnection({ host, port: Number(port) });
    socket.on('error', () => undefined);
    socket.write('any word');
    const error = await gateway.explain('The gateway closed the connection');
    expect(error).toMatchObject({ kind: 'engine-failed', place: gateway.logFile });
    expect(error.message).toBe(
      'The gateway closed the connection (exit code 13). Its log says: RuntimeError: out of memory',
    );
    expect(error.remedy).toContain('resume the run');
    expect(gateway.recentLog().slice(-2)).toEqual(['RuntimeError: out of memory', 'exit 13']);
    await gone(rank);
    // Only Linux tells who belongs to whom then.
    if (process.platform === 'linux') await gone(agent);
    else process.kill(agent, 'SIGKILL');
  });
});

describe('an engine over it', () => {
  const around = { packages: '/packages', pythonFor: () => python, makeModel: async () => folder };
  const engineOf = (more: object) => {
    process.env.FAKE_GATEWAY = 'greet';
    const creating = createVerlEngine(settings(more), { ...around, logs: path.join(folder, 'logs') });
    return creating.finally(() => {
      delete process.env.FAKE_GATEWAY;
    });
  };

  it('knows its log, and ends it with itself', async () => {
    const engine = await engineOf({});
    onTestFinished(() => engine.dispose());
    const { log = '' } = engine.status();
    const { pid, rank } = await saidIn(log);
    // A long line is cut.
    expect(engine.recentLog?.().at(-1)).toMatch(/^\{"address":"127\.0\.0\.1.*…$/);
    await engine.dispose();
    await gone(pid);
    await gone(rank);
  });

  it('takes none that runs on fewer ranks than were asked for', async () => {
    await expect(engineOf({ ranks: 2 })).rejects.toMatchObject({
      ...{ kind: 'engine-failed', place: 'engine.ranks', message: 'The gateway runs 1 ranks, not 2.' },
    });
  });
});

describe('a gateway that does not start', () => {
  it('says what its log ends with, without what a terminal would make of it', async () => {
    const gateway = await start('traceback');
    const error = await gateway.address().catch((thrown: unknown) => thrown as Error);
    const lines = (error as Error).message.split('\n');
    expect(lines[0]).toBe('The gateway ended while it started (exit code 3). Its log ends:');
    expect(lines.slice(-3)).toEqual([
      'Traceback (most recent call last):',
      '  File "x.py"',
      'RuntimeError: the GPU is on fire',
    ]);
    expect(lines).toHaveLength(13);
  });

  it('for want of a package names it and the command that brings it', async () => {
    const gateway = await start('no module');
    await expect(gateway.address()).rejects.toMatchObject({
      kind: 'engine-failed',
      message: `The Python ${python} has no verl.`,
      remedy: expect.stringContaining('video-r1 setup verl'),
    });
  });

  it.each(['/nowhere/python', 'no-such-python'])('for want of the Python %s says so', async (missing) => {
    const wanted = { kind: 'engine-failed', remedy: expect.stringContaining('video-r1 setup verl') };
    const started = start('serve', { python: missing }).then((gateway) => gateway.address());
    await expect(started).rejects.toMatchObject({ ...wanted, message: `There is no Python ${missing}.` });
  });
});

it('the newest logs are kept, the others make way', async () => {
  const logs = path.join(folder, 'many');
  const start20 = async () => {
    const order = { python: 'no-such-python', packages: '/', logs, settings: settings() };
    const gateway = await GatewayProcess.start(order);
    await gateway.address().catch(() => undefined);
    await gateway.dispose(false);
    return path.basename(gateway.logFile);
  };
  const started: string[] = [];
  for (let i = 0; i < 23; i++) started.push(await start20());
  expect((await readdir(logs)).sort()).toEqual(started.slice(-20).sort());
});
