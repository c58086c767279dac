/** A trainer with its server in this process: opened under the folder's lock, closed with everything saved. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../../engines/create.ts';
import { StudioError } from '../../protocol/errors.ts';
import { Trainer } from '../../runs/trainer.ts';
import { lockFolder } from '../../server/folder-lock.ts';
import { startServer, type TrainerServer } from '../../server/server.ts';
import { version } from '../terminal/version.ts';

export interface Hosting {
  readonly trainer: Trainer;
  readonly server: TrainerServer<Trainer>;
  /** Saves what runs, closes the server. */
  close(): Promise<void>;
}

export interface HostingOptions {
  readonly folder: string;
  readonly port?: number | undefined;
  readonly ffmpeg?: string | undefined;
  /** Folders that links among the media of every run may lead into; absolute. */
  readonly allowedRoots?: readonly string[] | undefined;
  log(line: string): void;
  onShutdown?(): void;
}

/** Pages beside the bundle, or where the build of a source tree puts them. */
function pagesFolder(): string {
  const candidates = ['./webview', '../../../dist/webview'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  return candidates.find((candidate) => existsSync(path.join(candidate, 'page.html'))) ?? (candidates[0] as string);
}

/** @throws StudioError `folder-busy`, `port-taken` */
export async function host(options: HostingOptions): Promise<Hosting> {
  const folder = path.resolve(options.folder);
  if (!existsSync(folder)) throw new StudioError('not-found', 'There is no such folder.', { place: folder });
  const server = await startServer({
    projectFolder: folder,
    ...(options.port === undefined ? {} : { port: options.port }),
    pagesFolder: pagesFolder(),
    log: options.log,
    open: () =>
      Trainer.open({
        projectFolder: folder,
        version,
        createEngine,
        ffmpeg: options.ffmpeg,
        allowedRoots: options.allowedRoots,
        log: options.log,
        ...(options.onShutdown ? { onShutdown: options.onShutdown } : {}),
      }),
  });
  for (const warning of server.warnings) {
    options.log(warning);
    process.stderr.write(`${warning}\n`);
  }
  return { trainer: server.service, server, close: () => server.close() };
}

/** Does something to a project's runs that no trainer may have open. @throws StudioError `folder-busy` while one has */
export async function withoutTrainer<T>(projectFolder: string, work: () => T | Promise<T>): Promise<T> {
  const lock = lockFolder(projectFolder);
  try {
    return await work();
  } finally {
    lock.dispose();
  }
}
