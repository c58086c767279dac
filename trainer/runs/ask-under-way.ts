/** What is told of an ask while it is under way: how far it is, and what is being written. */
import type { ExperimentAnswer } from '../protocol/ask.ts';
import type { AskListener } from './service.ts';

/** Between two tellings of what is being written. */
const toldEveryMs = 100;

export class AskUnderWay {
  private readonly total: number;
  private readonly pace: number | null;
  private readonly listener: AskListener;
  private readonly writing = new Map<string, { part: number; index: number; text: string; tokens: number }>();
  private readonly startedMs = performance.now();
  private toldAtMs = Number.NEGATIVE_INFINITY;
  private done = 0;
  private now: string | null = null;

  constructor(n: number, parts: number, pace: number | null, listener: AskListener) {
    this.total = n * parts;
    this.pace = pace;
    this.listener = listener;
  }

  doing(what: string | null): void {
    this.now = what;
    this.tell();
  }

  wrote(part: number, index: number, text: string): void {
    const key = `${part}.${index}`;
    const so = this.writing.get(key) ?? { part, index, text: '', tokens: 0 };
    this.writing.set(key, { ...so, text: so.text + text, tokens: so.tokens + 1 });
    if (performance.now() - this.toldAtMs >= toldEveryMs) this.tell();
  }

  answered(part: number, answer: ExperimentAnswer): void {
    this.writing.delete(`${part}.${answer.index}`);
    this.done++;
    this.listener.onAnswered(part, answer);
    this.tell();
  }

  private tell(): void {
    this.toldAtMs = performance.now();
    const { done, total, pace } = this;
    const each = done === 0 ? pace : (this.toldAtMs - this.startedMs) / done;
    const leftMs = each === null ? null : Math.round(each * (total - done));
    this.listener.onProgress({ doing: this.now, done, total, leftMs, writing: [...this.writing.values()] });
  }
}
