import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { GroupWithRollouts } from '../../trainer/protocol/records.ts';
import { countsInPoints, countsUpTo, sumsOf, withGroups } from '../../trainer/protocol/step-counts.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from './folders.ts';
import { aGroup, aRollout, aRun } from './records.ts';

function newStore(folder = temporaryFolder()): RunStore {
  const store = RunStore.create(folder, aRun());
  onTestFinished(() => store.dispose());
  return store;
}

/** A group of two ordered answers that are both right, or both wrong. */
function flatGroup(step: number, accuracy: 0 | 1, given: Partial<GroupWithRollouts> = {}): GroupWithRollouts {
  const id = given.id ?? `s${step}-f${accuracy}`;
  const rollouts = [0, 1].map((index) =>
    aRollout({
      id: `${id}-o${index}`,
      groupId: id,
      step,
      index,
      accuracy,
      correct: accuracy === 1,
      reward: { parts: [{ name: 'accuracy', value: accuracy, possible: 1, explanation: '' }], total: accuracy },
    }),
  );
  return aGroup(step, { id, stats: { mean: accuracy, std: 0, count: 2 }, rollouts, ...given });
}

const write = (store: RunStore, ...groups: GroupWithRollouts[]) =>
  store.appendAll(groups.map((group) => ({ type: 'group', group })));

/** The columns of a purpose, as plain numbers. */
function columns(store: RunStore, purpose = 'train') {
  const counts = store.counts().counts.find((one) => one.purpose === purpose);
  if (!counts) return null;
  const { steps } = counts;
  const of = (name: Parameters<typeof sumsOf>[1]) => sumsOf(counts, name);
  return { steps, groups: of('groups'), answers: of('answers'), right: of('flatAllRight'), wrong: of('flatAllWrong') };
}

test('sums stand by step and purpose, and are those that a page makes of the groups as they arrive', () => {
  const store = newStore();
  const groups = [
    flatGroup(2, 0),
    aGroup(2),
    flatGroup(1, 1, { id: 'probe-1', purpose: 'probe' }),
    flatGroup(1, 0),
    flatGroup(1, 1),
  ];
  write(store, ...groups);
  expect(columns(store)).toEqual({ steps: [1, 2], groups: [2, 2], answers: [4, 4], right: [1, 0], wrong: [1, 1] });
  expect(columns(store, 'probe')).toMatchObject({ steps: [1], right: [1] });
  const onPage = withGroups([], groups);
  for (const counts of store.counts().counts) {
    const same = onPage.find(({ purpose }) => purpose === counts.purpose);
    expect(same?.steps).toEqual(counts.steps);
    for (const [name, column] of Object.entries(counts.sums)) expect(same?.sums[name], name).toEqual(column);
  }
});

test('a group that is written again is counted once, as it is then', () => {
  const store = newStore();
  write(store, flatGroup(1, 0, { id: 's1-g0' }), flatGroup(1, 0));
  write(store, flatGroup(1, 1, { id: 's1-g0' }));
  expect(columns(store)).toEqual({ steps: [1], groups: [2], answers: [4], right: [1], wrong: [1] });
});

test('going back takes away what was counted of later steps, and what is made again is counted', () => {
  const store = newStore();
  write(store, flatGroup(1, 0), flatGroup(2, 0), flatGroup(3, 1));
  store.append({ type: 'rewound', toStep: 1 });
  expect(columns(store)).toEqual({ steps: [1], groups: [1], answers: [2], right: [0], wrong: [1] });
  write(store, flatGroup(2, 1));
  expect(columns(store)).toEqual({ steps: [1, 2], groups: [1, 1], answers: [2, 2], right: [0, 1], wrong: [1, 0] });
});

test('groups of other rules are counted anew in portions, with those that come meanwhile, and without what was superseded', () => {
  const folder = temporaryFolder();
  const before = RunStore.create(folder, aRun());
  write(before, flatGroup(1, 0), flatGroup(2, 0), flatGroup(3, 1));
  before.append({ type: 'rewound', toStep: 2 });
  before.dispose();
  const file = new DatabaseSync(join(folder, storeFile));
  file.exec("UPDATE counting SET version = 0; UPDATE step_counts SET sums = '{}'; DELETE FROM group_counts;");
  file.close();

  const store = RunStore.open(folder);
  onTestFinished(() => store.dispose());
  expect(store.counts()).toMatchObject({ counts: [], counted: 0 });
  expect(store.countedShare()).toBe(0);
  store.count(0);
  // Again before its turn came: counted now, and not once more in its turn.
  write(store, flatGroup(1, 1, { id: 's1-f0' }), flatGroup(3, 1));
  const shares: number[] = [];
  for (let share = 0; share < 1; ) {
    share = store.count(0);
    shares.push(share);
  }
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
  expect(shares.length).toBeGreaterThan(1);
  expect(columns(store)).toEqual({
    steps: [1, 2, 3],
    groups: [1, 1, 1],
    answers: [2, 2, 2],
    right: [1, 0, 1],
    wrong: [0, 1, 0],
  });
});

test('of very many steps several are put together, nothing is lost, and a page goes on with them', () => {
  const steps = Array.from({ length: 5000 }, (_, at) => at + 1);
  const counts = { purpose: 'train' as const, steps, sums: { groups: steps.map(() => 2), answers: steps } };
  const made = countsInPoints(counts, 1024);
  expect([made.size, made.steps.length, made.steps.slice(0, 3)]).toEqual([8, 626, [0, 8, 16]]);
  // Steps 1 to 7, and 8 to 15.
  expect(sumsOf(made, 'answers').slice(0, 2)).toEqual([28, 92]);
  expect(sumsOf(made, 'groups').reduce((sum, one) => sum + one, 0)).toBe(10_000);
  const [grown] = withGroups([made], [aGroup(5000), aGroup(5008)]);
  expect(grown?.steps.slice(-2)).toEqual([5000, 5008]);
  expect(sumsOf(grown as typeof made, 'groups').slice(-2)).toEqual([3, 1]);
  expect(countsUpTo([made], 4999)[0]?.steps.at(-1)).toBe(4992);
  expect(countsInPoints(counts, 4096)).toBe(counts);
});
