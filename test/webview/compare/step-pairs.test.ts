/** Which groups of a question stand beside each other, and what became of answers between two evaluations. */
import { describe, expect, it } from 'vitest';
import type { EvaluationPair, HistoryGroup } from '../../../trainer/protocol/questions.ts';
import { transitionOf } from '../../../webview/compare/evaluation-list.tsx';
import { whatDiffers } from '../../../webview/compare/same-asked.ts';
import { stepPairs } from '../../../webview/compare/step-pairs.ts';
import { aGroup } from '../../store/records.ts';

const group = (step: number, given: Partial<HistoryGroup> = {}): HistoryGroup => ({
  ...{ groupId: `s${step}`, step, purpose: 'train', at: step, superseded: null, temporal: null, answers: [] },
  ...given,
});
const steps = (a: readonly HistoryGroup[], b: readonly HistoryGroup[]) =>
  stepPairs(a, b, 'train').map(({ first, second }) => [first.step, second.step]);

describe('pairs of steps', () => {
  it('are the steps that both have, without what was superseded or was for something else', () => {
    expect(steps([group(1), group(3), group(5)], [group(2), group(3), group(5)])).toEqual([
      [3, 3],
      [5, 5],
    ]);
    expect(steps([group(3, { superseded: 1 })], [group(3)])).toEqual([]);
    expect(steps([group(3, { purpose: 'evaluation' })], [group(3)])).toEqual([]);
  });

  it('are the nearest where none is shared, the later of two as near', () => {
    expect(steps([group(5)], [group(2), group(4), group(6)])).toEqual([[5, 6]]);
    expect(steps([group(1), group(9), group(20)], [group(10)])).toEqual([[9, 10]]);
  });
});

describe('two groups', () => {
  it('were asked alike only with the same frames and prompt', () => {
    const one = aGroup(1);
    const otherFrames = { ...one, media: { ...one.media, indices: [0, 11] } };
    expect(whatDiffers(one, aGroup(7, { media: { ...one.media, key: 'elsewhere' } }))).toBeNull();
    expect(whatDiffers(one, otherFrames)).toContain('other frames');
    expect(whatDiffers(one, { ...one, prompt: 'Which?' })).toContain('another prompt');
  });
});

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
