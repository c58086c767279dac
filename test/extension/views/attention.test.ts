/** When a person is disturbed: a fault that stops a run, a trainer that died under a run; nothing else. */
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { pagePanels } from '../../../extension/panels/page-panels.ts';
import type { Studio } from '../../../extension/studio.ts';
import { registerAttention } from '../../../extension/views/attention.ts';
import type { Advisory } from '../../../trainer/protocol/advisories.ts';
import type { RunEventBody } from '../../../trainer/protocol/records.ts';
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

  describe('of an advisory', () => {
    const told: Advisory = {
      ...{ key: 'order-not-felt', rule: 'order-not-felt', since: 3, message: 'Nothing feels it.', numbers: {} },
      ways: [
        { kind: 'look', query: 'paid:true', why: 'to see' },
        { kind: 'set', parameter: 'temporalCredit', value: 'answer', why: 'to pay each by itself' },
      ],
    };
    /** Tells of events and waits until the last was taken. */
    const tell = async (...bodies: RunEventBody[]) => {
      const taken = new Promise<void>((resolve) => {
        const waiting = studio.onRunEvent(({ seq }) => {
          if (seq < bodies.length) return;
          waiting.dispose();
          resolve();
        });
      });
      for (const [i, body] of bodies.entries()) trainer.emit('r1', i + 1, body);
      await taken;
    };

    test('comes when it begins, with one command, and not for warnings, which go to the log', async () => {
      await tell({ type: 'warning', message: 'One bad row is left out.' }, { type: 'advisory', advisory: told });
      await vi.waitFor(() => expect(editor.messages.length).toBeGreaterThan(0));
      expect(editor.messages).toEqual([
        ['r1: Nothing feels it.', 'Set temporal reward by: answer', 'Open Dashboard', 'Mute'],
      ]);
    });

    test('does not come of what is muted in this run', async () => {
      const other: Advisory = { ...told, key: 'stalled', rule: 'stalled', message: 'It stands still.', ways: [] };
      await tell(
        { type: 'advisory-muted', key: 'order-not-felt', muted: true, by: 'ada' },
        { type: 'advisory', advisory: told },
        { type: 'advisory', advisory: other },
      );
      await vi.waitFor(() => expect(editor.messages.length).toBeGreaterThan(0));
      expect(editor.messages).toEqual([['r1: It stands still.', 'Open Dashboard', 'Mute']]);
    });

    test('mutes it for the run where that is chosen', async () => {
      const muted: unknown[] = [];
      trainer.handlers['advisories/mute'] = async (params) => {
        muted.push(params);
        return {};
      };
      editor.presses = ['Mute'];
      await tell({ type: 'advisory', advisory: told });
      await vi.waitFor(() => expect(muted).toEqual([{ runId: 'r1', key: 'order-not-felt', muted: true }]));
    });
  });

  test('comes when a breakpoint has paused a run, with what hit it and the ways on, and not where one is log only', async () => {
    const cause = { sentence: 'answer 5 of question 1: aha 5', groupId: 'g1', rolloutId: 'o5', values: [] };
    const hit = { number: 2, condition: 'any(aha >= 5)', place: at, logOnly: false, hits: 1, cause };
    await live({ state: 'paused', at, why: 'Breakpoint 2', fault: null, memory: 'held', hit });
    await vi.waitFor(() => expect(editor.messages.length).toBeGreaterThan(0));
    expect(editor.messages).toEqual([
      [
        'Breakpoint 2 of r1, any(aha >= 5), hit at before-update, step 4: answer 5 of question 1: aha 5.',
        ...['Open the Group', 'Resume', 'Disable It'],
      ],
    ]);
    trainer.emit('r1', 2, { type: 'breakpoint-hit', hit: { ...hit, logOnly: true } });
    await live({ state: 'running', doing: null });
    expect(editor.messages).toHaveLength(1);
  });

  test('does not come of a breakpoint where a page says it already, with that run in it', async () => {
    const cause = { sentence: 'answer 5 of question 1: aha 5', groupId: 'g1', rolloutId: 'o5', values: [] };
    const hit = { number: 2, condition: 'any(aha >= 5)', place: at, logOnly: false, hits: 1, cause };
    const paused = { state: 'paused', at, why: 'Breakpoint 2', fault: null, memory: 'held', hit } as const;
    const asked: string[] = [];
    let inSight = 'r1';
    pagePanels(studio).hasInSight = async (run) => {
      asked.push(run);
      return run === inSight;
    };
    await live(paused, { state: 'running', doing: null });
    expect(asked).toEqual(['r1']);
    inSight = 'r2';
    trainer.emit('r1', 3, { type: 'state', run: runOf({ seq: 3, standing: paused }) });
    await vi.waitFor(() => expect(editor.messages.length).toBeGreaterThan(0));
    expect(asked).toEqual(['r1', 'r1']);
    expect(editor.messages).toHaveLength(1);
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
