/** The verl engine as tests start it: on the CPU, with the Python that they found. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Engine } from '../../../trainer/engines/engine.ts';
import { newModelFolder } from '../../../trainer/engines/new-model-folder.ts';
import { createVerlEngine } from '../../../trainer/engines/verl/engine.ts';
import { gatewayCommand, gatewayConfig } from '../../../trainer/engines/verl/gateway-process.ts';
import { engineSettings, type VerlSettings } from '../../../trainer/protocol/runfile.ts';
import { findVerl } from '../../fidelity/verl.ts';

const packages = path.resolve(import.meta.dirname, '../../../trainer/engines/verl/gateway');

const settingsOf = (settings: Partial<VerlSettings>): VerlSettings =>
  engineSettings.parse({ ...settings, name: 'verl' }) as VerlSettings;

const onCpu = { device: 'cpu' } as const;

export async function verlEngine(settings: Partial<VerlSettings>): Promise<Engine> {
  // Threads of several engines that spin on the same cores are slower than one.
  process.env.OMP_NUM_THREADS = '1';
  return createVerlEngine(settingsOf(settings.attach === undefined ? { ...onCpu, ...settings } : settings), {
    packages,
    logs: path.join(tmpdir(), 'video-r1-test-gateways'),
    pythonFor: () => findVerl().python,
    makeModel: newModelFolder,
  });
}

/** A gateway that serves one engine after another, so that tests wait for its start once. */
export interface StandingGateway {
  readonly attach: NonNullable<VerlSettings['attach']>;
  readonly pid: number;
  log(): Promise<string>;
  end(): Promise<void>;
}

export async function standingGateway(settings: Partial<VerlSettings> = {}): Promise<StandingGateway> {
  const { python } = findVerl();
  const folder = await mkdtemp(path.join(tmpdir(), 'video-r1-standing-'));
  const [ready, tokenFile, logFile] = ['ready', 'token', 'log'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(tokenFile, 'a token of the tests', { mode: 0o600 });
  const parsed = settingsOf({ ...onCpu, ...settings });
  const log = openSync(logFile, 'a');
  const child = spawn(
    python as string,
    [
      ...gatewayCommand(parsed),
      ...['--stay', '--ready', ready, '--token-file', tokenFile, '--config', JSON.stringify(gatewayConfig(parsed))],
    ],
    {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, PYTHONPATH: packages, OMP_NUM_THREADS: '1' },
    },
  );
  closeSync(log);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const said = () => readFile(logFile, 'utf8');
  for (;;) {
    const text = await readFile(ready, 'utf8').catch(() => null);
    if (text !== null) {
      return {
        attach: { address: (JSON.parse(text) as { address: string }).address, tokenFile },
        pid: child.pid as number,
        log: said,
        async end() {
          child.kill('SIGTERM');
          await ended;
          await rm(folder, { recursive: true, force: true });
        },
      };
    }
    if (child.exitCode !== null) throw new Error(`The gateway ended while it started:\n${await said()}`);
    await wait(50);
  }
}
