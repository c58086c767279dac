/** Runs whose step a person changes between sampling and update, and whose questions are changed for the next. */
import { describe, expect, it } from 'vitest';
import type { RunStore } from '../../trainer/store/run-store.ts';
import { scriptedRun } from './scripted-run.ts';

/** As it is read from now on. */
const answerOf = (store: RunStore, id: string) =>
  store.group(id.replace(/-[os]\d+$/, '')).rollouts.find((rollout) => rollout.id === id);

const why = 'the label is wrong';

/** A run held before the update of a step, and one that nobody touched. */
async function heldBefore(step: number, steps = 2) {
  const made = scriptedRun({ unseen: 0, parameters: { groupSize: 3, steps, learningRate: 0.05 } });
  made.send({ kind: 'run-to', point: 'before-update', step });
  await made.untilState('paused');
  expect(made.summary).toMatchObject({ at: { point: 'before-update', step } });
  return made;
}
const finished = async (made: Awaited<ReturnType<typeof heldBefore>>) => {
  made.send({ kind: 'resume' });
  await made.untilState('completed');
  return made.run.store.metrics();
};

describe('an answer of the open step', () => {
  it('is left out of the update with a receipt, and the update is another; put back again it is the same', async () => {
    const plain = await finished(await heldBefore(1));
    const made = await heldBefore(1);
    const [id = ''] = made.bodies('group')[0]?.group.rollouts.map((rollout) => rollout.id) ?? [];
    const mask = { kind: 'mask' as const, step: 1, rollouts: [id], why };
    expect(await made.command({ ...mask, masked: true })).toMatchObject({
      ...{ state: 'applied', at: { point: 'before-update', step: 1 } },
      note: expect.stringMatching(/advantages? changes?/),
    });
    expect(answerOf(made.run.store, id)).toMatchObject({ masked: { by: 'ada', why } });
    expect(made.bodies('corrected')[0]?.correction).toMatchObject({ step: 1, by: 'ada', why });
    const without = await finished(made);
    expect(without[0]?.trainedTokens).toBeLessThan(plain[0]?.trainedTokens ?? 0);
    expect(without[0]?.gradNorm).not.toBe(plain[0]?.gradNorm);

    const back = await heldBefore(1);
    await back.command({ ...mask, masked: true });
    await back.command({ ...mask, masked: false });
    expect(answerOf(back.run.store, id)?.masked).toBeUndefined();
    const same = await finished(back);
    expect(same.map(({ gradNorm, loss }) => [gradNorm, loss])).toEqual(
      plain.map(({ gradNorm, loss }) => [gradNorm, loss]),
    );
  });

  it('is paid by the scores that a person gives, kept beside what scoring found', async () => {
    const made = await heldBefore(1);
    const rollouts = made.bodies('group')[0]?.group.rollouts ?? [];
    const wrong = rollouts.find(({ order, correct }) => order === 'ordered' && !correct);
    const id = wrong?.id ?? '';
    expect(await made.command({ kind: 'rescore', step: 1, rollout: id, scores: { accuracy: 1 }, why })).toMatchObject({
      ...{ state: 'applied', note: expect.stringMatching(/reward changes; /) },
    });
    expect(answerOf(made.run.store, id)).toMatchObject({
      ...{ accuracy: 0, correct: false, reward: wrong?.reward },
      ...{
        rescored: { accuracy: 1, by: 'ada', why },
        updatedReward: expect.any(Number),
        updatedAdvantage: expect.any(Number),
      },
    });
    expect(answerOf(made.run.store, id)?.updatedAdvantage).toBeGreaterThan(wrong?.advantage ?? 0);
  });

  it('can’t be changed once its update is made, nor where it is not there; a parameter that is set waits', async () => {
    const made = await heldBefore(1);
    const mask = (step: number, ...rollouts: string[]) =>
      made.command({ kind: 'mask', step, rollouts, masked: true, why });
    expect(await mask(2, 's2-0-o0')).toMatchObject({
      state: 'rejected',
      why: 'step 2 has not begun; step 1 is under way',
    });
    expect(await mask(1, 's1-9-o0')).toMatchObject({
      state: 'failed',
      why: expect.stringContaining('Step 1 has no answer s1-9-o0.'),
    });
    expect(made.send({ kind: 'set', parameter: 'alpha', value: 0.9 })).toMatchObject({
      state: 'scheduled',
      point: 'before-step',
    });
    made.send({ kind: 'run-to', point: 'after-update', step: 1 });
    await made.until((run) => run.state === 'paused' && run.at.point === 'after-update');
    expect(await mask(1, 's1-0-o0')).toMatchObject({ state: 'rejected', why: 'the update of step 1 is made' });
    expect(made.bodies('corrected')).toEqual([]);
  });

  it('says what goes with a step that is given up, where it was changed and that was not taken back', async () => {
    for (const takenBack of [false, true]) {
      const made = await heldBefore(1);
      const [first, second] = made.bodies('group')[0]?.group.rollouts.map((rollout) => rollout.id) ?? [];
      const mask = { kind: 'mask' as const, step: 1, rollouts: [first ?? ''], why };
      const rescore = { kind: 'rescore' as const, step: 1, rollout: second ?? '', why };
      await made.command({ ...mask, masked: true });
      await made.command({ ...rescore, scores: { accuracy: 0.5 } });
      if (takenBack) {
        await made.command({ ...mask, masked: false });
        await made.command({ ...rescore, scores: null });
      }
      made.send({ kind: 'pause', release: true });
      await expect.poll(() => made.summary).toMatchObject({ state: 'paused', memory: 'released' });
      expect(made.bodies('warning').map(({ message }) => message)).toEqual(
        takenBack
          ? []
          : [expect.stringMatching(/^Step 1 was given up .* changed of 2 of its answers\. It is made anew/)],
      );
    }
  });

  it('waits while answers are written, and is given up with a step that is', async () => {
    const made = scriptedRun({ unseen: 0 });
    made.onEngine = (engine) => {
      const gate = engine.holdNext('sample');
      void gate.entered.then(() => {
        made.send({ kind: 'pause', release: false });
        gate.open();
      });
    };
    made.send({ kind: 'start' });
    await made.untilState('paused');
    const record = made.send({ kind: 'mask', step: 1, rollouts: ['s1-0-o0'], masked: true, why });
    expect(record).toMatchObject({ state: 'scheduled', point: null });
    made.send({ kind: 'stop', when: 'now' });
    await made.untilState('stopped');
    expect(made.run.store.command(record.id)).toMatchObject({ state: 'failed', why: 'the run is stopped' });
  });
});

describe('the questions of a run', () => {
  const rowsOf = (made: ReturnType<typeof scriptedRun>) =>
    made.bodies('group').map(({ group }) => [group.step, group.question.row] as const);

  it('are asked without one that is skipped, from the next step on, also after the run was in no memory', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 6 } });
    made.send({ kind: 'run-to', point: 'before-update', step: 1 });
    await made.untilState('paused');
    const [, row = -1] = rowsOf(made)[0] ?? [];
    const skip = { kind: 'skip', row, skipped: true, why } as const;
    expect(made.send(skip)).toMatchObject({ state: 'scheduled', point: 'before-step' });
    made.send({ kind: 'step', count: 3 });
    await made.until((run) => run.state === 'paused' && run.step === 3);
    expect(made.summary.skippedRows).toEqual([row]);
    expect(await made.command(skip)).toMatchObject({ state: 'rejected', why: `row ${row} is skipped already` });
    made.send({ kind: 'stop', when: 'after-step' });
    await made.untilState('stopped');
    made.send({ kind: 'step', count: 1 });
    await made.until((run) => run.state === 'paused' && run.step === 4);
    expect(rowsOf(made).filter(([step, asked]) => step > 1 && asked === row)).toEqual([]);
    made.send({ kind: 'stop', when: 'after-step' });
    await made.untilState('stopped');
    expect(await made.command({ ...skip, skipped: false })).toMatchObject({ state: 'applied', at: null });
    await finished(made);
    expect(rowsOf(made).some(([step, asked]) => step > 4 && asked === row)).toBe(true);
  });

  it('are never all skipped: the last one is asked on, and the run goes on', async () => {
    const made = scriptedRun({ unseen: 0, questions: 3, parameters: { steps: 3 } });
    made.send({ kind: 'run-to', point: 'before-step', step: 2 });
    await made.untilState('paused');
    const skip = (row: number) => made.command({ kind: 'skip', row, skipped: true, why });
    expect([await skip(0), await skip(2)]).toMatchObject([{ state: 'applied' }, { state: 'applied' }]);
    expect(await skip(1)).toMatchObject({
      state: 'failed',
      why: expect.stringContaining('every row that is asked for'),
    });
    expect(made.summary.skippedRows).toEqual([0, 2]);
    expect(await finished(made)).toHaveLength(3);
    expect(
      rowsOf(made)
        .filter(([step]) => step > 1)
        .every(([, row]) => row === 1),
    ).toBe(true);
  });

  it('are skipped once where two ask for it before it is due', async () => {
    const made = scriptedRun({ unseen: 0 });
    made.send({ kind: 'run-to', point: 'after-update', step: 1 });
    await made.untilState('paused');
    const [first, second] = ['x', 'y'].map((said) => made.send({ kind: 'skip', row: 0, skipped: true, why: said }));
    await finished(made);
    expect(made.run.store.command(first?.id ?? '')).toMatchObject({ state: 'applied' });
    expect(made.run.store.command(second?.id ?? '')).toMatchObject({
      ...{ state: 'failed', why: expect.stringContaining('row 0 is skipped already') },
    });
  });

  it('come by other shares of their sources, which have to be those of the dataset', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 3 } });
    made.send({ kind: 'run-to', point: 'before-step', step: 2 });
    await made.untilState('paused');
    expect(await made.command({ kind: 'mix', weights: { STAR: 1 } })).toMatchObject({
      ...{ state: 'rejected', why: expect.stringContaining('No question of this run is from the source "STAR".') },
    });
    expect(await made.command({ kind: 'skip', row: 999, skipped: true, why })).toMatchObject({
      ...{ state: 'rejected', why: expect.stringMatching(/There is no row 999: the dataset has \d+, counted from 0/) },
    });
    const [source = ''] = made.bodies('group').map(({ group }) => group.question.source);
    expect(await made.command({ kind: 'mix', weights: { [source]: 2 } })).toMatchObject({
      ...{ state: 'applied', change: { from: null, to: { [source]: 2 } } },
    });
    expect(made.summary.sourceWeights).toEqual({ [source]: 2 });
    expect(await finished(made)).toHaveLength(3);
  });
});
