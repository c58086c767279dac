/** A page's time with a trainer: the runs that there are, and the one that is shown. */
import { type CommandRequest, commands } from '../../trainer/protocol/commands.ts';
import { asStudioError, StudioError } from '../../trainer/protocol/errors.ts';
import type { UnreadableRun } from '../../trainer/protocol/messages.ts';
import { isComputing, type RunSummary } from '../../trainer/protocol/run-state.ts';
import { Store } from '../ui/store.ts';
import type { Connection } from './connection.ts';
import { type FeedSource, Fetched, RunFeed } from './run-feed.ts';

export interface SessionState {
  /** Newest first; null until they were read. */
  readonly runs: readonly RunSummary[] | null;
  /** Runs that are there and can't be opened. */
  readonly unreadable: readonly UnreadableRun[];
  /** The run that is to be shown; null until one is chosen or there is one. */
  readonly runId: string | null;
  /** Follows it; null until the trainer has told of it. */
  readonly feed: RunFeed | null;
}

export class Session {
  readonly connection: Connection;
  readonly state = new Store<SessionState>({ runs: null, unreadable: [], runId: null, feed: null });
  private readonly source: FeedSource;

  /** @param nextPaint runs something once, when the page is next painted */
  constructor(connection: Connection, nextPaint: (run: () => void) => void) {
    this.connection = connection;
    this.source = { connection, fetched: new Fetched(), nextPaint };
    connection.on('runs/changed', ({ run }) => this.runChanged(run));
    connection.whenReady(() => this.readRuns());
  }

  /** Shows another run. */
  choose(runId: string): void {
    const { runs, runId: shown, feed } = this.state.get();
    if (runId === shown && feed) return;
    feed?.dispose();
    this.connection.dismissFault();
    this.state.update((state) => ({ ...state, runId, feed: null }));
    if (runs) this.showChosen(runs);
  }

  /** Follows a run beside the one that is shown, for as long as `dispose` is not called; null where there is no such run. */
  follow(runId: string): RunFeed | null {
    const run = this.state.get().runs?.find(({ id }) => id === runId);
    return run ? new RunFeed(this.source, run) : null;
  }

  /** Sends a command to any run; why it was refused, or not taken, is shown. */
  async command(runId: string, request: CommandRequest): Promise<void> {
    try {
      const { command } = await this.connection.request('runs/command', {
        runId,
        id: crypto.randomUUID(),
        command: request,
      });
      if (command.state === 'rejected')
        throw new StudioError('conflict', `${runId} can't be ${commands[request.kind].participle}: ${command.why}.`);
    } catch (thrown) {
      this.connection.fail(asStudioError(thrown));
    }
  }

  /** The list as the trainer has it now. */
  async readRuns(): Promise<void> {
    try {
      const { runs, unreadable } = await this.connection.request('runs/list', {});
      const order = newestFirst(runs);
      this.state.update((state) => ({ ...state, runs: order, unreadable }));
      const { runId, feed } = this.state.get();
      if (runId !== null) this.showChosen(order);
      /* A run that is gone, as one that was deleted before a reload, leaves no page without another to choose. */
      if (!feed && !order.some(({ id }) => id === runId)) this.showLikeliest(order);
    } catch (thrown) {
      this.connection.fail(asStudioError(thrown));
    }
  }

  private showLikeliest(order: readonly RunSummary[]): void {
    const run = likeliest(order);
    if (!run) return;
    this.state.update((state) => ({ ...state, runId: run.id }));
    this.showChosen(order);
  }

  private showChosen(runs: readonly RunSummary[]): void {
    const { runId, feed } = this.state.get();
    if (runId === null) return;
    const run = runs.find(({ id }) => id === runId);
    if (run && !feed) this.state.update((state) => ({ ...state, feed: new RunFeed(this.source, run) }));
    if (!run) {
      this.connection.fail(
        new StudioError('not-found', `There is no run ${runId} in this project.`, { remedy: 'Choose another run.' }),
      );
    }
  }

  private runChanged(run: RunSummary | null): void {
    if (!run) {
      void this.readRuns();
      return;
    }
    const { runs, runId, feed } = this.state.get();
    const order = newestFirst([...(runs ?? []).filter(({ id }) => id !== run.id), run]);
    this.state.update((state) => ({ ...state, runs: order }));
    if (runId === null || (runId === run.id && !feed)) this.choose(run.id);
  }
}

function newestFirst(runs: readonly RunSummary[]): RunSummary[] {
  return [...runs].sort((a, b) => b.createdAt - a.createdAt);
}

/** The run that a person most likely wants to see, out of the newest first: one that is under way, else the newest. */
function likeliest(runs: readonly RunSummary[]): RunSummary | undefined {
  return runs.find(({ state }) => isComputing(state)) ?? runs[0];
}
