/**
 * What the list of rollouts costs on a run of a million: first rows, any order, jumps, counts, what others wait meanwhile,
 * rollouts that stream in, and memory, each as a share of its limit and beside a plain table of the same rows.
 */
import { constants } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { type Expression, everything } from '../../trainer/protocol/query/expression.ts';
import { parseQuery } from '../../trainer/protocol/query/parse.ts';
import { type ListSort, sortFields } from '../../trainer/protocol/query/sort.ts';
import type { ListAsked } from '../../trainer/store/rollout-list.ts';
import { RolloutReader } from '../../trainer/store/rollout-reader.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { inspectorPages } from './inspector-pages.ts';
import { keptRun, lateGroups, perGroup, words } from './made-rollouts.ts';
import { type BenchFigure, type BenchOptions, median, quantile, timed } from './part.ts';
import { duckdbPeer, type Peer, peerColumns, sqlitePeer } from './table-peers.ts';

const wanted = 1_000_000;
/** Milliseconds. */
const limits = { opening: 500, rows: 100, counts: 500, others: 50, arrival: 150 } as const;
/** Of the memory that was taken before. */
const mostGrowth = 1.1;
const streamedPerSecond = 2000;
const streamedSeconds = 5;

/** One filter of each kind. */
const filters = ['correct:false', 'reward>1.9', 'p>=0.5', 'answer:b', 'step:100..5000', 'flag:order', 'pShuffled>=p'];
const texts = [
  `"${words[0]}"`,
  `"${words[40]}"`,
  `"${words[700]}"`,
  `"${words[3]} ${words[5]}"`,
  `${words[40]} or reward>1.9`,
];

const expressionOf = (line: string): Expression => {
  const { expression } = parseQuery(line);
  if (expression === null) throw new Error(`${line} has a fault.`);
  return expression;
};

interface Taken {
  readonly what: string;
  readonly ms: number;
}

function figure(name: string, taken: readonly Taken[], limitMs: number, more = ''): BenchFigure {
  const slowest = taken.reduce((worst, one) => (one.ms > worst.ms ? one : worst));
  const middle = median(taken.map(({ ms }) => ms));
  return {
    name,
    value: slowest.ms / limitMs,
    unit: 'times',
    note:
      `the limit of ${limitMs} ms; slowest ${slowest.ms.toFixed(0)} ms (${slowest.what}), median ${middle.toFixed(1)} ms of ` +
      `${taken.length}: ${slowest.ms <= limitMs ? 'reached' : 'not reached'}${more}`,
  };
}

/** Asks one run's reader as a page does. */
class Asking {
  readonly reader = new RolloutReader();
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  list(line: string, given: Partial<ListAsked> = {}) {
    const asked = { expression: expressionOf(line), sort: null, at: null, limit: 200, ...given };
    return this.reader.list(this.folder, asked);
  }

  count(line: string, sort: ListSort | null = null) {
    return this.reader.count(this.folder, { expression: expressionOf(line), sort, facets: true });
  }
}

/** The median of three. The order is another one each time, so that none stands from before. */
async function thrice(what: string, work: (round: number) => Promise<unknown>): Promise<Taken> {
  const times: number[] = [];
  for (let round = 0; round < 3; round++) times.push(await timed(() => work(round)));
  return { what, ms: median(times) };
}

async function each<T>(of: readonly T[], measure: (one: T) => Promise<Taken>): Promise<Taken[]> {
  const taken: Taken[] = [];
  for (const one of of) taken.push(await measure(one));
  return taken;
}

/** More orders than are kept, so that those asked for before are forgotten. */
async function forget(asking: Asking): Promise<void> {
  for (let step = 1; step <= 10; step++) await asking.list(`step:${step}`, { sort: { by: 'nth', descending: true } });
}

async function* opening(folder: string): AsyncGenerator<BenchFigure> {
  const asking = new Asking(folder);
  try {
    const rows = await timed(() => asking.list(''));
    yield figure('first rows of a run that is opened', [{ what: 'newest first', ms: rows }], limits.opening);
    const counts = await timed(() => asking.count(''));
    yield figure('its counts and chips', [{ what: 'columns are read', ms: counts }], limits.counts);
    const sort: ListSort = { by: 'entropy', descending: true };
    const sorted = await timed(() => asking.list('', { sort }));
    yield figure('a sort right after it is opened', [{ what: 'its column is read', ms: sorted }], limits.opening);
  } finally {
    await asking.reader.dispose();
  }
}

async function* lists(asking: Asking, peers: readonly Peer[]): AsyncGenerator<BenchFigure> {
  const orders = sortFields.flatMap((by): ListSort[] => [true, false].map((descending) => ({ by, descending })));
  // What is read of the database is in memory from here on.
  for (const sort of orders) await asking.list('', { sort });
  const ofPeers = async (sql: (column: string) => string): Promise<string> => {
    const parts: string[] = [];
    for (const peer of peers) {
      const taken = await each(peerColumns, (column) => thrice(column, () => peer.ask(sql(column))));
      const slowest = taken.reduce((worst, one) => (one.ms > worst.ms ? one : worst));
      parts.push(
        `${peer.name} slowest ${slowest.ms.toFixed(0)} ms (${slowest.what}), median ${median(taken.map(({ ms }) => ms)).toFixed(1)} ms`,
      );
    }
    return parts.map((part) => `; ${part}`).join('');
  };
  const sorted = (column: string) => `ORDER BY ${column} DESC NULLS LAST, key DESC LIMIT 200`;
  // The faster of two rounds: what else the machine does seldom meets both.
  const [first, second] = [[] as number[], [] as number[]];
  for (const round of [first, second])
    for (const sort of orders) round.push(await timed(() => asking.list('', { sort })));
  const ordered = orders.map(
    ({ by, descending }, number): Taken => ({
      what: `${by} ${descending ? 'down' : 'up'}`,
      ms: Math.min(first[number] ?? Number.NaN, second[number] ?? Number.NaN),
    }),
  );
  yield figure(
    'first rows, any column',
    ordered,
    limits.rows,
    await ofPeers((column) => `SELECT * FROM rows ${sorted(column)}`),
  );
  const filtered: Taken[] = [];
  for (const line of filters)
    for (const by of ['reward', 'answer', 'time'] as const) {
      await forget(asking);
      filtered.push({
        what: `${line} by ${by}`,
        ms: await timed(() => asking.list(line, { sort: { by, descending: true } })),
      });
    }
  yield figure(
    'first rows, a column and a filter',
    filtered,
    limits.rows,
    await ofPeers((column) => `SELECT * FROM rows WHERE correct = 0 ${sorted(column)}`),
  );
  const sort: ListSort = { by: 'reward', descending: true };
  await asking.count('correct:false', sort);
  const { matching } = await asking.count('correct:false', sort);
  const jumps = await each([0.1, 0.25, 0.5, 0.75, 0.99], (share) =>
    thrice(`to ${share}`, () => asking.list('correct:false', { sort, at: { index: Math.floor(share * matching) } })),
  );
  yield figure(
    'jump',
    [...jumps, await thrice('to a step', () => asking.list('correct:false', { sort, at: { step: 4000 } }))],
    limits.rows,
    await ofPeers((column) => `SELECT * FROM rows WHERE correct = 0 ${sorted(column)} OFFSET 500000`),
  );
}

async function* counts(asking: Asking, peers: readonly Peer[]): AsyncGenerator<BenchFigure> {
  const taken = async (lines: readonly string[]) =>
    await each(lines, async (line) => {
      await forget(asking);
      return { what: line, ms: await timed(() => asking.count(line)) };
    });
  const facets =
    'SELECT half, correct, aha, type, purpose, flagged, count(*) FROM rows WHERE entropy < 0.1 GROUP BY ALL';
  const named = facets.replace('ALL', 'half, correct, aha, type, purpose, flagged');
  const ofPeers: string[] = [];
  for (const peer of peers)
    ofPeers.push(`; ${peer.name} ${(await thrice('', () => peer.ask(named))).ms.toFixed(0)} ms for one filter`);
  yield figure('counts and chips', await taken(['', ...filters]), limits.counts, ofPeers.join(''));
  yield figure('counts and chips of texts', await taken(texts), limits.counts);
  const rows = await each(texts, async (line) => {
    await forget(asking);
    return { what: line, ms: await timed(() => asking.list(line)) };
  });
  yield figure('first rows of texts', rows, limits.rows);
}

/** What else is asked while counts go on, one after the other. */
async function* others(asking: Asking, store: RunStore): AsyncGenerator<BenchFigure> {
  let counting = true;
  const counted = (async () => {
    for (let round = 0; round < 40; round++) await asking.count(`${texts[round % texts.length]} step>${round}`);
    counting = false;
  })();
  const times: number[] = [];
  while (counting) {
    times.push(await timed(() => setImmediate()));
    times.push(await timed(async () => store.group('s100-g0')));
    times.push(await timed(async () => store.annotations('s100-g0-o0')));
    times.push(await timed(() => asking.list('half:shuffled')));
  }
  await counted;
  const what = `99 of 100 of ${times.length}, longest ${Math.max(...times).toFixed(0)} ms`;
  yield figure('other requests during a count', [{ what, ms: quantile(times, 0.99) }], limits.others);
}

/** From the moment at which a group is stored to the answer of the list that has it. */
async function* streaming(asking: Asking, store: RunStore): AsyncGenerator<BenchFigure> {
  const groups = lateGroups();
  const sort: ListSort = { by: 'reward', descending: true };
  const line = 'correct:true';
  await asking.list(line, { sort });
  const times: number[] = [];
  const waits: number[] = [];
  const perTurn = Math.ceil(streamedPerSecond / 10 / perGroup);
  for (let turn = 0; turn < streamedSeconds * 10; turn++) {
    const started = performance.now();
    const bodies = Array.from({ length: perTurn }, () => ({ type: 'group' as const, group: groups.next().value }));
    const stored = performance.now();
    waits.push(await timed(async () => store.appendAll(bodies)));
    await asking.list(line, { sort });
    times.push(performance.now() - stored);
    await pause(Math.max(0, 100 - (performance.now() - started)));
  }
  const what = `95 of 100; storing ${perTurn * perGroup} takes ${median(waits).toFixed(0)} ms of it`;
  yield figure(
    `${streamedPerSecond} rollouts a second, sorted and filtered`,
    [{ what, ms: quantile(times, 0.95) }],
    limits.arrival,
  );
}

async function* memory(asking: Asking): AsyncGenerator<BenchFigure> {
  const ask = async (requests: number) => {
    for (let number = 0; number < requests; number++) {
      const by = sortFields[number % sortFields.length] ?? 'reward';
      const line = [...filters, ...texts][number % (filters.length + texts.length)] ?? '';
      await asking.list(line, { sort: { by, descending: number % 2 === 0 } });
      if (number % 5 === 0) await asking.count(line);
    }
  };
  await ask(150);
  const before = process.memoryUsage().rss;
  await ask(300);
  const after = process.memoryUsage().rss;
  const ratio = after / before;
  const verdict = ratio <= mostGrowth ? 'reached' : 'not reached';
  yield {
    name: 'memory after 300 more requests',
    value: ratio,
    unit: 'times',
    note: `${(before / 1e6).toFixed(0)} MB before, ${(after / 1e6).toFixed(0)} MB after; at most ${mostGrowth}: ${verdict}`,
  };
}

export async function* benchInspector({ minutes }: BenchOptions): AsyncGenerator<BenchFigure> {
  const kept = await keptRun(wanted, (line) => process.stderr.write(`${line}\n`));
  const folder = await mkdtemp(path.join(tmpdir(), 'video-r1-inspector-'));
  const peers: Peer[] = [];
  const asking = new Asking(folder);
  let store: RunStore | null = null;
  try {
    // Rollouts stream into a copy.
    await copyFile(path.join(kept, storeFile), path.join(folder, storeFile), constants.COPYFILE_FICLONE);
    store = RunStore.open(folder);
    yield* opening(folder);
    const sqlite = sqlitePeer(path.join(folder, storeFile), folder);
    peers.push(sqlite);
    const csv = path.join(folder, 'rows.csv');
    await sqlite.csv(csv);
    const duckdb = await duckdbPeer(csv);
    if (typeof duckdb === 'string') process.stderr.write(`without DuckDB: ${duckdb}\n`);
    else peers.push(duckdb);
    await asking.reader.list(folder, { expression: everything, sort: null, at: null, limit: 1 });
    yield* lists(asking, peers);
    yield* counts(asking, peers);
    yield* others(asking, store);
    yield* streaming(asking, store);
    yield* memory(asking);
  } finally {
    for (const peer of peers) peer.dispose();
    await asking.reader.dispose();
    store?.dispose();
    await rm(folder, { recursive: true, force: true });
  }
  yield* inspectorPages(kept, minutes);
}
