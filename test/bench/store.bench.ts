/** What a run of a million rollouts costs: storing a group, lists and counts by filter, and what waits while a count runs. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { presetParameters } from '../../trainer/learning/presets.ts';
import { type Expression, everything } from '../../trainer/protocol/query/expression.ts';
import { parseQuery } from '../../trainer/protocol/query/parse.ts';
import type { RunEventBody } from '../../trainer/protocol/records.ts';
import { RolloutReader } from '../../trainer/store/rollout-reader.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { anAnnotation, aRun } from '../store/records.ts';
import { madeGroups, perGroup, words } from './made-rollouts.ts';
import { type BenchFigure, median, quantile, timed } from './part.ts';

const wanted = 1_000_000;
/** Groups that are stored in one go while the run is made. */
const atOnce = 500;

const lines = [
  '',
  'half:shuffled correct:true',
  'aha>=3',
  'flagged',
  'step:5000',
  'step:20..40',
  'row:17',
  `${words[0]}`,
  `${words[700]} correct:true`,
  `"${words[3]} ${words[5]}"`,
  'reward>1.9 entropy<0.1',
  'reward>1.9999',
  `${words[40]} or reward>1.9`,
];

const expressionOf = (line: string): Expression => parseQuery(line).expression ?? everything;

export async function* benchStore(): AsyncGenerator<BenchFigure> {
  const folder = await mkdtemp(path.join(tmpdir(), 'video-r1-bench-'));
  const store = RunStore.create(folder, aRun({ parameters: presetParameters('sample', 'tgrpo') }));
  const reader = new RolloutReader();
  try {
    const groups = madeGroups();
    const take = (count: number): RunEventBody[] =>
      Array.from({ length: count }, () => ({ type: 'group', group: groups.next().value }));
    for (let made = 0; made < wanted; made += atOnce * perGroup) {
      store.appendAll(take(Math.min(atOnce, Math.ceil((wanted - made) / perGroup))));
      await setImmediate();
    }
    store.append({ type: 'annotation', annotation: anAnnotation(1, 's3-g1-o0', { span: null }) });
    const { size } = await stat(path.join(folder, storeFile));
    const stored = `${wanted.toLocaleString('en-US')} rollouts, ${(size / 1e9).toFixed(2)} GB`;

    const times: number[] = [];
    for (const body of take(60)) times.push(await timed(async () => store.append(body)));
    yield { name: 'store a group of 12', value: median(times), unit: 'ms', note: stored };

    await reader.list(folder, { expression: everything, sort: null, at: null, limit: 1 });
    for (const line of lines) {
      const expression = expressionOf(line);
      const list = () => reader.list(folder, { expression, sort: null, at: null, limit: 200 });
      await list();
      const listed = [await timed(list), await timed(list), await timed(list)];
      let matching = 0;
      const counted = await timed(async () => {
        ({ matching } = await reader.count(folder, { expression, sort: null, facets: true }));
      });
      const note = `count of all and by chip ${counted.toFixed(0)} ms, ${matching.toLocaleString('en-US')} match`;
      yield { name: `list ${line === '' ? 'all' : line}`, value: median(listed), unit: 'ms', note };
    }

    yield* whileCounting(store, reader, folder);
  } finally {
    await reader.dispose();
    store.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the answering thread and an indexed list wait while every rollout is counted by a word; and how soon a count is given up. */
async function* whileCounting(store: RunStore, reader: RolloutReader, folder: string): AsyncGenerator<BenchFigure> {
  const expression = expressionOf(`${words[0]}`);
  const other = expressionOf('half:shuffled');
  let counting = true;
  const count = reader.count(folder, { expression, sort: null, facets: true }).finally(() => {
    counting = false;
  });
  const turns: number[] = [];
  const lists: number[] = [];
  while (counting) {
    turns.push(await timed(() => setImmediate()));
    turns.push(await timed(async () => store.metrics()));
    lists.push(await timed(() => reader.list(folder, { expression: other, sort: null, at: null, limit: 200 })));
  }
  await count;
  const note = `longest of ${turns.length}, while a count of all rollouts goes on`;
  yield { name: 'answering thread waits', value: Math.max(...turns), unit: 'ms', note };
  yield {
    name: 'list half:shuffled during a count',
    value: median(lists),
    unit: 'ms',
    note: `longest ${Math.max(...lists).toFixed(0)} ms of ${lists.length}`,
  };
  const given: number[] = [];
  for (let round = 0; round < 20; round++) {
    const controller = new AbortController();
    const abandoned = reader
      .count(folder, { expression, sort: null, facets: true }, { signal: controller.signal })
      .catch(() => null);
    await reader.list(folder, { expression: other, sort: null, at: null, limit: 1 });
    controller.abort();
    await abandoned;
    // The next count comes after whatever is left of this one.
    given.push(await timed(() => reader.count(folder, { expression: everything, sort: null, facets: false })));
  }
  yield {
    name: 'count after one that was given up',
    value: median(given),
    unit: 'ms',
    note: `95 of 100 ${quantile(given, 0.95).toFixed(1)} ms`,
  };
}
