/** Gateways of the engine verl that stay: on this machine, or on nodes that Slurm gives. */
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { StudioError } from '../protocol/errors.ts';
import type { VerlSettings } from '../protocol/runfile.ts';
import { gatewayPackages, verlFolder } from './verl/files.ts';
import { GatewayProcess } from './verl/gateway-process.ts';
import { environmentFor } from './verl/setup/environment.ts';
import { slurmScript } from './verl/slurm.ts';

export const gatewayOnSlurm = { script: slurmScript, packages: gatewayPackages };

/** The Python of `video-r1 setup verl`. @throws StudioError `engine-failed` where there is none */
export function setUpPython(device: 'auto' | 'cpu' | 'cuda'): string {
  const environment = environmentFor(device);
  if (environment !== null) return environment.python;
  throw new StudioError('engine-failed', 'No Python with verl was set up here.', {
    remedy: `Run: video-r1 setup verl${device === 'cpu' ? ' --cpu' : ''}; or name one with --python.`,
  });
}

export interface StandingGateway {
  /** `host:port` */
  readonly address: string;
  readonly tokenFile: string;
  readonly logFile: string;
  /** Settles when it has ended: null where the signal ended it, else why it did. */
  readonly over: Promise<StudioError | null>;
}

/**
 * Starts one that waits for clients until the signal ends it. @param how `port` 0 takes a free one; the token is written into
 * `tokenFile`, by default in the user's cache
 * @throws StudioError `engine-failed` with the end of its log; the signal's reason
 */
export async function startGateway(
  settings: VerlSettings,
  how: { readonly port: number; readonly tokenFile?: string; readonly signal: AbortSignal },
): Promise<StandingGateway> {
  const { port, signal } = how;
  const folder = verlFolder(homedir());
  const tokenFile = how.tokenFile ?? path.join(folder, 'gateways', `${port}.token`);
  await mkdir(path.dirname(tokenFile), { recursive: true, mode: 0o700 });
  const gateway = await GatewayProcess.start({
    ...{ settings, python: settings.python ?? setUpPython(settings.device), packages: gatewayPackages() },
    logs: path.join(folder, 'logs'),
    standing: { listen: `127.0.0.1:${port}`, tokenFile },
  });
  const ending = Promise.withResolvers<void>();
  if (signal.aborted) ending.resolve();
  signal.addEventListener('abort', () => ending.resolve(), { once: true });
  const aborted = ending.promise.then(() => gateway.dispose(false));
  const address = await Promise.race([gateway.address(), aborted]);
  signal.throwIfAborted();
  const ended = gateway.over().then(() => (signal.aborted ? null : gateway.explain('The gateway has ended')));
  return {
    ...{ address: address as string, tokenFile, logFile: gateway.logFile },
    over: Promise.race([ended, aborted.then(() => null)]),
  };
}
