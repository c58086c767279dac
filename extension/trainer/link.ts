/**
 * The lasting link to a project's trainer: connects, connects again after a loss, follows the runs that are not over, and
 * sends commands. Knows nothing of VS Code.
 */
import { EventEmitter } from 'node:events';
import { type SentCommand, SentCommands } from '../../trainer/client/carry-out.ts';
import { connectTrainer } from '../../trainer/client/connect.ts';
import { findTrainer } from '../../trainer/client/find-trainer.ts';
import type { CommandRequest } from '../../trainer/protocol/commands.ts';
import type { Client } from '../../trainer/protocol/connection.ts';
import type { Discovery } from '../../trainer/protocol/discovery.ts';
import { asStudioError, StudioError } from '../../trainer/protocol/errors.ts';
import type { UnreadableRun } from '../../trainer/protocol/messages.ts';
import type { RunEvent, StepMetrics } from '../../trainer/protocol/records.ts';
import { isComputing, type RunSummary } from '../../trainer/protocol/run-state.ts';
import { KnownRuns } from './known-runs.ts';

/** `lost`: the connection broke and is tried again. `none`: there is no trainer, `reason` says why if there was one. */
export type ConnectionState = 'none' | 'connected' | 'lost';

interface LinkEvents {
  /** State, runs or metrics changed. */
  change: [];
  runEvent: [RunEvent];
  /** The trainer is gone without having been told to end; `runs` were computing. */
  gone: [{ readonly runs: readonly RunSummary[] }];
  fault: [StudioError];
}

const firstRetryMs = 250;
const longestRetryMs = 8000;

/** A run that goes on only when someone tells it to; until then it has no events to follow. */
const isOver = ({ state }: RunSummary) => state === 'stopped' || state === 'completed' || state === 'failed';

export class TrainerLink extends EventEmitter<LinkEvents> {
  readonly project: string;
  /** Who signs what is said over it. */
  readonly author: string;
  private connection: { readonly client: Client; readonly at: Discovery } | undefined;
  private connecting: Promise<boolean> | undefined;
  private status: { readonly state: ConnectionState; readonly reason: string } = { state: 'none', reason: '' };
  private ending = false;
  private disposed = false;
  private retry: NodeJS.Timeout | undefined;
  private retryMs = firstRetryMs;
  private readonly known = new KnownRuns();
  private damaged: readonly UnreadableRun[] = [];
  private readonly commands = new SentCommands();
  /** Number of the last event that was passed on, by run. */
  private readonly passedOn = new Map<string, number>();
  /** Runs that are subscribed to on the present connection. */
  private readonly subscribed = new Set<string>();

  constructor(project: string, author: string) {
    super();
    this.project = project;
    this.author = author;
  }

  get state(): ConnectionState {
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
    return this.known.all;
  }

  /** Runs that are there and can't be opened. */
  get unreadable(): readonly UnreadableRun[] {
    return this.damaged;
  }

  lastMetrics(runId: string): StepMetrics | undefined {
    return this.known.lastMetrics(runId);
  }

  /** @throws StudioError `conflict` when not connected. */
  get client(): Client {
    if (!this.connection)
      throw new StudioError('conflict', 'No trainer is attached.', {
        remedy: 'Start a run, or run "Video-R1: Attach to Trainer".',
      });
    return this.connection.client;
  }

  // ---- the connection -------------------------------------------------------------------------------------------------

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
    try {
      const at = await findTrainer(this.project);
      if (at) await this.connectTo(at);
      else if (this.state === 'lost') this.mourn();
      return at !== null;
    } catch (thrown) {
      if (this.state === 'lost') this.tryAgain();
      throw thrown;
    }
  }

  private async connectTo(at: Discovery): Promise<void> {
    const onFault = (fault: StudioError) => this.emit('fault', fault);
    const client = await connectTrainer(at, { client: 'vscode', author: this.author }, onFault);
    client.on('runs/changed', ({ run }) => this.runChanged(run));
    client.on('run/event', (event) => this.take(event));
    this.connection = { client, at };
    this.subscribed.clear();
    try {
      await this.readRuns();
      // A run that is over is followed all the same while a command to it is under way, so that its end is heard.
      await Promise.all(this.runs.filter(({ id }) => this.commands.runIds.has(id)).map((run) => this.follow(run)));
    } catch (thrown) {
      this.connection = undefined;
      client.close();
      throw thrown;
    }
    void client.closed.then((reason) => this.lost(client, reason));
    this.retryMs = firstRetryMs;
    this.turn('connected', '');
    this.commands.sendAgain(client);
  }

  private turn(state: ConnectionState, reason: string): void {
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
    this.tryAgain();
  }

  private tryAgain(): void {
    if (this.disposed) return;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      this.attach().catch((fault: unknown) => this.emit('fault', asStudioError(fault)));
    }, this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, longestRetryMs);
  }

  private mourn(): void {
    const runs = this.runs.filter(({ state }) => isComputing(state));
    this.end('The trainer has ended.');
    this.emit('gone', { runs });
  }

  private end(reason: string): void {
    this.commands.abandon(reason);
    this.known.clear();
    this.damaged = [];
    this.passedOn.clear();
    this.turn('none', reason);
  }

  // ---- runs -----------------------------------------------------------------------------------------------------------

  private async readRuns(): Promise<void> {
    const { runs, unreadable } = await this.client.request('runs/list', {});
    this.known.replace(runs);
    this.damaged = unreadable;
    await Promise.all(runs.map((run) => this.knowMore(run)));
    this.emit('change');
  }

  /** A run was created or changed its state; null when one was deleted. */
  private runChanged(run: RunSummary | null): void {
    if (run) this.known.put(run);
    const more = run ? this.knowMore(run) : this.readRuns();
    more.catch((fault: unknown) => this.emit('fault', asStudioError(fault)));
    this.emit('change');
  }

  /** Follows a run that is not over, and reads the metrics of its last steps where they are not known. */
  private async knowMore(run: RunSummary): Promise<void> {
    if (!isOver(run)) await this.follow(run);
    if (run.step === 0 || this.known.lastMetrics(run.id)) return;
    const fromStep = Math.max(0, run.step - Math.max(1, run.parameters.probeEvery));
    const { steps } = await this.client.request('metrics/get', { runId: run.id, fromStep });
    this.known.takeSteps(run.id, steps);
    this.emit('change');
  }

  private async follow(run: RunSummary): Promise<void> {
    if (this.subscribed.has(run.id)) return;
    this.subscribed.add(run.id);
    try {
      await this.client.request('runs/subscribe', { runId: run.id, since: this.passedOn.get(run.id) ?? run.seq });
    } catch (failure) {
      this.subscribed.delete(run.id);
      throw failure;
    }
  }

  private take(event: RunEvent): void {
    if (event.seq <= (this.passedOn.get(event.runId) ?? 0)) return;
    this.passedOn.set(event.runId, event.seq);
    this.known.take(event);
    if (event.body.type === 'command') this.commands.take(event.body.command);
    this.emit('runEvent', event);
    this.emit('change');
  }

  // ---- what is asked of the trainer -----------------------------------------------------------------------------------

  /**
   * Sends a command, and again when the connection was lost before its end was told.
   * @throws StudioError `conflict` when not connected.
   */
  async command(runId: string, request: CommandRequest): Promise<SentCommand> {
    const run = this.known.get(runId);
    if (run) await this.follow(run);
    return this.commands.carryOut(this.client, runId, request);
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
    this.commands.abandon('The window has let go of the trainer.');
    this.removeAllListeners();
  }
}
