/** A replica's thread: starts a backend, then answers one request after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { giveWayAsThread } from '../../programs/give-way.ts';
import { sentError } from '../../protocol/errors.ts';
import { startBackend } from './backends/backend.ts';
import type { FromReplica, ReplicaStart, ToReplica } from './messages.ts';
import { Replica } from './replica.ts';

if (parentPort === null) throw new Error('worker.ts runs in a worker thread');
const port = parentPort;
const { backend, index, microBatchRows } = workerData as ReplicaStart;

giveWayAsThread();
const post = (message: FromReplica): void => port.postMessage(message);

try {
  const { ops, answers, report } = await startBackend(backend);
  const replica = new Replica({ ops, answers }, index, microBatchRows);
  let before: Promise<void> = Promise.resolve();
  port.on('message', ({ call, request }: ToReplica) => {
    before = before.then(async () => {
      try {
        const answer = await replica.answer(request, (part) => post({ kind: 'report', call, report: part }));
        post({ kind: 'answer', call, answer });
      } catch (thrown) {
        post({ kind: 'error', call, error: sentError(thrown) });
      }
    });
  });
  post({ kind: 'ready', backend: report });
} catch (thrown) {
  post({ kind: 'failed', error: sentError(thrown) });
}
