/** Why a checkpoint is kept: the last by schedule, the best by a measure, pinned ones, and what no schedule saved. */
import { describe, expect, it } from 'vitest';
import {
  keptBecause,
  keptWords,
  type MeasuredRun,
  measureOf,
  ruleWords,
} from '../../trainer/protocol/checkpoint-keeping.ts';
import type { Checkpoint, Evaluation } from '../../trainer/protocol/records.ts';

const saved = (step: number, more: Partial<Checkpoint> = {}): Checkpoint => ({
  ...{ id: `c${step}`, step, at: step, folder: '', sizeBytes: 1, reason: 'schedule', ...more },
});
const slice = (ordered: number) => ({ name: '', count: 1, ordered, shuffled: null });
const evaluated = (step: number, all: number, order: number | null, at = step) =>
  ({ step, at, all: slice(all), needsOrder: order === null ? null : slice(order) }) as Evaluation;
const nothing: MeasuredRun = { evaluations: [], metric: () => null };
const words = (checkpoints: readonly Checkpoint[], rules: Parameters<typeof keptBecause>[1], run = nothing) =>
  Object.fromEntries([...keptBecause(checkpoints, rules, run)].map(([id, reasons]) => [id, keptWords(reasons)]));

describe('what keeps a checkpoint', () => {
  const five = [saved(0, { reason: 'start' }), saved(10), saved(20), saved(30), saved(40, { reason: 'end' })];

  it('by schedule is to be among the last; others only a person deletes', () => {
    expect(words(five, { checkpointsKept: 2, keepBest: 'none' })).toEqual({
      c0: 'where the run began',
      c10: 'nothing; the next save deletes it',
      c20: 'last 2',
      c30: 'last 2',
      c40: 'at the end',
    });
  });

  it('is to be the best by the evaluation of its step, over all questions or those that need order', () => {
    const run = { ...nothing, evaluations: [evaluated(10, 0.9, 0.1), evaluated(20, 0.5, 0.8), evaluated(99, 1, 1)] };
    const rules = { checkpointsKept: 1, keepBest: 'evaluation' } as const;
    expect(words(five, rules, run)).toMatchObject({
      c10: 'best by evaluation accuracy',
      c20: expect.stringMatching(/^nothing/),
    });
    expect(words(five, { ...rules, keepBest: 'evaluation-order' }, run)).toMatchObject({
      c20: 'best by evaluation order accuracy',
    });
  });

  it('goes by the newest evaluation of a step, and of equal checkpoints takes the newest', () => {
    const run = {
      ...nothing,
      evaluations: [evaluated(10, 0.9, null, 1), evaluated(10, 0.2, null, 2), evaluated(20, 0.2, null)],
    };
    expect(measureOf('evaluation', 10, run)).toBe(0.2);
    expect(words(five, { checkpointsKept: 1, keepBest: 'evaluation' }, run)).toMatchObject({
      c20: 'best by evaluation accuracy',
    });
  });

  it('takes the mean of the ten steps that a checkpoint ends, so that one lucky step decides nothing', () => {
    const reward = (step: number) => (step === 10 ? 5 : step > 20 && step <= 30 ? 1 : 0);
    const run = { ...nothing, metric: (_: string, step: number) => reward(step) };
    expect([10, 20, 30].map((step) => measureOf('reward', step, run))).toEqual([0.5, 0, 1]);
    expect(words(five, { checkpointsKept: 1, keepBest: 'reward' }, run)).toMatchObject({ c30: 'last, best by reward' });
  });

  it('is to be pinned, with its note', () => {
    const pin = { note: 'before the rate', by: 'Ann', at: 1 };
    expect(words([saved(10, { pin }), saved(20)], { checkpointsKept: 1, keepBest: 'none' })).toMatchObject({
      c10: 'pinned: before the rate',
    });
  });
});

it('the rules are said in one line', () => {
  expect(ruleWords({ checkpointsKept: 3, keepBest: 'evaluation' })).toBe(
    'keeps the last 3, the best by evaluation accuracy, pinned ones and those saved by hand',
  );
});
