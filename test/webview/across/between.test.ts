/** What happened to a run between two of its groups: all of it, and nothing of before or after. */
import { describe, expect, it } from 'vitest';
import type { CommandRecord } from '../../../trainer/protocol/commands.ts';
import { happenings } from '../../../webview/across/between.ts';
import { aCheckpoint, aCommand, anEvaluation, aQuestion } from '../../store/records.ts';
import { historyGroup } from './history.ts';

const nothing = { told: [], commands: [], checkpoints: [], evaluations: [], skipped: [], warnings: [] };
const [early, late] = [historyGroup(10), historyGroup(20)];
const steps = (lists: Partial<Parameters<typeof happenings>[0]>) =>
  happenings({ ...nothing, ...lists }, early, late).map(({ step, what }) => [step, what]);

describe('between two groups', () => {
  it('a checkpoint or an evaluation of the first step counts, for it follows the answers, and one of the last does not', () => {
    expect(
      steps({
        checkpoints: [9, 10, 19, 20].map((step) => aCheckpoint(step)),
        evaluations: [9, 10, 20].map((step) => anEvaluation(step)),
      }),
    ).toEqual([
      [10, 'checkpoint'],
      [10, 'evaluation'],
      [19, 'checkpoint'],
    ]);
  });

  it('commands and warnings count by their time, and a command says what it changed, who gave it and why it failed', () => {
    const ended = (number: number, endedAt: number, more: object) =>
      ({ ...aCommand(number), endedAt, ...more }) as CommandRecord;
    const set = { request: { kind: 'set', parameter: 'learningRate', value: 2 }, state: 'applied', note: null };
    const commands = [
      ended(1, 10_000, { ...set, at: { point: 'before-step', step: 10 }, change: { from: 3, to: 4 } }),
      ended(2, 10_001, { ...set, at: { point: 'before-step', step: 11 }, change: { from: 1, to: 2 } }),
      ended(3, 20_000, { state: 'failed', at: { point: 'after-update', step: 19 }, why: 'no space\u202e' }),
      ended(4, 20_001, { state: 'applied', at: null, note: null }),
      aCommand(5),
    ];
    const warnings = [10_000, 15_000].map((at, seq) => ({ seq, at, message: `at ${at}` }));
    const found = happenings({ ...nothing, commands, warnings }, late, early);
    expect(found.map(({ step, what, detail }) => [step, what, detail])).toEqual([
      [null, 'warning', 'at 15000'],
      [11, 'set learning rate', '1 → 2, by ada'],
      [19, 'resume', 'failed: no space\\u202e, by ada'],
    ]);
  });

  it('advisories count by the step after which they began', () => {
    const told = [9, 10, 19, 20].map((since, seq) => ({
      ...{ seq, at: 1, ended: null },
      advisory: { key: 'stalled', rule: 'stalled' as const, since, message: 'so', numbers: {}, ways: [] },
    }));
    expect(steps({ told })).toEqual([
      [10, 'advisory: The accuracy has stalled'],
      [19, 'advisory: The accuracy has stalled'],
    ]);
  });

  it('names the questions that were left out by their row', () => {
    const skipped = [10, 11, 20, 21].map((step) => ({
      ...{ seq: step, step, question: aQuestion({ row: 6 }), kind: 'media', message: 'cut off' },
    }));
    expect(steps({ skipped })).toEqual([
      [11, 'left out row 7'],
      [20, 'left out row 7'],
    ]);
  });
});
