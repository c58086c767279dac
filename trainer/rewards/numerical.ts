/** Accuracy of a numerical answer, and the number parsing that it shares with regression. */
import { pythonFloat, pythonRoundTo2 } from './python-text.ts';
import { quote, type Reward, shown } from './reward.ts';

/** The number that an answer states: commas dropped, then as Python's `float`; null when it states none. */
export function answerNumber(answer: string): number | null {
  return pythonFloat(answer.replaceAll(',', ''));
}

/** What an answer earns that states no number. */
export function notANumber(answer: string): Reward {
  const explanation = answer === '' ? 'There is no answer.' : `${quote(answer)} is not a number.`;
  return { value: 0, parts: {}, explanation };
}

const hasMark = (text: string) => text.includes('.') || text.includes(',');

/** 1 when both are equal after rounding to two decimals; 0 when just one of the two is written with a point or comma. */
export function numericalReward(answer: string, solution: string): Reward {
  if (hasMark(answer) !== hasMark(solution)) {
    const [which, other] = hasMark(answer) ? ['answer', 'solution'] : ['solution', 'answer'];
    return {
      value: 0,
      parts: {},
      explanation: `The ${which} is written with a point or comma and the ${other} is not: ${quote(answer)} against ${quote(solution)}.`,
    };
  }
  const given = answerNumber(answer);
  const right = answerNumber(solution);
  if (given === null) return notANumber(answer);
  if (right === null) return { value: 0, parts: {}, explanation: `The solution ${quote(solution)} is not a number.` };
  const equal = pythonRoundTo2(given) === pythonRoundTo2(right);
  return {
    value: equal ? 1 : 0,
    parts: { answer: given, solution: right },
    explanation: `${shown(given, 6)} ${equal ? 'equals' : 'is not'} ${shown(right, 6)} to two decimals.`,
  };
}
