/** Gateways of the engine verl that outlive a run: one that is started here and stays, and the script that starts one on a cluster. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { StudioError } from '../protocol/errors.ts';
import { parseJson } from '../protocol/json.ts';
import type { VerlSettings } from '../protocol/runfile.ts';
import { gatewayPackages } from './verl/files.ts';
import { gatewayCommand, gatewayConfig, noPython } from './verl/gateway-process.ts';
import { processMark } from './verl/process-mark.ts';
import { environmentFor, noEnvironment } from './verl/setup/environment.ts';
import { gatewayFiles } from './verl/slurm.ts';

export { gatewayPackages } from './verl/files.ts';
export { attachSettings, gatewayFiles, type SlurmJob, slurmScript, slurmWord } from './verl/slurm.ts';

/** The Python that settings name, or that was set up for their device. @throws StudioError `engine-failed` */
export function gatewayPython({ python, device }: VerlSettings): string {
  const found = python ?? environmentFor(device)?.python;
  if (found !== undefined && (!/[\\/]/.test(found) || existsSync(found))) return found;
  throw found === undefined ? noEnvironment(device) : noPython(found);
}

export interface StandingGateway {
  readonly settings: VerlSettings;
  readonly name: string;
  /** For its token and the file that says where it is. */
  readonly folder: string;
  /** `host:port`; port 0 takes a free one. */
  readonly listen: string;
  readonly signal: AbortSignal;
  /** It can be spoken to. */
  onReady(address: string, tokenFile: string): void;
}

const ready = z.object({ address: z.string() });

/** How long its output is read on for where something that it started holds that open. */
const outputMs = 2000;

/**
 * Starts a gateway that serves one trainer after another. Its output goes to this process's until it is asked to end: what a
 * launcher writes of that is a traceback, and no news.
 * @returns its exit code, once it has ended; the signal ends it
 * @throws StudioError `engine-failed`
 */
export async function runStandingGateway(order: StandingGateway): Promise<number> {
  const { settings, name, folder, listen, signal, onReady } = order;
  const files = gatewayFiles(folder, name);
  await mkdir(folder, { recursive: true });
  await rm(files.ready, { force: true });
  await makeToken(files.token);
  const mark = processMark();
  const child = spawn(
    gatewayPython(settings),
    [
      ...gatewayCommand(settings),
      ...['--stay', '--listen', listen, '--ready', files.ready, '--token-file', files.token],
      ...['--config', JSON.stringify(gatewayConfig(settings)), '--owner', String(process.pid)],
    ],
    {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PYTHONPATH: [gatewayPackages(), process.env.PYTHONPATH].filter(Boolean).join(path.delimiter),
        PYTHONUNBUFFERED: '1',
        ...mark.env,
      },
    },
  );
  const outputs = [
    { from: child.stdout, to: process.stdout },
    { from: child.stderr, to: process.stderr },
  ] as const;
  for (const { from, to } of outputs)
    from.on('data', (bytes: Buffer) => {
      if (!signal.aborted) to.write(bytes);
    });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => setTimeout(() => outputs.forEach(({ from }) => void from.destroy()), outputMs).unref());
    child.once('close', (code) => resolve(code ?? 1));
  });
  const end = () => {
    const isOver = child.exitCode !== null || child.signalCode !== null;
    if (child.pid !== undefined && !isOver) process.kill(-child.pid, 'SIGTERM');
  };
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  let isOver = false;
  const over = ended.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const said = ready.safeParse(parseJson(await readFile(files.ready, 'utf8').catch(() => '')));
    if (said.success) {
      onReady(said.data.address, files.token);
      break;
    }
    await Promise.race([over.catch(() => 0), wait(100)]);
  }
  try {
    return await over;
  } catch (error) {
    throw new StudioError(
      'engine-failed',
      `The gateway can't be started: ${error instanceof Error ? error.message : error}`,
      {
        cause: error,
      },
    );
  } finally {
    signal.removeEventListener('abort', end);
    mark.killAll();
    await rm(files.ready, { force: true });
  }
}

const tokenForm = /^[0-9a-f]{64}$/;

/** One that is there is kept, so that run files stay right, where it is whole and this user's alone. */
async function makeToken(file: string): Promise<void> {
  const found = await stat(file).catch(() => null);
  const isOwn = found?.isFile() === true && (process.platform === 'win32' || (found.mode & 0o077) === 0);
  if (isOwn && tokenForm.test((await readFile(file, 'utf8')).trim())) return;
  await rm(file, { force: true });
  await writeFile(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
}
