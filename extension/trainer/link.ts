/**
 * The lasting link to a project's trainer: connects, connects again after a loss, knows the runs and their last metrics,
 * and follows a command to its end. Knows nothing of VS Code.
 */
import { EventEmitter } from 'node:events';
import * as rpc from 'vscode-jsonrpc/node';
import { findTrainer } from '../../trainer/client/find-trainer.ts';
import type { CommandRecord, CommandRequest } from '../../trainer/protocol/commands.ts';
import { Client } from '../../trainer/protocol/connection.ts';
import type { Discovery } from '../../trainer/protocol/discovery.ts';
import { asStudioError, StudioError } from '../../trainer/protocol/errors.ts';
import type { RunEvent, StepMetrics } from '../../trainer/protocol/records.ts';
import type { RunState, RunSummary } from '../../trainer/protocol/run-state.ts';
import { protocolVersion, speaksOurProtocol } from '../../trainer/protocol/version.ts';
import { openSocket } from './socket.ts';

/** `lost`: the connection broke and is tried again. `none`: there is no trainer, `reason` says why if there was one. */
export type LinkState = 'none' | 'connected' | 'lost';

interface LinkEvents {
  /** State, runs or metrics changed. */
  change: [];
  runEvent: [RunEvent];
  /** The trainer is gone without having been told to end. */
  gone: [{ readonly reason: string; readonly runs: readonly RunSummary[] }];
  fault: [StudioError];
}

interface Waiting {
  readonly resolve: (record: CommandRecord) => void;
  readonly reject: (failure: StudioError) => void;
}

const firstRetryMs = 250;
const longestRetryMs = 8000;
const followed: readonly RunState[] = ['created', 'starting', 'running', 'pausing', 'paused', 'stopping'];
const hasEnded = (record: CommandRecord) =>
  record.state === 'applied' || record.state === 'rejected' || record.state === 'failed';
const commandKey = (runId: string, id: number) => `${runId}/${id}`;

/** During SFT only some steps measure accuracy; the others carry the last one on. */
function withLastAccuracy(metrics: StepMetrics, before: StepMetrics | undefined): StepMetrics {
  if (metrics.accuracy !== null || !before) return metrics;
  return { ...metrics, accuracy: before.accuracy, accuracyShuffled: before.accuracyShuffled };
}

export class TrainerLink extends EventEmitter<LinkEvents> {
  readonly project: string;
  private readonly author: string;
  private connection: { readonly client: Client; readonly at: Discovery } | undefined;
  private connecting: Promise<boolean> | undefined;
  private status: { state: LinkState; reason: string } = { state: 'none', reason: '' };
  private ending = false;
  private disposed = false;
  private retry: NodeJS.Timeout | undefined;
  private readonly runsById = new Map<string, RunSummary>();
  private readonly metrics = new Map<string, StepMetrics>();
  /** Last event number seen of each run that is subscribed to on the present connection. */
  private readonly seen = new Map<string, number>();
  private readonly subscribed = new Set<string>();
  private readonly waiting = new Map<string, Waiting>();
  /** Commands whose request is not answered yet, and ends of commands that came before that answer. */
  private unanswered = 0;
  private readonly early = new Map<string, CommandRecord>();

  constructor(project: string, author: string) {
    super();
    this.project = project;
    this.author = author;
  }

  get state(): LinkState {
    return this.status.state;
  }

  /** Why the state is not `connected`. */
  get reason(): string {
    return this.status.reason;
  }

  /** Where the trainer is, while connected. */
  get address(): Discovery | undefined {
    return this.connection?.at;
  }

  /** Newest first. */
  get runs(): RunSummary[] {
    return [...this.runsById.values()].sort((a, b) => b.createdAt - a.createdAt);
  }

  /** Of the run's last step; accuracies are those measured last. */
  lastMetrics(runId: string): StepMetrics | undefined {
    return this.metrics.get(runId);
  }

  /** @throws StudioError `conflict` when not connected. */
  get client(): Client {
    if (!this.connection)
      throw new StudioError('conflict', 'No trainer is attached.', {
        remedy: 'Start a run, or run "Video-R1: Attach to Trainer".',
      });
    return this.connection.client;
  }

  /**
   * Connects to the folder's trainer if there is a living one; false when there is none.
   * @throws StudioError `protocol-version`, or when the trainer is there and does not answer.
   */
  attach(): Promise<boolean> {
    if (this.connection) return Promise.resolve(true);
    this.connecting ??= this.connect().finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  private async connect(): Promise<boolean> {
    clearTimeout(this.retry);
    const at = await findTrainer(this.project);
    if (!at) return false;
    const client = new Client(rpc, await openSocket(at), (fault) => this.emit('fault', fault));
    try {
      const { protocol } = await client.request('initialize', {
        protocol: protocolVersion,
        client: 'vscode',
        author: this.author,
      });
      if (!speaksOurProtocol(protocol))
        throw new StudioError(
          'protocol-version',
          `The trainer speaks protocol ${protocol.major}, this extension ${protocolVersion.major}.`,
        );
      const reportFault = (fault: StudioError) => this.emit('fault', fault);
      client.on('runs/changed', () => void this.readRuns().catch(reportFault), reportFault);
      client.on('run/event', (event) => this.take(event), reportFault);
      this.connection = { client, at };
      this.subscribed.clear();
      await this.readRuns();
    } catch (thrown) {
      this.connection = undefined;
      client.close();
      const fault = asStudioError(thrown);
      if (fault.kind !== 'protocol-version') throw fault;
      throw new StudioError('protocol-version', fault.message, {
        remedy: `Shut down the trainer that is at work in this folder (process ${at.pid}) and start it from this version; its runs go on from their last checkpoint.`,
      });
    }
    void client.closed.then((reason) => this.lost(client, reason));
    this.turn('connected', '');
    return true;
  }

  private turn(state: LinkState, reason: string): void {
    this.status = { state, reason };
    this.emit('change');
  }

  private lost(client: Client, reason: string): void {
    if (this.connection?.client !== client || this.disposed) return;
    this.connection = undefined;
    this.subscribed.clear();
    if (this.ending) {
      this.ending = false;
      this.end('It was shut down.');
      return;
    }
    this.turn('lost', reason);
    this.tryAgain(firstRetryMs);
  }

  private tryAgain(delayMs: number): void {
    this.retry = setTimeout(() => {
      this.attach().then(
        (found) => {
          if (found || this.disposed) return;
          const runs = this.runs.filter((run) => followed.includes(run.state));
          this.end('The trainer has ended.');
          this.emit('gone', { reason: this.reason, runs });
        },
        (fault: unknown) => {
          this.emit('fault', asStudioError(fault));
          if (!this.disposed) this.tryAgain(Math.min(delayMs * 2, longestRetryMs));
        },
      );
    }, delayMs);
  }

  private end(reason: string): void {
    for (const { reject } of this.waiting.values())
      reject(new StudioError('engine-failed', `${reason} The command was not seen to be applied.`));
    this.waiting.clear();
    this.runsById.clear();
    this.metrics.clear();
    this.seen.clear();
    this.turn('none', reason);
  }

  /** Reads the list of runs and follows those that are not over. */
  private async readRuns(): Promise<void> {
    const { client } = this;
    const { runs } = await client.request('runs/list', {});
    this.runsById.clear();
    for (const run of runs) this.runsById.set(run.id, run);
    await Promise.all(
      runs.map(async (run) => {
        if (followed.includes(run.state)) await this.follow(run);
        if (!this.metrics.has(run.id) && run.step > 0) {
          const fromStep = Math.max(0, run.step - Math.max(1, run.parameters.probeEvery));
          const { steps } = await client.request('metrics/get', { runId: run.id, fromStep });
          const last = steps.reduce<StepMetrics | undefined>(
            (before, step) => withLastAccuracy(step, before),
            undefined,
          );
          if (last && !this.metrics.has(run.id)) this.metrics.set(run.id, last);
        }
      }),
    );
    this.emit('change');
  }

  private async follow(run: RunSummary): Promise<void> {
    if (this.subscribed.has(run.id)) return;
    this.subscribed.add(run.id);
    try {
      await this.client.request('runs/subscribe', { runId: run.id, since: this.seen.get(run.id) ?? run.seq });
    } catch (failure) {
      this.subscribed.delete(run.id);
      throw failure;
    }
  }

  private take(event: RunEvent): void {
    const { runId, body } = event;
    if (event.seq <= (this.seen.get(runId) ?? 0)) return;
    this.seen.set(runId, event.seq);
    if (body.type === 'state') this.runsById.set(runId, body.run);
    if (body.type === 'step') {
      this.metrics.set(runId, withLastAccuracy(body.metrics, this.metrics.get(runId)));
      const run = this.runsById.get(runId);
      if (run && body.metrics.step > run.step) this.runsById.set(runId, { ...run, step: body.metrics.step });
    }
    if (body.type === 'command' && hasEnded(body.command)) {
      const key = commandKey(runId, body.command.id);
      const waiting = this.waiting.get(key);
      this.waiting.delete(key);
      if (waiting) waiting.resolve(body.command);
      else if (this.unanswered > 0) this.early.set(key, body.command);
    }
    this.emit('runEvent', event);
    this.emit('change');
  }

  /**
   * Sends a command; `ended` resolves with its record once it was applied, rejected or failed.
   * @throws StudioError of the trainer, or when the connection is lost before the command was taken down.
   */
  async command(
    runId: string,
    request: CommandRequest,
  ): Promise<{ readonly record: CommandRecord; readonly ended: Promise<CommandRecord> }> {
    const run = this.runsById.get(runId);
    if (run) await this.follow(run);
    this.unanswered += 1;
    try {
      const { command: record } = await this.client.request('runs/command', { runId, command: request });
      const key = commandKey(runId, record.id);
      const end = hasEnded(record) ? record : this.early.get(key);
      if (end) return { record, ended: Promise.resolve(end) };
      const ended = new Promise<CommandRecord>((resolve, reject) => this.waiting.set(key, { resolve, reject }));
      ended.catch(() => {}); // whoever stopped waiting is not to bring the host down
      return { record, ended };
    } finally {
      this.unanswered -= 1;
      if (this.unanswered === 0) this.early.clear();
    }
  }

  /** Asks the trainer to end; runs under way are saved by it first. */
  async shutDown(): Promise<void> {
    const { client } = this;
    this.ending = true;
    try {
      await client.request('trainer/shutdown', {});
    } catch (failure) {
      // A trainer that ends before it answers has done what it was asked to.
      if (this.connection) {
        this.ending = false;
        throw failure;
      }
    }
    await client.closed;
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.retry);
    const connection = this.connection;
    this.connection = undefined;
    connection?.client.close();
    this.removeAllListeners();
  }
}
