/** What may keep a run from learning is told apart from other warnings, and told once. */
import { expect, it } from 'vitest';
import type { RunEvent } from '../../../trainer/protocol/records.ts';
import { learningWarnings } from '../../../webview/dashboard/learning-warnings.ts';
import { emptyView, withLists } from '../../../webview/state/run-view.ts';
import { aRun } from '../../store/records.ts';

const warning = (seq: number, message: string, about?: 'learning'): RunEvent => ({
  runId: 'sft-1',
  seq,
  at: seq,
  body: { type: 'warning', message, ...(about && { about }) },
});

it('each sentence once, where it was said last, and nothing that is not about learning', () => {
  const notices = [
    warning(1, 'alpha is 0', 'learning'),
    warning(2, 'slow disk'),
    warning(3, 'all groups were flat', 'learning'),
    warning(4, 'alpha is 0', 'learning'),
  ];
  const { warnings } = withLists(emptyView(aRun(), 0), { notices }, []);
  expect(learningWarnings(warnings).map(({ seq, message }) => [seq, message])).toEqual([
    [3, 'all groups were flat'],
    [4, 'alpha is 0'],
  ]);
});
