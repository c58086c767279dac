/** What is said of a parameter's past, and of what waits, is what the command log has. */
import { describe, expect, it } from 'vitest';
import type { CommandRecord } from '../../../trainer/protocol/commands.ts';
import { parameterHistory, valuesToCome } from '../../../webview/dashboard/parameter-history.ts';
import { aRunThat } from '../../protocol/every-standing.ts';

const run = aRunThat({ state: 'running', doing: null }, { createdAt: 10 });
const set = (number: number, parameter: string, value: number, rest: object): CommandRecord =>
  ({
    ...{ id: `c${number}`, number, by: 'Ann', requestedAt: 100 * number },
    ...{ request: { kind: 'set', parameter, value }, ...rest },
  }) as CommandRecord;
const applied = (step: number | null, from: number, to: number) => ({
  ...{ state: 'applied', endedAt: 1000, at: step && { point: 'before-step', step } },
  ...{ change: { from, to }, note: null },
});

describe('the history of a parameter', () => {
  it('is its applied commands, newest first, after what it was at the start', () => {
    const commands = [
      set(5, 'alpha', 0.9, { state: 'scheduled', point: 'before-step', change: { from: 0.5, to: 0.9 } }),
      set(4, 'alpha', 0.5, applied(7, 0.2, 0.5)),
      set(3, 'alpha', 2, { state: 'rejected', endedAt: 5, why: 'no' }),
      set(2, 'mu', 0.5, applied(6, 0.8, 0.5)),
      set(1, 'alpha', 0.2, applied(null, 0.3, 0.2)),
    ];
    expect(parameterHistory('alpha', run, commands)).toEqual({
      start: { at: 10, value: 0.3, by: 'tgrpo.run.json' },
      changes: [
        { id: 'c4', at: 1000, step: 7, from: 0.2, to: 0.5, by: 'Ann' },
        { id: 'c1', at: 1000, step: null, from: 0.3, to: 0.2, by: 'Ann' },
      ],
    });
  });

  it('of a fork begins with the run that it was forked from', () => {
    const fork = { ...run, parent: { run: 'tgrpo-0', step: 4 } };
    expect(parameterHistory('alpha', fork, []).start).toEqual({
      ...{ at: 10, value: run.parameters.alpha, by: 'fork of tgrpo-0, step 4' },
    });
  });
});

describe('values to come', () => {
  it('are the present ones with what waits, the newest of it last', () => {
    const waits = { state: 'scheduled', point: 'before-step', change: null };
    const come = valuesToCome(run, [
      set(3, 'alpha', 0.7, waits),
      set(2, 'alpha', 0.5, waits),
      set(1, 'mu', 0.1, { state: 'failed', endedAt: 1, at: null, why: 'no' }),
    ]);
    expect([come.alpha, come.mu]).toEqual([0.7, run.parameters.mu]);
  });
});
