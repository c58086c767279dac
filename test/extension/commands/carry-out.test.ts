/** What a person is told of a command: that it was done when its record says so, else what is against it. */
import { expect, test } from 'vitest';
import { pause, pauseAt, runTo, stop } from '../../../extension/commands/control-run.ts';
import type { RunSummary } from '../../../trainer/protocol/run-state.ts';
import { aRunThat } from '../../protocol/every-standing.ts';
import { editor } from '../fake-vscode.ts';
import { fakeTrainer, studioOn } from '../studios.ts';
import { recordOf, runOf } from '../trainer/fake-trainer.ts';

async function studioWith(...runs: RunSummary[]) {
  const trainer = await fakeTrainer();
  trainer.runs = runs;
  const studio = studioOn(trainer.project);
  await studio.attach();
  return { trainer, studio };
}

test('a command is told as done with the place where it took effect', async () => {
  const { trainer, studio } = await studioWith(runOf());
  trainer.handlers['runs/command'] = async ({ id, command }) => ({
    command: recordOf(id, command, { state: 'applied' }),
  });
  await pause(studio);
  expect(editor.done).toEqual(['$(check) r1 paused (after-update, step 4)']);
});

test('one that the trainer rejects, or that fails, is told with its reason and not as done', async () => {
  const { trainer, studio } = await studioWith(runOf());
  const answer = (state: 'rejected' | 'failed', why: string) => {
    trainer.handlers['runs/command'] = async ({ id, command }) => ({ command: recordOf(id, command, { state, why }) });
  };
  answer('rejected', 'the run is stopping');
  await expect(pause(studio)).rejects.toThrow("r1 can't be paused: the run is stopping.");
  answer('failed', 'No space is left.');
  await expect(pause(studio)).rejects.toThrow("r1 can't be paused: it failed: No space is left.");
  expect(editor.done).toEqual([]);
});

test('stopping a run that stops after its step offers only to stop it now', async () => {
  const { trainer, studio } = await studioWith(runOf({ standing: { state: 'stopping', when: 'after-step' } }));
  trainer.handlers['runs/command'] = async ({ id, command }) => {
    trainer.emit('r1', 6, { type: 'state', run: runOf({ seq: 6, standing: { state: 'stopped' } }) });
    return { command: recordOf(id, command, { state: 'applied' }) };
  };
  await stop(studio, { runId: 'r1' });
  expect(editor.picks.map((items) => items.map(({ label }) => label))).toEqual([['Now']]);
  expect(trainer.commands.map(({ command }) => command)).toEqual([{ kind: 'stop', when: 'now' }]);
});

test('pausing at a safe point offers those that a run comes to', async () => {
  const sft = aRunThat({ state: 'running', doing: null }, { id: 'r1', method: 'sft' });
  const { trainer, studio } = await studioWith(sft);
  trainer.handlers['runs/command'] = async ({ id, command }) => ({
    command: recordOf(id, command, { state: 'applied' }),
  });
  await pauseAt(studio);
  expect(editor.picks.map((items) => items.map(({ label }) => label))).toEqual([
    ['before-step', 'before-update', 'after-update'],
  ]);
  expect(trainer.commands.map(({ command }) => command)).toEqual([
    { kind: 'pause', release: false, at: 'before-step' },
  ]);
});

test.each([
  ['7', { kind: 'run-to', point: 'before-step', step: 7 }, 'before-step of step 7'],
  ['', { kind: 'run-to', point: 'before-step' }, 'before-step'],
])('running to a safe point asks of which step: "%s"', async (typed, command, told) => {
  const { trainer, studio } = await studioWith(aRunThat({ state: 'running', doing: null }, { id: 'r1' }));
  trainer.handlers['runs/command'] = async ({ id, command: asked }) => ({
    command: recordOf(id, asked, { state: 'applied' }),
  });
  editor.typed.push(typed);
  await runTo(studio);
  expect(editor.asked).toEqual(['Run r1 to before-step']);
  expect(trainer.commands.map((sent) => sent.command)).toEqual([command]);
  expect(editor.done).toEqual([`$(check) r1 goes on to ${told}`]);
});
