/** An answer as an evaluation keeps it, scored as the benchmarks do. */
import type { Question } from '../protocol/records.ts';
import { evaluationScore } from '../rewards/evaluation-score.ts';
import type { GivenAnswer } from './answers-file.ts';

export function givenAnswer(
  { text, tokens, stop, reward }: Pick<GivenAnswer, 'text' | 'tokens' | 'stop' | 'reward'>,
  question: Pick<Question, 'problemType' | 'solution'>,
): GivenAnswer {
  const { accuracy, correct, answer } = evaluationScore(text, question);
  return { text, tokens, stop, answer, accuracy, correct, reward };
}
