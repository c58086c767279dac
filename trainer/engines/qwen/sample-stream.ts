/** The events of one sampling call: takes reports from what computes, gives text to whoever reads. */
import type { Alternative, Completion, SampleEvent } from '../engine.ts';

import type { Tokenizer } from './tokenizer/tokenizer.ts';
import { decodePieces, StreamingDecoder } from './tokenizer/tokenizer.ts';

/** What was written since the last report. */
export interface SampleReport {
  /** Tokens added to answers. */
  readonly added: readonly { readonly answer: number; readonly tokens: readonly number[] }[];
  readonly finished: readonly {
    readonly answer: number;
    readonly tokens: Int32Array;
    readonly logprobs: Float32Array;
    /** Null where the sampler does not tell it. */
    readonly entropy: Float32Array | null;
    /** [tokens * alternatives], the likeliest first; null when none were asked for. */
    readonly alternatives: { readonly tokens: Int32Array; readonly logprobs: Float32Array } | null;
    readonly stopReason: 'stop' | 'length' | 'aborted';
  }[];
}

interface Answer {
  readonly request: number;
  readonly index: number;
  readonly decoder: StreamingDecoder;
  /** Text that was given as deltas. */
  given: string;
  /** Tokens that were reported. */
  tokens: number;
}

export class SampleStream implements AsyncIterable<SampleEvent> {
  private readonly tokenizer: Tokenizer;
  private readonly answers: readonly Answer[];
  private readonly events: SampleEvent[] = [];
  private readonly pieces = new Map<number, string>();
  private wake: (() => void) | null = null;
  private ended = false;
  private error: unknown = null;
  private tokens = 0;
  private done = 0;

  /** `answers` by their number in the call. */
  constructor(tokenizer: Tokenizer, answers: readonly { readonly request: number; readonly index: number }[]) {
    this.tokenizer = tokenizer;
    this.answers = answers.map(({ request, index }) => ({
      request,
      index,
      decoder: new StreamingDecoder(tokenizer),
      given: '',
      tokens: 0,
    }));
  }

  report({ added, finished }: SampleReport): void {
    for (const { answer, tokens } of added) {
      const open = this.answers[answer] as Answer;
      open.tokens += tokens.length;
      this.tokens += tokens.length;
      this.delta(open, open.decoder.push(tokens));
    }
    for (const { answer, alternatives, ...written } of finished) {
      const open = this.answers[answer] as Answer;
      const { request, index } = open;
      const completion: Completion = {
        ...written,
        ...decodePieces(this.tokenizer, written.tokens),
        alternatives: alternatives === null ? null : this.alternatives(alternatives, written.tokens.length),
      };
      this.tokens += written.tokens.length - open.tokens;
      this.delta(open, completion.text.slice(open.given.length));
      this.events.push({ kind: 'done', request, index, completion });
      this.done++;
    }
    this.events.push({ kind: 'progress', tokens: this.tokens, done: this.done, total: this.answers.length });
    this.wake?.();
  }

  private end(): void {
    this.ended = true;
    this.wake?.();
  }

  private fail(error: unknown): void {
    this.error = error;
    this.end();
  }

  /**
   * The events until `work`, which reports here, is over. Whoever stops reading before ends it.
   * @param abort ends the work; it is taken off the signal afterwards
   */
  async *during(work: Promise<unknown>, abort: () => void, signal: AbortSignal): AsyncGenerator<SampleEvent> {
    work.then(
      () => this.end(),
      (error: unknown) => this.fail(error),
    );
    try {
      yield* this;
    } finally {
      abort();
      signal.removeEventListener('abort', abort);
      await work.catch(() => undefined);
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SampleEvent> {
    for (;;) {
      const event = this.events.shift();
      if (event !== undefined) {
        yield event;
        continue;
      }
      if (this.error !== null) throw this.error;
      if (this.ended) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = null;
    }
  }

  /** The alternatives of each of `count` tokens. */
  private alternatives(
    { tokens, logprobs }: NonNullable<SampleReport['finished'][number]['alternatives']>,
    count: number,
  ): Alternative[][] {
    const each = tokens.length / count;
    return Array.from({ length: count }, (_, i) =>
      Array.from(tokens.subarray(i * each, (i + 1) * each), (token, k) => ({
        token,
        piece: this.pieceOf(token),
        logprob: logprobs[i * each + k] as number,
      })),
    );
  }

  /** Of a token by itself: one that is a part of a character reads as U+FFFD. */
  private pieceOf(token: number): string {
    const known = this.pieces.get(token);
    if (known !== undefined) return known;
    const [piece = ''] = decodePieces(this.tokenizer, Int32Array.of(token)).pieces;
    this.pieces.set(token, piece);
    return piece;
  }

  private delta(open: Answer, text: string): void {
    if (text === '') return;
    open.given += text;
    this.events.push({ kind: 'delta', request: open.request, index: open.index, text });
  }
}
