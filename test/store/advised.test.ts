/** What the store knows for advisories: those that stand by its log, and how kinds of questions fared. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { AdvisoryRule } from '../../trainer/protocol/advisories.ts';
import type { RunEventBody } from '../../trainer/protocol/records.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { aGroup, aQuestion, aRollout, aRun, someMetrics } from './records.ts';

function aStore(): RunStore {
  const folder = mkdtempSync(path.join(tmpdir(), 'video-r1-advised-'));
  const store = RunStore.create(folder, aRun());
  onTestFinished(() => {
    store.dispose();
    rmSync(folder, { recursive: true, force: true });
  });
  return store;
}

const begins = (rule: AdvisoryRule, since: number): RunEventBody => ({
  type: 'advisory',
  advisory: { key: rule, rule, since, message: 'so', numbers: { a: 1 }, ways: [{ kind: 'person', why: 'Do.' }] },
});

it('advisories stand by the steps that stand: what is over in a step that is given up is not over', () => {
  const store = aStore();
  const step = (n: number): RunEventBody => ({ type: 'step', metrics: someMetrics(n) });
  for (const body of [
    ...[step(1), begins('stalled', 1), step(2), { type: 'advisory-ended', key: 'stalled', step: 2 } as const],
    ...[begins('disk-low', 2), step(3), begins('kl-runaway', 3)],
  ])
    store.append(body);
  const keys = () => store.advisories().map(({ key }) => key);
  expect(keys()).toEqual(['disk-low', 'kl-runaway']);
  expect(store.summary().advisories?.map(({ key }) => key)).toEqual(['disk-low', 'kl-runaway']);
  store.append({ type: 'rewound', toStep: 1 });
  expect(keys()).toEqual(['stalled']);
  store.append({ type: 'advisory-muted', key: 'stalled', muted: true, by: 'ada' });
  store.append({ type: 'advisory-muted', key: 'disk-low', muted: true, by: 'ada' });
  store.append({ type: 'advisory-muted', key: 'stalled', muted: false, by: 'ben' });
  expect(store.summary().muted).toEqual(['disk-low']);
  const reopened = RunStore.open(store.folder);
  onTestFinished(() => reopened.dispose());
  expect(reopened.summary().muted).toEqual(['disk-low']);
  expect(reopened.notices().map(({ body }) => body.type)).toEqual(['advisory']);
});

it('kinds are counted by step, of the groups that were trained on and stand, with the mean of each group', () => {
  const store = aStore();
  const group = (id: string, step: number, source: string, accuracies: readonly number[]) =>
    aGroup(step, {
      ...{ id, question: aQuestion({ source }) },
      rollouts: accuracies.map((accuracy, index) =>
        aRollout({ id: `${id}-o${index}`, groupId: id, step, index, accuracy, correct: accuracy === 1 }),
      ),
    });
  for (const one of [
    ...[group('g0', 1, 'a', [1, 0]), group('g1', 1, 'a', [1, 1]), group('g2', 1, 'b', [0, 0])],
    ...[group('g3', 2, 'a', [1, 0, 0, 0]), { ...group('g4', 2, 'b', [1]), purpose: 'probe' as const }],
    group('g5', 3, 'a', [1]),
  ])
    store.append({ type: 'group', group: one });
  store.append({ type: 'rewound', toStep: 2 });
  const type = (groups: number, accuracy: number, squares: number) => ({
    ...{ by: 'type', name: 'multiple choice', groups, accuracy, squares },
  });
  expect([...store.kindCounts(0)]).toEqual([
    [
      1,
      [
        { by: 'source', name: 'a', groups: 2, accuracy: 1.5, squares: 1.25 },
        { by: 'source', name: 'b', groups: 1, accuracy: 0, squares: 0 },
        type(3, 1.5, 1.25),
      ],
    ],
    [2, [{ by: 'source', name: 'a', groups: 1, accuracy: 0.25, squares: 0.0625 }, type(1, 0.25, 0.0625)]],
  ]);
  expect([...store.kindCounts(1).keys()]).toEqual([2]);
  expect(store.trainCounts(1)).toMatchObject({ steps: [2], sums: { groups: [1], answers: [4] } });
});
