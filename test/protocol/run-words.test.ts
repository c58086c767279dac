/** A run's standing in words. */
import { describe, expect, test } from 'vitest';
import { duration, runLine, standingWords, whichRun } from '../../trainer/protocol/run-words.ts';
import { aRunThat, everyStanding } from './every-standing.ts';

describe('how a run stands', () => {
  test('is told with all that belongs to its state', () => {
    const words = everyStanding.map((standing) => standingWords(aRunThat(standing)));
    expect(words).toEqual([
      'created',
      'queued',
      'queued',
      'starting: loading the model',
      'starting',
      'running',
      'running: 2 steps, then pause',
      'pausing at the next token or safe point',
      'pausing at the end of the step, to free the memory',
      'paused at before-step, step 4',
      'paused in sampling, step 4',
      'paused at after-sampling, step 4',
      'paused at before-update, step 4: The loss is not a finite number.',
      'paused at after-update, step 3: the steps asked for are done',
      'paused at after-update, step 3, its memory free',
      'stopping after this step',
      'stopping now',
      'stopped',
      'evaluating: evaluating 3 of 16 questions',
      'evaluating',
      'completed',
      'failed: The loss is not a finite number.',
    ]);
  });
});

test('a duration has two units at most', () => {
  expect([0, 8_400, 200_000, 3_900_000].map(duration)).toEqual(['0s', '8s', '3m 20s', '1h 05m']);
});

describe('which run is meant', () => {
  const at = new Date(2026, 10, 8, 6, 5).getTime();
  const runs = [1, 2].map((n) =>
    aRunThat(
      { state: n === 1 ? 'completed' : 'created' },
      { id: `sft-${n}`, name: 'sft', createdAt: at, step: 3, steps: 9 },
    ),
  );

  test('is told by id, date and state in a list', () => {
    expect(runs.map(runLine)).toEqual(['sft-1 · 2026-11-08 06:05 · completed', 'sft-2 · 2026-11-08 06:05 · created']);
  });

  test('is told with its steps before it is deleted', () => {
    expect(runs.map(whichRun)).toEqual([
      'made 2026-11-08 06:05, completed, step 3 of 9',
      'made 2026-11-08 06:05, created, step 3 of 9',
    ]);
  });
});
