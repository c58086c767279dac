/** One client's connection: says hello first, then asks the service, and is told of what it subscribed to. */
import * as rpc from 'vscode-jsonrpc/node';
import { encodeFrames } from '../protocol/binary.ts';
import { type Handlers, Peer } from '../protocol/connection.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import {
  pageClients,
  type RequestInput,
  type RequestName,
  type RequestResult,
  unsigned,
} from '../protocol/messages.ts';
import type { Place } from '../protocol/place.ts';
import type { Expression } from '../protocol/query/expression.ts';
import { parseQuery } from '../protocol/query/parse.ts';
import type { EventText } from '../protocol/records.ts';
import type { RunSummary } from '../protocol/run-state.ts';
import { protocolVersion, speaksOurProtocol } from '../protocol/version.ts';
import type { AskListener, EvidenceAsked, SamplingHint, TrainerService } from '../runs/service.ts';
import type { WeighingDone } from '../runs/weighing.ts';
import type { CountAsked } from '../store/rollout-list.ts';
import type { Attention } from '../store/rollout-reader.ts';
import type { Exports } from './exports.ts';
import { Subscription } from './subscription.ts';
import { closeCode, type SocketTransport } from './websocket.ts';

/** A client that sent this many messages that can't be read is closed. */
const maxUnreadable = 20;

export interface ConnectionSurroundings {
  readonly service: TrainerService;
  log(line: string): void;
  /** Ends the trainer. */
  shutdown(): Promise<void>;
  readonly exports: Exports;
  /** Has the pages of all clients go to a place. @returns how many there are */
  showPlace(place: Place, by: string): number;
}

export class ClientConnection {
  private readonly service: TrainerService;
  private readonly surroundings: ConnectionSurroundings;
  private readonly transport: SocketTransport;
  private readonly peer: Peer;
  private readonly subscriptions = new Map<string, Subscription>();
  /** Counts under way, by run, and all lists and counts under way. */
  private readonly counting = new Map<string, AbortController>();
  private readonly reading = new Map<AbortController, string>();
  /** Exports under way, and files that were not fetched yet. */
  private readonly exporting = new Map<string, AbortController>();
  /** Weighings under way. */
  private readonly weighing = new Map<string, AbortController>();
  /** Updates that are tried. */
  private readonly trying = new Map<string, AbortController>();
  /** Asks under way. */
  private readonly asking = new Map<string, AbortController>();
  private readonly unfetched = new Set<string>();
  /** Changes of runs that a slow reader has yet to hear of; the last one of each run is enough. */
  private readonly changedMeanwhile = new Map<string | null, RunSummary | null>();
  private client: { readonly name: string; readonly author: string } | null = null;
  private unreadable = 0;
  private transfers = 0;

  constructor(transport: SocketTransport, surroundings: ConnectionSurroundings) {
    this.service = surroundings.service;
    this.surroundings = surroundings;
    this.transport = transport;
    this.peer = new Peer(rpc, transport, this.handlers(), (fault) => this.onFault(fault));
    transport.onClose(() => this.dispose());
  }

  onEvent(runId: string, event: EventText): void {
    this.subscriptions.get(runId)?.offer(event);
  }

  /** A hint: whoever is not up to date does without. */
  onSampling(hint: SamplingHint): void {
    if (this.subscriptions.has(hint.runId) && this.transport.isIdle) this.peer.notify('run/sampling', hint);
  }

  onRunsChanged(run: RunSummary | null): void {
    if (!this.client) return;
    if (!this.transport.isFull) {
      this.peer.notify('runs/changed', { run });
      return;
    }
    if (this.changedMeanwhile.size === 0) this.transport.onceDrained(() => this.tellChanges());
    this.changedMeanwhile.set(run?.id ?? null, run);
  }

  /** A page that is too slow to hear of more goes nowhere. @returns whether this is a page that was told */
  onPlaceShown(place: Place, by: string): boolean {
    const isPage = pageClients.some((name) => name === this.client?.name);
    if (!isPage || this.transport.isFull) return false;
    this.peer.notify('place/show', { place, by });
    return true;
  }

  dispose(): void {
    for (const subscription of this.subscriptions.values()) subscription.dispose();
    this.subscriptions.clear();
    for (const work of [
      ...this.reading.keys(),
      ...this.exporting.values(),
      ...this.weighing.values(),
      ...this.trying.values(),
      ...this.asking.values(),
    ])
      work.abort();
    for (const id of this.unfetched) this.surroundings.exports.remove(id);
    this.changedMeanwhile.clear();
  }

  private tellChanges(): void {
    const changes = [...this.changedMeanwhile.values()];
    this.changedMeanwhile.clear();
    for (const run of changes) this.peer.notify('runs/changed', { run });
  }

  private onFault(fault: StudioError): void {
    this.surroundings.log(`${this.client ? `client ${JSON.stringify(this.client.name)}` : 'a new client'}: ${fault}`);
    if (fault.kind === 'internal') {
      if (fault.cause instanceof Error && fault.cause.stack) this.surroundings.log(fault.cause.stack);
      return;
    }
    this.unreadable += 1;
    if (this.unreadable === maxUnreadable)
      this.transport.close(closeCode.policy, `${maxUnreadable} messages could not be read; the last: ${fault.message}`);
  }

  private handlers(): Handlers {
    const { service } = this;
    /** Refuses a request from a client that has not said hello. */
    const greeted =
      <M extends RequestName>(
        handle: (params: RequestInput<M>, author: string) => RequestResult<M> | Promise<RequestResult<M>>,
      ) =>
      async (params: RequestInput<M>): Promise<RequestResult<M>> => {
        if (!this.client) throw new StudioError('bad-request', 'The first request on a connection must be initialize.');
        return handle(params, this.client.author);
      };
    /** Also refuses what nobody signs: a page in a browser says hello before anybody has said who sits there. */
    const signed = <M extends RequestName>(
      handle: (params: RequestInput<M>, author: string) => RequestResult<M> | Promise<RequestResult<M>>,
    ) =>
      greeted<M>((params, author) => {
        if (author === unsigned)
          throw new StudioError('bad-request', 'Nobody signs what is said here.', {
            remedy: 'Say who you are first: x opens the form that asks, and the queue asks by itself.',
          });
        return handle(params, author);
      });
    return {
      initialize: async (params) => this.initialize(params),
      'runfiles/list': greeted<'runfiles/list'>(async () => ({ runFiles: await service.runFiles() })),
      'runs/list': greeted<'runs/list'>(() => ({ runs: service.runs(), unreadable: service.unreadable() })),
      'author/set': greeted<'author/set'>(({ author: line }) => {
        const author = service.labels.authorOf(line);
        this.client = { name: this.client?.name ?? '', author };
        return { author };
      }),
      'runs/create': greeted<'runs/create'>(async (request, author) => ({
        run: await service.create(request, author),
      })),
      'runs/command': greeted<'runs/command'>(({ runId, id, command }, author) => ({
        command: service.command(runId, id, command, author),
      })),
      'advisories/mute': greeted<'advisories/mute'>(({ runId, key, muted }, author) => {
        service.muteAdvisory(runId, key, muted, author);
        return {};
      }),
      'runs/resumption': greeted<'runs/resumption'>(({ runId, from }) => service.resumption(runId, from)),
      'runs/fork': greeted<'runs/fork'>(async (request, author) => ({ run: await service.fork(request, author) })),
      'runs/subscribe': greeted<'runs/subscribe'>(({ runId, since }) => this.subscribe(runId, since)),
      'runs/unsubscribe': greeted<'runs/unsubscribe'>(({ runId }) => {
        this.unsubscribe(runId);
        this.cancelReading(runId);
        return {};
      }),
      'runs/delete': greeted<'runs/delete'>(async ({ runId }) => {
        await service.delete(runId);
        return {};
      }),
      'runs/analyse': greeted<'runs/analyse'>(({ runId }) =>
        service.analyse(runId, (done, total) => {
          if (this.transport.isIdle) this.peer.notify('runs/analysing', { runId, done, total });
        }),
      ),
      'runs/cancel-analysis': greeted<'runs/cancel-analysis'>(({ runId }) => {
        service.cancelAnalysis(runId);
        return {};
      }),
      'metrics/get': greeted<'metrics/get'>(({ runId, fromStep }) => ({
        steps: service.store(runId).metrics(fromStep),
      })),
      'metrics/curves': greeted<'metrics/curves'>(({ runId, fromStep = null, toStep = null, points, before = null }) =>
        service.curves(runId, { fromStep, toStep, points, before }),
      ),
      'metrics/superseded': greeted<'metrics/superseded'>(({ runId }) => ({
        superseded: service.store(runId).supersededMetrics(),
      })),
      'counts/list': greeted<'counts/list'>(({ runId }) => service.store(runId).counts()),
      'commands/list': greeted<'commands/list'>(({ runId }) => ({ commands: service.store(runId).commands() })),
      'checkpoints/list': greeted<'checkpoints/list'>(({ runId }) => ({
        checkpoints: service.store(runId).checkpoints(),
      })),
      'checkpoints/state': greeted<'checkpoints/state'>(({ runId }) => service.shelf(runId).state()),
      'checkpoints/removal': greeted<'checkpoints/removal'>(({ runId, step }) => service.shelf(runId).removal(step)),
      'checkpoints/compare': greeted<'checkpoints/compare'>(({ runId, steps }) => service.shelf(runId).compare(steps)),
      'evaluations/list': greeted<'evaluations/list'>(({ runId }) => ({
        evaluations: service.store(runId).evaluations(),
      })),
      'audits/list': greeted<'audits/list'>(async () => ({ audits: await service.audits.list() })),
      'audits/get': greeted<'audits/get'>(async ({ name }) => ({ results: await service.audits.get(name) })),
      'audits/rows': greeted<'audits/rows'>((asked) => service.audits.rows(asked)),
      'audits/question': greeted<'audits/question'>((asked) => service.audits.question(asked)),
      'audits/cost': greeted<'audits/cost'>(({ runId }) => service.audits.cost(runId)),
      'notices/list': greeted<'notices/list'>(({ runId }) => ({ events: service.store(runId).notices() })),
      'rollouts/list': greeted<'rollouts/list'>(({ runId, query, sort = null, at = null, limit }) => {
        const asked = { expression: expressionOf(query), sort, at, limit };
        return this.whileReading(runId, new AbortController(), (attention) =>
          service.listRollouts(runId, asked, attention),
        );
      }),
      'rollouts/count': greeted<'rollouts/count'>(({ runId, query, sort = null, facets }) =>
        this.count(runId, { expression: expressionOf(query), sort, facets }),
      ),
      'questions/list': greeted<'questions/list'>(({ runId, search, after, limit }) =>
        service.questions.list(runId, { search, after: after ?? null, limit }),
      ),
      'questions/history': greeted<'questions/history'>(({ runId, of }) => service.questions.history(runId, of)),
      'questions/shared': greeted<'questions/shared'>(({ runIds, ...asked }) =>
        service.questions.shared(runIds, asked),
      ),
      'runs/differences': greeted<'runs/differences'>(({ runIds }) => service.questions.differences(runIds)),
      'evaluations/compare': greeted<'evaluations/compare'>(({ first, second }) =>
        service.questions.evaluations(first, second),
      ),
      'rollouts/cancel': greeted<'rollouts/cancel'>(({ runId }) => {
        this.cancelReading(runId);
        return {};
      }),
      'groups/get': greeted<'groups/get'>(({ runId, groupId }) => ({ group: service.store(runId).group(groupId) })),
      'groups/prompt': greeted<'groups/prompt'>(({ runId, groupId }) => service.store(runId).prompt(groupId)),
      'rollouts/tokens': greeted<'rollouts/tokens'>(({ runId, rolloutId }) => service.store(runId).tokens(rolloutId)),
      'evidence/get': greeted<'evidence/get'>(({ runId, rolloutId, checkpoint = null }) => ({
        weighing: service.store(runId).weighing(rolloutId, checkpoint),
      })),
      'evidence/cost': greeted<'evidence/cost'>(({ runId, ...asked }) =>
        this.whileReading(runId, new AbortController(), (attention) =>
          service.evidence.cost(runId, evidenceAsked(asked), attention),
        ),
      ),
      'evidence/compute': greeted<'evidence/compute'>((asked) => this.weigh(asked)),
      'evidence/cancel': greeted<'evidence/cancel'>(({ id }) => {
        this.weighing.get(id)?.abort();
        return {};
      }),
      'receipts/get': greeted<'receipts/get'>(({ runId, step }) => service.updates.state(runId, step)),
      'receipts/make': greeted<'receipts/make'>(async ({ runId, step }) => ({
        receipt: await service.updates.make(runId, step),
      })),
      'updates/try': greeted<'updates/try'>((asked) => this.tryUpdate(asked)),
      'updates/cancel': greeted<'updates/cancel'>(({ id }) => {
        this.trying.get(id)?.abort();
        return {};
      }),
      'ask/start': greeted<'ask/start'>(async ({ runId, ...order }) => ({
        experiment: await this.whileAsking(order.id, (signal, listener) =>
          service.asking.start(runId, order, signal, listener),
        ),
      })),
      'ask/cancel': greeted<'ask/cancel'>(({ id }) => {
        this.asking.get(id)?.abort();
        return {};
      }),
      'ask/cost': greeted<'ask/cost'>(({ runId, about, ask }) => service.asking.cost(runId, about, ask)),
      'ask/list': greeted<'ask/list'>(({ runId, about }) => ({
        experiments: service.store(runId).experimentsAbout(about),
      })),
      'ask/get': greeted<'ask/get'>(({ runId, id }) => service.store(runId).experiment(id)),
      'ask/weigh': greeted<'ask/weigh'>(async ({ runId, id }) => ({
        experiment: await this.whileAsking(id, (signal) => service.asking.weigh(runId, id, signal)),
      })),
      'ask/remove': greeted<'ask/remove'>(({ runId, id }) => {
        service.asking.remove(runId, id);
        return {};
      }),
      'ask/right-with': greeted<'ask/right-with'>(({ runId, groupId }) => service.asking.rightWith(runId, groupId)),
      'ask/right-with-start': greeted<'ask/right-with-start'>(({ runId, id, groupId }) =>
        this.whileAsking(id, (signal, listener) => service.asking.startRightWith(runId, groupId, signal, listener)),
      ),
      'frames/get': greeted<'frames/get'>(({ runId, key }) => this.sendFrames(runId, key)),
      'places/find': greeted<'places/find'>(({ runId, ...sought }) => service.store(runId).findPlace(sought)),
      'place/show': greeted<'place/show'>(({ place }, author) => this.showPlace(place, author)),
      'rollouts/export': greeted<'rollouts/export'>((asked) => this.export(asked)),
      'exports/cancel': greeted<'exports/cancel'>(({ id }) => {
        this.exporting.get(id)?.abort();
        return {};
      }),
      'annotations/list': greeted<'annotations/list'>(({ runId, rolloutId }) => ({
        annotations: service.store(runId).annotations(rolloutId),
      })),
      'annotations/add': signed<'annotations/add'>(({ runId, annotation }, author) =>
        service.labels.add(runId, annotation, author),
      ),
      'annotations/retract': signed<'annotations/retract'>(({ id }, author) => service.labels.retract(id, author)),
      'annotations/categories': greeted<'annotations/categories'>(async () => ({
        categories: await service.labels.categories(),
      })),
      'queue/draw': greeted<'queue/draw'>(({ runId, order, query, seed, limit }, author) => {
        const asked = { order, expression: expressionOf(query), seed, limit };
        return this.whileReading(runId, new AbortController(), (attention) =>
          service.review.draw(runId, asked, author, attention),
        );
      }),
      'queue/deal': signed<'queue/deal'>(({ runId, query, ...asked }, author) =>
        this.whileReading(runId, new AbortController(), (attention) =>
          service.review.deal(runId, { ...asked, expression: expressionOf(query) }, author, attention),
        ),
      ),
      'queue/dealt': greeted<'queue/dealt'>(({ runId }, author) => service.review.dealt(runId, author)),
      'queue/take-back': signed<'queue/take-back'>(({ runId }, author) => service.review.takeBack(runId, author)),
      'annotations/settle': signed<'annotations/settle'>(({ runId, ...said }, author) =>
        service.labels.settle(runId, said, author),
      ),
      'annotations/history': greeted<'annotations/history'>(({ runId, ...asked }, author) =>
        service.labels.history(runId, asked, author),
      ),
      'annotations/agreement': greeted<'annotations/agreement'>(({ runId }) => service.labels.agreement(runId)),
      'suggestions/list': greeted<'suggestions/list'>(async ({ runId, rolloutId }, author) => ({
        suggestions: await service.suggestions.list(runId, rolloutId, author),
      })),
      'suggestions/answer': signed<'suggestions/answer'>(({ runId, ...said }, author) =>
        service.suggestions.answer(runId, said, author),
      ),
      'annotations/export': greeted<'annotations/export'>(({ runId }) => service.store(runId).exportAnnotations()),
      'trainer/shutdown': greeted<'trainer/shutdown'>(async () => {
        await this.surroundings.shutdown();
        return {};
      }),
    };
  }

  private initialize({ protocol, client, author }: RequestInput<'initialize'>): RequestResult<'initialize'> {
    if (this.client) throw new StudioError('bad-request', 'This connection was initialized before.');
    if (!speaksOurProtocol(protocol)) {
      const theirs = `${protocol.major}.${protocol.minor}`;
      const ours = `${protocolVersion.major}.${protocolVersion.minor}`;
      throw new StudioError(
        'protocol-version',
        `${client} speaks version ${theirs} of the protocol, this trainer (${this.service.info.version}) speaks ${ours}.`,
        {
          remedy:
            protocol.major < protocolVersion.major
              ? 'Update Video-R1 Studio in the editor, or reload the page.'
              : 'End this trainer and start it from the newer Video-R1 Studio; runs go on from their last checkpoint.',
        },
      );
    }
    this.client = { name: client, author };
    this.service.prepareReading();
    return { protocol: protocolVersion, trainer: this.service.info };
  }

  private subscribe(runId: string, since: number): RequestResult<'runs/subscribe'> {
    const store = this.service.store(runId);
    if (since > store.lastSeq()) {
      throw new StudioError(
        'conflict',
        `${runId} has ${store.lastSeq()} events, fewer than the ${since} that this client holds: they are another run's.`,
        {
          remedy: 'Forget them and subscribe from 0.',
        },
      );
    }
    this.unsubscribe(runId);
    const { peer, transport } = this;
    const outlet = {
      send: ({ json }: EventText) => peer.notifyText('run/event', json),
      get isFull() {
        return transport.isFull;
      },
      onceDrained: (callback: () => void) => transport.onceDrained(callback),
      together: (sending: () => void) => transport.together(sending),
    };
    const read = (after: number, limit: number) => this.service.store(runId).eventTexts(after, limit);
    const subscription = new Subscription(since, outlet, read, (thrown) => this.onSubscriptionFailure(runId, thrown));
    this.subscriptions.set(runId, subscription);
    subscription.catchUp();
    const run = this.service.runs().find((candidate) => candidate.id === runId);
    return { run: run ?? store.summary() };
  }

  private unsubscribe(runId: string): void {
    this.subscriptions.get(runId)?.dispose();
    this.subscriptions.delete(runId);
  }

  /** A run that was deleted has no more to tell. Anything else the client must hear of: it would wait in vain. */
  private onSubscriptionFailure(runId: string, thrown: unknown): void {
    this.subscriptions.delete(runId);
    const fault = asStudioError(thrown);
    if (fault.kind === 'not-found') return;
    this.surroundings.log(`events of ${runId} can't be read: ${fault}`);
    this.transport.close(closeCode.internal, `events of ${runId} can't be read: ${fault.message}`);
  }

  /** A newer count of the same run ends the one before: its answer is out of date. */
  private async count(runId: string, asked: CountAsked): Promise<RequestResult<'rollouts/count'>> {
    this.counting.get(runId)?.abort();
    const controller = new AbortController();
    this.counting.set(runId, controller);
    try {
      return await this.whileReading(runId, controller, (attention) =>
        this.service.countRollouts(runId, asked, attention),
      );
    } finally {
      if (this.counting.get(runId) === controller) this.counting.delete(runId);
    }
  }

  /** @throws StudioError `not-found` for a run that is not there, `bad-request` for a filter with a fault */
  private showPlace(place: Place, author: string): RequestResult<'place/show'> {
    const { runId, query, step, groupId, rolloutId } = place;
    if (query !== undefined) expressionOf(query);
    const { note } =
      runId === undefined ? { note: null } : this.service.store(runId).findPlace({ step, groupId, rolloutId });
    return { pages: this.surroundings.showPlace(place, author), note };
  }

  private async export(asked: RequestInput<'rollouts/export'>): Promise<RequestResult<'rollouts/export'>> {
    const { id, runId, form, selection } = asked;
    if (this.exporting.has(id)) throw new StudioError('bad-request', 'An export of this id is under way.');
    const { query, sort = null, limit = null } = selection;
    const wanted = { expression: expressionOf(query), query, sort, limit, form };
    const { exports } = this.surroundings;
    const made = exports.newFile();
    const controller = new AbortController();
    const { signal } = controller;
    this.exporting.set(id, controller);
    const onProgress = (done: number, total: number) => {
      if (this.transport.isIdle) this.peer.notify('exports/progress', { id, done, total });
    };
    try {
      const count = await this.service.exportRollouts(runId, wanted, made.file, { signal, onProgress });
      const path = exports.offer(made.id, made.file, `${runId}-rollouts.${form}`);
      this.unfetched.add(made.id);
      // It was cancelled, or its client left, as the file became whole.
      if (signal.aborted) exports.remove(made.id);
      signal.throwIfAborted();
      return { path, count };
    } catch (thrown) {
      if (signal.aborted) throw new StudioError('cancelled', 'The export was cancelled; nothing of it is left.');
      throw thrown;
    } finally {
      this.exporting.delete(id);
    }
  }

  private async weigh({ id, runId, ...asked }: RequestInput<'evidence/compute'>): Promise<WeighingDone> {
    if (this.weighing.has(id)) throw new StudioError('bad-request', 'A weighing of this id is under way.');
    const controller = new AbortController();
    this.weighing.set(id, controller);
    try {
      return await this.service.evidence.compute(runId, evidenceAsked(asked), controller.signal, (progress) => {
        if (this.transport.isIdle) this.peer.notify('evidence/progress', { id, ...progress });
      });
    } finally {
      this.weighing.delete(id);
    }
  }

  private async tryUpdate({ id, runId, ...asked }: RequestInput<'updates/try'>): Promise<RequestResult<'updates/try'>> {
    if (this.trying.has(id)) throw new StudioError('bad-request', 'An update of this id is being tried.');
    const controller = new AbortController();
    const { signal } = controller;
    this.trying.set(id, controller);
    try {
      return await this.service.updates.attempt(runId, asked, signal, (doing) => {
        if (this.transport.isIdle) this.peer.notify('updates/progress', { id, doing });
      });
    } catch (thrown) {
      if (signal.aborted && thrown === signal.reason)
        throw new StudioError('cancelled', 'The update was cancelled; the weights are what they were.');
      throw thrown;
    } finally {
      this.trying.delete(id);
    }
  }

  /** A page that is too slow for what is being written is told of whole answers alone. */
  private async whileAsking<T>(
    id: string,
    ask: (signal: AbortSignal, listener: AskListener) => Promise<T>,
  ): Promise<T> {
    if (this.asking.has(id)) throw new StudioError('bad-request', 'An ask of this id is under way.');
    const controller = new AbortController();
    this.asking.set(id, controller);
    try {
      return await ask(controller.signal, {
        onProgress: (progress) => {
          if (this.transport.isIdle) this.peer.notify('ask/progress', { id, ...progress });
        },
        onAnswered: (part, answer) => this.peer.notify('ask/answered', { id, part, answer }),
      });
    } finally {
      this.asking.delete(id);
    }
  }

  private async whileReading<T>(
    runId: string,
    controller: AbortController,
    read: (attention: Attention) => Promise<T>,
  ): Promise<T> {
    this.reading.set(controller, runId);
    try {
      return await read({
        signal: controller.signal,
        onProgress: (done, total) => {
          if (this.transport.isIdle) this.peer.notify('rollouts/progress', { runId, done, total });
        },
      });
    } finally {
      this.reading.delete(controller);
    }
  }

  private cancelReading(runId: string): void {
    for (const [controller, ofRun] of this.reading) if (ofRun === runId) controller.abort();
  }

  private async sendFrames(runId: string, key: string): Promise<RequestResult<'frames/get'>> {
    const { width, height, count, pixels } = await this.service.frames(runId, key);
    this.transfers += 1;
    const transfer = this.transfers;
    this.peer.sendBinary(encodeFrames({ transfer, key, width, height, count }, pixels));
    return { transfer, width, height, count };
  }
}

function evidenceAsked({
  of,
  ...how
}: Pick<RequestInput<'evidence/cost'>, 'of' | 'kinds' | 'checkpoint'>): EvidenceAsked {
  return { ...how, of: 'query' in of ? { expression: expressionOf(of.query) } : of };
}

/** What a typed query stands for. @throws StudioError `bad-request` with the place in the line and what to put there */
function expressionOf(query: string): Expression {
  const { expression, faults } = parseQuery(query);
  if (expression !== null) return expression;
  const [fault] = faults;
  throw new StudioError('bad-request', fault?.message ?? 'The query has a fault.', {
    ...(fault && { place: `${fault.start}..${fault.end}` }),
    ...(fault?.suggestion != null && { remedy: fault.suggestion }),
  });
}
