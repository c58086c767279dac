/** Experiments are kept beside a run's records: numbered, read back whole, and nothing else in the store knows of them. */
import { expect, onTestFinished, test } from 'vitest';
import { RunStore } from '../../trainer/store/run-store.ts';
import { counted, listed } from './asking.ts';
import { anExperiment, experimentTokens as tokens } from './experiments.ts';
import { temporaryFolder } from './folders.ts';
import { aGroup, aRun } from './records.ts';

function aStore(folder = temporaryFolder()): RunStore {
  const store = RunStore.create(folder, aRun({ state: 'running', doing: null }));
  onTestFinished(() => store.dispose());
  for (const step of [1, 2]) store.append({ type: 'group', group: aGroup(step) });
  return store;
}

test('an experiment is read back whole, under a number of its own that is not given again', () => {
  const store = aStore();
  const first = store.keepExperiment(anExperiment('s1-g0-o0'), tokens);
  const second = store.keepExperiment(anExperiment('s1-g0-o0'), tokens);
  const other = store.keepExperiment(anExperiment('s1-g0-o1'), tokens);
  const ofGroup = store.keepExperiment(anExperiment(null), []);
  expect([first, second, other, ofGroup].map(({ number }) => number)).toEqual([1, 2, 1, 1]);
  expect(store.experiment(first.id)).toEqual({ experiment: first, tokens });
  expect(store.experimentsAbout({ rolloutId: 's1-g0-o0' })).toEqual([first, second]);
  expect(store.experimentsAbout({ groupId: 's1-g0' })).toEqual([ofGroup]);
  expect([...store.experiments()].map(({ experiment }) => experiment)).toEqual([first, second, other, ofGroup]);
  store.removeExperiment(second.id);
  expect(store.experimentsAbout({ rolloutId: 's1-g0-o0' })).toEqual([first]);
  expect(() => store.experiment(second.id)).toThrow(/no experiment/);
  expect(() => store.removeExperiment(second.id)).toThrow(/no experiment/);
  expect(store.keepExperiment(anExperiment('s1-g0-o0'), tokens).number).toBe(3);
});

/** All that lists, curves, exports and other clients are told. */
function everythingTold(store: RunStore) {
  const query = 'correct:true';
  return JSON.stringify([
    store.summary(),
    store.events(0, 1000),
    store.metrics(),
    store.counts(),
    store.rolloutCount(),
    store.groupCount(),
    store.evaluations(),
    [...store.groups()],
    [...store.groups({ superseded: true })],
    store.exportAnnotations(),
    store.findPlace({ step: 1 }),
    store.heldTokens('s1-g0-o0'),
    listed(store, query),
    counted(store, query),
  ]);
}

test('no list, count, curve, event or export is another with experiments', () => {
  const store = aStore();
  const before = everythingTold(store);
  for (const about of ['s1-g0-o0', 's1-g0-s0', null]) store.keepExperiment(anExperiment(about), tokens);
  expect(everythingTold(store)).toBe(before);
});

test('a going back leaves them, and so does another answer under the same id', () => {
  const store = aStore();
  const kept = store.keepExperiment(anExperiment('s2-g0-o0', 's2-g0'), tokens);
  store.append({ type: 'rewound', toStep: 1 });
  expect(store.experimentsAbout({ rolloutId: 's2-g0-o0' })).toEqual([kept]);
  store.append({ type: 'group', group: aGroup(2) });
  expect(store.experimentsAbout({ rolloutId: 's2-g0-o0' })).toEqual([kept]);
});

test('they are there when the store is opened again', () => {
  const folder = temporaryFolder();
  const store = aStore(folder);
  const kept = store.keepExperiment(anExperiment('s1-g0-o0'), tokens);
  store.dispose();
  const again = RunStore.open(folder);
  expect(again.experiment(kept.id)).toEqual({ experiment: kept, tokens });
  again.dispose();
});
