/** What became of an answer from one evaluation to another. */
import { describe, expect, it } from 'vitest';
import type { EvaluationPair } from '../../../trainer/protocol/questions.ts';
import { transitionOf } from '../../../webview/compare/evaluation-list.tsx';

describe('an answer between two evaluations', () => {
  it.each([
    [true, true, 'right in both'],
    [true, false, 'right to wrong'],
    [false, true, 'wrong to right'],
    [false, false, 'wrong in both'],
  ])('right %s, then %s: %s', (first, second, transition) => {
    expect(transitionOf({ first: { correct: first }, second: { correct: second } } as EvaluationPair)).toBe(transition);
  });
});
