import { expect, onTestFinished, test } from 'vitest';
import { analysisVersion } from '../../trainer/protocol/analysis.ts';
import type { GroupWithRollouts } from '../../trainer/protocol/records.ts';
import { sumsOf } from '../../trainer/protocol/step-counts.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { counted } from './asking.ts';
import { temporaryFolder } from './folders.ts';
import { aGroup, aRun } from './records.ts';

/** Finds tier 5 in whatever is right and a wrong first answer everywhere, so that all of it shows. */
const analysis = {
  version: analysisVersion,
  of: (_group: unknown, { correct }: { correct: boolean }) => ({
    aha: correct ? [{ span: { start: 7, end: 28 }, tier: 5 as const, rule: 'answer-revised', evidence: '' }] : [],
    commitments: [{ span: { start: 7, end: 28 }, answer: 'A', right: false }],
    namesTime: correct,
    analysis: analysisVersion,
  }),
};

function storeOf(...groups: GroupWithRollouts[]): { store: RunStore; folder: string } {
  const folder = temporaryFolder();
  const store = RunStore.create(folder, aRun());
  onTestFinished(() => store.dispose());
  store.appendAll(groups.map((group) => ({ type: 'group', group })));
  return { store, folder };
}

test('a new analysis is in bodies, columns, facets and counts by step, and nothing else changes', () => {
  const { store } = storeOf(aGroup(1), aGroup(2));
  const before = store.group('s1-g0');
  expect(store.outdated(analysisVersion)).toBe(6);
  expect(store.counts()).toMatchObject({ outdated: 6 });
  while (store.analyse(1000, analysis) > 0);
  expect(store.outdated(analysisVersion)).toBe(0);
  const after = store.group('s1-g0');
  expect(after.rollouts.map(({ aha, analysis }) => [aha.length, analysis])).toEqual([
    [1, analysisVersion],
    [0, analysisVersion],
    [1, analysisVersion],
  ]);
  const withoutFindings = ({ rollouts, ...group }: GroupWithRollouts) => ({
    ...group,
    rollouts: rollouts.map(({ aha, commitments, namesTime, analysis, ...rest }) => rest),
  });
  expect(withoutFindings(after)).toEqual(withoutFindings(before));
  expect(counted(store, 'aha>=5')).toMatchObject({ matching: 4, total: 6, facets: { 'aha>=5': 4, 'correct:true': 4 } });
  expect(counted(store, 'change:wrong-to-right').matching).toBe(4);
  expect(counted(store, 'change:stays-wrong namesTime:false').matching).toBe(2);
  expect(counted(store, 'analysis<2').matching).toBe(0);
  expect(counted(store, 'right').matching).toBe(4);
  const [sums] = store.counts().counts;
  expect(
    sums && [sumsOf(sums, 'answers'), sumsOf(sums, 'analysed'), sumsOf(sums, 'aha5'), sumsOf(sums, 'wrongToRight')],
  ).toEqual([
    [2, 2],
    [2, 2],
    [1, 1],
    [1, 1],
  ]);
});

test('it goes portion by portion, and another process takes it up where a kill left it', () => {
  const { store, folder } = storeOf(aGroup(1), aGroup(2), aGroup(3));
  expect(store.analyse(0, analysis)).toBe(3);
  expect(store.group('s1-g0').rollouts[0]?.analysis).toBe(analysisVersion);
  expect(store.group('s2-g0').rollouts[0]?.analysis).toBeUndefined();
  expect(counted(store, 'aha>=5').matching).toBe(2);
  store.dispose();
  const again = RunStore.open(folder);
  onTestFinished(() => again.dispose());
  expect(again.outdated(analysisVersion)).toBe(6);
  expect([again.analyse(0, analysis), again.analyse(0, analysis), again.analyse(0, analysis)]).toEqual([3, 3, 0]);
  expect(counted(again, 'aha>=5')).toMatchObject({ matching: 6, facets: { 'aha>=5': 6 } });
});

test('a portion that fails changes nothing', () => {
  const { store } = storeOf(aGroup(1), aGroup(2));
  let calls = 0;
  const failing = {
    ...analysis,
    of: (group: unknown, rollout: { correct: boolean }) => {
      calls += 1;
      if (calls > 4) throw new RangeError('no more');
      return analysis.of(group, rollout);
    },
  };
  expect(() => store.analyse(1000, failing)).toThrow('no more');
  expect(store.outdated(analysisVersion)).toBe(6);
  expect(counted(store)).toMatchObject({ matching: 6, facets: { 'aha>=5': 0, 'correct:true': 4 } });
});

test('what the run went back over is analysed too, and counted nowhere', () => {
  const { store } = storeOf(aGroup(1), aGroup(2));
  store.append({ type: 'rewound', toStep: 1 });
  while (store.analyse(1000, analysis) > 0);
  expect(store.outdated(analysisVersion)).toBe(0);
  expect(counted(store, 'aha>=5')).toMatchObject({ matching: 2, total: 3, facets: { 'aha>=5': 2 } });
  expect(counted(store, 'superseded aha>=5').matching).toBe(2);
  expect(store.counts().counts.map(({ steps, sums }) => [steps, sums.aha5])).toEqual([[[1], [1]]]);
});

test('what a query asks of findings is not looked for in what older rules have read, and counted so', () => {
  const { store } = storeOf(aGroup(1), aGroup(2));
  const outdated = (line: string) => counted(store, line).outdated;
  expect([outdated('pattern:cut'), outdated('step:1 not pattern:cut'), outdated('aha>=3 or change:corrected')]).toEqual(
    [6, 3, 6],
  );
  expect([outdated('step:1'), outdated('analysis:1'), outdated('analysis:2 pattern:cut')]).toEqual([0, 0, 0]);
  // Of a run that is read in part: the newest groups first, or last.
  expect(store.analyse(0, analysis)).toBe(3);
  expect([outdated('pattern:cut'), outdated('step:1 pattern:cut'), outdated('step:2 pattern:cut')]).toEqual([3, 0, 3]);
  while (store.analyse(1000, analysis) > 0);
  expect(outdated('pattern:cut')).toBe(0);
});
