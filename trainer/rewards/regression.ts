/** Accuracy of a regression answer: one minus its relative error. */
import { answerNumber, notANumber } from './numerical.ts';
import { quote, type Reward, shown } from './reward.ts';

const epsilon = 1e-9;

/**
 * 1 - (|answer - solution| + 1e-9) / (|solution| + 1e-9), the quotient clamped to 0..1.
 * @param nanPays A quotient that is not a number (the answer `nan`, `inf` against `inf`) earns 1, as Python's
 *   `min(1, max(0, nan))` makes it in the released code; otherwise it earns 0.
 */
export function regressionReward(answer: string, solution: string, nanPays: boolean): Reward {
  const given = answerNumber(answer);
  const right = answerNumber(solution);
  if (given === null) return notANumber(answer);
  if (right === null) return { value: 0, parts: {}, explanation: `The solution ${quote(solution)} is not a number.` };
  const quotient = (Math.abs(given - right) + epsilon) / (Math.abs(right) + epsilon);
  if (Number.isNaN(quotient)) {
    return {
      value: nanPays ? 1 : 0,
      parts: { answer: given, solution: right },
      explanation: nanPays
        ? `The error of ${quote(answer)} is not a number, which the released code pays in full.`
        : `The error of ${quote(answer)} is not a number, so nothing is paid.`,
    };
  }
  const error = Math.min(1, Math.max(0, quotient));
  return {
    value: 1 - error,
    parts: { answer: given, solution: right, relativeError: quotient },
    explanation: `${shown(given, 6)} is off from ${shown(right, 6)} by ${shown(quotient * 100, 1)} %${quotient > 1 ? ', counted as 100 %' : ''}.`,
  };
}
