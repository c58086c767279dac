/** The trainer that a terminal's runs are carried by: one in this process, or one that another window or shell started. */
import { userInfo } from 'node:os';
import { connectTrainer } from '../../client/connect.ts';
import type { CommandRecord, CommandRequest } from '../../protocol/commands.ts';
import type { Client } from '../../protocol/connection.ts';
import type { Discovery } from '../../protocol/discovery.ts';
import { StudioError } from '../../protocol/errors.ts';
import type { RunEvent } from '../../protocol/records.ts';
import { reduceRun } from '../../protocol/reduce-run.ts';
import type { Resumption } from '../../protocol/resumption.ts';
import type { RunSummary } from '../../protocol/run-state.ts';
import type { Hosting } from './hosting.ts';

export interface RunListener {
  onEvent(event: RunEvent): void;
  /** A run was created or stands otherwise; null where one was deleted. */
  onRunsChanged(run: RunSummary | null): void;
}

export interface CreateInTerminal {
  /** Relative to the project folder. */
  readonly runFile: string;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  /** In place of what the file says of the engine, setting by setting. */
  readonly engine?: Readonly<Record<string, unknown>> | undefined;
}

export interface ForkInTerminal {
  readonly runId: string;
  /** Step of a checkpoint. */
  readonly from: number;
  readonly name?: string | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
}

export interface TrainerAtHand {
  readonly at: Discovery;
  /** Whether it ends with this process. */
  readonly isOurs: boolean;
  /** Rejects when it is gone. */
  readonly lost: Promise<never>;
  /** Newest first. */
  runs(): readonly RunSummary[];
  /** Creates a run that nobody has started yet. */
  create(request: CreateInTerminal): Promise<RunSummary>;
  /** Creates a run that goes on from a checkpoint of another, and that nobody has started yet. */
  fork(request: ForkInTerminal): Promise<RunSummary>;
  /** From where a resume would go on, and what it would leave out of the curves. */
  resumption(runId: string, from: number | undefined): Promise<Resumption>;
  delete(runId: string): Promise<void>;
  command(runId: string, id: string, request: CommandRequest): Promise<CommandRecord>;
  /** Tells of the run's events from now on, and of every change of a run. */
  follow(runId: string, listener: RunListener): Promise<{ dispose(): void }>;
}

export function hostedTrainer({ trainer, server }: Hosting): TrainerAtHand {
  return {
    at: server.discovery,
    isOurs: true,
    lost: new Promise(() => {}),
    runs: () => trainer.runs(),
    create: (request) => trainer.create({ ...request, start: false }, 'terminal'),
    fork: (request) => trainer.fork({ ...request, start: false }, 'terminal'),
    resumption: (runId, from) => trainer.resumption(runId, from),
    delete: (runId) => trainer.delete(runId),
    command: async (runId, id, request) => trainer.command(runId, id, request, 'terminal'),
    follow: async (_runId, listener) => trainer.listen({ ...listener, onSampling: () => {} }),
  };
}

/** @throws StudioError `connection-lost`, `protocol-version` */
export async function attachedTrainer(at: Discovery): Promise<TrainerAtHand & { dispose(): void }> {
  const client = await connectTrainer(at, { client: 'video-r1 run', author: userInfo().username });
  const attached = new AttachedTrainer(client, at);
  await attached.read();
  return attached;
}

class AttachedTrainer implements TrainerAtHand {
  readonly at: Discovery;
  readonly isOurs = false;
  readonly lost: Promise<never>;
  private readonly client: Client;
  private readonly known = new Map<string, RunSummary>();
  private readonly listeners = new Set<RunListener>();

  constructor(client: Client, at: Discovery) {
    this.client = client;
    this.at = at;
    this.lost = client.closed.then((reason) => {
      throw new StudioError('connection-lost', `The trainer (process ${at.pid}) is gone: ${reason}.`, {
        remedy: 'What it saved is kept; a run that was under way goes on from its last checkpoint.',
      });
    });
    this.lost.catch(() => {});
    client.on('runs/changed', ({ run }) => {
      if (run) this.changed(run);
      else void this.read().catch(() => {});
    });
    client.on('run/event', (event) => {
      const run = this.known.get(event.runId);
      if (run) this.known.set(run.id, reduceRun(run, event));
      for (const listener of this.listeners) listener.onEvent(event);
      if (event.body.type === 'state') this.changed(event.body.run);
    });
  }

  async read(): Promise<void> {
    const { runs } = await this.client.request('runs/list', {});
    this.known.clear();
    for (const run of runs) this.known.set(run.id, run);
    for (const listener of this.listeners) listener.onRunsChanged(null);
  }

  runs(): readonly RunSummary[] {
    return [...this.known.values()].sort((a, b) => b.createdAt - a.createdAt);
  }

  async create(request: CreateInTerminal): Promise<RunSummary> {
    const { run } = await this.client.request('runs/create', {
      runFile: request.runFile,
      start: false,
      ...(request.parameters && { parameters: request.parameters }),
      ...(request.engine && { engine: request.engine }),
    });
    this.known.set(run.id, run);
    return run;
  }

  async fork({ runId, from, name, parameters }: ForkInTerminal): Promise<RunSummary> {
    const { run } = await this.client.request('runs/fork', {
      ...{ runId, from, start: false },
      ...(name !== undefined && { name }),
      ...(parameters && { parameters }),
    });
    this.known.set(run.id, run);
    return run;
  }

  resumption(runId: string, from: number | undefined): Promise<Resumption> {
    return this.client.request('runs/resumption', { runId, ...(from !== undefined && { from }) });
  }

  async delete(runId: string): Promise<void> {
    await this.client.request('runs/delete', { runId });
  }

  async command(runId: string, id: string, request: CommandRequest): Promise<CommandRecord> {
    return (await this.client.request('runs/command', { runId, id, command: request })).command;
  }

  async follow(runId: string, listener: RunListener): Promise<{ dispose(): void }> {
    const since = this.known.get(runId)?.seq ?? 0;
    this.listeners.add(listener);
    const { run } = await this.client.request('runs/subscribe', { runId, since });
    this.changed(run);
    return { dispose: () => this.listeners.delete(listener) };
  }

  dispose(): void {
    this.client.close();
  }

  private changed(run: RunSummary): void {
    const known = this.known.get(run.id);
    // What is under way is told beside the events, under the number of the last one.
    if (known && known.seq > run.seq) return;
    this.known.set(run.id, run);
    for (const listener of this.listeners) listener.onRunsChanged(run);
  }
}
