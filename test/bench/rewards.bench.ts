/** How many completions a second each reward scores, beside what a rule filter over a large dataset needs. */
import { randomFrom } from '../../trainer/data/random.ts';
import type { ProblemType } from '../../trainer/protocol/dataset.ts';
import { score } from '../../trainer/rewards/score.ts';
import type { BenchFigure } from './part.ts';

/** Completions a second that each type is to reach. */
const wanted: Record<ProblemType, number> = {
  'multiple choice': 50_000,
  numerical: 50_000,
  regression: 50_000,
  OCR: 5000,
  'free-form': 5000,
};
const answerWords: Partial<Record<ProblemType, number>> = { OCR: 100, 'free-form': 100 };
const thinkWords = 150;
const completions = 2000;
const measureMs = 700;

const vocabulary =
  'the a red blue ball moves from left to right and then stops near generously running skies cars happily relational conditional effective frame second first answer because it was hopping adjustable'.split(
    ' ',
  );

export async function benchRewards(): Promise<BenchFigure[]> {
  const random = randomFrom(1, 'rewards bench');
  const words = (count: number) =>
    Array.from({ length: count }, () => vocabulary[Math.floor(random() * vocabulary.length)]).join(' ');
  const answerOf = (type: ProblemType) =>
    type === 'multiple choice'
      ? 'ABCD'.charAt(Math.floor(random() * 4))
      : answerWords[type] === undefined
        ? (random() * 100).toFixed(2)
        : words(answerWords[type]);
  return (Object.keys(wanted) as ProblemType[]).map((type) => {
    const rows = Array.from({ length: completions }, () => ({
      completion: `<think>${words(thinkWords)}</think>\n<answer>${answerOf(type)}</answer>`,
      question: { problemType: type, solution: answerOf(type) },
    }));
    let scored = 0;
    let elapsed = 0;
    for (const warm of rows) score(warm.completion, warm.question);
    const start = performance.now();
    while (elapsed < measureMs) {
      for (const { completion, question } of rows) score(completion, question);
      scored += rows.length;
      elapsed = performance.now() - start;
    }
    const perSecond = (1000 * scored) / elapsed;
    const length = answerWords[type] ? `, answers of ${answerWords[type]} words` : '';
    return {
      name: `scoring, ${type}`,
      value: perSecond,
      unit: '/s',
      note: `completions${length}; ${(perSecond / wanted[type]).toFixed(1)} times the ${wanted[type].toLocaleString('en-US')} wanted`,
    };
  });
}
