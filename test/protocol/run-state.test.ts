/** How a run stands, and what follows from it. */
import { describe, expect, it } from 'vitest';
import type { RunEventBody } from '../../trainer/protocol/records.ts';
import { reduceRun } from '../../trainer/protocol/reduce-run.ts';
import {
  faultOf,
  isComputing,
  paceSteps,
  remainingMs,
  runStates,
  runSummary,
  standingOf,
  withStanding,
} from '../../trainer/protocol/run-state.ts';
import { aQuestion, someMetrics } from '../store/records.ts';
import { aRunThat, everyRun, everyStanding } from './every-standing.ts';

describe('a summary', () => {
  it('is read as it is written, whatever its state, and has nothing of another state', () => {
    for (const run of everyRun) expect(runSummary.parse(JSON.parse(JSON.stringify(run)))).toEqual(run);
    for (const standing of everyStanding) {
      expect(standingOf(aRunThat(standing))).toEqual(standing);
      for (const next of everyStanding) {
        expect(withStanding(aRunThat(standing), next, 5)).toEqual(aRunThat(next, { updatedAt: 5 }));
      }
    }
  });

  it('says whether the run uses the machine', () => {
    expect(runStates.filter(isComputing)).toEqual(['starting', 'running', 'pausing', 'stopping', 'evaluating']);
  });

  it('has a fault where it failed or was paused by one', () => {
    const withFault = everyStanding.filter((standing) => faultOf(aRunThat(standing)) !== null);
    expect(withFault.map(({ state }) => state)).toEqual(['paused', 'failed']);
  });

  it('tells the time left while the run goes on by itself, from its pace, and not when it stands', () => {
    const left = everyStanding.map((standing) => {
      const run = aRunThat(standing, { pace: [1000, 3000], step: 90, steps: 100 });
      return [standing.state, remainingMs(run)];
    });
    // Ten steps of two seconds.
    expect(left.filter(([, ms]) => ms === 20_000).map(([state]) => state)).toEqual([
      'running',
      'running',
      'pausing',
      'pausing',
    ]);
    expect(left.filter(([, ms]) => ms === 0).map(([state]) => state)).toEqual(['completed']);
    expect(left.filter(([, ms]) => ms === null)).toHaveLength(everyStanding.length - 5);
    expect(remainingMs(aRunThat({ state: 'running', doing: null }))).toBeNull();
  });
});

describe('the reducer', () => {
  const event = (seq: number, body: RunEventBody) => ({ seq, at: 1000 + seq, body });
  const run = aRunThat({ state: 'running', doing: null }, { step: 0 });
  const step = (n: number, total: number) =>
    ({
      type: 'step',
      metrics: someMetrics(n, { durations: { ...someMetrics(n).durations, held: 9e9, total } }),
    }) as const;

  it('counts steps, and keeps the pace of the newest without the time that was held', () => {
    const events = Array.from({ length: 25 }, (_, i) => event(i + 1, step(i + 1, 100 + i)));
    const after = events.reduce(reduceRun, run);
    expect(after).toMatchObject({ step: 25, seq: 25, updatedAt: 1025, state: 'running' });
    expect(after.pace).toEqual(Array.from({ length: paceSteps }, (_, i) => 105 + i));
  });

  it('takes each event once', () => {
    const once = reduceRun(run, event(1, step(1, 100)));
    expect(reduceRun(once, event(1, step(1, 100)))).toBe(once);
  });

  it('goes back with a rewind, forward with nothing but steps, and takes a state whole', () => {
    const at5 = aRunThat({ state: 'starting', doing: null }, { step: 5, seq: 7 });
    expect(reduceRun(at5, event(8, { type: 'rewound', toStep: 3 })).step).toBe(3);
    expect(reduceRun(at5, event(8, { type: 'rewound', toStep: 9 })).step).toBe(5);
    const stopped = aRunThat({ state: 'stopped' }, { step: 4, skipped: 2 });
    expect(reduceRun(at5, event(8, { type: 'state', run: stopped }))).toEqual({ ...stopped, seq: 8 });
  });

  it('counts questions that were left out, and lets the rest be', () => {
    const skipped: RunEventBody = {
      type: 'skipped',
      step: 1,
      question: aQuestion(),
      kind: 'bad-media',
      message: 'cut',
    };
    expect(reduceRun(run, event(1, skipped))).toEqual({ ...run, seq: 1, skipped: 1 });
    expect(reduceRun(run, event(1, { type: 'warning', message: 'w' }))).toEqual({ ...run, seq: 1 });
  });
});
