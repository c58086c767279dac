/** A program that appends to a new store until it is killed, and prints each number once it is stored. */
import { writeSync } from 'node:fs';
import { RunStore } from '../../trainer/store/run-store.ts';
import { aGroup, aRun, someMetrics, someTokens } from './records.ts';

const store = RunStore.create(process.argv[2] as string, aRun());
for (let step = 1; ; step++) {
  store.append({ type: 'group', group: aGroup(step) }, { tokens: new Map([[`s${step}-g0-o0`, someTokens()]]) });
  const { seq } = store.append({ type: 'step', metrics: someMetrics(step) });
  writeSync(1, `${seq}\n`);
}
