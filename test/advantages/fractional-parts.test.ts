/** Where a fractional accuracy was called right or wrong, each part and sentence that depends on it says by which rule. */
import { expect, it } from 'vitest';
import { groupAdvantages, type ScoredAnswer } from '../../trainer/advantages/advantages.ts';
import { presetParameters } from '../../trainer/learning/presets.ts';

const answer = (accuracy: number): ScoredAnswer => ({
  ...{ accuracy, accuracyExplanation: '', format: 1, formatExplanation: '', length: 400, flagged: [] },
});
const parameters = presetParameters('upstream', 'tgrpo');
const explained = (accuracies: number[], shuffled: number[]) =>
  groupAdvantages(accuracies.map(answer), shuffled.map(answer), parameters);

it('of an OCR answer at 0.63, one at 0.04 and exact ones', () => {
  const { ordered, explanation } = explained([0.63, 0.04, 1], [0]);
  const said = (index: number) => ordered[index]?.parts.slice(2).map((part) => part.explanation);
  const rule = '(above 0.1 counts as correct)';
  expect(said(0)).toEqual([`test passed, this answer is right ${rule}`, '400 tokens: inside 320–512']);
  expect(said(1)).toEqual([
    `test passed, but this answer is wrong ${rule}`,
    `400 tokens: inside 320–512, but the answer is wrong ${rule}`,
  ]);
  expect(said(2)).toEqual(['test passed, this answer is right', '400 tokens: inside 320–512']);
  // (0.63 + 0.04 + 1) / 3 = 0.557 against 0.8 x 0.
  expect(explanation[0]).toBe(
    `2 of 3 ordered answers were right against 0 of 1 shuffled ${rule}, compared by mean accuracy: 0.557 >= 0.8 × 0 = 0 holds, so each right ordered answer gets α = 0.3.`,
  );
});

it('is not said of answers that are right or wrong', () => {
  const { ordered, explanation } = explained([1, 0], [0]);
  expect(JSON.stringify([ordered, explanation])).not.toContain('counts as correct');
});
