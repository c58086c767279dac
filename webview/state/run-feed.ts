/**
 * All that a page follows of one run: its events from a moment on, its lists as far as somebody shows them, its groups and
 * frames as they are looked at. Several feeds share a connection, each with a subscription of its own; a new link goes on
 * from the last event that is held, and so misses nothing.
 */
import { LRUCache } from 'lru-cache';
import type { CommandRecord, CommandRequest } from '../../trainer/protocol/commands.ts';
import { asStudioError } from '../../trainer/protocol/errors.ts';
import type { NotificationParams, RequestName, RequestParams, RequestResult } from '../../trainer/protocol/messages.ts';
import type { Annotation, GroupWithRollouts, RunEvent, RunEventBody } from '../../trainer/protocol/records.ts';
import type { Resumption } from '../../trainer/protocol/resumption.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { groupWithTold, toldOfAnswers } from '../../trainer/protocol/updated-group.ts';
import { Store } from '../ui/store.ts';
import type { Connection, FramePixels } from './connection.ts';
import { emptyView, freshOf, type RunLists, type RunPart, type RunView, withEvents, withLists } from './run-view.ts';

export interface RunFeedState {
  readonly view: RunView;
  /** Parts whose lists are in; the others hold only what events have brought. */
  readonly loaded: ReadonlySet<RunPart>;
  /** Answers under way; null when none are, or nothing was told. */
  readonly sampling: NotificationParams<'run/sampling'> | null;
  /** A resume waits for a person to agree to this. */
  readonly asking: AskedResumption | null;
}

type ResumeRequest = Extract<CommandRequest, { kind: 'resume' }>;

export interface AskedResumption extends Resumption {
  readonly request: ResumeRequest;
}

const frameBytesKept = 96 * 1024 * 1024;
const groupsKept = 80;

/** What feeds have fetched. All share one, so that the page's memory has one bound. Keys begin with the run's id. */
export class Fetched {
  readonly groups = new LRUCache<string, GroupWithRollouts>({ max: groupsKept });
  readonly frames = new LRUCache<string, FramePixels>({
    maxSize: frameBytesKept,
    sizeCalculation: ({ pixels }) => Math.max(1, pixels.length),
  });
}

export interface FeedSource {
  readonly connection: Connection;
  readonly fetched: Fetched;
  /** Runs something once, when the page is next painted. */
  nextPaint(run: () => void): void;
}

/** Requests about one run. */
type RunRequest = { [M in RequestName]: RequestParams<M> extends { runId: string } ? M : never }[RequestName];

const partRequests = {
  curves: 'metrics/curves',
  counted: 'counts/list',
  commands: 'commands/list',
  checkpoints: 'checkpoints/list',
  evaluations: 'evaluations/list',
  annotations: 'annotations/list',
  notices: 'notices/list',
} as const satisfies Record<RunPart, RunRequest>;

export class RunFeed {
  readonly id: string;
  readonly connection: Connection;
  readonly state: Store<RunFeedState>;
  private readonly source: FeedSource;
  private readonly stops: readonly (() => void)[];
  private readonly eventListeners = new Set<(events: readonly RunEvent[]) => void>();
  private readonly wanted = new Set<RunPart>();
  /** Parts that were asked for and are not in. */
  private readonly asked = new Set<RunPart>();
  /** One for each reading of lists under way: the events that came since it was asked for. */
  private readonly meanwhile = new Set<RunEvent[]>();
  /** Commands that were sent and not answered, by their ids. */
  private readonly unanswered = new Map<string, CommandRequest>();
  private waiting: RunEvent[] = [];
  private flushScheduled = false;
  /** Counts what makes void the answers that are on their way: a new link, another history, the end of this feed. */
  private turn = 0;

  constructor(source: FeedSource, run: RunSummary) {
    this.source = source;
    this.connection = source.connection;
    this.id = run.id;
    this.state = new Store<RunFeedState>({
      view: emptyView(run, run.seq),
      loaded: new Set(),
      sampling: null,
      asking: null,
    });
    this.stops = [
      this.connection.on('run/event', (event) => {
        if (event.runId === this.id) this.receive(event);
      }),
      this.connection.on('run/sampling', (sampling) => {
        if (sampling.runId === this.id) this.patch({ sampling });
      }),
      this.connection.on('runs/changed', ({ run: changed }) => {
        if (changed?.id === this.id) this.takeRun(changed);
      }),
      this.connection.whenReady(() => this.follow()),
    ];
  }

  dispose(): void {
    this.turn += 1;
    for (const stop of this.stops) stop();
    /* Without a link there is no subscription to end. */
    this.request('runs/unsubscribe', {}).catch(() => {});
  }

  /** Has the lists of these parts read, now and again after whatever voids them. */
  need(...parts: readonly RunPart[]): void {
    for (const part of parts) this.wanted.add(part);
    void this.readLists();
  }

  /** The verdict on a rollout of who signs here, as far as annotations were read. */
  ownVerdict(rolloutId: string): Annotation | null {
    const { author } = this.connection.state.get();
    const { annotations } = this.state.get().view;
    const isOwn = (label: Annotation) => label.rolloutId === rolloutId && label.author === author;
    return annotations.findLast((label) => label.verdict !== null && isOwn(label)) ?? null;
  }

  /** Events as they are taken in, a batch a paint. Gives what ends it. */
  watchEvents(listener: (events: readonly RunEvent[]) => void): () => void {
    this.eventListeners.add(listener);
    return () => this.eventListeners.delete(listener);
  }

  /** A request about this run. @throws StudioError as `Connection.request` does */
  request<M extends RunRequest>(method: M, params: Omit<RequestParams<M>, 'runId'>): Promise<RequestResult<M>> {
    return this.connection.request(method, { ...params, runId: this.id } as RequestParams<M>);
  }

  /**
   * The command as it was taken down; its life goes on in events. A refusal is shown and gives null. Where the link is lost
   * before the answer, it is sent again under its id over the next one, and acts once.
   */
  async command(command: CommandRequest): Promise<CommandRecord | null> {
    if (command.kind === 'resume' && command.confirmed === undefined && !(await this.mayResume(command))) return null;
    this.leaveAsItIs();
    const id = crypto.randomUUID();
    if (this.connection.isReady) this.unanswered.set(id, command);
    return this.send(id, command);
  }

  /** Nobody agreed to what the resume would give up. */
  leaveAsItIs(): void {
    if (this.state.get().asking !== null) this.patch({ asking: null });
  }

  /** A new run that goes on from a checkpoint of this one. @returns its id; null where it was refused, which is shown */
  async fork(
    from: number,
    more: { readonly name?: string; readonly parameters?: Record<string, unknown> } = {},
  ): Promise<string | null> {
    this.leaveAsItIs();
    try {
      const { run } = await this.request('runs/fork', { from, ...more });
      return run.id;
    } catch (thrown) {
      this.fail(thrown);
      return null;
    }
  }

  /** Whether a resume gives up no more than a kill costs; else a person is asked, and it waits. */
  private async mayResume(request: ResumeRequest): Promise<boolean> {
    const { run } = this.state.get().view;
    // From its memory a run goes on where it is.
    if (run.step === 0 || run.state === 'pausing' || (run.state === 'paused' && run.memory === 'held')) return true;
    try {
      const { from } = request;
      const planned = await this.request('runs/resumption', from === undefined ? {} : { from });
      if (planned.asks !== null) this.patch({ asking: { ...planned, request } });
      return planned.asks === null;
    } catch (thrown) {
      this.fail(thrown);
      return false;
    }
  }

  /** @throws StudioError as `request` does */
  async group(groupId: string): Promise<GroupWithRollouts> {
    const { groups } = this.source.fetched;
    const held = groups.get(this.keyOf(groupId));
    if (held) return held;
    const { turn } = this;
    const { group } = await this.request('groups/get', { groupId });
    if (turn === this.turn) groups.set(this.keyOf(groupId), group);
    return group;
  }

  /** @throws StudioError as `request` does */
  async frames(key: string): Promise<FramePixels> {
    const { frames } = this.source.fetched;
    const held = frames.get(this.keyOf(key));
    if (held) return held;
    const read = await this.connection.frames(this.id, key);
    frames.set(this.keyOf(key), read);
    return read;
  }

  fail(thrown: unknown): void {
    this.connection.fail(asStudioError(thrown));
  }

  private async send(id: string, command: CommandRequest): Promise<CommandRecord | null> {
    try {
      const taken = await this.request('runs/command', { id, command });
      this.unanswered.delete(id);
      this.connection.dismissFault();
      return taken.command;
    } catch (thrown) {
      if (asStudioError(thrown).kind !== 'connection-lost') this.unanswered.delete(id);
      this.fail(thrown);
      return null;
    }
  }

  private keyOf(key: string): string {
    return `${this.id} ${key}`;
  }

  /** Subscribes on a new link, from the last event that is held. */
  private async follow(): Promise<void> {
    this.turn += 1;
    const { turn } = this;
    this.asked.clear();
    this.patch({ sampling: null });
    const { seq } = this.state.get().view;
    try {
      const subscribed = this.request('runs/subscribe', { since: seq });
      void this.readLists();
      for (const [id, command] of this.unanswered) void this.send(id, command);
      const { run } = await subscribed;
      if (turn !== this.turn) return;
      if (run.seq >= seq) this.takeRun(run);
      else this.startAnew(run);
    } catch (thrown) {
      if (turn === this.turn) this.fail(thrown);
    }
  }

  /** The trainer's history is shorter than what is held, as after another project was put in its place. */
  private startAnew(run: RunSummary): void {
    this.waiting = [];
    this.forget(() => true);
    this.patch({ view: emptyView(run, run.seq), loaded: new Set() });
    void this.follow();
  }

  /** A list that events do not bring. */
  private readAgain(part: RunPart): void {
    const { loaded } = this.state.get();
    this.patch({ loaded: new Set([...loaded].filter((held) => held !== part)) });
    void this.readLists();
  }

  private async readLists(): Promise<void> {
    /* The next link has them read. */
    if (!this.connection.isReady) return;
    const { loaded } = this.state.get();
    const parts = [...this.wanted].filter((part) => !loaded.has(part) && !this.asked.has(part));
    if (parts.length === 0) return;
    for (const part of parts) this.asked.add(part);
    const { turn } = this;
    const meanwhile: RunEvent[] = [];
    this.meanwhile.add(meanwhile);
    try {
      const read = await Promise.all(parts.map((part) => this.readList(part)));
      if (turn !== this.turn) return;
      this.flush();
      this.state.update((state) => ({
        ...state,
        view: withLists(state.view, Object.assign({}, ...read), meanwhile),
        loaded: new Set([...state.loaded, ...parts]),
      }));
    } catch (thrown) {
      if (turn === this.turn) this.fail(thrown);
    } finally {
      this.meanwhile.delete(meanwhile);
      if (turn === this.turn) for (const part of parts) this.asked.delete(part);
    }
  }

  private async readList(part: RunPart): Promise<Partial<RunLists>> {
    const answer = await this.request(partRequests[part], {});
    if ('columns' in answer) return { curves: answer };
    if ('counts' in answer) return { counted: answer };
    return 'events' in answer ? { notices: answer.events } : answer;
  }

  private receive(event: RunEvent): void {
    this.waiting.push(event);
    for (const events of this.meanwhile) events.push(event);
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    this.source.nextPaint(() => this.flush());
  }

  private flush(): void {
    this.flushScheduled = false;
    const { view, sampling } = this.state.get();
    const fresh = freshOf(view.seq, this.waiting);
    this.waiting = [];
    if (fresh.length === 0) return;
    let over = sampling;
    for (const { body } of fresh) {
      if (body.type === 'group') this.source.fetched.groups.set(this.keyOf(body.group.id), body.group);
      if (body.type === 'analysed') this.forget(() => true);
      this.takeTold(body);
      if (body.type === 'rewound') this.forget((group) => group.step > body.toStep);
      if (body.type === 'step' && over && body.metrics.step >= over.step) over = null;
      if (body.type === 'state' && body.run.state !== 'running') over = null;
    }
    this.patch({ view: withEvents(view, fresh), sampling: over });
    const has = (type: RunEventBody['type']) => fresh.some(({ body }) => body.type === type);
    /* Of sums over several steps a part can't be taken away. */
    const isTogether = view.counted.counts.some(({ size = 1 }) => size > 1);
    if (has('rewound')) this.readAgain('curves');
    if (has('analysed') || (has('rewound') && isTogether)) this.readAgain('counted');
    for (const listener of [...this.eventListeners]) listener(fresh);
  }

  /** Groups that are held get what the update told of their answers. */
  private takeTold(body: RunEventBody): void {
    const told = toldOfAnswers(body);
    if (told === null) return;
    const { groups } = this.source.fetched;
    for (const [key, group] of [...groups.entries()]) {
      const renewed = key.startsWith(this.keyOf('')) ? groupWithTold(group, told) : group;
      if (renewed !== group) groups.set(key, renewed);
    }
  }

  /** Drops groups of this run that are void. */
  private forget(isVoid: (group: GroupWithRollouts) => boolean): void {
    const { groups } = this.source.fetched;
    for (const [key, group] of [...groups.entries()]) {
      if (key.startsWith(this.keyOf('')) && isVoid(group)) groups.delete(key);
    }
  }

  private takeRun(run: RunSummary): void {
    /* The trainer tells of a run while it counts an older one anew. */
    if (this.state.get().view.counted.counted < 1) this.readAgain('counted');
    this.state.update((state) => (run.seq >= state.view.run.seq ? { ...state, view: { ...state.view, run } } : state));
  }

  private patch(change: Partial<RunFeedState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}
