/** What is exported of a list is what the list shows: its filter, its order, the first so many. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { exportTable } from '../../trainer/export/export-run.ts';
import { selectedRollouts } from '../../trainer/export/selection.ts';
import { parseQuery } from '../../trainer/protocol/query/parse.ts';
import type { ListSort } from '../../trainer/protocol/query/sort.ts';
import { RolloutReader } from '../../trainer/store/rollout-reader.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from '../store/folders.ts';
import { aGroup, aRollout, aRun } from '../store/records.ts';

function made() {
  const folder = temporaryFolder();
  const store = RunStore.create(`${folder}/run`, aRun({ state: 'completed' }));
  const reader = new RolloutReader();
  onTestFinished(async () => {
    await reader.dispose();
    store.dispose();
  });
  for (let step = 1; step <= 150; step++) {
    const id = `s${step}-g0`;
    const of = (index: number, tokenCount: number) =>
      aRollout({
        id: `${id}-o${index}`,
        groupId: id,
        step,
        index,
        tokenCount,
        correct: index === 0,
        accuracy: Number(index === 0),
      });
    store.append({ type: 'group', group: aGroup(step, { rollouts: [of(0, step), of(1, 1000 - step)] }) });
  }
  const select = async (query: string, sort: ListSort | null, limit: number | null) => {
    const expression = parseQuery(query).expression;
    if (expression === null) throw new Error(query);
    return selectedRollouts(reader, store, { expression, sort, limit });
  };
  const idsOf = async (...asked: Parameters<typeof select>) => {
    const ids: string[] = [];
    for await (const { id, group } of (await select(...asked)).records) {
      expect(id.startsWith(group.id)).toBe(true);
      ids.push(id);
    }
    return ids;
  };
  return { folder, store, select, idsOf };
}

describe('a selection', () => {
  it('is what the filter keeps, the newest first, over more than one page of the list', async () => {
    const { idsOf, select } = made();
    const ids = await idsOf('correct:false step<=140', null, null);
    expect(ids).toEqual(Array.from({ length: 140 }, (_, i) => `s${140 - i}-g0-o1`));
    expect(await idsOf('', null, null)).toHaveLength(300);
    expect(await select('correct:false', null, 20)).toMatchObject({ count: 20, matching: 150 });
  });

  it('is whole of a run of an older version, which is indexed anew', async () => {
    const folder = temporaryFolder();
    copyFileSync(join(import.meta.dirname, '../fixtures/store-schema-1.db'), join(folder, storeFile));
    const store = RunStore.open(folder);
    const reader = new RolloutReader();
    onTestFinished(async () => {
      await reader.dispose();
      store.dispose();
    });
    expect(store.filledShare()).toBeLessThan(1);
    const { expression } = parseQuery('felt:false');
    if (expression === null) throw new Error('felt:false is a query');
    const { records } = await selectedRollouts(reader, store, { expression, sort: null, limit: null });
    const found: unknown[] = [];
    for await (const { id, felt } of records) found.push([id, felt]);
    expect(found).toEqual([
      ['s2-g0-o0', false],
      ['s2-g0-o1', false],
    ]);
  });

  it('has the answers of a question as the list has them, ordered first, also where the limit cuts it', async () => {
    const { store, idsOf } = made();
    const answer = (order: 'ordered' | 'shuffled', index: number) =>
      aRollout({ id: `s151-g0-${order[0]}${index}`, groupId: 's151-g0', step: 151, order, index });
    const rollouts = [answer('ordered', 0), answer('ordered', 1), answer('shuffled', 0), answer('shuffled', 1)];
    store.append({ type: 'group', group: aGroup(151, { rollouts }) });
    expect(await idsOf('', null, 5)).toEqual(['s151-g0-o0', 's151-g0-o1', 's151-g0-s0', 's151-g0-s1', 's150-g0-o0']);
    expect(await idsOf('', null, 3)).toEqual(['s151-g0-o0', 's151-g0-o1', 's151-g0-s0']);
  });

  it('is sorted by a field, so that the worst of all are a few', async () => {
    const { idsOf } = made();
    expect(await idsOf('', { by: 'length', descending: true }, 3)).toEqual(['s1-g0-o1', 's2-g0-o1', 's3-g0-o1']);
    expect(await idsOf('correct:true', { by: 'length', descending: false }, 2)).toEqual(['s1-g0-o0', 's2-g0-o0']);
    expect(await idsOf('length>99999', { by: 'length', descending: false }, 2)).toEqual([]);
  });

  it('is written as lines and as columns in its order', async () => {
    const { folder, store, select } = made();
    const sort: ListSort = { by: 'length', descending: true };
    await exportTable(store, 'rollouts', 'jsonl', `${folder}/a.jsonl`, { chosen: await select('', sort, 3) });
    const lines = readFileSync(`${folder}/a.jsonl`, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(['s1-g0-o1', 's2-g0-o1', 's3-g0-o1']);
    await exportTable(store, 'rollouts', 'parquet', `${folder}/a.parquet`, { chosen: await select('', sort, 3) });
    const file = new Uint8Array(readFileSync(`${folder}/a.parquet`)).buffer as ArrayBuffer;
    expect(await parquetReadObjects({ file, columns: ['id', 'tokens'] })).toEqual([
      { id: 's1-g0-o1', tokens: 999n },
      { id: 's2-g0-o1', tokens: 998n },
      { id: 's3-g0-o1', tokens: 997n },
    ]);
  });
});
