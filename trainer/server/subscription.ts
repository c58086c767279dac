/**
 * One client's view of one run: the events above `since`, in order, none twice, none left out. A reader that keeps up is
 * handed events as they happen; one that is behind is caught up from the store, so that nothing piles up in memory.
 */
import type { RunEvent } from '../protocol/records.ts';

/** Where the events go. */
export interface EventOutlet {
  send(event: RunEvent): void;
  /** True when the reader is behind. */
  readonly isFull: boolean;
  /** Calls back once when it no longer is. */
  onceDrained(callback: () => void): void;
}

/** Events read from the store at a time; group events hold all their rollouts. */
const pageSize = 16;

export class Subscription {
  private readonly read: (since: number, limit: number) => readonly RunEvent[];
  private readonly outlet: EventOutlet;
  private readonly onFailure: (thrown: unknown) => void;
  /** Number of the last event sent. */
  private sent: number;
  private catchingUp = false;
  private disposed = false;

  /**
   * @param read at most `limit` events above `since` from the store
   * @param onFailure told when the store can't be read; nothing more is sent then
   */
  constructor(
    since: number,
    outlet: EventOutlet,
    read: (since: number, limit: number) => readonly RunEvent[],
    onFailure: (thrown: unknown) => void,
  ) {
    this.sent = since;
    this.outlet = outlet;
    this.read = read;
    this.onFailure = onFailure;
  }

  /** Sends what the store has above the last event sent, page by page, so that other work gets its turn between pages. */
  catchUp(): void {
    if (this.catchingUp || this.disposed) return;
    this.catchingUp = true;
    setImmediate(() => this.sendPage());
  }

  /** Takes an event that was just stored. */
  offer(event: RunEvent): void {
    if (this.catchingUp || this.disposed || event.seq <= this.sent) return;
    if (event.seq === this.sent + 1 && !this.outlet.isFull) this.send(event);
    else this.catchUp();
  }

  dispose(): void {
    this.disposed = true;
  }

  private sendPage(): void {
    if (this.disposed) return;
    if (this.outlet.isFull) {
      this.outlet.onceDrained(() => this.sendPage());
      return;
    }
    let page: readonly RunEvent[];
    try {
      page = this.read(this.sent, pageSize);
    } catch (thrown) {
      this.disposed = true;
      this.onFailure(thrown);
      return;
    }
    if (page.length === 0) {
      // Nothing is stored between this look and the next event, so the next one offered is the next in number.
      this.catchingUp = false;
      return;
    }
    for (const event of page) {
      if (this.outlet.isFull) break;
      this.send(event);
    }
    setImmediate(() => this.sendPage());
  }

  private send(event: RunEvent): void {
    this.outlet.send(event);
    this.sent = event.seq;
  }
}
