/** A link outlives what it names: what is there now is found, and what is not is said. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { RunStore } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from './folders.ts';
import { aGroup, aRun } from './records.ts';

function storeOf(...steps: readonly number[]): RunStore {
  const store = RunStore.create(temporaryFolder(), aRun());
  onTestFinished(() => store.dispose());
  for (const step of steps) store.append({ type: 'group', group: aGroup(step) });
  return store;
}

describe('a place', () => {
  it('that is there is found by its rollout, its group or its step alone', () => {
    const store = storeOf(1, 2, 3);
    const there = { groupId: 's2-g0', rolloutId: 's2-g0-o0', note: null };
    expect(store.findPlace({ rolloutId: 's2-g0-o1' })).toEqual({ ...there, rolloutId: 's2-g0-o1' });
    expect(store.findPlace({ groupId: 's2-g0' })).toEqual(there);
    expect(store.findPlace({ step: 2 })).toEqual(there);
    expect(store.findPlace({})).toEqual({ groupId: null, rolloutId: null, note: null });
  });

  it('that was superseded is shown as it was kept, with a sentence', () => {
    const store = storeOf(1, 2, 3);
    store.append({ type: 'rewound', toStep: 1 });
    const kept = { groupId: 's3-g0~1', rolloutId: 's3-g0-o1~1' };
    expect(store.findPlace({ rolloutId: 's3-g0-o1' })).toEqual({
      ...kept,
      note: 'The run has gone back over step 3, and there is no s3-g0-o1 any more; shown is what was called so, kept as s3-g0-o1~1.',
    });
    expect(store.findPlace({ rolloutId: 's3-g0-o1~1' })).toEqual({
      ...kept,
      note: 'The run has gone back over step 3: s3-g0-o1~1 is superseded, and kept as it was.',
    });
  });

  it('whose step was done again is the answer that stands, and names the one before', () => {
    const store = storeOf(1, 2, 3);
    store.append({ type: 'rewound', toStep: 1 });
    for (const step of [2, 3]) store.append({ type: 'group', group: aGroup(step) });
    expect(store.findPlace({ rolloutId: 's3-g0-o1' })).toEqual({
      groupId: 's3-g0',
      rolloutId: 's3-g0-o1',
      note: 'The run has gone back over step 3 and done it again: this is s3-g0-o1 as it stands; the one before it is s3-g0-o1~1.',
    });
  });

  it('that never was is answered with the nearest step, which a link or the id tells', () => {
    const store = storeOf(2, 10);
    const nearest = (step: number) => ({ groupId: `s${step}-g0`, rolloutId: `s${step}-g0-o0` });
    expect(store.findPlace({ rolloutId: 's9-g7-o0' })).toEqual({
      ...nearest(10),
      note: 'There is no rollout s9-g7-o0 in this run; shown is the nearest, of step 10.',
    });
    expect(store.findPlace({ groupId: 'gone', step: 3 })).toMatchObject(nearest(2));
    expect(store.findPlace({ step: 5 })).toEqual({
      ...nearest(2),
      note: 'Step 5 has no rollouts; shown is the nearest that has some, 2.',
    });
    expect(store.findPlace({ rolloutId: "x' OR 1=1 --" })).toEqual({
      groupId: null,
      rolloutId: null,
      note: "There is no rollout x' OR 1=1 -- in this run.",
    });
  });
});
