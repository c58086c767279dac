import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Expression, everything } from '../../trainer/protocol/query/expression.ts';
import { parseQuery } from '../../trainer/protocol/query/parse.ts';
import { RolloutReader } from '../../trainer/store/rollout-reader.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { counted, listed } from './asking.ts';
import { databaseOf, temporaryFolder } from './folders.ts';
import { aGroup, aRollout, aRun } from './records.ts';

const expressionOf = (line: string): Expression => parseQuery(line).expression ?? everything;

function aReader(): RolloutReader {
  const reader = new RolloutReader();
  onTestFinished(() => reader.dispose());
  return reader;
}

/** A run of `groups` groups of sixteen. */
function aStore(groups: number, folder = temporaryFolder()): RunStore {
  const store = RunStore.create(folder, aRun());
  onTestFinished(() => store.dispose());
  databaseOf(store).exec('PRAGMA synchronous = OFF');
  const bodies = Array.from({ length: groups }, (_, number) => {
    const id = `g${number}`;
    const rollouts = Array.from({ length: 16 }, (_unused, index) =>
      aRollout({ id: `${id}-o${index}`, groupId: id, correct: index % 2 === 0, meanEntropy: index }),
    );
    return { type: 'group' as const, group: aGroup(1, { id, rollouts }) };
  });
  store.appendAll(bodies);
  return store;
}

const list = (reader: RolloutReader, store: RunStore, line = '', limit = 100) =>
  reader.list(store.folder, { expression: expressionOf(line), before: Number.MAX_SAFE_INTEGER, limit });
const count = (reader: RolloutReader, store: RunStore, line = '', signal?: AbortSignal) =>
  reader.count(store.folder, { expression: expressionOf(line), facets: true }, signal);

/** Looks at every rollout, a few thousand in each slice. */
const slow = 'right or entropy>3';

describe('the thread that reads rollouts', () => {
  test('answers as the store itself does, and sees at once what was stored', async () => {
    const store = aStore(3);
    const reader = aReader();
    expect(await list(reader, store, 'correct:true')).toEqual(listed(store, 'correct:true', { limit: 100 }));
    expect(await count(reader, store, 'right or entropy>3')).toEqual(counted(store, 'right or entropy>3'));
    store.append({ type: 'group', group: aGroup(2) });
    expect((await list(reader, store)).rows[0]?.id).toBe('s2-g0-s0');
    store.append({ type: 'rewound', toStep: 1 });
    expect((await count(reader, store)).total).toBe(48);
  });

  test('answers a list while it counts', async () => {
    const store = aStore(2000);
    const reader = aReader();
    const order: string[] = [];
    const counting = count(reader, store, slow).then(() => order.push('count'));
    await list(reader, store, 'correct:true', 5).then(() => order.push('list'));
    await counting;
    expect(order).toEqual(['list', 'count']);
  });

  test('gives a count up when told to, and counts on for others', async () => {
    const store = aStore(2000);
    const reader = aReader();
    await list(reader, store);
    const controller = new AbortController();
    const given = count(reader, store, slow, controller.signal);
    const kept = count(reader, store, slow);
    controller.abort();
    await expect(given).rejects.toMatchObject({ kind: 'cancelled' });
    expect((await kept).matching).toBe(32_000);
    await expect(count(reader, store, slow, controller.signal)).rejects.toMatchObject({ kind: 'cancelled' });
  });

  test('that dies answers what it was asked with an error, and is started again by the next request', async () => {
    const store = aStore(2000);
    const reader = aReader();
    await list(reader, store);
    const waiting = count(reader, store, slow);
    // biome-ignore lint/complexity/useLiteralKeys: the field is private.
    await (reader['worker'] as Worker).terminate();
    await expect(waiting).rejects.toMatchObject({
      kind: 'internal',
      message: expect.stringMatching(/thread.*ended/),
      remedy: expect.stringMatching(/Ask again/),
    });
    expect((await count(reader, store, 'correct:true')).matching).toBe(16_000);
  });

  test('names the database that it can not read, and goes on with the others', async () => {
    const store = aStore(1);
    const reader = aReader();
    const folder = temporaryFolder();
    await expect(reader.list(folder, { expression: everything, before: 9, limit: 9 })).rejects.toMatchObject({
      kind: 'bad-store',
      place: join(folder, storeFile),
    });
    expect((await list(reader, store)).total).toBe(16);
  });

  test.skipIf(process.platform !== 'linux')(
    'lets go of a run that is closed, what is under way there too',
    async () => {
      const folder = temporaryFolder();
      const store = aStore(2000, folder);
      const other = aStore(1);
      const reader = aReader();
      await Promise.all([list(reader, store), list(reader, other), count(reader, store)]);
      const openFiles = () => readdirSync('/proc/self/fd', { withFileTypes: true }).length;
      const waiting = count(reader, store, slow);
      const refused = expect(waiting).rejects.toMatchObject({ kind: 'cancelled' });
      const before = openFiles();
      await reader.close(folder);
      await refused;
      expect(openFiles()).toBeLessThan(before);
      store.dispose();
      rmSync(folder, { recursive: true });
      expect((await list(reader, other)).total).toBe(16);
    },
  );

  test('closing a reader that never read starts no thread', async () => {
    const reader = aReader();
    await reader.close('/nowhere');
    // biome-ignore lint/complexity/useLiteralKeys: the field is private.
    expect(reader['worker']).toBeNull();
  });

  test('a reader that is disposed answers what is under way', async () => {
    const store = aStore(2000);
    const reader = new RolloutReader();
    const waiting = count(reader, store, slow);
    const refused = expect(waiting).rejects.toMatchObject({ kind: 'cancelled' });
    await reader.dispose();
    await refused;
  });
});
