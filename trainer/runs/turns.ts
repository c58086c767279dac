/**
 * Lets work that is not the run's use its engine: at once while the run stands still, and at safe points for as long as its share of
 * time reaches. One piece at a time, so that the run goes on after the piece under way.
 */
import { StudioError } from '../protocol/errors.ts';

interface Waiting {
  start(): Promise<void>;
  refuse(thrown: unknown): void;
}

export class Turns {
  private readonly waiting: Waiting[] = [];
  private isOpen = false;
  private underWay: Promise<void> | null = null;
  private closedBecause: StudioError | null = null;
  /** Milliseconds that may be used at the next safe point; what a piece took over is owed. */
  private leftMs = 0;

  /** @throws StudioError `conflict` when the run leaves the memory before the piece has its turn */
  take<T>(piece: () => Promise<T>): Promise<T> {
    if (this.closedBecause) return Promise.reject(this.closedBecause);
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ start: () => piece().then(resolve, reject), refuse: reject });
      if (this.isOpen) void this.drain(() => this.isOpen);
    });
  }

  /** The run stands still: pieces are taken as they come. */
  open(): void {
    this.isOpen = true;
    void this.drain(() => this.isOpen);
  }

  /** The run goes on, beside the piece under way. @param why those that wait are refused; null where they have turns at safe points */
  shut(why: string | null): void {
    this.isOpen = false;
    if (why !== null)
      this.refuse(new StudioError('conflict', why, { remedy: 'What was done is kept. Pause it and ask again.' }));
  }

  /**
   * At a safe point of a run that goes on.
   * @param budgetMs that the step just made gives away
   * @returns milliseconds that were used
   */
  async use(budgetMs: number): Promise<number> {
    // An unused share is not saved up for a long stop.
    this.leftMs = Math.min(budgetMs, this.leftMs + budgetMs);
    const begun = performance.now();
    const usedMs = (): number => performance.now() - begun;
    if (budgetMs > 0) await this.drain(() => usedMs() < this.leftMs);
    const used = usedMs();
    this.leftMs -= used;
    return used;
  }

  /** The run leaves the memory. Resolves when no piece is under way. */
  async close(why: string): Promise<void> {
    this.closedBecause = new StudioError('conflict', why);
    this.isOpen = false;
    this.refuse(this.closedBecause);
    await this.underWay;
  }

  private refuse(thrown: StudioError): void {
    for (const { refuse } of this.waiting.splice(0)) refuse(thrown);
  }

  private async drain(may: () => boolean): Promise<void> {
    if (this.underWay) return this.underWay;
    const work = async (): Promise<void> => {
      while (may()) {
        const next = this.waiting.shift();
        if (!next) return;
        await next.start();
      }
    };
    this.underWay = work().finally(() => {
      this.underWay = null;
    });
    await this.underWay;
    // What came while the last piece ended has its turn too.
    if (this.waiting.length > 0 && may()) await this.drain(may);
  }
}
