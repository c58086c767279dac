/**
 * The page's connection to the trainer. Links come and go; each new one is greeted first, then whoever follows something
 * is told, so that it asks for what it has missed.
 */
import { Client, type JsonRpc, type Transport } from '../../trainer/protocol/connection.ts';
import { asStudioError, StudioError } from '../../trainer/protocol/errors.ts';
import {
  type NotificationName,
  type NotificationParams,
  notifications,
  type RequestName,
  type RequestParams,
  type RequestResult,
  type TrainerInfo,
  unsigned,
} from '../../trainer/protocol/messages.ts';
import { protocolVersion } from '../../trainer/protocol/version.ts';
import type { Host, LinkStatus } from '../host.ts';
import { Store } from '../ui/store.ts';

export interface ConnectionState {
  readonly link: LinkStatus;
  readonly trainer: TrainerInfo | null;
  /** Who signs what is said here; null where nobody has been named yet. */
  readonly author: string | null;
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

type Listener<N extends NotificationName> = (params: NotificationParams<N>) => void;

export class Connection {
  readonly state = new Store<ConnectionState>({
    link: { state: 'connecting', reason: '' },
    trainer: null,
    author: null,
    fault: null,
  });
  private readonly rpc: JsonRpc;
  private readonly place: Host['place'];
  private readonly listeners = new Map<NotificationName, Set<Listener<never>>>();
  private readonly readyListeners = new Set<() => void>();
  /** The newest link's client, given once it was greeted; null without a link. */
  private greeted: Promise<Client> | null = null;
  private ready = false;

  constructor(rpc: JsonRpc, place: Host['place']) {
    this.rpc = rpc;
    this.place = place;
  }

  /** Whether a link is there and was greeted. */
  get isReady(): boolean {
    return this.ready;
  }

  /** Takes a new link; nothing of an earlier one holds. */
  open(transport: Transport, author: string | null): void {
    const client = new Client(this.rpc, transport, (fault) => this.fail(fault));
    const greeted = this.greet(client, author);
    this.greeted = greeted;
    this.ready = false;
    const isNewest = () => this.greeted === greeted;
    for (const name of Object.keys(notifications) as NotificationName[]) {
      client.on(name, (params) => {
        if (isNewest()) this.tell(name, params);
      });
    }
    client.closed.then(() => {
      if (!isNewest()) return;
      this.greeted = null;
      this.ready = false;
    });
    greeted.then(
      () => {
        if (!isNewest()) return;
        this.ready = true;
        for (const listener of [...this.readyListeners]) listener();
      },
      (thrown: unknown) => {
        if (isNewest()) this.fail(asStudioError(thrown));
      },
    );
  }

  setLink(link: LinkStatus): void {
    this.patch({ link });
  }

  /** @throws StudioError as the trainer sent it, or `connection-lost` when there is no link or it ends before the answer. */
  async request<M extends RequestName>(method: M, params: RequestParams<M>): Promise<RequestResult<M>> {
    return (await this.linked()).request(method, params);
  }

  /** @throws StudioError as `request` does */
  async frames(runId: string, key: string): Promise<FramePixels> {
    const { header, pixels } = await (await this.linked()).frames(runId, key);
    return { width: header.width, height: header.height, count: header.count, pixels };
  }

  /** What the trainer tells, over this link and all that follow. Gives what ends it. */
  on<N extends NotificationName>(name: N, listener: Listener<N>): () => void {
    const held = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, held.add(listener));
    return () => held.delete(listener);
  }

  /** Called for each link once it was greeted, and at once where one is there. Gives what ends it. */
  whenReady(listener: () => void): () => void {
    this.readyListeners.add(listener);
    if (this.ready) listener();
    return () => this.readyListeners.delete(listener);
  }

  /** From now on this one signs. @returns the name as labels have it @throws StudioError `bad-input` for what is no name */
  async signAs(name: string): Promise<string> {
    const { author } = await this.request('author/set', { author: name });
    this.patch({ author });
    return author;
  }

  /** Shows what went wrong until it is dismissed or something worked. */
  fail(fault: StudioError): void {
    this.patch({ fault });
  }

  dismissFault(): void {
    this.patch({ fault: null });
  }

  private async linked(): Promise<Client> {
    if (!this.greeted) throw new StudioError('connection-lost', 'There is no connection to the trainer.');
    return this.greeted;
  }

  private async greet(client: Client, author: string | null): Promise<Client> {
    const { trainer } = await client.request('initialize', {
      protocol: { ...protocolVersion },
      client: this.place === 'vscode' ? 'editor' : 'browser',
      author: author ?? unsigned,
    });
    this.patch({ trainer, author, fault: null });
    return client;
  }

  private tell<N extends NotificationName>(name: N, params: NotificationParams<N>): void {
    for (const listener of [...(this.listeners.get(name) ?? [])]) (listener as Listener<N>)(params);
  }

  private patch(change: Partial<ConnectionState>): void {
    this.state.update((state) => ({ ...state, ...change }));
  }
}
