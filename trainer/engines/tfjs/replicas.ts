/** The threads: starts them, passes requests, and turns the death of one into an error of every open call. */
import { Worker } from 'node:worker_threads';
import { errorFrom, StudioError } from '../../protocol/errors.ts';
import type { TfjsSettings } from '../../protocol/runfile.ts';
import type { SampleReport } from '../qwen/sample-stream.ts';
import { replicaScript } from './files.ts';
import type { BackendReport, FromReplica, ReplicaAnswers, ReplicaRequest, ReplicaStart } from './messages.ts';
import { preparedNative } from './setup/native-libraries.ts';

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: StudioError) => void;
  readonly report: (report: SampleReport) => void;
}

/** One thread and its open calls. */
class ReplicaThread {
  readonly ready: Promise<BackendReport>;
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private calls = 0;
  private dead: StudioError | null = null;
  private readonly fail: (error: StudioError) => void;

  constructor(start: ReplicaStart, memoryMb: number | undefined, onDeath: (error: StudioError) => void) {
    this.worker = new Worker(replicaScript(), {
      workerData: start,
      name: `replica ${start.index}`,
      ...(memoryMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memoryMb } }),
    });
    const { promise, resolve, reject } = Promise.withResolvers<BackendReport>();
    this.ready = promise;
    promise.catch(() => undefined);
    this.fail = reject;
    const die = (error: StudioError): void => {
      if (this.dead !== null) return;
      this.abandon(error);
      onDeath(error);
    };
    this.worker.on('message', (message: FromReplica) => {
      switch (message.kind) {
        case 'ready':
          return resolve(message.backend);
        case 'failed':
          return die(errorFrom(message.error));
        case 'report':
          return this.pending.get(message.call)?.report(message.report);
        case 'answer':
        case 'error': {
          const pending = this.pending.get(message.call);
          this.pending.delete(message.call);
          return message.kind === 'answer'
            ? pending?.resolve(message.answer)
            : pending?.reject(errorFrom(message.error));
        }
      }
    });
    const remedy =
      'Resume the run from its last checkpoint. If memory was short, use fewer threads or a smaller model.';
    this.worker.on('error', (error) =>
      die(
        new StudioError('engine-failed', `A thread of the engine died: ${error.message}`, {
          place: `replica ${start.index}`,
          remedy,
          cause: error,
        }),
      ),
    );
    this.worker.on('exit', (code) =>
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
    if (this.dead !== null) return Promise.reject(this.dead);
    const call = this.calls++;
    return new Promise((resolve, reject) => {
      this.pending.set(call, { resolve: resolve as (answer: unknown) => void, reject, report });
      this.worker.postMessage({ call, request });
    });
  }

  /** Ends the thread; its open calls and all later ones fail with `error`. */
  abandon(error: StudioError): Promise<number> {
    this.dead ??= error;
    this.fail(error);
    for (const pending of this.pending.values()) pending.reject(error);
    this.pending.clear();
    return this.worker.terminate();
  }
}

function mayTakeGpu(backend: TfjsSettings['backend']): boolean {
  if (backend === 'auto' || backend === 'native') return preparedNative().some(({ gpu }) => gpu);
  return backend === 'webgpu';
}

/** On a GPU a second replica would be in the first one's way. On the CPU two are faster, under TensorFlow's library too. */
function isOnGpu({ backend }: BackendReport): boolean {
  return backend === 'native GPU' || backend === 'webgpu';
}

/** All replicas of an engine. When one dies, none is used any more: the others would no longer agree with it. */
export class Replicas {
  private readonly threads: ReplicaThread[];
  private readonly report: BackendReport;
  /** Resolves with the reason when one of them has died. */
  readonly died: Promise<StudioError>;

  private constructor(threads: ReplicaThread[], report: BackendReport, died: Promise<StudioError>) {
    this.threads = threads;
    this.report = report;
    this.died = died;
  }

  /** @param memoryMb Bound on each thread's JavaScript heap; WebAssembly's own heap is beside it. */
  static async start(
    { backend, threads: count }: Pick<TfjsSettings, 'backend' | 'threads'>,
    microBatchRows: number,
    memoryMb?: number,
  ): Promise<Replicas> {
    const threads: ReplicaThread[] = [];
    const died = Promise.withResolvers<StudioError>();
    const onDeath = (error: StudioError): void => {
      died.resolve(error);
      for (const thread of threads) void thread.abandon(error);
    };
    const begin = async (index: number): Promise<BackendReport> => {
      const thread = new ReplicaThread({ backend, index, microBatchRows }, memoryMb, onDeath);
      threads.push(thread);
      return await thread.ready;
    };
    try {
      const others = Array.from({ length: count - 1 }, (_, i) => i + 1);
      const first = begin(0);
      // Where there may be a GPU, the first one tells whether it took it.
      if (mayTakeGpu(backend) && isOnGpu(await first)) return new Replicas(threads, await first, died.promise);
      const [report] = await allAnswers([first, ...others.map(begin)]);
      return new Replicas(threads, report as BackendReport, died.promise);
    } catch (error) {
      await Promise.all(threads.map((thread) => thread.abandon(error as StudioError)));
      throw error;
    }
  }

  get count(): number {
    return this.threads.length;
  }

  get backend(): BackendReport {
    return this.report;
  }

  /** Asks one replica. */
  ask<K extends ReplicaRequest['kind']>(
    index: number,
    request: Extract<ReplicaRequest, { kind: K }>,
    report?: (report: SampleReport) => void,
  ): Promise<ReplicaAnswers[K]> {
    return (this.threads[index] as ReplicaThread).call<K>(request, report);
  }

  /** Asks all replicas, but not those for which `request` gives null; when one fails, fails after all have answered. */
  async askAll<K extends ReplicaRequest['kind']>(
    request: (index: number) => Extract<ReplicaRequest, { kind: K }> | null,
  ): Promise<(ReplicaAnswers[K] | null)[]> {
    return await allAnswers(
      this.threads.map(async (thread, index) => {
        const own = request(index);
        return own === null ? null : await thread.call<K>(own);
      }),
    );
  }

  async dispose(): Promise<void> {
    const error = new StudioError('engine-failed', 'The engine was shut down.');
    await Promise.all(this.threads.map((thread) => thread.abandon(error)));
  }
}

/** Like `Promise.all`, but fails only when every promise is settled: no thread is still at work then. */
export async function allAnswers<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
