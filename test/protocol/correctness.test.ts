/** A tick stands for an exact answer alone; a fraction shows its value and the rule by which it was counted. */
import { describe, expect, it } from 'vitest';
import {
  answerMark,
  fractionsRule,
  fractionsRuleOf,
  fractionText,
  isCorrect,
} from '../../trainer/protocol/correctness.ts';

describe('the mark of an answer', () => {
  it('is a tick for an exact answer, that of a regression too, whose reward stays 1e-9 / (3 + 1e-9) short of 1', () => {
    expect(answerMark(1, true, 0.1)).toEqual({ kind: 'exact', label: 'correct' });
    expect(answerMark(1 - 1e-9 / (3 + 1e-9), true, 0.1).kind).toBe('exact');
  });

  it('is a cross for an answer that earned nothing', () => {
    expect(answerMark(0, false, 0.1)).toEqual({ kind: 'wrong', label: 'wrong' });
  });

  it.each([
    [0.63, true, '0.63', 'accuracy 0.63, counted as correct: above 0.1 counts as correct'],
    [0.1, false, '0.10', 'accuracy 0.10, counted as wrong: above 0.1 counts as correct'],
    [0.9999, true, '>0.99', 'accuracy >0.99, counted as correct: above 0.1 counts as correct'],
    [0.001, false, '<0.01', 'accuracy <0.01, counted as wrong: above 0.1 counts as correct'],
  ])('is the value of a fraction: %s', (accuracy, correct, text, label) => {
    expect(answerMark(accuracy, correct, 0.1)).toEqual({ kind: 'fraction', correct, text, label });
  });

  it('names no threshold that the answer was not counted by', () => {
    expect(answerMark(0.3, true, 0.5).label).toBe(
      'accuracy 0.30, counted as correct: above the run’s threshold counts as correct',
    );
  });
});

it('an accuracy of 0.1 is not above 0.1, and 1 is correct under any threshold', () => {
  expect([isCorrect(0.1, 0.1), isCorrect(0.1000001, 0.1), isCorrect(1, 1)]).toEqual([false, true, true]);
});

it('the rule is said where a count has fractions in it, and only there', () => {
  expect(fractionsRule([1, 0, 1], 0.1)).toBe('');
  expect(fractionsRule([1, 0.4], 0.1)).toBe(' (above 0.1 counts as correct)');
  const counted = [{ accuracy: 0.3, correct: true }];
  expect(fractionsRuleOf(counted, 0.1)).toBe(' (above 0.1 counts as correct)');
  // Counted as correct before the threshold was raised to 0.5.
  expect(fractionsRuleOf(counted, 0.5)).toBe(' (above the run’s threshold counts as correct)');
  expect([0.995, 0.994, 0.005].map(fractionText)).toEqual(['>0.99', '0.99', '0.01']);
});
