/** Receipts and updates that are tried, of whole runs: when they can be, what goes before them, and that they leave no trace. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { moveOf } from '../../trainer/evidence/receipts.ts';
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { ParameterValues } from '../../trainer/protocol/parameters.ts';
import { computedOf } from '../../trainer/protocol/records.ts';
import { RunUpdates } from '../../trainer/runs/run-updates.ts';
import type { ScriptedEngine } from '../engines/scripted-engine.ts';
import { firstIsRight, type ScriptedRun, scriptedRun } from './scripted-run.ts';

const never = new AbortController().signal;
const silent = (): void => {};
const updatesOf = (made: ScriptedRun) => new RunUpdates(() => made.run);
const attempt = (made: ScriptedRun, step: number, masked: string[] = [], parameters = {}, signal = never) =>
  updatesOf(made).attempt(made.run.id, { step, masked, parameters }, signal, silent);

/** A run that stands still with the answers of a step, which it has not learned from yet. */
async function pausedBefore(step: number, given: Partial<ParameterValues> = {}): Promise<ScriptedRun> {
  const made = scriptedRun({ unseen: 0, parameters: given });
  if (step > 1) {
    made.send({ kind: 'step', count: step - 1 });
    await made.untilState('paused');
  }
  const at = new Promise<void>((resolve) => {
    const pause = (engine: ScriptedEngine) => {
      const gate = engine.holdNext('sample');
      void gate.entered.then(() => {
        made.send({ kind: 'pause', release: false, at: 'after-sampling' });
        gate.open();
        resolve();
      });
    };
    if (step > 1) pause(made.engine);
    else made.onEngine = pause;
  });
  made.send({ kind: step > 1 ? 'resume' : 'start' });
  await at;
  await made.untilState('paused');
  return made;
}

/** Steps, weights and events of a run, but what only receipts add. */
function traces(made: ScriptedRun) {
  const { store, folder } = made.run;
  return {
    steps: store.metrics().map(computedOf),
    groups: [...store.groups()].map(({ at: _, ...group }) => group),
    weights: [0, store.summary().step].map((step) =>
      readFileSync(path.join(folder, 'checkpoints', `step-${String(step).padStart(6, '0')}`, 'table.json'), 'utf8'),
    ),
    events: made.events.flatMap(({ body }) => (body.type === 'receipt' || body.type === 'state' ? [] : [body.type])),
  };
}

async function completed(given: Partial<ParameterValues> = {}): Promise<ScriptedRun> {
  const made = scriptedRun({ unseen: 0, parameters: given });
  made.send({ kind: 'start' });
  await made.untilState('completed');
  return made;
}

test('a run with a receipt of every step is the run without any, but for them', async () => {
  const [plain, told, half] = [
    await completed({ steps: 6 }),
    await completed({ steps: 6, receiptShare: 1 }),
    await completed({ steps: 6, receiptShare: 0.5 }),
  ];
  expect(traces(told)).toEqual(traces(plain));
  expect(traces(half)).toEqual(traces(plain));
  const steps = [1, 2, 3, 4, 5, 6];
  const having = (made: ScriptedRun) => steps.filter((step) => made.run.store.receipt(step) !== null);
  expect([having(plain), having(told)]).toEqual([[], steps]);
  expect(having(half).length).toBeGreaterThan(0);
  expect(having(half).length).toBeLessThan(6);
  expect(having(await completed({ steps: 6, receiptShare: 0.5 }))).toEqual(having(half));
  const { answers } = told.run.store.receipt(1) ?? { answers: [] };
  // Two questions with two ordered answers; the first of each is right, and becomes likelier than the other.
  expect(answers.map(({ advantage }) => Math.sign(advantage ?? 0))).toEqual([1, -1, 1, -1]);
  expect(answers.map((answer) => moveOf(answer) > 0)).toEqual([true, false, true, false]);
});

test('a held run makes the receipt of its last step once, and none of an earlier one', async () => {
  const made = scriptedRun({ unseen: 0 });
  made.send({ kind: 'step', count: 2 });
  await made.untilState('paused');
  const updates = updatesOf(made);
  const { id } = made.run;
  expect(updates.state(id, 2)).toMatchObject({ receipt: null, make: null, attempt: null, again: true });
  expect(updates.state(id, 1).make).toMatch(/have gone on since step 1; only step 2/);
  await expect(updates.make(id, 1)).rejects.toThrow(/only step 2/);
  const receipt = await updates.make(id, 2);
  expect(receipt.answers).toHaveLength(4);
  expect(updates.state(id, 2).receipt?.at).toBe(receipt.at);
  expect((await updates.make(id, 2)).at).toBe(receipt.at);
  expect(made.bodies('receipt')).toEqual([{ type: 'receipt', step: 2 }]);
  made.send({ kind: 'resume' });
  await made.untilState('completed');
  expect(traces(made).steps).toEqual(traces(await completed()).steps);
});

test('a step whose answers are there is tried as it will be made, and with a change; then it is made as if nobody had', async () => {
  for (const step of [1, 2]) {
    const made = await pausedBefore(step, { maskFlagged: true });
    expect(made.summary).toMatchObject({ state: 'paused', at: { point: 'after-sampling', step } });
    const { id } = made.run;
    const updates = updatesOf(made);
    expect(updates.state(id, step)).toMatchObject({ receipt: null, attempt: null, again: false });
    if (step === 2) {
      expect(updates.state(id, 1)).toMatchObject({
        make: null,
        attempt: expect.stringMatching(/gone on since step 1/),
      });
      await updates.make(id, 1);
    } else expect(updates.state(id, 1).make).toMatch(/No update was made/);
    const masked = `s${step}-0-o0`;
    const { plain, tried, again, learningRate } = await attempt(made, step, [masked], { learningRate: 0.5 });
    expect([again, learningRate.tried]).toEqual([false, 0.5]);
    expect(tried.answers.find(({ rolloutId }) => rolloutId === masked)?.advantage).toBeNull();
    made.send({ kind: 'step', count: 1 });
    await made.until((run) => run.state === 'paused' && run.step === step);
    const receipt = await updates.make(id, step);
    expect(plain.answers).toEqual(receipt.answers);
    made.send({ kind: 'resume' });
    await made.untilState('completed');
    const { events: _, ...found } = traces(made);
    const { events: __, ...expected } = traces(await completed({ maskFlagged: true }));
    expect(found).toEqual(expected);
  }
});

test('an update of a step that was made is one more on its answers', async () => {
  const made = scriptedRun({ unseen: 0, parameters: { learningRate: 0.1 } });
  made.send({ kind: 'step', count: 1 });
  await made.untilState('paused');
  const { again, plain, tried } = await attempt(made, 1, [], { clipLow: 1e-4, clipHigh: 1e-4 });
  expect(again).toBe(true);
  // It has moved already: what is clipped at once moves no further, but for the optimizer's momentum.
  expect(plain.answers.map(moveOf)).not.toEqual(tried.answers.map(moveOf));
});

test('what can’t be tried is refused with the reason', async () => {
  const resting = await completed();
  expect(updatesOf(resting).state('r', 3)).toMatchObject({
    make: expect.stringMatching(/paused in memory/),
    again: true,
  });
  await expect(attempt(resting, 3)).rejects.toThrow(/paused in memory/);

  const made = scriptedRun({ unseen: 0 });
  made.send({ kind: 'step', count: 1 });
  await made.untilState('paused');
  await expect(attempt(made, 1, ['s1-9-o9'])).rejects.toThrow(/no rollout s1-9-o9/);
  await expect(attempt(made, 1, ['s1-0-s0'])).rejects.toThrow(/shuffled frames are not trained on/);
  const able = made.engine.capabilities as { lossMeans: string[]; snapshot: boolean };
  able.lossMeans = ['answer'];
  await expect(attempt(made, 1, [], { lengthMin: 500, lengthMax: 1 })).rejects.toThrow(
    /lengthMin \(500\) is above lengthMax \(1\)/,
  );
  await expect(attempt(made, 1, [], { lossMean: 'token' })).rejects.toThrow(/can’t average the loss by token/);
  able.lossMeans = ['answer', 'token'];

  const sft = scriptedRun({ method: 'sft', unseen: 0 });
  sft.send({ kind: 'step', count: 1 });
  await sft.untilState('paused');
  expect(updatesOf(sft).state('r', 1)).toMatchObject({
    make: expect.stringMatching(/^SFT/),
    attempt: expect.stringMatching(/^SFT/),
  });

  const flat = scriptedRun({
    unseen: 0,
    script: () => '<think>a</think><answer>B</answer>',
    parameters: { skipFlatGroups: true },
  });
  flat.send({ kind: 'step', count: 1 });
  await flat.untilState('paused');
  expect(updatesOf(flat).state('r', 1)).toMatchObject({
    make: expect.stringMatching(/nothing was trained on/),
    attempt: null,
  });
  await expect(updatesOf(flat).make('r', 1)).rejects.toThrow(/nothing was trained on/);

  const unable = scriptedRun({ unseen: 0 });
  unable.onEngine = (engine) => {
    (engine.capabilities as { snapshot: boolean }).snapshot = false;
  };
  unable.send({ kind: 'step', count: 1 });
  await unable.untilState('paused');
  expect(updatesOf(unable).state('r', 1)).toMatchObject({
    make: null,
    attempt: expect.stringMatching(/can’t keep weights aside/),
  });
  await expect(attempt(unable, 1)).rejects.toThrow(/can’t keep weights aside/);
});

test('a command that is due goes first: the update is cut short and taken back, and what is saved are the run’s weights', async () => {
  const made = scriptedRun({ unseen: 0 });
  made.send({ kind: 'step', count: 1 });
  await made.untilState('paused');
  const before = [...made.engine.logitsOf({ id: 0, role: 'policy' })];
  const gate = made.engine.holdNext('optimStep');
  const tried = attempt(made, 1);
  await gate.entered;
  const saved = made.command({ kind: 'save' });
  gate.open();
  await expect(tried).rejects.toMatchObject({ kind: 'conflict' });
  expect((await saved).state).toBe('applied');
  const { folder } = made.run.store.checkpoints().at(-1) ?? { folder: '' };
  const table = JSON.parse(
    readFileSync(path.resolve(made.run.folder, 'checkpoints', path.basename(folder), 'table.json'), 'utf8'),
  );
  expect(table.logits).toEqual(before);
  expect(made.engine.snapshotsHeld).toBe(0);
  // Whoever asks next has a turn again.
  expect((await attempt(made, 1)).plain.answers).toHaveLength(4);
  const stop = made.engine.holdNext('forward');
  const last = attempt(made, 1);
  await stop.entered;
  made.send({ kind: 'stop', when: 'now' });
  stop.open();
  await expect(last).rejects.toMatchObject({ kind: 'conflict' });
  await made.untilState('stopped');
});

test('who asks may end it, and those who wait meanwhile are refused when the run goes on', async () => {
  const made = scriptedRun({ unseen: 0 });
  made.send({ kind: 'step', count: 1 });
  await made.untilState('paused');
  const mine = new AbortController();
  const gate = made.engine.holdNext('forwardBackward');
  const first = attempt(made, 1, [], {}, mine.signal);
  await gate.entered;
  const second = attempt(made, 1);
  mine.abort();
  made.send({ kind: 'resume' });
  gate.open();
  await expect(first).rejects.toBe(mine.signal.reason);
  await expect(second).rejects.toThrow(/does not stand still/);
  await made.untilState('completed');
  expect(traces(made).steps).toEqual(traces(await completed()).steps);
});

test('a run whose weights could not be put back does not go on with them, nor saves them', async () => {
  const made = scriptedRun({ unseen: 0 });
  made.send({ kind: 'step', count: 1 });
  await made.untilState('paused');
  made.engine.failNext('restore', new StudioError('engine-failed', 'A thread died.'));
  await expect(attempt(made, 1)).rejects.toThrow(/could not be put back/);
  const saved = made.run.store.checkpoints().length;
  expect((await made.command({ kind: 'save' })).state).toBe('failed');
  made.send({ kind: 'resume' });
  await made.until((run) => run.state === 'paused' && run.memory === 'released');
  expect(made.summary).toMatchObject({ fault: { message: expect.stringMatching(/could not be put back/) } });
  expect(made.run.store.checkpoints()).toHaveLength(saved);
});

test('an update that a fault cuts short is no update to look at', async () => {
  const made = scriptedRun({ unseen: 0, script: firstIsRight, parameters: { updatesPerSampling: 2 } });
  made.send({ kind: 'step', count: 1 });
  await made.untilState('paused');
  made.engine.failNext('optimStep', new StudioError('not-finite', 'The gradient is NaN.'));
  made.send({ kind: 'resume' });
  await made.until((run) => run.state === 'paused' && run.why !== null && /NaN/.test(run.why));
  expect(updatesOf(made).state('r', 1)).toMatchObject({
    make: expect.stringMatching(/No update/),
    attempt: expect.stringMatching(/No update/),
  });
});
