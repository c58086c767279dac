import { describe, expect, it } from 'vitest';
import { exportLabelStudio, importLabelStudio } from '../../../trainer/annotations/exchange/exchange.ts';
import { contextWith, rowOf, vocabulary } from './project.ts';

const options = { vocabulary, textField: null };
const rows = Array.from({ length: 3_000 }, (_, k) => rowOf(`${k}`, `Text ${k} of many.`));
const tasks = rows.map(({ content: { text } }, id) => ({
  id,
  data: { text },
  annotations: [{ completed_by: 1, result: [{ type: 'choices', value: { choices: ['keep'] } }] }],
}));
const byHash = new Map(rows.map((row) => [row.item.hash, row]));
const context = {
  ...contextWith(),
  itemsWith: (hash: string) => [byHash.get(hash)].filter((row) => row !== undefined),
};

describe('a long import or export', () => {
  it('says how far it is, lets others have their turn, and gives as many as there are', async () => {
    const done: number[] = [];
    let turns = 0;
    let isDone = false;
    const other = (): void => {
      turns++;
      if (!isDone) setImmediate(other);
    };
    setImmediate(other);
    const { entries } = await importLabelStudio(tasks, options, context, {
      onProgress: (items, total) => {
        expect(total).toBe(tasks.length);
        done.push(items);
      },
    });
    isDone = true;
    expect(entries).toHaveLength(2 * rows.length);
    expect(done).toEqual(expect.arrayContaining(Array.from({ length: 15 }, (_, k) => 200 * k)));
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(turns).toBeGreaterThanOrEqual(15);
  });

  it('ends with the signal’s reason, also in the middle', async () => {
    const stop = new AbortController();
    const onProgress = (): void => stop.abort(new Error('enough'));
    await expect(importLabelStudio(tasks, options, context, { signal: stop.signal, onProgress })).rejects.toThrow(
      'enough',
    );
    const { entries } = await importLabelStudio(tasks.slice(0, 5), options, context);
    let count = 0;
    const write = (): void => {
      count++;
    };
    await expect(exportLabelStudio(entries, write, { signal: stop.signal })).rejects.toThrow('enough');
    expect(count).toBe(0);
  });
});
