/** The score of one completion as the benchmarks count it, which is not the reward that training pays. */
import type { Question } from '../protocol/records.ts';
import { extractAnswer } from './answer.ts';
import { meanRelativeAccuracy } from './mean-relative-accuracy.ts';
import { multipleChoiceReward } from './multiple-choice.ts';
import { numericalReward } from './numerical.ts';
import { pythonStrip } from './python-text.ts';
import type { Reward } from './reward.ts';

export interface EvaluationScore {
  /** 0 or 1; for regression the mean relative accuracy, 0..1. The two are averaged apart. */
  readonly accuracy: number;
  /** Whether the accuracy is 1. */
  readonly correct: boolean;
  /** What was taken for the answer. */
  readonly answer: string;
  readonly accuracyParts: Readonly<Record<string, number>>;
  readonly explanation: string;
}

/**
 * Video-R1's `eval_bench.py`: the text between the first answer tags, or the whole completion where there is none or it is
 * empty; choice and numerical as in training, regression by mean relative accuracy; OCR and free-form score 0.
 */
export function evaluationScore(
  completion: string,
  question: Pick<Question, 'problemType' | 'solution'>,
): EvaluationScore {
  const tagged = extractAnswer(completion);
  const isWhole = tagged === null || tagged === '';
  const answer = isWhole ? pythonStrip(completion) : tagged;
  const { value, parts, explanation } = accuracyOf(answer, question);
  const why = tagged === null ? 'There is no answer tag' : tagged === '' ? 'The answer tag is empty' : null;
  return {
    accuracy: value,
    correct: value === 1,
    answer,
    accuracyParts: parts,
    explanation: why ? `${why}, so the whole text is taken. ${explanation}` : explanation,
  };
}

function accuracyOf(answer: string, { problemType, solution }: Pick<Question, 'problemType' | 'solution'>): Reward {
  switch (problemType) {
    case 'multiple choice':
      return multipleChoiceReward(answer, solution);
    case 'numerical':
      return numericalReward(answer, solution);
    case 'regression':
      return meanRelativeAccuracy(answer, solution);
    case 'OCR':
    case 'free-form':
      return { value: 0, parts: {}, explanation: `The benchmarks do not score ${problemType} answers: 0.` };
  }
}
