import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StepMetrics } from '../../trainer/protocol/records.ts';
import { resumptionWords } from '../../trainer/protocol/resumption.ts';
import { setAsideAfter } from '../../trainer/runs/checkpoints.ts';
import { planResumption } from '../../trainer/runs/resumption.ts';
import { counted, listed } from '../store/asking.ts';
import { type ScriptedRun, scriptedRun } from './scripted-run.ts';

const numbersOf = (steps: readonly StepMetrics[]) =>
  steps.map(({ step, loss, gradNorm, reward }) => ({ step, loss, gradNorm, reward }));
const checkpoint = (made: ScriptedRun, step: number, file = '') =>
  path.join(made.run.folder, 'checkpoints', `step-00000${step}`, file);

/** A run of six steps, with checkpoints after 2, 4 and 6 and at the start, stopped at its end. */
async function sixSteps(): Promise<ScriptedRun> {
  const made = scriptedRun({ unseen: 0, parameters: { steps: 6, checkpointEvery: 2 } });
  made.send({ kind: 'start' });
  await made.untilState('completed');
  made.send({ kind: 'set', parameter: 'steps', value: 8 });
  return made;
}

const plan = (made: ScriptedRun, from?: number) =>
  planResumption({ folder: made.run.folder, store: made.run.store, run: made.summary }, from);

describe('a resume', () => {
  it('from the newest checkpoint asks nothing, and says nothing where nothing is left out', async () => {
    const made = await sixSteps();
    expect(await plan(made)).toMatchObject({ from: 6, steps: 0, rollouts: 0, bad: [], asks: null });
  });

  it.each([
    ['deleted', (made: ScriptedRun) => rmSync(checkpoint(made, 6), { recursive: true }), 'is not there any more'],
    [
      'cut short',
      (made: ScriptedRun) => truncateSync(checkpoint(made, 6, 'table.json'), 5),
      'table.json has 5 bytes of',
    ],
    ['changed', (made: ScriptedRun) => flip(checkpoint(made, 6, 'table.json')), 'table.json does not hold what was'],
    [
      'without its state',
      (made: ScriptedRun) => rmSync(checkpoint(made, 6, 'controller.json')),
      'controller.json is missing',
    ],
    ['without a file', (made: ScriptedRun) => rmSync(checkpoint(made, 6, 'table.json')), 'table.json is missing'],
  ])(
    'where the newest checkpoint is %s asks before it goes on from the one before, and loses nothing',
    async (_, spoil, why) => {
      const made = await sixSteps();
      const before = numbersOf(made.run.store.metrics());
      spoil(made);
      const found = made.reopen();
      const refused = await found.command({ kind: 'resume' });
      expect(refused).toMatchObject({
        state: 'failed',
        why: expect.stringContaining(
          'Resuming from step 4 leaves 2 steps and 12 rollouts out of the curves; they are kept.',
        ),
      });
      expect(refused).toMatchObject({ why: expect.stringContaining(why) });
      expect(found.summary).toMatchObject({ state: 'completed', step: 6 });
      expect(found.bodies('rewound')).toEqual([]);
      expect(found.engines).toEqual([]);
      expect(await found.command({ kind: 'resume', confirmed: true })).toMatchObject({
        state: 'applied',
        note: expect.stringContaining('2 steps and 12 rollouts'),
      });
      await found.until((run) => run.state === 'completed' && run.step === 8);
      expect(found.bodies('rewound')).toEqual([{ type: 'rewound', toStep: 4 }]);
      const { store } = found.run;
      expect(numbersOf(store.metrics()).slice(0, 6)).toEqual(before);
      expect(store.supersededMetrics().map(({ attempt, steps }) => [attempt, numbersOf(steps)])).toEqual([
        [1, before.slice(4)],
      ]);
      expect(counted(store)).toMatchObject({ matching: 48, total: 48 });
      expect(counted(store, 'superseded')).toMatchObject({ matching: 12, total: 60 });
      expect(listed(store, 'superseded step:5').rows.map(({ id }) => id)).toEqual(
        listed(store, 'step:5').rows.map(({ id }) => `${id}~1`),
      );
    },
  );

  it('with no checkpoint left asks before it begins anew, and keeps every step', async () => {
    const made = await sixSteps();
    rmSync(path.join(made.run.folder, 'checkpoints'), { recursive: true });
    const found = made.reopen();
    expect(await found.command({ kind: 'resume' })).toMatchObject({
      state: 'failed',
      why: expect.stringContaining('Beginning again at step 0 leaves 6 steps and 36 rollouts out of the curves'),
    });
    found.send({ kind: 'resume', confirmed: true });
    await found.until((run) => run.state === 'completed' && run.step === 8);
    expect(found.run.store.supersededMetrics()[0]?.steps).toHaveLength(6);
    expect(found.run.store.metrics().map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(found.events.map(({ seq }) => seq)).toEqual(found.events.map((_, i) => (found.events[0]?.seq ?? 0) + i));
  });

  it('from a step puts later checkpoints aside, asks for that, and goes on with the same numbers', async () => {
    const made = await sixSteps();
    const before = numbersOf(made.run.store.metrics());
    expect(await plan(made, 2)).toMatchObject({
      ...{ from: 2, steps: 4, rollouts: 24, evaluations: 0 },
      asks: 'There is a newer checkpoint, of step 6.',
    });
    expect(await made.command({ kind: 'resume', from: 2 })).toMatchObject({ state: 'failed' });
    expect(await made.command({ kind: 'resume', from: 3, confirmed: true })).toMatchObject({
      state: 'failed',
      why: expect.stringContaining('Whole ones: 6, 4, 2, 0.'),
    });
    made.send({ kind: 'resume', from: 2, confirmed: true });
    await made.until((run) => run.step === 3);
    // A kill now must not find the checkpoint of step 6 again.
    const found = made.reopen();
    expect(await plan(found)).toMatchObject({ from: 2 });
    expect(readdirSync(path.join(found.run.folder, 'checkpoints', 'superseded-1')).sort()).toEqual([
      'step-000004',
      'step-000006',
    ]);
    found.send({ kind: 'resume' });
    await found.until((run) => run.state === 'completed' && run.step === 8);
    expect(numbersOf(found.run.store.metrics()).slice(0, 6)).toEqual(before);
  });

  it('of a fork never goes back beyond its first step: what lies before is of another run', async () => {
    const made = await sixSteps();
    const { folder, store } = made.run;
    const run = { ...made.summary, parent: { run: 'tried-1', step: 4 } };
    expect(await planResumption({ folder, store, run }, 4)).toMatchObject({ from: 4 });
    await expect(planResumption({ folder, store, run }, 2)).rejects.toThrow(
      `${run.id} was forked from tried-1, step 4, and can't go on from step 2.`,
    );
    for (const step of [4, 6]) rmSync(checkpoint(made, step), { recursive: true });
    await expect(planResumption({ folder, store, run }, undefined)).rejects.toThrow(
      `${run.id} has no whole checkpoint left, and it can't begin again: it was forked from tried-1, step 4.`,
    );
  });

  it('that is killed between putting checkpoints aside and saying so asks again', async () => {
    const made = await sixSteps();
    await setAsideAfter(made.run.folder, 2);
    const found = made.reopen();
    expect(found.summary.step).toBe(6);
    expect(await plan(found)).toMatchObject({
      ...{ from: 2, steps: 4 },
      asks: 'The checkpoint of step 6 is not there any more.',
    });
  });

  it('of a run whose first checkpoint was taken away takes the weights it began with again, and warns', async () => {
    const made = await sixSteps();
    const before = numbersOf(made.run.store.metrics());
    rmSync(checkpoint(made, 0), { recursive: true });
    const found = made.reopen();
    await found.command({ kind: 'resume', from: 4, confirmed: true });
    await found.until((run) => run.state === 'completed' && run.step === 8);
    expect(found.bodies('warning')[0]?.message).toContain(
      'The checkpoint of step 0, from which the KL term is reckoned',
    );
    expect(numbersOf(found.run.store.metrics()).slice(0, 6)).toEqual(before);
  });
});

describe('old checkpoints that a person deleted', () => {
  it('stop neither the save that would remove them nor any later one', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 9, checkpointEvery: 1, checkpointsKept: 2 } });
    made.send({ kind: 'step', count: 3 });
    await made.untilState('paused');
    rmSync(checkpoint(made, 1), { recursive: true, force: true });
    rmSync(checkpoint(made, 2), { recursive: true });
    made.send({ kind: 'resume' });
    await made.untilState('completed');
    expect(made.run.store.checkpoints().map(({ step, reason }) => [step, reason])).toEqual([
      [0, 'start'],
      [7, 'schedule'],
      [8, 'schedule'],
      [9, 'end'],
    ]);
    expect(existsSync(checkpoint(made, 8))).toBe(true);
  });
});

describe('what a resume leaves out', () => {
  it('is said with its counts', () => {
    const of = { bad: [], seeds: 'exact' as const, asks: null };
    expect(resumptionWords({ ...of, from: 20, steps: 30, rollouts: 4272, evaluations: 0 })).toBe(
      'Resuming from step 20 leaves 30 steps and 4,272 rollouts out of the curves; they are kept.',
    );
    expect(resumptionWords({ ...of, from: 3, steps: 1, rollouts: 0, evaluations: 0 })).toBe(
      'Resuming from step 3 leaves 1 step out of the curves; it is kept.',
    );
    expect(resumptionWords({ ...of, from: 3, steps: 0, rollouts: 0, evaluations: 0 })).toBeNull();
  });
});

/** Changes one byte in the middle. */
function flip(file: string): void {
  const bytes = readFileSync(file);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}
