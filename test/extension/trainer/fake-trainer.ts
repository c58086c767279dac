/** A trainer's end of the contract, driven by a test: real socket, real messages, runs that the test holds. */
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as rpc from 'vscode-jsonrpc/node';
import { type WebSocket, WebSocketServer } from 'ws';
import { presetParameters } from '../../../trainer/learning/presets.ts';
import type { CommandRecord } from '../../../trainer/protocol/commands.ts';
import { type Handlers, Peer } from '../../../trainer/protocol/connection.ts';
import type { RequestName } from '../../../trainer/protocol/messages.ts';
import { requests } from '../../../trainer/protocol/messages.ts';
import type { RunEvent, RunEventBody } from '../../../trainer/protocol/records.ts';
import type { RunSummary } from '../../../trainer/protocol/run-state.ts';

export function runOf(changes: Partial<RunSummary> = {}): RunSummary {
  const parameters = presetParameters('sample', 'sft');
  return {
    id: 'r1',
    name: 'first',
    method: 'sft',
    preset: 'sample',
    state: 'running',
    detail: null,
    error: null,
    step: 3,
    steps: 10,
    createdAt: 1,
    updatedAt: 1,
    remainingMs: null,
    parameters,
    presetParameters: parameters,
    engine: null,
    dataset: 'd',
    questions: 1,
    skipped: 0,
    from: 'new',
    runFile: null,
    seq: 5,
    ...changes,
  };
}

export function commandOf(changes: Partial<CommandRecord> = {}): CommandRecord {
  return {
    id: 1,
    request: { kind: 'pause', release: false },
    by: 'a',
    state: 'scheduled',
    requestedAt: 1,
    finishedAt: null,
    safePoint: 'after-update',
    step: null,
    oldValue: null,
    newValue: null,
    note: null,
    ...changes,
  };
}

export class FakeTrainer {
  readonly project: string;
  runs: RunSummary[] = [];
  /** `since` of every subscription that was asked for. */
  readonly subscriptions: { runId: string; since: number }[] = [];
  events: RunEvent[] = [];
  handlers: Partial<Handlers> = {};
  protocolMajor = 1;
  /** Connections taken so far. */
  accepted = 0;
  private readonly changes = new EventEmitter();
  private server: WebSocketServer | undefined;
  private readonly peers = new Set<{ peer: Peer; socket: WebSocket }>();

  constructor() {
    this.project = mkdtempSync(path.join(tmpdir(), 'video-r1-link-'));
    mkdirSync(path.join(this.project, '.video-r1'));
  }

  async listen(): Promise<void> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    this.server = server;
    server.on('connection', (socket) => this.welcome(socket));
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    this.announce({ pid: process.pid, port });
  }

  announce(at: { pid: number; port: number }): void {
    const content = {
      host: '127.0.0.1',
      token: 't',
      protocol: { major: 1, minor: 0 },
      version: '0',
      startedAt: 0,
      ...at,
    };
    writeFileSync(path.join(this.project, '.video-r1/trainer.json'), JSON.stringify(content));
  }

  private welcome(socket: WebSocket): void {
    this.accepted += 1;
    const answer = async (method: RequestName, params: unknown): Promise<unknown> => {
      const own = this.handlers[method] as ((input: unknown) => Promise<unknown>) | undefined;
      if (own) return own(params);
      switch (method) {
        case 'initialize':
          return {
            protocol: { major: this.protocolMajor, minor: 0 },
            trainer: { version: '0', pid: process.pid, folder: this.project, startedAt: 0, ffmpeg: 'f', node: 'n' },
          };
        case 'runs/list':
          return { runs: this.runs, unreadable: [] };
        case 'metrics/get':
          return { steps: [] };
        case 'runs/subscribe': {
          const asked = params as { runId: string; since: number };
          this.subscriptions.push(asked);
          for (const event of this.events)
            if (event.runId === asked.runId && event.seq > asked.since) peer.notify('run/event', event);
          return { run: this.runs.find((run) => run.id === asked.runId) };
        }
        default:
          throw new Error(`the test has no answer to ${method}`);
      }
    };
    const handlers = Object.fromEntries(
      (Object.keys(requests) as RequestName[]).map((method) => [method, (params: unknown) => answer(method, params)]),
    );
    const peer = new Peer(
      rpc,
      {
        send: (message) => socket.send(message),
        onMessage: (listener) =>
          socket.on('message', (data: Buffer, isBinary) =>
            listener(isBinary ? new Uint8Array(data) : data.toString('utf8')),
          ),
        onClose: (listener) => socket.on('close', () => listener('closed')),
        close: () => socket.close(),
      },
      handlers as unknown as Handlers,
      () => {},
    );
    const held = { peer, socket };
    this.peers.add(held);
    this.changes.emit('change');
    socket.on('close', () => {
      this.peers.delete(held);
      this.changes.emit('change');
    });
  }

  /** Stores an event and sends it to whoever is connected. */
  emit(runId: string, seq: number, body: RunEventBody): void {
    const event = { runId, seq, at: 0, body };
    this.events.push(event);
    for (const { peer } of this.peers) peer.notify('run/event', event);
  }

  get connections(): number {
    return this.peers.size;
  }

  /** Waits until something holds that changes when a connection comes or goes. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await once(this.changes, 'change');
  }

  /** Cuts all connections; the trainer lives on. */
  cut(): void {
    for (const { socket } of this.peers) socket.terminate();
  }

  async end(): Promise<void> {
    this.cut();
    const { server } = this;
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  async dispose(): Promise<void> {
    await this.end();
    rmSync(this.project, { recursive: true, force: true });
  }
}
