/**
 * A real trainer's server in a process of its own, for a bench that looks at its pages: on a word of its parent it stores made
 * groups and tells of them, as a run that trains does, or collects its heap and says how much is left.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createEngine } from '../../trainer/engines/create.ts';
import type { Discovery } from '../../trainer/protocol/discovery.ts';
import type { TrainerListener } from '../../trainer/runs/service.ts';
import { Trainer } from '../../trainer/runs/trainer.ts';
import { startServer } from '../../trainer/server/server.ts';
import { lateGroups, perGroup } from './made-rollouts.ts';

/** What the parent sends, and what is answered to it. */
export type Asked =
  | { readonly kind: 'stream'; readonly perSecond: number; readonly seconds: number }
  | { readonly kind: 'heap' };
export type Answered =
  | { readonly kind: 'serving'; readonly discovery: Discovery }
  | { readonly kind: 'streamed'; readonly at: readonly number[] }
  | { readonly kind: 'heap'; readonly bytes: number };

const [projectFolder = '', runId = '', pagesFolder = ''] = process.argv.slice(2);
const say = (answer: Answered) => process.send?.(answer);
const groups = lateGroups();
let listener: TrainerListener | null = null;
const log = (line: string) => process.stderr.write(`${line}\n`);

const server = await startServer({
  projectFolder,
  pagesFolder,
  log,
  open: async () => {
    const trainer = await Trainer.open({ projectFolder, version: '0.0.0', createEngine, log });
    const listen = trainer.listen.bind(trainer);
    trainer.listen = (given) => {
      listener = given;
      return listen(given);
    };
    return trainer;
  },
});

/** Groups one after the other, evenly. @returns when each was told of, in milliseconds since 1970 */
async function stream(perSecond: number, seconds: number): Promise<number[]> {
  const store = server.service.store(runId);
  const wanted = Math.floor((perSecond * seconds) / perGroup);
  const at: number[] = [];
  const started = performance.now();
  while (at.length < wanted) {
    const due = Math.min(wanted, Math.ceil(((performance.now() - started) / 1000) * (perSecond / perGroup)));
    while (at.length < due) {
      at.push(Date.now());
      for (const event of store.appendAll([{ type: 'group', group: groups.next().value }])) listener?.onEvent(event);
    }
    await pause(4);
  }
  return at;
}

process.on('message', (asked: Asked) => {
  if (asked.kind === 'heap') {
    globalThis.gc?.();
    say({ kind: 'heap', bytes: process.memoryUsage().heapUsed });
  } else void stream(asked.perSecond, asked.seconds).then((at) => say({ kind: 'streamed', at }));
});
process.on('disconnect', () => void server.close());
say({ kind: 'serving', discovery: server.discovery });
