/** How a run stands, in words: where it is paused, what it does, and a notice only where there is something to act on. */
import { describe, expect, it } from 'vitest';
import { timeLeft } from '../../../webview/run/progress.ts';
import { noTrainer, phaseWords, stateWords, troubleOf } from '../../../webview/run/run-words.ts';
import { aRunThat, everyStanding } from '../../protocol/every-standing.ts';

const at = { point: 'before-update', step: 34 } as const;
const paused = { state: 'paused', at, why: null, fault: null, memory: 'held' } as const;
const fault = { kind: 'not-finite', message: 'The loss is NaN.', place: 'step 34', remedy: 'Lower the rate.' } as const;

describe('stateWords', () => {
  it('says where it is paused', () => {
    expect(stateWords(aRunThat(paused))).toBe('Paused at before-update, step 34');
    expect(stateWords(aRunThat({ ...paused, memory: 'released' }))).toBe(
      'Paused at before-update, step 34, memory freed',
    );
  });

  it('says what is under way, and which step', () => {
    expect(stateWords(aRunThat({ state: 'starting', doing: 'loading the model' }))).toBe('Starting: loading the model');
    expect(stateWords(aRunThat({ state: 'running', doing: null }, { step: 34 }))).toBe('Running, step 35');
    expect(stateWords(aRunThat({ state: 'stopping', when: 'now' }))).toBe('Stopping now');
  });

  it('has words of its own for every standing, without anything hidden in them', () => {
    const words = everyStanding.map((standing) => stateWords(aRunThat(standing)));
    for (const one of words) expect(one).toMatch(/^[A-Z]/);
    expect(stateWords(aRunThat({ state: 'starting', doing: 'a\u202eb' }))).toBe('Starting: a\\u202eb');
  });
});

describe('phaseWords', () => {
  it('does not change from step to step', () => {
    const running = (step: number) => phaseWords({ ...aRunThat({ state: 'running', doing: null }), step });
    expect([4, 5].map(running)).toEqual(['Running', 'Running']);
    const completed = aRunThat({ state: 'completed' });
    expect(phaseWords(completed)).toBe(stateWords(completed));
  });
});

describe('troubleOf', () => {
  it('has no notice for a pause that a person asked for, nor for a run that goes', () => {
    expect(troubleOf(aRunThat(paused))).toBeNull();
    for (const standing of everyStanding) {
      const speaks = standing.state === 'failed' || (standing.state === 'paused' && standing.why !== null);
      expect(troubleOf(aRunThat(standing)) !== null, standing.state).toBe(speaks);
    }
  });

  it('says what went wrong, where, and what to do', () => {
    expect(troubleOf(aRunThat({ ...paused, fault, why: fault.message }, { step: 33 }))).toEqual({
      kind: 'warning',
      title: 'Paused: The loss is NaN.',
      place: 'step 34',
      text: 'The weights are those of step 33. Lower the rate.',
      log: [],
    });
    expect(troubleOf(aRunThat({ state: 'failed', fault }))).toMatchObject({
      kind: 'error',
      title: 'Failed: The loss is NaN.',
    });
  });

  it('says why it is paused where nothing went wrong', () => {
    expect(troubleOf(aRunThat({ ...paused, why: 'the steps asked for are done' }))).toEqual({
      kind: 'info',
      title: 'Paused.',
      place: null,
      text: 'The steps asked for are done.',
      log: [],
    });
  });
});

describe('timeLeft', () => {
  /* (2000 + 3000) / 2 = 2500 ms a step; 100 - 34 = 66 steps are left. */
  const run = aRunThat({ state: 'running', doing: null }, { step: 34, pace: [2000, 3000] });

  it('is known while the trainer is there', () => {
    expect(timeLeft(run, { state: 'open', reason: '' })).toBe(165_000);
    for (const state of ['connecting', 'starting', 'closed', 'gone'] as const) {
      expect(timeLeft(run, { state, reason: '' })).toBeNull();
      expect(noTrainer({ state, reason: '' })).toMatch(/trainer/);
    }
  });

  it('is none for a run that is done, whoever is there, and unknown for one that is held', () => {
    expect(timeLeft(aRunThat({ state: 'completed' }, { step: 100 }), { state: 'gone', reason: '' })).toBe(0);
    expect(timeLeft(aRunThat(paused, { pace: [2000] }), { state: 'open', reason: '' })).toBeNull();
  });
});
