/** A program that appends to a new store until it is killed, and prints each number once it is stored. */
import { writeSync } from 'node:fs';
import { RunStore } from '../../trainer/store/run-store.ts';
import { aGroup, aRun, someMetrics, someTokens } from './records.ts';

const store = RunStore.create(process.argv[2] as string, aRun());
for (let step = 1; ; step++) {
  const id = `s${step}-g0-o0`;
  store.append(
    { type: 'group', group: aGroup(step) },
    { tokens: new Map([[id, { ...someTokens(), ids: [5, 6, 6, 0] }]]) },
  );
  const events = store.appendAll(
    [
      { type: 'references', step, kl: { [id]: step } },
      { type: 'step', metrics: someMetrics(step) },
    ],
    { scores: new Map([[id, { isLeftOut: false, reference: [-1, -1, -1, -1], trainer: null }]]) },
  );
  writeSync(1, `${events.at(-1)?.seq}\n`);
}
