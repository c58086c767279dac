import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Expression, everything } from '../../trainer/protocol/query/expression.ts';
import { parseQuery } from '../../trainer/protocol/query/parse.ts';
import { type FromReader, RolloutReader } from '../../trainer/store/rollout-reader.ts';
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
function aStore(groups: number): RunStore {
  const store = RunStore.create(mkdtempSync(join(tmpdir(), 'video-r1-read-')), aRun());
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

function remove(store: RunStore): void {
  store.dispose();
  rmSync(store.folder, { recursive: true, force: true });
}

function aSmallStore(): RunStore {
  const store = aStore(3);
  onTestFinished(() => remove(store));
  return store;
}

/** Whether a file that this process has open lies in a folder. */
function isIn(descriptor: string, folder: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder);
  } catch {
    // The one by which the list of all was read is closed by now.
    return false;
  }
}

const list = (reader: RolloutReader, store: RunStore, line = '', limit = 100) =>
  reader.list(store.folder, { expression: expressionOf(line), sort: null, at: null, limit });
const count = (reader: RolloutReader, store: RunStore, line = '', signal?: AbortSignal) =>
  reader.count(store.folder, { expression: expressionOf(line), sort: null, facets: true }, signal ? { signal } : {});

/** Looks at every rollout, a few thousand in each slice. */
const slow = 'right or entropy>3';

describe('the thread that reads rollouts', () => {
  /** Sixteen thousand rollouts: more than one slice. */
  let store: RunStore;
  beforeAll(() => {
    store = aStore(1000);
  });
  afterAll(() => remove(store));

  test('answers as the store itself does, and sees at once what was stored', async () => {
    const small = aSmallStore();
    const reader = aReader();
    expect(await list(reader, small, 'correct:true')).toEqual(listed(small, 'correct:true', { limit: 100 }));
    expect(await count(reader, small, 'right or entropy>3')).toEqual(counted(small, 'right or entropy>3'));
    small.append({ type: 'group', group: aGroup(2) });
    expect((await list(reader, small)).rows[0]?.id).toBe('s2-g0-s0');
    small.append({ type: 'rewound', toStep: 1 });
    expect((await count(reader, small)).total).toBe(48);
  });

  test('answers a list while it counts', async () => {
    const reader = aReader();
    const order: string[] = [];
    const counting = count(reader, store, slow).then(() => order.push('count'));
    await list(reader, store, 'correct:true', 5).then(() => order.push('list'));
    await counting;
    expect(order).toEqual(['list', 'count']);
  });

  test('gives a count up when told to, and counts on for others', async () => {
    const reader = aReader();
    await list(reader, store);
    const answers: number[] = [];
    // biome-ignore lint/complexity/useLiteralKeys: the field is private.
    (reader['worker'] as Worker).on('message', (answer: FromReader) => {
      if (!('done' in answer)) answers.push(answer.id);
    });
    const controller = new AbortController();
    const given = count(reader, store, slow, controller.signal);
    const kept = count(reader, store, slow);
    controller.abort();
    await expect(given).rejects.toMatchObject({ kind: 'cancelled' });
    expect((await kept).matching).toBe(16_000);
    // The first request was the list: the thread never came to the end of the second.
    expect(answers).toEqual([3]);
    await expect(count(reader, store, slow, controller.signal)).rejects.toMatchObject({ kind: 'cancelled' });
  });

  test('that dies answers what it was asked with an error, and is started again by the next request', async () => {
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
    expect((await count(reader, store, 'correct:true')).matching).toBe(8000);
  });

  test('names the database that it can not read, and goes on with the others', async () => {
    const small = aSmallStore();
    const reader = aReader();
    const folder = temporaryFolder();
    await expect(reader.list(folder, { expression: everything, sort: null, at: null, limit: 9 })).rejects.toMatchObject(
      {
        kind: 'bad-store',
        place: join(folder, storeFile),
      },
    );
    expect((await list(reader, small)).total).toBe(48);
  });

  test.skipIf(process.platform !== 'linux')(
    'lets go of a run that is closed, what is under way there too',
    async () => {
      const other = aSmallStore();
      const reader = aReader();
      await Promise.all([list(reader, store), list(reader, other), count(reader, store)]);
      const openFiles = () => readdirSync('/proc/self/fd').filter((fd) => isIn(fd, store.folder)).length;
      const refused = expect(count(reader, store, slow)).rejects.toMatchObject({ kind: 'cancelled' });
      await reader.close(store.folder);
      await refused;
      const ownFiles = openFiles();
      await list(reader, store);
      expect(openFiles()).toBeGreaterThan(ownFiles);
      await reader.close(store.folder);
      expect(openFiles()).toBe(ownFiles);
      expect((await list(reader, other)).total).toBe(48);
    },
  );

  test('closing a reader that never read starts no thread', async () => {
    const reader = aReader();
    await reader.close('/nowhere');
    // biome-ignore lint/complexity/useLiteralKeys: the field is private.
    expect(reader['worker']).toBeNull();
  });

  test('a reader that is disposed answers what is under way', async () => {
    const reader = new RolloutReader();
    const waiting = count(reader, store, slow);
    const refused = expect(waiting).rejects.toMatchObject({ kind: 'cancelled' });
    await reader.dispose();
    await refused;
  });
});
