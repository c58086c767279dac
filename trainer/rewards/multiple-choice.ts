/** Accuracy of a multiple-choice answer. */
import { quote, type Reward } from './reward.ts';

/** 1 when answer and solution are the same string, case included; so two empty ones are equal. */
export function multipleChoiceReward(answer: string, solution: string): Reward {
  if (answer === solution) return { value: 1, parts: {}, explanation: `The answer ${quote(answer)} is the solution.` };
  if (answer === '')
    return { value: 0, parts: {}, explanation: `There is no answer; the solution is ${quote(solution)}.` };
  const nearly = answer.toLowerCase().startsWith(solution.toLowerCase()) && solution !== '';
  const hint = nearly ? ' Only the option’s letter, as it is written in the solution, counts.' : '';
  return {
    value: 0,
    parts: {},
    explanation: `The answer ${quote(answer)} is not the solution ${quote(solution)}.${hint}`,
  };
}
