/**
 * The trainer's program with faults that the machine may have: each SIGUSR2 brings the next of those that FAULTS names, one after
 * the other: `thread` ends a thread of the engine, `clock:MS` moves the clock, `disk:N` lets the next N files find no space.
 */
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';

const faults = (process.env.FAULTS ?? '').split(',');

const { Worker } = threads;
const workers: InstanceType<typeof Worker>[] = [];
threads.Worker = class extends Worker {
  constructor(...given: ConstructorParameters<typeof Worker>) {
    super(...given);
    if (given[1]?.name?.startsWith('replica')) workers.push(this);
  }
};

let shiftMs = 0;
const { now } = Date;
Date.now = () => now() + shiftMs;

let unwritable = 0;
const { writeFile } = promises;
promises.writeFile = async (...given: Parameters<typeof writeFile>) => {
  if (unwritable-- > 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  return writeFile(...given);
};
syncBuiltinESMExports();

process.on('SIGUSR2', () => {
  const [kind, value] = (faults.shift() ?? '').split(':');
  if (kind === 'thread') void workers.at(-1)?.terminate();
  if (kind === 'clock') shiftMs = Number(value);
  if (kind === 'disk') unwritable = Number(value);
});

await import('../../trainer/main.ts');
