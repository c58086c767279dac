/** The threads: starts them, passes requests, and turns the death of one into an error of every open call. */
import { Worker } from 'node:worker_threads';
import { StudioError } from '../../protocol/errors.ts';
import type { EngineSettings } from '../../protocol/runfile.ts';
import { replicaScript } from './files.ts';
import type {
  BackendReport,
  ErrorMessage,
  FromReplica,
  ReplicaAnswers,
  ReplicaRequest,
  ReplicaStart,
  SampleReport,
} from './messages.ts';

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: StudioError) => void;
  readonly report: (report: SampleReport) => void;
}

function asError({ message, kind, place, remedy }: ErrorMessage): StudioError {
  return new StudioError(kind, message, {
    ...(place === undefined ? {} : { place }),
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/** One thread and its open calls. */
class ReplicaThread {
  readonly ready: Promise<BackendReport>;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  #dead: StudioError | null = null;

  constructor(start: ReplicaStart, onDeath: (error: StudioError) => void) {
    this.#worker = new Worker(replicaScript(), { workerData: start, name: `replica ${start.index}` });
    const { promise, resolve, reject } = Promise.withResolvers<BackendReport>();
    this.ready = promise;
    const die = (error: StudioError): void => {
      if (this.#dead !== null) return;
      this.#dead = error;
      reject(error);
      for (const pending of this.#pending.values()) pending.reject(error);
      this.#pending.clear();
      onDeath(error);
    };
    this.#worker.on('message', (message: FromReplica) => {
      switch (message.kind) {
        case 'ready':
          return resolve(message.backend);
        case 'failed':
          return die(asError(message.error));
        case 'report':
          return this.#pending.get(message.call)?.report(message.report);
        case 'answer':
        case 'error': {
          const pending = this.#pending.get(message.call);
          this.#pending.delete(message.call);
          return message.kind === 'answer' ? pending?.resolve(message.answer) : pending?.reject(asError(message.error));
        }
      }
    });
    const remedy =
      'Resume the run from its last checkpoint. If memory was short, use fewer threads or a smaller model.';
    this.#worker.on('error', (error) =>
      die(
        new StudioError('engine-failed', `A thread of the engine died: ${error.message}`, {
          place: `replica ${start.index}`,
          remedy,
          cause: error,
        }),
      ),
    );
    this.#worker.on('exit', (code) =>
      die(
        new StudioError('engine-failed', `A thread of the engine ended with code ${code}.`, {
          place: `replica ${start.index}`,
          remedy,
        }),
      ),
    );
  }

  call<K extends ReplicaRequest['kind']>(
    request: Extract<ReplicaRequest, { kind: K }>,
    report: (report: SampleReport) => void = () => undefined,
  ): Promise<ReplicaAnswers[K]> {
    if (this.#dead !== null) return Promise.reject(this.#dead);
    const call = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve: resolve as (answer: unknown) => void, reject, report });
      this.#worker.postMessage({ call, request });
    });
  }

  terminate(): Promise<number> {
    return this.#worker.terminate();
  }
}

/** All replicas of an engine. When one dies, none is used any more: the others would no longer agree with it. */
export class Replicas {
  readonly #threads: ReplicaThread[];
  readonly #report: BackendReport;

  private constructor(threads: ReplicaThread[], report: BackendReport) {
    this.#threads = threads;
    this.#report = report;
  }

  static async start(backend: EngineSettings['backend'], count: number): Promise<Replicas> {
    const threads: ReplicaThread[] = [];
    const onDeath = (): void => {
      for (const thread of threads) void thread.terminate();
    };
    for (let index = 0; index < count; index++) threads.push(new ReplicaThread({ backend, index }, onDeath));
    const settled = await Promise.allSettled(threads.map(({ ready }) => ready));
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      await Promise.all(threads.map((thread) => thread.terminate()));
      throw failed.reason;
    }
    const [first] = settled as PromiseFulfilledResult<BackendReport>[];
    return new Replicas(threads, first?.value ?? { backend, why: '' });
  }

  get count(): number {
    return this.#threads.length;
  }

  get backend(): BackendReport {
    return this.#report;
  }

  /** Asks one replica. */
  ask<K extends ReplicaRequest['kind']>(
    index: number,
    request: Extract<ReplicaRequest, { kind: K }>,
    report?: (report: SampleReport) => void,
  ): Promise<ReplicaAnswers[K]> {
    return (this.#threads[index] as ReplicaThread).call<K>(request, report);
  }

  /** Asks all replicas; fails when one does, after all have answered. */
  async askAll<K extends ReplicaRequest['kind']>(
    request: (index: number) => Extract<ReplicaRequest, { kind: K }>,
  ): Promise<ReplicaAnswers[K][]> {
    const settled = await Promise.allSettled(this.#threads.map((thread, index) => thread.call<K>(request(index))));
    return settled.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }
}
