/** A question as an ask changes it. */
import type { Ask } from './ask.ts';
import type { Question } from './records.ts';

const label = /^\s*\(?([A-Z])\)?\s*[.):]\s*/;

/** The letter that an option begins with; null without one. */
export const letterOf = (option: string): string | null => label.exec(option)?.[1] ?? null;

/** That letter, and what the option says behind it. */
function partsOf(option: string): { readonly letter: string | null; readonly text: string } {
  return { letter: letterOf(option), text: option.replace(label, '') };
}

/** Labels stay in their places, texts move: place i gets the text of option `order[i]`. */
export function withTextsMoved(options: readonly string[], order: readonly number[]): string[] {
  return options.map((option, place) => {
    const from = options[order[place] ?? place] ?? option;
    return `${label.exec(option)?.[0] ?? ''}${partsOf(from).text}`;
  });
}

/**
 * The solution where options stand otherwise: the letter that the right option's text has now. As it was where the solution is no
 * letter of an option, or its text is not among the new ones.
 */
export function movedSolution(question: Pick<Question, 'options' | 'solution'>, options: readonly string[]): string {
  const right = question.options.map(partsOf).find(({ letter }) => letter !== null && letter === question.solution);
  const now = right && options.map(partsOf).find(({ text }) => text === right.text);
  return now?.letter ?? question.solution;
}

/** As it is asked, with what counts as right. */
export function changedQuestion(question: Question, ask: Pick<Ask, 'problem' | 'options' | 'solution'>): Question {
  const options = ask.options ?? question.options;
  return {
    ...question,
    problem: ask.problem ?? question.problem,
    options: [...options],
    solution: ask.solution ?? (ask.options ? movedSolution(question, ask.options) : question.solution),
  };
}
