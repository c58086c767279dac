/**
 * The page's connection to the trainer and what has come over it. Connections come and go; a new one initializes,
 * subscribes from the last event that is held, and so misses nothing.
 */
import { Client, type JsonRpc, type Transport } from '../../trainer/protocol/connection.ts';
import { asStudioError, StudioError } from '../../trainer/protocol/errors.ts';
import type {
  NotificationParams,
  RequestName,
  RequestParams,
  RequestResult,
  TrainerInfo,
} from '../../trainer/protocol/messages.ts';
import type {
  CommandRecord,
  CommandRequest,
  GroupWithRollouts,
  RunEvent,
  RunSummary,
} from '../../trainer/protocol/records.ts';
import { protocolVersion } from '../../trainer/protocol/version.ts';
import type { Host, LinkStatus } from '../host.ts';
import { Store } from '../ui/store.ts';
import { RecentCache } from './recent-cache.ts';
import { emptyView, type RunView, withEvents, withSnapshot } from './run-view.ts';

export interface SessionState {
  readonly link: LinkStatus;
  readonly trainer: TrainerInfo | null;
  /** Newest first; null until they were read. */
  readonly runs: readonly RunSummary[] | null;
  readonly runId: string | null;
  readonly view: RunView | null;
  /** The run's lists are in; until then the view holds the run alone. */
  readonly loaded: boolean;
  readonly sampling: NotificationParams<'run/sampling'> | null;
  /** The last thing that went wrong and that a person should know of. */
  readonly fault: StudioError | null;
}

/** The frames of one group, RGB, 8 bits a channel. */
export interface FramePixels {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  readonly pixels: Uint8Array;
}

const frameCacheBytes = 96 * 1024 * 1024;
const groupsKept = 80;

export interface SessionParts {
  readonly place: Host['place'];
  readonly rpc: JsonRpc;
  /** Runs something once, when the page is next painted. */
  nextPaint(run: () => void): void;
}

export class Session {
  readonly state = new Store<SessionState>({
    link: { state: 'connecting', reason: '' },
    trainer: null,
    runs: null,
    runId: null,
    view: null,
    loaded: false,
    sampling: null,
    fault: null,
  });
  private client: Client | null = null;
  private readonly parts: SessionParts;
  private readonly frameCache = new RecentCache<FramePixels>(frameCacheBytes);
  private readonly groupCache = new RecentCache<GroupWithRollouts>(groupsKept);
  private readonly eventListeners = new Set<(events: readonly RunEvent[]) => void>();
  private waiting: RunEvent[] = [];
  private flushScheduled = false;
  /** Counts choices of a run, so that answers to an earlier choice are dropped. */
  private choice = 0;

  constructor(parts: SessionParts) {
    this.parts = parts;
  }

  /** Takes a new connection. */
  open(transport: Transport, author: string): void {
    const client = new Client(this.parts.rpc, transport, (fault) => this.fail(fault));
    this.client = client;
    client.on(
      'run/event',
      (event) => this.receive(event),
      (fault) => this.fail(fault),
    );
    client.on('run/sampling', (sampling) => {
      if (sampling.runId === this.state.get().runId) this.patch({ sampling });
    });
    client.on('runs/changed', ({ run }) => this.runChanged(run));
    client.closed.then(() => {
      if (this.client === client) this.client = null;
      this.patch({ sampling: null });
    });
    this.greet(client, author).catch((thrown: unknown) => {
      if (this.client === client) this.fail(asStudioError(thrown));
    });
  }

  setLink(link: LinkStatus): void {
    this.patch({ link });
  }

  /** @throws StudioError as the trainer sent it, or `engine-failed` when there is no connection. */
  async request<M extends RequestName>(method: M, params: RequestParams<M>): Promise<RequestResult<M>> {
    if (!this.client) throw new StudioError('engine-failed', 'There is no connection to the trainer.');
    return this.client.request(method, params);
  }

  /** Shows another run. */
  async choose(runId: string): Promise<void> {
    const { runId: shown, runs } = this.state.get();
    if (runId === shown && this.state.get().view) return;
    if (shown && shown !== runId) this.request('runs/unsubscribe', { runId: shown }).catch(() => {});
    const known = runs?.find((run) => run.id === runId);
    this.waiting = [];
    this.choice += 1;
    this.patch({ runId, view: known ? emptyView(known, known.seq) : null, loaded: false, sampling: null, fault: null });
    if (known) await this.load(known);
  }

  /** The command as it was taken down; its life goes on in events. A refusal is shown and gives null. */
  async command(command: CommandRequest): Promise<CommandRecord | null> {
    const { runId } = this.state.get();
    if (!runId) return null;
    try {
      const taken = await this.request('runs/command', { runId, command });
      this.patch({ fault: null });
      return taken.command;
    } catch (thrown) {
      this.fail(asStudioError(thrown));
      return null;
    }
  }

  /** Events of the shown run as they are taken in, a batch a frame. */
  watchEvents(listener: (events: readonly RunEvent[]) => void): () => void {
    this.eventListeners.add(listener);
    return () => this.eventListeners.delete(listener);
  }

  async group(groupId: string): Promise<GroupWithRollouts> {
    const held = this.groupCache.get(groupId);
    if (held) return held;
    const { group } = await this.request('groups/get', { runId: this.shownRun(), groupId });
    this.groupCache.put(groupId, group);
    return group;
  }

  async frames(key: string): Promise<FramePixels> {
    const runId = this.shownRun();
    const cacheKey = `${runId} ${key}`;
    const held = this.frameCache.get(cacheKey);
    if (held) return held;
    if (!this.client) throw new StudioError('engine-failed', 'There is no connection to the trainer.');
    const { header, pixels } = await this.client.frames(runId, key);
    const frames = { width: header.width, height: header.height, count: header.count, pixels };
    this.frameCache.put(cacheKey, frames, pixels.length);
    return frames;
  }

  /** Has the trainer send all past events again: questions left out before the page opened are in no list. */
  fail(fault: StudioError): void {
    this.patch({ fault });
  }

  dismissFault(): void {
    this.patch({ fault: null });
  }

  private shownRun(): string {
    const { runId } = this.state.get();
    if (!runId) throw new StudioError('not-found', 'No run is shown.');
    return runId;
  }

  private patch(change: Partial<SessionState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }

  private async greet(client: Client, author: string): Promise<void> {
    const { trainer } = await client.request('initialize', {
      protocol: { ...protocolVersion },
      client: this.parts.place === 'vscode' ? 'editor' : 'browser',
      author,
    });
    const { runs } = await client.request('runs/list', {});
    this.patch({ trainer, runs: newestFirst(runs), fault: null });
    const { runId, view } = this.state.get();
    const wanted = runs.find((run) => run.id === runId) ?? (runId === null ? likeliest(runs) : undefined);
    if (!wanted) {
      if (runId !== null) {
        this.fail(
          new StudioError('not-found', `There is no run ${runId} in this project.`, { remedy: 'Choose another run.' }),
        );
      }
      return;
    }
    if (view && view.run.id === wanted.id && this.state.get().loaded && wanted.seq >= view.seq) {
      const { run } = await client.request('runs/subscribe', { runId: wanted.id, since: view.seq });
      this.updateRun(run);
    } else {
      this.choice += 1;
      this.patch({ runId: wanted.id, view: emptyView(wanted, wanted.seq), loaded: false });
      await this.load(wanted);
    }
  }

  private async load(run: RunSummary): Promise<void> {
    const choice = this.choice;
    const of = { runId: run.id };
    try {
      const [subscribed, metrics, commands, checkpoints, evaluations, annotations, { events: notices }] =
        await Promise.all([
          this.request('runs/subscribe', { ...of, since: run.seq }),
          this.request('metrics/get', of),
          this.request('commands/list', of),
          this.request('checkpoints/list', of),
          this.request('evaluations/list', of),
          this.request('annotations/list', of),
          this.request('notices/list', of),
        ]);
      if (choice !== this.choice) return;
      this.flush();
      this.state.update((state) => ({
        ...state,
        loaded: true,
        view:
          state.view &&
          withSnapshot(
            { ...state.view, run: newer(state.view.run, subscribed.run) },
            { ...metrics, ...commands, ...checkpoints, ...evaluations, ...annotations, notices },
          ),
      }));
    } catch (thrown) {
      if (choice === this.choice) this.fail(asStudioError(thrown));
    }
  }

  private receive(event: RunEvent): void {
    if (event.runId !== this.state.get().runId) return;
    this.waiting.push(event);
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    this.parts.nextPaint(() => this.flush());
  }

  private flush(): void {
    this.flushScheduled = false;
    const events = this.waiting;
    const { view, sampling } = this.state.get();
    if (events.length === 0 || !view) return;
    this.waiting = [];
    const fresh = events.filter((event) => event.seq > view.seq);
    let over = sampling;
    for (const { body } of fresh) {
      if (body.type === 'group') this.groupCache.put(body.group.id, body.group);
      if (body.type === 'step' && over && body.metrics.step >= over.step) over = null;
      if (body.type === 'rewound') this.groupCache.removeWhere((group) => group.step > body.toStep);
      if (body.type === 'state' && body.run.state !== 'running') over = null;
    }
    this.patch({ view: withEvents(view, events), sampling: over });
    if (fresh.length > 0) for (const listener of [...this.eventListeners]) listener(fresh);
  }

  private runChanged(run: RunSummary | null): void {
    if (!run) {
      this.request('runs/list', {}).then(
        ({ runs }) => this.patch({ runs: newestFirst(runs) }),
        (thrown: unknown) => this.fail(asStudioError(thrown)),
      );
      return;
    }
    const others = (this.state.get().runs ?? []).filter((known) => known.id !== run.id);
    this.patch({ runs: newestFirst([...others, run]) });
    this.updateRun(run);
    const { runId } = this.state.get();
    if (runId === null) this.choose(run.id).catch((thrown: unknown) => this.fail(asStudioError(thrown)));
  }

  private updateRun(run: RunSummary): void {
    this.state.update((state) =>
      state.view && state.view.run.id === run.id
        ? { ...state, view: { ...state.view, run: newer(state.view.run, run) } }
        : state,
    );
  }
}

function newer(a: RunSummary, b: RunSummary): RunSummary {
  return b.updatedAt >= a.updatedAt ? b : a;
}

function newestFirst(runs: readonly RunSummary[]): RunSummary[] {
  return [...runs].sort((a, b) => b.createdAt - a.createdAt);
}

/** The run that a person most likely wants to see: one that is under way, else the newest. */
function likeliest(runs: readonly RunSummary[]): RunSummary | undefined {
  const order = newestFirst(runs);
  return order.find((run) => ['starting', 'running', 'pausing', 'stopping'].includes(run.state)) ?? order[0];
}
