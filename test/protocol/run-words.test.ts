/** A run's standing in words. */
import { describe, expect, test } from 'vitest';
import { duration, standingWords } from '../../trainer/protocol/run-words.ts';
import { aRunThat, everyStanding } from './every-standing.ts';

describe('how a run stands', () => {
  test('is told with all that belongs to its state', () => {
    const words = everyStanding.map((standing) => standingWords(aRunThat(standing)));
    expect(words).toEqual([
      'created',
      'starting: loading the model',
      'starting',
      'running',
      'running: 2 steps, then pause',
      'pausing at the next safe point',
      'pausing at the end of the step, to free the memory',
      'paused at before-step, step 4',
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
