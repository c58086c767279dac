/** Checkpoints as commands of a run: kept by rules, pinned, deleted with what that means said first, compared. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasEnded } from '../../trainer/protocol/commands.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { CheckpointShelf } from '../../trainer/runs/checkpoint-shelf.ts';
import { aRunThat } from '../protocol/every-standing.ts';
import { type ScriptedRun, type ScriptedRunOptions, scriptedRun } from './scripted-run.ts';

const stepsOf = (made: ScriptedRun) => made.run.store.checkpoints().map(({ step }) => step);
const folderOf = (made: ScriptedRun, step: number) =>
  path.join(made.run.folder, 'checkpoints', `step-${String(step).padStart(6, '0')}`);

async function complete(options: ScriptedRunOptions): Promise<ScriptedRun> {
  const made = scriptedRun(options);
  made.send({ kind: 'start' });
  await made.untilState('completed');
  return made;
}
const every = (parameters: ScriptedRunOptions['parameters'], more: ScriptedRunOptions = {}) =>
  complete({ unseen: 0, ...more, parameters: { steps: 5, checkpointEvery: 1, checkpointsKept: 2, ...parameters } });

describe('the rules', () => {
  it('keep the best by evaluation, which comes after the save, and let the one before it go', async () => {
    // Accuracy of the unseen questions: right as long as the table is young.
    const made = await complete({
      unseen: 2,
      parameters: { steps: 5, checkpointEvery: 1, checkpointsKept: 1, evaluateEvery: 1, keepBest: 'evaluation' },
    });
    const { store } = made.run;
    const best = store
      .evaluations()
      .filter(({ step }) => stepsOf(made).includes(step))
      .sort((a, b) => b.all.ordered - a.all.ordered || b.step - a.step)[0];
    expect(stepsOf(made)).toContain(best?.step);
    // Of equal ones the newest is the best, so nothing older is kept for that.
    expect(stepsOf(made)).toEqual([0, 4, 5]);
  });

  it('keep the best by reward however old it is', async () => {
    // Only the first step is paid.
    let asked = 0;
    const script: ScriptedRunOptions['script'] = ({ index }) =>
      `<think>a</think><answer>${index === 0 && ++asked <= 2 ? 'B' : 'A'}</answer>`;
    const made = await every({ keepBest: 'reward', checkpointsKept: 1 }, { script });
    expect(stepsOf(made)).toEqual([0, 1, 4, 5]);
    const plain = await every({ checkpointsKept: 1 }, { script });
    expect(stepsOf(plain)).toEqual([0, 4, 5]);
  });
});

describe('a pin', () => {
  it('keeps a checkpoint past its rule, by its record and in every window, until it is taken off', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 8, checkpointEvery: 1, checkpointsKept: 1 } });
    made.send({ kind: 'start' });
    await made.until((run) => run.step === 2);
    await made.command({ kind: 'pause', release: false });
    const pinned = await made.command({ kind: 'pin', step: stepsOf(made).at(-1) ?? 0, note: 'before the rate' });
    expect(pinned).toMatchObject({ state: 'applied', at: null, note: expect.stringContaining('before the rate') });
    const step = (pinned.request as { step: number }).step;
    expect(made.bodies('checkpoint-pinned')).toMatchObject([{ pin: { note: 'before the rate', by: 'ada' } }]);
    await made.command({ kind: 'resume' });
    await made.untilState('completed');
    expect(stepsOf(made)).toEqual([0, step, 7, 8]);
    const found = made.reopen();
    expect(found.run.store.checkpoints().find((each) => each.step === step)?.pin).toMatchObject({ by: 'ada' });
    const off = await found.command({ kind: 'unpin', step });
    expect(off).toMatchObject({ note: expect.stringContaining('nothing; the next save deletes it') });
    // Nothing goes before the next save.
    expect(stepsOf(found)).toContain(step);
    await found.command({ kind: 'set', parameter: 'steps', value: 9 });
    found.send({ kind: 'resume' });
    await found.until((run) => run.state === 'completed' && run.step === 9);
    expect(stepsOf(found)).not.toContain(step);
  });

  it('stays when the checkpoint of its step is saved again', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 4, checkpointEvery: 2 } });
    made.send({ kind: 'start' });
    await made.until((run) => run.step === 2);
    await made.command({ kind: 'pause', release: false });
    await made.command({ kind: 'step', count: 1 });
    await made.untilState('paused');
    await made.command({ kind: 'save' });
    const step = stepsOf(made).at(-1) ?? 0;
    await made.command({ kind: 'pin', step, note: '' });
    await made.command({ kind: 'save' });
    expect(made.run.store.checkpoints().find((each) => each.step === step)?.pin).toMatchObject({ note: '' });
  });

  it('is refused where there is no such checkpoint, with those that there are', async () => {
    const made = await every({});
    expect(await made.command({ kind: 'pin', step: 2, note: '' })).toMatchObject({
      ...{ state: 'rejected', why: 'there is no checkpoint of step 2; there are 0, 3, 4, 5' },
    });
    expect(await made.command({ kind: 'unpin', step: 4 })).toMatchObject({
      ...{ state: 'rejected', why: 'the checkpoint of step 4 is not pinned' },
    });
  });
});

describe('deleting a checkpoint', () => {
  it('takes it from the disk and from the record, at once where nothing speaks against it', async () => {
    const made = await every({});
    expect(await made.command({ kind: 'remove-checkpoint', step: 3 })).toMatchObject({ state: 'applied' });
    expect(stepsOf(made)).toEqual([0, 4, 5]);
    expect(existsSync(folderOf(made, 3))).toBe(false);
    expect(made.bodies('checkpoint-removed').at(-1)).toEqual({ type: 'checkpoint-removed', id: 'step-000003' });
  });

  it('wants a person’s word for the newest, from which a resume goes on', async () => {
    const made = await every({});
    expect(await made.run.shelf.removal(5)).toMatchObject({
      asks: ['It is the newest, from which a resume goes on; the next is of step 4.'],
    });
    expect(await made.command({ kind: 'remove-checkpoint', step: 5 })).toMatchObject({
      ...{ state: 'failed', why: expect.stringContaining('the next is of step 4') },
    });
    expect(existsSync(folderOf(made, 5))).toBe(true);
    expect(await made.command({ kind: 'remove-checkpoint', step: 5, confirmed: true })).toMatchObject({
      state: 'applied',
    });
    expect(stepsOf(made)).toEqual([0, 3, 4]);
  });

  it('counts as newest what is there as it was written', async () => {
    const made = await every({});
    rmSync(path.join(folderOf(made, 5), 'table.json'));
    expect((await made.run.shelf.removal(5)).asks).toEqual([]);
    expect((await made.run.shelf.removal(4)).asks).toEqual([
      'It is the newest, from which a resume goes on; the next is of step 3.',
    ]);
  });

  it('says which runs were made from it, who pinned it, and what else it is for', async () => {
    const others: RunSummary[] = [];
    const made = await every({ keepBest: 'reward' }, { others: () => others });
    others.push(aRunThat({ state: 'created' }, { id: 'tried-1', from: `${made.run.id}, step 3` }));
    await made.command({ kind: 'pin', step: 3, note: 'good' });
    expect((await made.run.shelf.removal(3)).asks).toEqual(['tried-1 was made from it.', 'ada pinned it: good.']);
    expect((await made.run.shelf.removal(0)).asks).toEqual(['The KL term of this run is reckoned from it.']);
    expect((await made.run.shelf.removal(5)).asks.at(-1)).toBe('It is the best by reward of those that are kept.');
  });

  it('lets nobody pin or delete it meanwhile, and is over where a person has not agreed', async () => {
    const made = await every({});
    const gone = made.command({ kind: 'remove-checkpoint', step: 3 });
    const why = 'the checkpoint of step 3 is being deleted';
    expect(made.send({ kind: 'pin', step: 3, note: '' })).toMatchObject({ state: 'rejected', why });
    expect(made.send({ kind: 'remove-checkpoint', step: 3 })).toMatchObject({ state: 'rejected', why });
    expect(await gone).toMatchObject({ state: 'applied' });
    expect(made.bodies('checkpoint-removed').filter(({ id }) => id === 'step-000003')).toHaveLength(1);
    expect(await made.command({ kind: 'remove-checkpoint', step: 5 })).toMatchObject({ state: 'failed' });
    expect(await made.command({ kind: 'pin', step: 5, note: '' })).toMatchObject({ state: 'applied' });
  });

  it('of a fork says that it would leave nothing to go on from, whatever its parent began with', async () => {
    const made = await every({});
    const fork = new CheckpointShelf({
      ...{ folder: made.run.folder, store: made.run.store, runs: () => [], record: () => {} },
      run: () => ({ ...made.summary, parent: { run: 'tried-1', step: 5 } }),
    });
    expect((await fork.removal(5)).asks).toEqual([
      'It is the newest, from which a resume goes on; there is no other, and a fork can’t begin again.',
    ]);
  });

  it('of one whose folder is in the trash already is only written down', async () => {
    const made = await every({});
    rmSync(folderOf(made, 5), { recursive: true });
    expect(await made.command({ kind: 'remove-checkpoint', step: 5 })).toMatchObject({
      ...{ state: 'applied', note: expect.stringContaining('its folder was gone') },
    });
    expect(stepsOf(made)).toEqual([0, 3, 4]);
  });

  it('ends before the trainer does', async () => {
    const made = await every({});
    const sent = made.send({ kind: 'remove-checkpoint', step: 3 });
    await made.run.shutDown();
    const ended = made.bodies('command').find(({ command }) => command.id === sent.id && hasEnded(command));
    expect(ended?.command.state).toBe('applied');
  });
});

describe('the shelf', () => {
  it('says what the disk has left, what is faulty, and who was made from what', async () => {
    const others: RunSummary[] = [];
    const made = await every({}, { others: () => others });
    others.push(aRunThat({ state: 'created' }, { id: 'tried-1', from: `${made.run.id}, step 4` }));
    rmSync(folderOf(made, 3), { recursive: true });
    const state = await made.run.shelf.state();
    expect(state.freeBytes).toBeGreaterThan(0);
    expect(state.asideBytes).toBe(0);
    expect(state.checkpoints).toEqual([
      { step: 0, fault: null, usedBy: [] },
      { step: 3, fault: 'its folder is not there', usedBy: [] },
      { step: 4, fault: null, usedBy: ['tried-1'] },
      { step: 5, fault: null, usedBy: [] },
    ]);
  });

  it('counts what a resume has put aside', async () => {
    const made = await every({ steps: 6 });
    await made.command({ kind: 'resume', from: 4, confirmed: true });
    await made.untilState('completed');
    const aside = path.join(made.run.folder, 'checkpoints', 'superseded-1', 'step-000006', 'table.json');
    expect((await made.run.shelf.state()).asideBytes).toBeGreaterThan(readFileSync(aside).length);
  });

  it('compares two: their figures, and the parameters that were changed between them', async () => {
    const made = scriptedRun({ unseen: 0, parameters: { steps: 4, checkpointEvery: 2, checkpointsKept: 9 } });
    made.send({ kind: 'start' });
    await made.until((run) => run.step === 2);
    await made.command({ kind: 'set', parameter: 'learningRate', value: 0.25 });
    await made.untilState('completed');
    const compared = await made.run.shelf.compare([0, 4]);
    expect(compared.differences).toEqual([
      { name: 'learningRate', first: made.run.store.summary().presetParameters.learningRate, second: 0.25 },
    ]);
    expect([compared.first.reward, compared.second.reward]).toEqual([null, expect.any(Number)]);
    await expect(made.run.shelf.compare([0, 3])).rejects.toThrow('has no checkpoint of step 3; there are 0, 2, 4');
  });
});
