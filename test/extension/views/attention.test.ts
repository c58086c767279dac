/** When a person is disturbed: a fault that stops a run, a trainer that died under a run; nothing else. */
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Studio } from '../../../extension/studio.ts';
import { registerAttention } from '../../../extension/views/attention.ts';
import type { Standing } from '../../../trainer/protocol/run-state.ts';
import { editor } from '../fake-vscode.ts';
import { fakeTrainer, studioOn } from '../studios.ts';
import { type FakeTrainer, runOf } from '../trainer/fake-trainer.ts';

const at = { point: 'before-update', step: 4 } as const;
const fault = { kind: 'disk-full', message: 'No space is left.', remedy: 'Free some space.' } as const;

let trainer: FakeTrainer;
let studio: Studio;
beforeEach(async () => {
  trainer = await fakeTrainer();
  trainer.runs = [runOf({ seq: 0 })];
  studio = studioOn(trainer.project);
  const attention = registerAttention(studio);
  onTestFinished(() => attention.dispose());
  await studio.attach();
});

/** Tells of states, one after the other, and waits until the last was taken. */
async function live(...standings: Standing[]): Promise<void> {
  const taken = new Promise<void>((resolve) => {
    const waiting = studio.onRunEvent(({ seq }) => {
      if (seq < standings.length) return;
      waiting.dispose();
      resolve();
    });
  });
  standings.forEach((standing, i) => {
    trainer.emit('r1', i + 1, { type: 'state', run: runOf({ seq: i + 1, standing }) });
  });
  await taken;
}

describe('a notice', () => {
  test('comes when a run stands still because of a fault, once, with the way on', async () => {
    const paused = { state: 'paused', at, why: fault.message, fault, memory: 'held' } as const;
    await live(paused, paused);
    expect(editor.messages).toEqual([
      [
        'r1 is paused because of a fault at step 3: No space is left. Free some space.',
        'Open Dashboard',
        'Resume',
        'Show Log',
      ],
    ]);
  });

  test('comes when a run is to learn nothing, and not for other warnings, which go to the log', async () => {
    const taken = new Promise<void>((resolve) => {
      const waiting = studio.onRunEvent(({ seq }) => {
        if (seq < 2) return;
        waiting.dispose();
        resolve();
      });
    });
    trainer.emit('r1', 1, { type: 'warning', message: 'One bad row is left out.' });
    trainer.emit('r1', 2, { type: 'warning', about: 'learning', message: 'LearningRate is 0.' });
    await taken;
    expect(editor.messages).toEqual([['r1: LearningRate is 0.', 'Open Dashboard']]);
  });

  test('comes when a run failed', async () => {
    await live({ state: 'failed', fault });
    expect(editor.messages.map(([text]) => text)).toEqual(['r1 failed at step 3: No space is left. Free some space.']);
  });

  test('does not come when a person paused it, whatever is said of why', async () => {
    await live(
      { state: 'pausing', release: false },
      { state: 'paused', at, why: 'the steps asked for are done', fault: null, memory: 'held' },
    );
    expect(editor.messages).toEqual([]);
  });

  test('comes when the trainer dies under a run, and names it', async () => {
    const gone = new Promise<void>((resolve) => {
      studio.onTrainerGone(() => resolve());
    });
    trainer.announce({ pid: 2 ** 22 - 3, port: 1 });
    await trainer.end();
    await gone;
    expect(editor.messages).toEqual([
      [expect.stringContaining('while r1 (step 3) was under way'), 'Start Trainer', 'Show Log'],
    ]);
  });
});
