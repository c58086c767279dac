/** A socket to the trainer for one panel: opened while the trainer is there, opened again when it is lost, passed through. */
import { connectSocket } from '../../trainer/client/socket.ts';
import type { Transport } from '../../trainer/protocol/connection.ts';
import type { Discovery } from '../../trainer/protocol/discovery.ts';
import type { LinkState } from '../../trainer/protocol/webview-messages.ts';

export interface PipeListener {
  onStatus(state: LinkState, reason: string): void;
  onMessage(message: string | Uint8Array): void;
}

const firstRetryMs = 250;
const longestRetryMs = 4000;

export class SocketPipe {
  private readonly listener: PipeListener;
  private at: Discovery | undefined;
  private transport: Transport | undefined;
  private opening = false;
  /** A page is there and listens. */
  private heard = false;
  private retry: NodeJS.Timeout | undefined;
  private delayMs = firstRetryMs;
  private disposed = false;
  private told: { state: LinkState; reason: string } = { state: 'gone', reason: '' };

  constructor(listener: PipeListener) {
    this.listener = listener;
  }

  /** The trainer is at this address. */
  follow(at: Discovery): void {
    const moved = this.at?.port !== at.port || this.at.token !== at.token;
    this.at = at;
    if (moved) {
      this.drop();
      this.delayMs = firstRetryMs;
    }
    this.open();
  }

  /** There is no trainer now. */
  leave(state: Exclude<LinkState, 'open'>, reason: string): void {
    if (state !== 'closed') {
      this.at = undefined;
      this.drop();
    }
    // While the panel's own socket holds, the loss of another one is no news.
    if (!this.transport) this.tell(state, reason);
  }

  send(message: string): void {
    this.transport?.send(message);
  }

  /** Says again what the state is: a page that was loaded anew has heard nothing, and needs a connection of its own. */
  greet(): void {
    this.heard = true;
    this.drop();
    if (this.at) this.open();
    else this.listener.onStatus(this.told.state, this.told.reason);
  }

  /** The page is hidden, which unloads it; nothing is received for it until it greets again. */
  rest(): void {
    this.heard = false;
    this.drop();
  }

  private tell(state: LinkState, reason: string): void {
    if (this.told.state === state && this.told.reason === reason) return;
    this.told = { state, reason };
    this.listener.onStatus(state, reason);
  }

  private drop(): void {
    clearTimeout(this.retry);
    const transport = this.transport;
    this.transport = undefined;
    transport?.close();
  }

  private open(): void {
    const { at } = this;
    if (!at || !this.heard || this.transport || this.opening || this.disposed) return;
    clearTimeout(this.retry);
    this.opening = true;
    connectSocket(at).then(
      (transport) => {
        this.opening = false;
        if (this.disposed || !this.heard || this.at !== at) {
          transport.close();
          this.open();
          return;
        }
        this.transport = transport;
        this.delayMs = firstRetryMs;
        transport.onMessage((message) => {
          if (this.transport === transport) this.listener.onMessage(message);
        });
        transport.onClose((reason) => {
          if (this.transport !== transport) return;
          this.transport = undefined;
          this.tryAgain(reason);
        });
        // Told every time, even when the last word was `open`: each is a new connection.
        this.told = { state: 'open', reason: '' };
        this.listener.onStatus('open', '');
      },
      (failure: Error) => {
        this.opening = false;
        this.tryAgain(failure.message);
      },
    );
  }

  private tryAgain(reason: string): void {
    if (this.disposed || !this.heard || !this.at) return;
    this.tell('closed', reason);
    this.retry = setTimeout(() => this.open(), this.delayMs);
    this.delayMs = Math.min(this.delayMs * 2, longestRetryMs);
  }

  dispose(): void {
    this.disposed = true;
    this.drop();
  }
}
