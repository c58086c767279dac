/** A trainer at the other end of a page's connection, in the test's own process: it answers by script and records what was asked. */
import * as rpc from 'vscode-jsonrpc/node';
import { type Handlers, Peer, type Transport } from '../../../trainer/protocol/connection.ts';
import { StudioError } from '../../../trainer/protocol/errors.ts';
import { type RequestName, requests } from '../../../trainer/protocol/messages.ts';
import type { RunEvent, RunEventBody } from '../../../trainer/protocol/records.ts';
import { reduceRun } from '../../../trainer/protocol/reduce-run.ts';
import type { RunSummary } from '../../../trainer/protocol/run-state.ts';
import { protocolVersion } from '../../../trainer/protocol/version.ts';
import { Connection } from '../../../webview/state/connection.ts';
import type { Store } from '../../../webview/ui/store.ts';
import { curvesOf } from './curves-answer.ts';

/** One end of a link in memory; messages arrive in order, each in a turn of its own. */
class End implements Transport {
  other: End | null = null;
  private readonly listeners: ((message: string | Uint8Array) => void)[] = [];
  private readonly closers: ((reason: string) => void)[] = [];
  private closed: string | null = null;

  send(message: string | Uint8Array): void {
    const { other } = this;
    setImmediate(() => {
      if (other && other.closed === null) for (const listener of other.listeners) listener(message);
    });
  }

  onMessage(listener: (message: string | Uint8Array) => void): void {
    this.listeners.push(listener);
  }

  onClose(listener: (reason: string) => void): void {
    if (this.closed === null) this.closers.push(listener);
    else listener(this.closed);
  }

  close(): void {
    for (const end of [this, this.other]) end?.end('cut by the test');
  }

  private end(reason: string): void {
    if (this.closed !== null) return;
    this.closed = reason;
    for (const closer of this.closers) closer(reason);
  }
}

interface Link {
  readonly peer: Peer;
  /** By run: the number of the last event that was sent. */
  readonly sent: Map<string, number>;
  cut(): void;
}

export class ScriptedTrainer {
  readonly asked: { readonly method: RequestName; readonly params: Record<string, unknown> }[] = [];
  /** What is answered; a method that is not here is refused as `not-found`. */
  readonly script: Partial<Handlers>;
  private readonly runs = new Map<string, RunSummary>();
  private readonly events: RunEvent[] = [];
  private links: Link[] = [];

  constructor(runs: readonly RunSummary[], script: Partial<Handlers> = {}) {
    for (const run of runs) this.runs.set(run.id, run);
    this.script = {
      'runs/list': async () => ({ runs: [...this.runs.values()], unreadable: [] }),
      'metrics/curves': async () => curvesOf([]),
      'counts/list': async () => ({ counts: [], seq: 0, counted: 1, outdated: 0 }),
      'commands/list': async () => ({ commands: [] }),
      'checkpoints/list': async () => ({ checkpoints: [] }),
      'evaluations/list': async () => ({ evaluations: [] }),
      'annotations/list': async () => ({ annotations: [] }),
      'notices/list': async () => ({ events: [] }),
      ...script,
    };
  }

  /** Opens a link to the page. */
  link(connection: Connection): Link {
    const [page, own] = [new End(), new End()];
    page.other = own;
    own.other = page;
    const sent = new Map<string, number>();
    const link = { peer: new Peer(rpc, own, this.handlers(sent), () => {}), sent, cut: () => page.close() };
    this.links.push(link);
    connection.setLink({ state: 'open', reason: '' });
    connection.open(page, 'ada');
    return link;
  }

  /** What a run does: kept, and sent to whoever has subscribed. */
  record(runId: string, body: RunEventBody): RunEvent {
    const run = this.runOf(runId);
    const event = { runId, seq: run.seq + 1, at: run.updatedAt + 1, body };
    this.runs.set(runId, reduceRun(run, event));
    this.events.push(event);
    for (const link of this.links) this.sendTo(link.peer, link.sent, runId);
    return event;
  }

  /** Another history in the place of the one that is held. */
  forgetHistory(runId: string): void {
    this.runs.set(runId, { ...this.runOf(runId), seq: 0 });
    this.events.splice(0);
  }

  methods(): RequestName[] {
    return this.asked.map(({ method }) => method);
  }

  private runOf(runId: string): RunSummary {
    const run = this.runs.get(runId);
    if (!run) throw new StudioError('not-found', `There is no run ${runId}.`);
    return run;
  }

  private sendTo(peer: Peer, sent: Map<string, number>, runId: string): void {
    for (const event of this.events) {
      if (event.runId !== runId || event.seq <= (sent.get(runId) ?? Infinity)) continue;
      sent.set(runId, event.seq);
      peer.notify('run/event', event);
    }
  }

  private handlers(sent: Map<string, number>): Handlers {
    const own: Partial<Handlers> = {
      initialize: async () => ({
        protocol: { ...protocolVersion },
        trainer: { version: '0', pid: 1, folder: '/project', startedAt: 0, ffmpeg: 'none', node: 'v24' },
      }),
      'runs/subscribe': async ({ runId, since }) => {
        const run = this.runOf(runId);
        sent.set(runId, since);
        setImmediate(() => {
          for (const { peer, sent: mine } of this.links) if (mine === sent) this.sendTo(peer, sent, runId);
        });
        return { run };
      },
      'runs/unsubscribe': async ({ runId }) => {
        sent.delete(runId);
        return {};
      },
    };
    return Object.fromEntries(
      (Object.keys(requests) as RequestName[]).map((method) => [
        method,
        async (params: Record<string, unknown>) => {
          this.asked.push({ method, params });
          const answer = this.script[method] ?? own[method];
          if (!answer) throw new StudioError('not-found', `The script has no ${method}.`);
          return (answer as (given: unknown) => Promise<unknown>)(params);
        },
      ]),
    ) as unknown as Handlers;
  }
}

export const newConnection = () => new Connection(rpc, 'browser');

/** Resolves with what the store holds when it fits. */
export function until<T>(store: Store<T>, condition: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    const look = () => {
      if (!condition(store.get())) return false;
      resolve(store.get());
      return true;
    };
    if (look()) return;
    const stop = store.watch(() => {
      if (look()) stop();
    });
  });
}

/** A promise that the test resolves. */
export function held<T>(): { readonly promise: Promise<T>; readonly give: (value: T) => void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { promise, give: resolve };
}
