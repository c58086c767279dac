/**
 * Lists and counts of rollouts, made in a thread of their own: a count may look at a million rows, and whoever answers other
 * requests must not wait for it. The thread starts with the first request; one that died is started again by the next.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { CurvesAnswer, CurvesAsked } from '../protocol/curves.ts';
import { type ErrorData, StudioError } from '../protocol/errors.ts';
import type { QuestionHistory } from '../protocol/questions.ts';
import type { DrawAsked, Drawn } from './draw-rollouts.ts';
import type { QuestionsAsked, QuestionsPage, WhichQuestion } from './question-history.ts';
import type { EvaluationPairs, SharedAsked, SharedPage } from './question-pairs.ts';
import type { CountAsked, ListAsked, RolloutCount, RolloutPage } from './rollout-list.ts';
import { storeFile } from './run-store.ts';

/** What is asked of questions; of two runs where `other` is the path of another database. */
export type AboutQuestions =
  | { readonly of: 'list'; readonly asked: QuestionsAsked }
  | { readonly of: 'history'; readonly which: WhichQuestion }
  | { readonly of: 'shared'; readonly other: string; readonly asked: SharedAsked }
  | {
      readonly of: 'evaluations';
      readonly other: string;
      readonly first: string;
      readonly second: string;
    };

/** What the thread is told. `path` is that of a database. */
export type ToReader =
  | { readonly kind: 'list'; readonly id: number; readonly path: string; readonly asked: ListAsked }
  | { readonly kind: 'count'; readonly id: number; readonly path: string; readonly asked: CountAsked }
  | { readonly kind: 'draw'; readonly id: number; readonly path: string; readonly asked: DrawAsked }
  | { readonly kind: 'questions'; readonly id: number; readonly path: string; readonly asked: AboutQuestions }
  | { readonly kind: 'curves'; readonly id: number; readonly path: string; readonly asked: CurvesAsked }
  /** Nobody waits for this one any more: no answer comes. */
  | { readonly kind: 'cancel'; readonly id: number }
  /** Closes all that is open of a database; what is under way there is answered as cancelled. */
  | { readonly kind: 'close'; readonly id: number; readonly path: string };

export type FromReader =
  | { readonly id: number; readonly value: ReaderValue | null }
  /** So many of all rollouts have been looked at. */
  | { readonly id: number; readonly done: number; readonly total: number }
  | { readonly id: number; readonly fault: ErrorData & { readonly message: string } };

/** What whoever asks wants to hear of a request that takes long, and how it is given up. */
export interface Attention {
  /** Ends it with `cancelled`. */
  readonly signal?: AbortSignal;
  /** Told from time to time how many of all rollouts have been looked at. */
  readonly onProgress?: (done: number, total: number) => void;
}

export type ReaderValue =
  | RolloutPage
  | RolloutCount
  | Drawn
  | QuestionsPage
  | QuestionHistory
  | SharedPage
  | EvaluationPairs
  | CurvesAnswer;

interface Waiting {
  resolve(value: unknown): void;
  reject(fault: StudioError): void;
  readonly onProgress: Attention['onProgress'] | undefined;
}

/** Beside this file in a source tree, beside the bundle in the packaged extension. */
function readerScript(): URL {
  const fromSource = new URL('./reader-thread.ts', import.meta.url);
  return existsSync(fileURLToPath(fromSource)) ? fromSource : new URL('./reader-thread.js', import.meta.url);
}

const errorOf = ({ kind, message, place, remedy }: ErrorData & { readonly message: string }) =>
  new StudioError(kind, message, { ...(place !== undefined && { place }), ...(remedy !== undefined && { remedy }) });
const cancelled = () => new StudioError('cancelled', 'The request was cancelled.');

/** Every method rejects with StudioError: as the store's, `cancelled`, or `internal` when the thread died. */
export class RolloutReader {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  /** Starts the thread, so that the first request does not wait for it. */
  prepare(): void {
    this.worker ??= this.start();
  }

  /** @param folder of the run */
  list(folder: string, asked: ListAsked, attention: Attention = {}): Promise<RolloutPage> {
    return this.ask((id) => ({ kind: 'list', id, path: join(folder, storeFile), asked }), attention);
  }

  count(folder: string, asked: CountAsked, attention: Attention = {}): Promise<RolloutCount> {
    return this.ask((id) => ({ kind: 'count', id, path: join(folder, storeFile), asked }), attention);
  }

  draw(folder: string, asked: DrawAsked, attention: Attention = {}): Promise<Drawn> {
    return this.ask((id) => ({ kind: 'draw', id, path: join(folder, storeFile), asked }), attention);
  }

  questions(folder: string, asked: QuestionsAsked): Promise<QuestionsPage> {
    return this.askQuestions(folder, { of: 'list', asked });
  }

  history(folder: string, which: WhichQuestion): Promise<QuestionHistory> {
    return this.askQuestions(folder, { of: 'history', which });
  }

  /** @param folders of the two runs */
  sharedQuestions(folders: readonly [string, string], asked: SharedAsked): Promise<SharedPage> {
    return this.askQuestions(folders[0], { of: 'shared', other: join(folders[1], storeFile), asked });
  }

  /** @param evaluations by id, each of the run at the same place */
  evaluationPairs(
    folders: readonly [string, string],
    [first, second]: readonly [string, string],
  ): Promise<EvaluationPairs> {
    return this.askQuestions(folders[0], { of: 'evaluations', other: join(folders[1], storeFile), first, second });
  }

  /** @param folder of the run */
  curves(folder: string, asked: CurvesAsked): Promise<CurvesAnswer> {
    return this.ask((id) => ({ kind: 'curves', id, path: join(folder, storeFile), asked }));
  }

  private askQuestions<T>(folder: string, asked: AboutQuestions): Promise<T> {
    return this.ask((id) => ({ kind: 'questions', id, path: join(folder, storeFile), asked }));
  }

  /** Lets go of a run's database, so that its folder can be removed. */
  async close(folder: string): Promise<void> {
    if (this.worker) await this.ask((id) => ({ kind: 'close', id, path: join(folder, storeFile) }));
  }

  async dispose(): Promise<void> {
    const { worker } = this;
    this.lose(worker, cancelled());
    await worker?.terminate();
  }

  private ask<T>(request: (id: number) => ToReader, { signal, onProgress }: Attention = {}): Promise<T> {
    if (signal?.aborted) return Promise.reject(cancelled());
    this.worker ??= this.start();
    const { worker } = this;
    const id = ++this.lastId;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const cancel = () => {
      this.settle(id)?.reject(cancelled());
      worker.postMessage({ kind: 'cancel', id } satisfies ToReader);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    this.waiting.set(id, { resolve: (value) => resolve(value as T), reject, onProgress });
    // While an answer is awaited the thread keeps the process alive, and no longer.
    worker.ref();
    worker.postMessage(request(id));
    return promise.finally(() => signal?.removeEventListener('abort', cancel));
  }

  private start(): Worker {
    const worker = new Worker(readerScript(), { name: 'rollout reader' });
    worker.on('message', (answer: FromReader) => {
      if ('done' in answer) {
        this.waiting.get(answer.id)?.onProgress?.(answer.done, answer.total);
        return;
      }
      const waiting = this.settle(answer.id);
      if ('value' in answer) waiting?.resolve(answer.value);
      else waiting?.reject(errorOf(answer.fault));
    });
    const died = (why: string, cause?: Error) =>
      this.lose(
        worker,
        new StudioError('internal', `The thread that reads rollouts ended: ${why}.`, {
          remedy: 'Ask again: another one is started.',
          cause,
        }),
      );
    worker.on('error', (error) => died(error.message, error));
    worker.on('exit', (code) => died(`code ${code}`));
    worker.unref();
    return worker;
  }

  /** The request that waits under this number, which from now on does not. */
  private settle(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (this.waiting.size === 0) this.worker?.unref();
    return waiting;
  }

  private lose(worker: Worker | null, fault: StudioError): void {
    if (worker === null || worker !== this.worker) return;
    this.worker = null;
    for (const id of [...this.waiting.keys()]) this.settle(id)?.reject(fault);
  }
}
