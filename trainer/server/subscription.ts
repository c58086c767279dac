/**
 * One client's view of one run: the events above `since`, in order, none twice, none left out. A reader that keeps up is
 * handed events as they happen; one that is behind is caught up from the store, so that nothing piles up in memory.
 */
import type { EventText } from '../protocol/records.ts';

/** Where the events go. */
export interface EventOutlet {
  send(event: EventText): void;
  /** True when the reader is behind. */
  readonly isFull: boolean;
  /** Calls back once when it no longer is. */
  onceDrained(callback: () => void): void;
  /** What is sent in `sending` leaves in one piece. */
  together(sending: () => void): void;
}

/** At most so many events are sent between two turns of others, and for about so long: those of groups hold all their rollouts. */
const pageSize = 256;
const pageMs = 5;

export class Subscription {
  private readonly read: (since: number, limit: number) => Iterable<EventText>;
  private readonly outlet: EventOutlet;
  private readonly onFailure: (thrown: unknown) => void;
  /** Number of the last event sent. */
  private sent: number;
  private catchingUp = false;
  private disposed = false;

  /**
   * @param read at most `limit` events above `since` from the store, each made as it is taken
   * @param onFailure told when the store can't be read; nothing more is sent then
   */
  constructor(
    since: number,
    outlet: EventOutlet,
    read: (since: number, limit: number) => Iterable<EventText>,
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
  offer(event: EventText): void {
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
    const { sent } = this;
    try {
      this.outlet.together(() => this.sendSome());
    } catch (thrown) {
      this.disposed = true;
      this.onFailure(thrown);
      return;
    }
    // Nothing is stored between this look and the next event, so the next one offered is the next in number.
    if (this.sent === sent) this.catchingUp = false;
    else setImmediate(() => this.sendPage());
  }

  private sendSome(): void {
    const until = performance.now() + pageMs;
    for (const event of this.read(this.sent, pageSize)) {
      this.send(event);
      if (this.outlet.isFull || performance.now() > until) return;
    }
  }

  private send(event: EventText): void {
    this.outlet.send(event);
    this.sent = event.seq;
  }
}
