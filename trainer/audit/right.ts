/** When an answer counts as right in an audit. */
import { isExact } from '../protocol/correctness.ts';
import type { Question } from '../protocol/records.ts';
import { evaluationScore } from '../rewards/evaluation-score.ts';
import { score } from '../rewards/score.ts';

/** A free-form answer that earns this much of the accuracy reward is right: none is ever word for word the same. */
const likeEnough = 0.5;

/** By the benchmarks' rule; OCR and free-form answers, which they do not score, by the accuracy reward that training pays: all of it for OCR. */
export function rightness(
  completion: string,
  question: Pick<Question, 'problemType' | 'solution'>,
): { readonly answer: string; readonly correct: boolean } {
  const { answer, correct } = evaluationScore(completion, question);
  switch (question.problemType) {
    case 'OCR':
      return { answer, correct: isExact(score(completion, question).accuracy) };
    case 'free-form':
      return { answer, correct: score(completion, question).accuracy >= likeEnough };
    case 'multiple choice':
    case 'numerical':
    case 'regression':
      return { answer, correct };
  }
}
