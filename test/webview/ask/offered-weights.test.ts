/** Weights are offered once: those that a run began with by the run itself, with what they are called where they were made. */
import { expect, test } from 'vitest';
import { eachOnce, offeredWords, ownName } from '../../../webview/ask/offered-weights.ts';

const run = { id: 'tgrpo-1', from: 'sft-1, step 60' };
const own = [200, 0].map((step) => ({ run: 'tgrpo-1', step }));
const sft = { run: 'sft-1', step: 60 };
const other = { run: 'sft-2', step: 60 };

test('the checkpoint from which the run was made is its start, and not offered beside it', () => {
  expect(eachOnce(own, [sft, other], run)).toEqual([...own, other]);
  expect(ownName(sft, run)).toEqual({ run: 'tgrpo-1', step: 0 });
  expect(ownName(other, run)).toEqual(other);
  expect(offeredWords({ run: 'tgrpo-1', step: 0 }, run)).toBe('before training (sft-1, step 60)');
  expect(offeredWords({ run: 'tgrpo-1', step: 200 }, run)).toBe('step 200');
});

test('it is offered where the run’s own start is no longer there', () => {
  expect(eachOnce(own.slice(0, 1), [sft], run)).toEqual([{ run: 'tgrpo-1', step: 200 }, sft]);
});

test('a fork begins with the step that it was made from', () => {
  const fork = { id: 'tgrpo-2', from: 'tgrpo-1, step 50', parent: { run: 'tgrpo-1', step: 50 } };
  expect(ownName({ run: 'tgrpo-1', step: 50 }, fork)).toEqual({ run: 'tgrpo-2', step: 50 });
  expect(offeredWords({ run: 'tgrpo-2', step: 50 }, fork)).toBe('step 50 (tgrpo-1, step 50)');
});
