import { expect, onTestFinished, test } from 'vitest';
import { analysisVersion } from '../../trainer/protocol/analysis.ts';
import type { RunEventBody } from '../../trainer/protocol/records.ts';
import { Analysing } from '../../trainer/runs/analysing.ts';
import { RunStore } from '../../trainer/store/run-store.ts';
import { temporaryFolder } from '../store/folders.ts';
import { aGroup, aRollout, aRun } from '../store/records.ts';

const text =
  '<think>At 0 s: x 5. So it moves left. Wait, at 3 s it is at x 9. So it moves right.</think><answer>B</answer>';

function aRunOf(groups: number) {
  const store = RunStore.create(temporaryFolder(), aRun());
  onTestFinished(() => store.dispose());
  for (let step = 1; step <= groups; step++) {
    const id = `s${step}-g0`;
    const parsed = { think: { start: 7, end: text.indexOf('</think>') }, answer: null, problems: [] };
    store.append({
      type: 'group',
      group: aGroup(step, { rollouts: [aRollout({ id: `${id}-o0`, groupId: id, step, text, parsed })] }),
    });
  }
  const recorded: RunEventBody[] = [];
  let gone = false;
  const run = {
    store,
    record: (body: RunEventBody) => {
      recorded.push(body);
      store.append(body);
    },
    isGone: () => gone,
  };
  return { store, run, recorded, leave: () => (gone = true) };
}

test('an analysis reads what is stored by the present rules, tells how far it is, and says at the end that it happened', async () => {
  const { store, run, recorded } = aRunOf(3);
  const told: [number, number][] = [];
  const analysing = new Analysing();
  expect(await analysing.analyse('r', run, (done, total) => told.push([done, total]))).toEqual({
    ...{ done: 3, total: 3, cancelled: false },
  });
  expect(told.length).toBeGreaterThan(0);
  expect(store.group('s1-g0').rollouts[0]).toMatchObject({
    analysis: analysisVersion,
    aha: [{ tier: 5 }],
    namesTime: true,
    commitments: [
      { answer: 'A', right: false },
      { answer: 'B', right: true },
    ],
  });
  expect(recorded).toEqual([{ type: 'analysed', version: analysisVersion, rollouts: 3 }]);
  expect(await analysing.analyse('r', run, () => {})).toEqual({ done: 0, total: 0, cancelled: false });
  expect(recorded).toHaveLength(1);
});

test('who asks while it is under way waits for the same one', async () => {
  const { run, recorded } = aRunOf(2);
  const analysing = new Analysing();
  const both = await Promise.all([analysing.analyse('r', run, () => {}), analysing.analyse('r', run, () => {})]);
  expect(both).toEqual([
    { done: 2, total: 2, cancelled: false },
    { done: 2, total: 2, cancelled: false },
  ]);
  expect(recorded).toHaveLength(1);
});

test('one that is cancelled keeps what is done, and the next one goes on', async () => {
  const { store, run } = aRunOf(300);
  const analysing = new Analysing();
  const { done, total, cancelled } = await analysing.analyse('r', run, () => analysing.cancel('r'));
  expect([total, cancelled]).toEqual([300, true]);
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(300);
  expect(store.outdated(analysisVersion)).toBe(300 - done);
  expect(await analysing.analyse('r', run, () => {})).toMatchObject({ done: 300 - done, cancelled: false });
});

test('one whose run is deleted ends, and records nothing more', async () => {
  const { run, recorded, leave } = aRunOf(300);
  const analysing = new Analysing();
  await analysing.analyse('r', run, leave);
  expect(recorded).toEqual([]);
});
