/**
 * When an answer counts as correct, when it is exactly right, and what is said where the two are not the same: OCR, free-form
 * and regression are scored by how near they come, and the released code counts an accuracy above a threshold as correct.
 */

/** What is nearer to 1 than this is exact: the reward of an exact regression answer is 1 - 1e-9 / (|solution| + 1e-9). */
const exactWithin = 1e-7;

/** An answer is correct when its accuracy reward is above the threshold. */
export function isCorrect(accuracy: number, threshold: number): boolean {
  return accuracy > threshold || accuracy === 1;
}

export const isExact = (accuracy: number) => accuracy >= 1 - exactWithin;

/** Neither exact nor without any reward: right or wrong by the threshold alone. */
export const isFractional = (accuracy: number) => accuracy > 0 && !isExact(accuracy);

/** @param threshold null where it is not known what it was */
export const countingRule = (threshold: number | null) =>
  threshold === null ? 'above the run’s threshold counts as correct' : `above ${threshold} counts as correct`;

/** Said where right answers are counted, when some of them were fractions; else empty. */
export const fractionsRule = (accuracies: readonly number[], threshold: number | null) =>
  accuracies.some(isFractional) ? ` (${countingRule(threshold)})` : '';

interface Counted {
  readonly accuracy: number;
  readonly correct: boolean;
}

/** As `fractionsRule`, of answers that were counted before: the threshold is named where it is what they were counted by. */
export function fractionsRuleOf(answers: readonly Counted[], threshold: number): string {
  const fits = answers.every(({ accuracy, correct }) => isCorrect(accuracy, threshold) === correct);
  return fractionsRule(
    answers.map(({ accuracy }) => accuracy),
    fits ? threshold : null,
  );
}

/** In two decimals, and never 0 or 1, which a fraction is not. */
export function fractionText(accuracy: number): string {
  if (accuracy < 0.005) return '<0.01';
  return accuracy >= 0.995 ? '>0.99' : accuracy.toFixed(2);
}

export type AnswerMark =
  | { readonly kind: 'exact' | 'wrong'; readonly label: string }
  | { readonly kind: 'fraction'; readonly correct: boolean; readonly text: string; readonly label: string };

/**
 * What stands beside an answer: a tick for an exact one, a cross for one that earned nothing, else its accuracy reward.
 * @param correct as it was counted
 * @param threshold the run's `correctThreshold` now; not named where it is not what the answer was counted by
 */
export function answerMark(accuracy: number, correct: boolean, threshold: number | null): AnswerMark {
  if (!isFractional(accuracy))
    return isExact(accuracy) ? { kind: 'exact', label: 'correct' } : { kind: 'wrong', label: 'wrong' };
  const fits = threshold !== null && isCorrect(accuracy, threshold) === correct;
  const text = fractionText(accuracy);
  const counted = correct ? 'counted as correct' : 'counted as wrong';
  return {
    kind: 'fraction',
    correct,
    text,
    label: `accuracy ${text}, ${counted}: ${countingRule(fits ? threshold : null)}`,
  };
}
