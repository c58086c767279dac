/** What answers stood on is kept by rollout, weights and version, told to lists, and outlives a going back. */
import { expect, onTestFinished, test } from 'vitest';
import { evidenceVersion, type HeldOrderWorth, type Weighing } from '../../trainer/protocol/evidence.ts';
import { everything } from '../../trainer/protocol/query/expression.ts';
import { parseQuery } from '../../trainer/protocol/query/parse.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { counted, found, listed } from './asking.ts';
import { temporaryFolder } from './folders.ts';
import { aGroup, aRun } from './records.ts';

function aStore(): RunStore {
  const store = RunStore.create(temporaryFolder(), aRun({ state: 'running', doing: null }));
  onTestFinished(() => store.dispose());
  for (const step of [1, 2]) store.append({ type: 'group', group: aGroup(step) });
  return store;
}

/** Numbers that 32-bit floats hold exactly. */
const aWeighing = (rolloutId: string, given: Partial<Weighing> = {}): Weighing => ({
  rolloutId,
  version: evidenceVersion,
  at: 5,
  by: { run: 'tgrpo-1', step: 0, same: true },
  seen: [-0.5, -0.25],
  lessLikely: 0.125,
  changes: [
    { intervention: { kind: 'order', order: [1, 0] }, first: 0, logprobs: [-1, -2.5] },
    { intervention: { kind: 'no reasoning' }, first: 1, logprobs: [-4] },
  ],
  commitment: [{ end: 7, logprob: -1.5 }],
  without: [{ kind: 'pair', why: 'There is one frame pair alone, and none to put in its place.' }],
  ...given,
});

const held: HeldOrderWorth = { worth: 2.75, error: null, uses: null, step: 0, same: true };

function weigh(store: RunStore, weighing: Weighing, worth: HeldOrderWorth | null = held): void {
  store.append({ type: 'weighed', answers: { [weighing.rolloutId]: worth } }, { weighings: [weighing] });
}

test('a weighing is read back whole, and there is none where none was made', () => {
  const store = aStore();
  weigh(store, aWeighing('s1-g0-o0'));
  const read = store.weighing('s1-g0-o0');
  const sorted = (weighing: Weighing | null) =>
    weighing && { ...weighing, changes: [...weighing.changes].sort((a, b) => a.first - b.first) };
  expect(sorted(read)).toEqual(sorted(aWeighing('s1-g0-o0')));
  expect(store.weighing('s1-g0-o1')).toBeNull();
  expect(store.weighing('nobody')).toBeNull();
});

test('what these weights found before is replaced; of several weights those that answered are read', () => {
  const store = aStore();
  const id = 's1-g0-o0';
  weigh(store, aWeighing(id, { at: 9, by: { run: 'tgrpo-1', step: 7, same: false } }));
  expect(store.weighing(id)?.by.step).toBe(7);
  weigh(store, aWeighing(id, { at: 5 }));
  expect(store.weighing(id)?.by.step).toBe(0);
  expect(store.weighing(id, 7)?.by.step).toBe(7);
  expect(store.weighing(id, 3)).toBeNull();
  weigh(store, aWeighing(id, { at: 6, changes: [] }));
  expect(store.weighing(id)).toMatchObject({ at: 6, changes: [] });
  const ids = [id, 's2-g0-o0'];
  expect([...store.weighedOf(ids, { run: 'tgrpo-1', step: 0 })]).toEqual([id]);
  expect([...store.weighedOf(ids, { run: 'tgrpo-1', step: 7 })]).toEqual([id]);
  expect([...store.weighedOf(ids, { run: 'other', step: 0 })]).toEqual([]);
});

test('one of another version is not read, and not taken for done', () => {
  const store = aStore();
  weigh(store, aWeighing('s1-g0-o0', { version: evidenceVersion + 1 }));
  expect(store.weighing('s1-g0-o0')).toBeNull();
  expect(store.weighedOf(['s1-g0-o0'], { run: 'tgrpo-1', step: 0 }).size).toBe(0);
});

test('lists, groups and filters say what order is worth', () => {
  const store = aStore();
  weigh(store, aWeighing('s1-g0-o0'), { worth: 6.5, error: 0.25, uses: true, step: 0, same: true });
  weigh(store, aWeighing('s1-g0-o1'), { worth: 0.125, error: 0.5, uses: false, step: 0, same: true });
  expect(found(store, 'orderWorth<0.5')).toEqual(['s1-g0-o1']);
  expect(found(store, 'usesOrder:true orderError<0.3')).toEqual(['s1-g0-o0']);
  expect(found(store, 'usesOrder:false')).toEqual(['s1-g0-o1']);
  expect(listed(store, 'orderWorth>0').rows.find(({ id }) => id === 's1-g0-o0')?.orderWorth?.worth).toBe(6.5);
  expect(store.group('s1-g0').rollouts[0]?.orderWorth).toMatchObject({ worth: 6.5, uses: true });
});

test('a count says how many of those that a filter may keep were weighed', () => {
  const store = aStore();
  const weighed = (line: string) => counted(store, parseQuery(line).expression ?? everything).weighed;
  expect(weighed('')).toBeNull();
  const of = counted(store, everything).matching;
  expect(weighed('orderWorth<0.5')).toEqual({ weighed: 0, of });
  weigh(store, aWeighing('s1-g0-o0'), { worth: 6.5, error: 0.25, uses: true, step: 0, same: true });
  weigh(store, aWeighing('s2-g0-o0'), { worth: 0.125, error: 0.5, uses: false, step: 0, same: true });
  // Only the rest of the filter counts: what was weighed and does not match is among them.
  expect(weighed('orderWorth<0.5')).toEqual({ weighed: 2, of });
  expect(weighed('step:1 usesOrder:false')).toMatchObject({ weighed: 1 });
  expect(weighed('step:1')).toMatchObject({ weighed: 1 });
});

test('an answer without an order keeps its evidence and says nothing of order', () => {
  const store = aStore();
  weigh(store, aWeighing('s1-g0-o0', { changes: [] }), null);
  expect(store.weighing('s1-g0-o0')?.changes).toEqual([]);
  expect(store.group('s1-g0').rollouts[0]?.orderWorth).toBeUndefined();
});

test('what the run went back over keeps its evidence', () => {
  const store = aStore();
  weigh(store, aWeighing('s2-g0-o0'));
  store.append({ type: 'rewound', toStep: 1 });
  store.append({ type: 'group', group: aGroup(2) });
  expect(store.weighing('s2-g0-o0')).toBeNull();
  expect(store.weighing('s2-g0-o0~1')?.seen).toEqual([-0.5, -0.25]);
});

test('a single shuffle, which has no error, is told as one, also after one that had an error', () => {
  const store = aStore();
  weigh(store, aWeighing('s1-g0-o0'), { worth: 6.5, error: 0.25, uses: true, step: 0, same: true });
  weigh(store, aWeighing('s1-g0-o0'), { worth: 2, error: null, uses: null, step: 0, same: true });
  const told = { worth: 2, error: null, uses: null, step: 0, same: true };
  expect(store.group('s1-g0').rollouts[0]?.orderWorth).toEqual(told);
  expect(listed(store, '').rows.find(({ id }) => id === 's1-g0-o0')?.orderWorth).toEqual(told);
  expect(found(store, 'usesOrder:true')).toEqual([]);
});

test('after a going back the number of a step names other weights than those that answered before', () => {
  const store = aStore();
  store.append({ type: 'group', group: aGroup(3) });
  store.append({ type: 'rewound', toStep: 1 });
  for (const step of [2, 3]) store.append({ type: 'group', group: aGroup(step) });
  expect(store.hasAnswered(store.group('s3-g0'), 2)).toBe(true);
  expect(store.hasAnswered(store.group('s3-g0~1'), 2)).toBe(false);
  // Those of step 1 are before the place to which it went back.
  expect(store.hasAnswered(store.group('s2-g0~1'), 1)).toBe(true);
  store.append({ type: 'rewound', toStep: 0 });
  expect(store.hasAnswered(store.group('s2-g0~1'), 1)).toBe(false);
});

test('what was scored for a credit is read until it is weighed, and not taken for weighed', () => {
  const store = aStore();
  const id = 's1-g0-o0';
  const group = aGroup(3, { id: 's3-g0' });
  store.append({ type: 'group', group }, { weighings: [aWeighing(id, { forCredit: true, commitment: null })] });
  expect(store.weighing(id)).toMatchObject({ forCredit: true });
  expect(store.weighedOf([id], { run: 'tgrpo-1', step: 0 }).size).toBe(0);
  // Somebody asks for more: other weights first, then those that answered, in whose place it stood.
  weigh(store, aWeighing(id, { at: 9, by: { run: 'tgrpo-1', step: 7, same: false } }));
  expect(store.weighing(id)?.by.step).toBe(7);
  weigh(store, aWeighing(id));
  expect(store.weighing(id)).toMatchObject({ by: { step: 0 } });
  expect(store.weighing(id)).not.toHaveProperty('forCredit');
  expect(store.weighedOf([id], { run: 'tgrpo-1', step: 0 }).size).toBe(1);
});
