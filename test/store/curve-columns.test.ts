/** Curves of any range and width are gathered from the steps as they stand, and the least and the most are never lost. */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { type CurvesAnswer, type CurvesAsked, ownPoints, pointOf } from '../../trainer/protocol/curves.ts';
import { CurveColumns } from '../../trainer/store/curve-columns.ts';
import { Database } from '../../trainer/store/database.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { databaseOf, temporaryFolder } from './folders.ts';
import { aRun, someMetrics } from './records.ts';

function opened(): { store: RunStore; read: (asked?: Partial<CurvesAsked>) => CurvesAnswer } {
  const folder = temporaryFolder();
  const store = RunStore.create(folder, aRun());
  const columns = new CurveColumns(new Database(join(folder, storeFile), { readOnly: true }));
  onTestFinished(() => {
    columns.dispose();
    store.dispose();
  });
  return {
    store,
    read(asked = {}) {
      const reading = columns.read({ fromStep: null, toStep: null, points: 16, before: null, ...asked });
      for (;;) {
        const { done, value } = reading.next();
        if (done) return value;
      }
    },
  };
}

/** Steps from 1 on whose losses are these, without the events of a run. */
function put(store: RunStore, losses: readonly (number | null)[]): void {
  const database = databaseOf(store);
  database.transaction(() => {
    for (const [at, loss] of losses.entries())
      database.run(
        'INSERT INTO steps (step, body) VALUES (?, ?)',
        at + 1,
        JSON.stringify(someMetrics(at + 1, { loss })),
      );
  });
}

test('a range with room for it has a point for each step, with its own values', () => {
  const { store, read } = opened();
  put(store, [0.5, null, 2, 3]);
  const all = read();
  expect(all).toMatchObject({ size: 1, steps: [1, 2, 3, 4], total: 4, firstStep: 1, lastStep: 4 });
  expect(all.columns.loss).toEqual({ mean: [0.5, null, 2, 3] });
  const part = read({ fromStep: 2, toStep: 3 });
  expect([part.steps, part.columns.loss, part.total]).toEqual([[2, 3], { mean: [null, 2] }, 4]);
});

test('of steps that are put together the least, the most and the mean are those of all of them', () => {
  // JSON has no -0.
  const number = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((one) => one + 0);
  const loss = fc.option(number, { freq: 4 });
  fc.assert(
    fc.property(
      fc.array(loss, { minLength: 16 * ownPoints + 1, maxLength: 300 }),
      fc.integer({ min: 16, max: 40 }),
      (losses, points) => {
        const { store, read } = opened();
        put(store, losses);
        const { size, steps, columns } = read({ points });
        fc.pre(losses.length > points * ownPoints);
        expect(steps.length).toBeLessThanOrEqual(points);
        expect(steps).toEqual([...new Set(losses.map((_, at) => pointOf(at + 1, size)))]);
        for (const [at, first] of steps.entries()) {
          const own = losses.slice(Math.max(0, first - 1), first + size - 1).filter((one) => one !== null);
          expect(columns.loss?.count?.[at]).toBe(own.length);
          expect(columns.loss?.low?.[at]).toBe(own.length === 0 ? null : Math.min(...own));
          expect(columns.loss?.high?.[at]).toBe(own.length === 0 ? null : Math.max(...own));
          const mean = own.reduce((sum, one) => sum + one, 0) / own.length;
          if (own.length > 0) expect(columns.loss?.mean[at]).toBeCloseTo(mean, 6);
        }
      },
    ),
    { numRuns: 12 },
  );
});

test('one step among very many is still the most of its point, and is found alone where one looks closer', () => {
  const { store, read } = opened();
  put(
    store,
    Array.from({ length: 20_000 }, (_, at) => (at === 12_344 ? 9 : at === 777 ? -9 : 1)),
  );
  const far = read();
  expect(far.size).toBe(2048);
  expect(far.steps.length).toBeLessThanOrEqual(16);
  const { low = [], high = [] } = far.columns.loss ?? {};
  expect([Math.min(...low.map(Number)), Math.max(...high.map(Number))]).toEqual([-9, 9]);
  const near = read({ fromStep: 12_330, toStep: 12_360 });
  expect([near.size, near.columns.loss?.mean[near.steps.indexOf(12_345)]]).toEqual([1, 9]);
});

test('what is recorded later is taken in, and what the run went back over is kept aside', () => {
  const { store, read } = opened();
  const step = (number: number, loss: number) =>
    store.append({ type: 'step', metrics: someMetrics(number, { loss, memoryBytes: 1e9 * loss }) });
  for (const number of [1, 2, 3]) step(number, number);
  expect(read()).toMatchObject({ steps: [1, 2, 3], attempts: [] });
  store.append({ type: 'rewound', toStep: 1 });
  step(2, 20);
  const now = read();
  expect([now.steps, now.columns.loss?.mean, now.columns.memory?.mean]).toEqual([
    [1, 2],
    [1, 20],
    [1e9, 2e10],
  ]);
  expect(now.attempts).toEqual([{ attempt: 1, from: 2, to: 3 }]);
  expect(now.recent.map(({ loss }) => loss)).toEqual([1, 20]);
  expect(read({ before: 1 })).toMatchObject({ steps: [1, 2, 3], columns: { loss: { mean: [1, 2, 3] } } });
  step(3, 30);
  expect(read().columns.loss?.mean).toEqual([1, 20, 30]);
  // (24 + 36) tokens in 15 ms.
  expect(read().columns.tokensPerSecond?.mean).toEqual([4000, 4000, 4000]);
});
