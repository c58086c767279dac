/** A real server over real sockets for one test, with clients; everything is closed when the test ends. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import * as rpc from 'vscode-jsonrpc/node';
import { connectSocket } from '../../trainer/client/socket.ts';
import { Client } from '../../trainer/protocol/connection.ts';
import type { StudioError } from '../../trainer/protocol/errors.ts';
import { protocolVersion } from '../../trainer/protocol/version.ts';
import { type ServerOptions, startServer, type TrainerServer } from '../../trainer/server/server.ts';
import { temporaryFolder } from '../store/folders.ts';
import { RecordingService } from './service.ts';

export const pageTemplate =
  '<!doctype html><script nonce="{{nonce}}" type="module" src="{{assets}}/page.js"></script><body data-page="{{page}}">';

export interface Serving {
  readonly server: TrainerServer<RecordingService>;
  readonly service: RecordingService;
  readonly projectFolder: string;
  readonly lines: string[];
  /** `http://127.0.0.1:<port>` */
  readonly address: string;
}

export async function serve(options: Partial<ServerOptions<RecordingService>> = {}): Promise<Serving> {
  const projectFolder = options.projectFolder ?? temporaryFolder();
  const pagesFolder = join(projectFolder, 'pages');
  mkdirSync(pagesFolder, { recursive: true });
  writeFileSync(join(pagesFolder, 'page.html'), pageTemplate);
  writeFileSync(join(pagesFolder, 'page.js'), 'export {};');
  writeFileSync(join(pagesFolder, 'page.css'), 'body {}');
  writeFileSync(join(projectFolder, 'secret.json'), '{}');
  const lines: string[] = [];
  const server = await startServer({
    projectFolder,
    pagesFolder,
    log: (line) => lines.push(line),
    open: async () => new RecordingService(projectFolder),
    ...options,
  });
  onTestFinished(() => server.close());
  const { host, port } = server.discovery;
  return { server, service: server.service, projectFolder, lines, address: `http://${host}:${port}` };
}

/** A client that has said hello. */
export async function connect({ server }: Serving, onFault?: (fault: StudioError) => void): Promise<Client> {
  const client = new Client(rpc, await connectSocket(server.discovery), onFault);
  onTestFinished(() => client.close());
  await client.request('initialize', { protocol: protocolVersion, client: 'test', author: 'ada' });
  return client;
}

/** Collects what is told; `until` resolves when the list satisfies a condition. */
export class Collected<T> {
  readonly items: T[] = [];
  private waiting: { condition: (items: T[]) => boolean; resolve: () => void }[] = [];

  add(item: T): void {
    this.items.push(item);
    const met = this.waiting.filter(({ condition }) => condition(this.items));
    this.waiting = this.waiting.filter((one) => !met.includes(one));
    for (const { resolve } of met) resolve();
  }

  until(condition: (items: T[]) => boolean): Promise<void> {
    if (condition(this.items)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ condition, resolve }));
  }
}
