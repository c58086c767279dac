/** A trainer's end of the contract, driven by a test: real socket, real messages, runs that the test holds. */
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as rpc from 'vscode-jsonrpc/node';
import { type WebSocket, WebSocketServer } from 'ws';
import { presetParameters } from '../../../trainer/learning/presets.ts';
import type { CommandRecord, CommandRequest } from '../../../trainer/protocol/commands.ts';
import { type Handlers, Peer } from '../../../trainer/protocol/connection.ts';
import type { RequestName, UnreadableRun } from '../../../trainer/protocol/messages.ts';
import { requests } from '../../../trainer/protocol/messages.ts';
import type { RunEvent, RunEventBody } from '../../../trainer/protocol/records.ts';
import type { RunFacts, RunSummary, Standing } from '../../../trainer/protocol/run-state.ts';
import { protocolVersion } from '../../../trainer/protocol/version.ts';

const running: Standing = { state: 'running', doing: null };

/** An SFT run that has done 3 of 10 steps and runs, where it is not said otherwise. */
export function runOf(changes: Partial<RunFacts> & { readonly standing?: Standing } = {}): RunSummary {
  const { standing = running, ...facts } = changes;
  const parameters = presetParameters('sample', 'sft');
  return {
    id: 'r1',
    name: 'first',
    method: 'sft',
    preset: 'sample',
    step: 3,
    steps: 10,
    createdAt: 1,
    updatedAt: 1,
    pace: [],
    parameters,
    presetParameters: parameters,
    engine: null,
    dataset: 'd',
    evaluationDataset: null,
    questions: 1,
    skipped: 0,
    from: 'new',
    runFile: null,
    seq: 5,
    ...facts,
    ...standing,
  };
}

type Life =
  | { readonly state: 'scheduled' }
  | { readonly state: 'applied'; readonly note?: string }
  | { readonly state: 'rejected' | 'failed'; readonly why: string };

/** The record of a command that was sent under an id. */
export function recordOf(id: string, request: CommandRequest, life: Life): CommandRecord {
  const taken = { id, number: 1, request, by: 'a', requestedAt: 1 };
  switch (life.state) {
    case 'scheduled':
      return { ...taken, state: 'scheduled', point: 'after-update', change: null };
    case 'applied':
      return {
        ...taken,
        state: 'applied',
        endedAt: 2,
        at: { point: 'after-update', step: 4 },
        change: null,
        note: life.note ?? null,
      };
    case 'rejected':
      return { ...taken, state: 'rejected', endedAt: 2, why: life.why };
    case 'failed':
      return { ...taken, state: 'failed', endedAt: 2, at: null, why: life.why };
  }
}

export class FakeTrainer {
  readonly project: string;
  runs: RunSummary[] = [];
  unreadable: UnreadableRun[] = [];
  /** `since` of every subscription that was asked for. */
  readonly subscriptions: { runId: string; since: number }[] = [];
  /** How often the list of runs was read. */
  listed = 0;
  /** Every command that came, in their order. */
  readonly commands: { readonly runId: string; readonly id: string; readonly command: CommandRequest }[] = [];
  events: RunEvent[] = [];
  handlers: Partial<Handlers> = {};
  protocolMajor: number = protocolVersion.major;
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
      if (method === 'runs/list') this.listed += 1;
      if (method === 'runs/command') this.commands.push(params as (typeof this.commands)[number]);
      const own = this.handlers[method] as ((input: unknown) => Promise<unknown>) | undefined;
      if (own) return own(params);
      switch (method) {
        case 'initialize':
          return {
            protocol: { major: this.protocolMajor, minor: 0 },
            trainer: { version: '0', pid: process.pid, folder: this.project, startedAt: 0, ffmpeg: 'f', node: 'n' },
          };
        case 'runs/list':
          return { runs: this.runs, unreadable: this.unreadable };
        case 'runs/resumption': {
          const { from = 3 } = params as { from?: number };
          return { from, steps: 0, rollouts: 0, evaluations: 0, bad: [], asks: null };
        }
        case 'metrics/get':
          return { steps: [] };
        case 'runs/subscribe': {
          const asked = params as { runId: string; since: number };
          this.subscriptions.push(asked);
          this.changes.emit('change');
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

  /** A run was created or changed its state; null when one was deleted. */
  tellChanged(run: RunSummary | null): void {
    for (const { peer } of this.peers) peer.notify('runs/changed', { run });
  }

  get connections(): number {
    return this.peers.size;
  }

  /** Waits until something holds that changes when a connection comes or goes, or a run is subscribed to. */
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
