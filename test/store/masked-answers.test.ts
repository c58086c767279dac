/** Answers that were left out of an update, and those in which flagged words came back, are marked where they stand and found. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { CorrectedAnswer } from '../../trainer/protocol/corrections.ts';
import type { MaskedAnswers } from '../../trainer/protocol/masked-answers.ts';
import type { RunEventBody } from '../../trainer/protocol/records.ts';
import { RunStore, storeFile } from '../../trainer/store/run-store.ts';
import { found, listed } from './asking.ts';
import { temporaryFolder } from './folders.ts';
import { withOlderSchema } from './older-schema.ts';
import { aGroup, aRun } from './records.ts';

const masked = (step: number): MaskedAnswers => ({
  step,
  rollouts: [{ id: `s${step}-g0-o0`, words: ['to the Right', 'never'] }],
  advantages: [
    { rolloutId: `s${step}-g0-o0`, from: 0.7, to: null },
    { rolloutId: `s${step}-g0-o1`, from: -0.7, to: 0.1 },
  ],
});

const group = (step: number, flagged: readonly string[] = ['to the Right', 'never']): RunEventBody => {
  const { rollouts, ...rest } = aGroup(step);
  return {
    type: 'group',
    group: { ...rest, rollouts: rollouts.map((one, at) => (at === 0 ? { ...one, flagged: [...flagged] } : one)) },
  };
};

const answerOf = (store: RunStore, id: string) =>
  store.group(id.replace(/-[os]\d+$/, '')).rollouts.find((rollout) => rollout.id === id);

function newStore(): RunStore {
  const store = RunStore.create(temporaryFolder(), aRun());
  onTestFinished(() => store.dispose());
  return store;
}

test('what an event says of answers stands in the group, in the row and in the query', () => {
  const store = newStore();
  store.appendAll([group(1), group(2), { type: 'masked', masked: masked(2) }]);
  expect(found(store, 'masked')).toEqual(['s2-g0-o0']);
  expect(found(store, 'masked:false step:2')).toEqual(['s2-g0-s0', 's2-g0-o1']);
  expect(store.group('s2-g0').rollouts.map((one) => [one.masked, one.updatedAdvantage, one.advantage])).toEqual([
    [{ words: ['to the Right', 'never'], advantage: 0.7 }, undefined, 0.5],
    [undefined, 0.1, 0.5],
    [undefined, undefined, null],
  ]);
  const marked = listed(store, 'step:2').rows.map((row) => [row.id, row.masked !== undefined]);
  expect(marked).toEqual([
    ['s2-g0-s0', false],
    ['s2-g0-o1', false],
    ['s2-g0-o0', true],
  ]);
  store.append({ type: 'rewound', toStep: 1 });
  store.append(group(2));
  expect(found(store, 'masked')).toEqual([]);
  expect(found(store, 'masked superseded')).toEqual(['s2-g0-o0~1']);
});

test('flagged words that came back are asked for as such and by each of them, case aside', () => {
  const store = newStore();
  store.appendAll([group(1), group(2, ['never']), group(3, [])]);
  expect(found(store, 'cameBack')).toEqual(['s2-g0-o0', 's1-g0-o0']);
  expect(found(store, 'cameBack:false step:3')).toHaveLength(3);
  expect(found(store, 'flaggedWords:"to the right"')).toEqual(['s1-g0-o0']);
  expect(found(store, 'flaggedWords:never')).toEqual(['s2-g0-o0', 's1-g0-o0']);
  expect(found(store, 'flaggedWords:right')).toEqual([]);
  expect(found(store, 'not flaggedWords:never cameBack')).toEqual([]);
  expect(
    listed(store, '', { sort: { by: 'cameBack', descending: true } }).rows.map(({ flagged }) => flagged)[1],
  ).toEqual(['to the Right', 'never']);
});

test('a store of schema 7 is marked by its events, those of steps that were gone back over too', () => {
  const folder = temporaryFolder();
  const store = RunStore.create(folder, aRun());
  store.appendAll([group(1), group(2), { type: 'masked', masked: masked(2) }, { type: 'rewound', toStep: 1 }]);
  store.appendAll([group(2), { type: 'masked', masked: masked(2) }]);
  const expected = listed(store, 'superseded or superseded:false').rows;
  store.dispose();
  const file = join(folder, storeFile);
  withOlderSchema(file, 7);
  const raw = new DatabaseSync(file);
  raw.exec(`UPDATE rollout_bodies SET body = json_remove(body, '$.masked', '$.updatedAdvantage')`);
  raw.close();
  const renewed = RunStore.open(folder);
  onTestFinished(() => renewed.dispose());
  while (renewed.fill(Number.POSITIVE_INFINITY) < 1);
  expect(listed(renewed, 'superseded or superseded:false').rows).toEqual(expected);
  expect(found(renewed, 'masked')).toEqual(['s2-g0-o0']);
  expect(found(renewed, 'masked superseded')).toEqual(['s2-g0-o0~1']);
  expect(found(renewed, 'cameBack')).toEqual(['s2-g0-o0', 's1-g0-o0']);
  expect(found(renewed, 'flaggedWords:never superseded')).toEqual(['s2-g0-o0~1']);
});

test('what a person changes is marked where it stands and found, taken back, and goes with the step that is gone back over', () => {
  const store = newStore();
  store.appendAll([group(1, []), group(2, [])]);
  const [first, second] = store.group('s2-g0').rollouts;
  const said = { by: 'ann', why: 'a wrong label' };
  const correct = (now: Partial<CorrectedAnswer['now']>): RunEventBody => ({
    type: 'corrected',
    correction: {
      ...{ step: 2, command: 'c1', ...said },
      answers: [first, second].flatMap((one, at) =>
        one
          ? [
              {
                rolloutId: one.id,
                reward: { from: 0, to: 1 },
                advantage: { from: 0, to: 1 },
                now: {
                  ...{ masked: null, rescored: null, updatedReward: null, updatedAdvantage: null },
                  ...(at === 0 ? now : { updatedAdvantage: 0.1 }),
                },
              },
            ]
          : [],
      ),
    },
  });
  const masked = { words: [], advantage: 0.7, ...said };
  store.appendAll([correct({ masked })]);
  expect(found(store, 'masked')).toEqual([first?.id]);
  expect(answerOf(store, first?.id ?? '')?.masked).toEqual(masked);
  expect(answerOf(store, second?.id ?? '')?.updatedAdvantage).toBe(0.1);
  store.appendAll([correct({ rescored: { accuracy: 1, ...said }, updatedReward: 1 })]);
  expect(found(store, 'masked')).toEqual([]);
  expect(answerOf(store, first?.id ?? '')).toEqual({ ...first, rescored: { accuracy: 1, ...said }, updatedReward: 1 });
  store.appendAll([correct({})]);
  expect(answerOf(store, first?.id ?? '')).toEqual(first);
  store.appendAll([correct({ masked }), { type: 'rewound', toStep: 1 }]);
  expect(found(store, 'masked')).toEqual([]);
  expect(found(store, 'masked superseded')).toEqual([`${first?.id}~1`]);
});
