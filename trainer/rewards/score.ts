/** Rewards of one completion: accuracy by problem type, and format. Weights and group rewards are for `learning/`. */
import type { ProblemType } from '../protocol/dataset.ts';
import type { Question } from '../protocol/records.ts';
import { extractAnswer } from './answer.ts';
import { formatReward } from './format.ts';
import { multipleChoiceReward } from './multiple-choice.ts';
import { numericalReward } from './numerical.ts';
import { regressionReward } from './regression.ts';
import type { Reward } from './reward.ts';
import { freeFormReward } from './rouge.ts';
import { ocrReward } from './word-errors.ts';

export interface ScoreOptions {
  /** Pay a regression answer whose error is not a number, as the released code does. */
  readonly nanRegressionPays?: boolean;
}

export interface Score {
  /** 0..1 */
  readonly accuracy: number;
  /** 0 or 1 */
  readonly format: number;
  /** The text between the first answer tags, stripped; empty when there is none. */
  readonly answer: string;
  /** The numbers that the accuracy follows from, such as the word error rate. */
  readonly accuracyParts: Readonly<Record<string, number>>;
  readonly accuracyExplanation: string;
  readonly formatExplanation: string;
}

/** Accuracy of an answer against a solution, both without tags and stripped. */
export function accuracyReward(
  type: ProblemType,
  answer: string,
  solution: string,
  options: ScoreOptions = {},
): Reward {
  switch (type) {
    case 'multiple choice':
      return multipleChoiceReward(answer, solution);
    case 'numerical':
      return numericalReward(answer, solution);
    case 'OCR':
      return ocrReward(answer, solution);
    case 'free-form':
      return freeFormReward(answer, solution);
    case 'regression':
      return regressionReward(answer, solution, options.nanRegressionPays ?? false);
  }
}

/** The training rewards of a completion, unweighted. Linear in the completion's length. */
export function score(
  completion: string,
  question: Pick<Question, 'problemType' | 'solution'>,
  options: ScoreOptions = {},
): Score {
  const answer = extractAnswer(completion) ?? '';
  const accuracy = accuracyReward(question.problemType, answer, question.solution, options);
  const format = formatReward(completion);
  return {
    accuracy: accuracy.value,
    format: format.value,
    answer,
    accuracyParts: accuracy.parts,
    accuracyExplanation: accuracy.explanation,
    formatExplanation: format.explanation,
  };
}
