/** Accuracy of an OCR answer: one minus its word error rate. */
import { pythonSplit } from './python-text.ts';
import { type Reward, shown } from './reward.ts';

/**
 * Word edit distance (substitutions, deletions, insertions cost 1 each).
 * Time is words of the one times words of the other, memory the words of the reference.
 */
function wordEditDistance(reference: readonly string[], words: readonly string[]): number {
  const ids = new Map<string, number>();
  const target = Int32Array.from(reference, (word) => {
    const id = ids.get(word) ?? ids.size;
    ids.set(word, id);
    return id;
  });
  const row = Int32Array.from({ length: target.length + 1 }, (_, i) => i);
  for (let j = 0; j < words.length; j++) {
    const id = ids.get(words[j] as string) ?? -1;
    let diagonal = row[0] as number;
    row[0] = j + 1;
    for (let i = 1; i <= target.length; i++) {
      const above = row[i] as number;
      const change = diagonal + (target[i - 1] === id ? 0 : 1);
      row[i] = Math.min(change, above + 1, (row[i - 1] as number) + 1);
      diagonal = above;
    }
  }
  return row[target.length] as number;
}

/** 1 - word edit distance / max(1, words of the solution), not below 0. */
export function ocrReward(answer: string, solution: string): Reward {
  const reference = pythonSplit(solution);
  const words = pythonSplit(answer);
  if (reference.length === 0) {
    return words.length === 0
      ? { value: 1, parts: { words: 0, wrong: 0 }, explanation: 'Neither the solution nor the answer has a word.' }
      : {
          value: 0,
          parts: { words: 0, wrong: words.length },
          explanation: `The solution has no word, the answer has ${words.length}.`,
        };
  }
  // The distance is at least the difference in length, so the rate is 1 or more and the table need not be filled.
  if (words.length >= 2 * reference.length) {
    return {
      value: 0,
      parts: { words: reference.length },
      explanation: `The answer has ${words.length} words for ${reference.length}, so at least ${words.length - reference.length} are wrong and the WER is 1 or more.`,
    };
  }
  const distance = wordEditDistance(reference, words);
  const rate = distance / reference.length;
  return {
    value: Math.max(0, Math.min(1, 1 - rate)),
    parts: { words: reference.length, wrong: distance, wordErrorRate: rate },
    explanation: `${distance} of ${reference.length} words wrong, WER ${shown(rate)}.`,
  };
}
