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
  /** Whether the next piece has its turn now. */
  private may: () => boolean = never;
  private underWay: Promise<void> | null = null;
  private closedBecause: StudioError | null = null;
  /** Milliseconds that may be used at the next safe point; what a piece took over is owed. */
  private leftMs = 0;

  /** @throws StudioError `conflict` when the run goes on without it, or leaves the memory, before the piece has its turn */
  take<T>(piece: () => Promise<T>): Promise<T> {
    if (this.closedBecause) return Promise.reject(this.closedBecause);
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ start: () => piece().then(resolve, reject), refuse: reject });
      this.next();
    });
  }

  /** The run stands still: pieces are taken as they come. */
  open(): void {
    this.may = always;
    this.next();
  }

  /** The run goes on, beside the piece under way. @param why those that wait are refused; null where they have turns at safe points */
  shut(why: string | null): void {
    this.may = never;
    if (why === null) return;
    this.refuse(new StudioError('conflict', why, { remedy: 'What was done is kept. Pause it and ask again.' }));
  }

  /**
   * At a safe point of a run that goes on.
   * @param budgetMs that the step just made gives away
   * @returns milliseconds that were used
   */
  async use(budgetMs: number): Promise<number> {
    if (budgetMs <= 0) return 0;
    // An unused share is not saved up for a long stop.
    this.leftMs = Math.min(budgetMs, this.leftMs + budgetMs);
    const begun = performance.now();
    const usedMs = (): number => performance.now() - begun;
    this.may = () => usedMs() < this.leftMs;
    this.next();
    while (this.underWay) await this.underWay;
    this.may = never;
    const used = usedMs();
    this.leftMs -= used;
    return used;
  }

  /** The run leaves the memory. Resolves when no piece is under way. */
  async close(why: string): Promise<void> {
    this.closedBecause = new StudioError('conflict', why);
    this.may = never;
    this.refuse(this.closedBecause);
    await this.underWay;
  }

  private refuse(thrown: StudioError): void {
    for (const { refuse } of this.waiting.splice(0)) refuse(thrown);
  }

  private next(): void {
    if (this.underWay || this.waiting.length === 0 || !this.may()) return;
    const piece = this.waiting.shift();
    if (!piece) return;
    this.underWay = piece.start().finally(() => {
      this.underWay = null;
      this.next();
    });
  }
}

const always = (): boolean => true;
const never = (): boolean => false;
