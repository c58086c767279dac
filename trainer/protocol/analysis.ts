/** What the rules that read a completion found in it: their version, and what became of the first answer that it settles on. */
import type { Rollout } from './records.ts';

/**
 * Of the rules in `trainer/reasoning`: it grows when the same text may give another result. 1 found aha moments alone and
 * was kept nowhere; 2 finds eliminations in lists, changes of a text and commitments by correspondence, and keeps commitments
 * and whether a time is named; 3 ends sentences at full-width stops.
 */
export const analysisVersion = 3;

/** The version that found what a rollout holds. */
export const analysisOf = ({ analysis }: Pick<Rollout, 'analysis'>): number => analysis ?? 1;

/** From the first answer that the reasoning settles on to the final one. */
export const changes = [
  'wrong to right',
  'right to wrong',
  'stays right',
  'stays wrong',
  'no first answer',
  'not comparable',
] as const;
export type Change = (typeof changes)[number];

const letters = /^\(?([A-Z])\)?(?:[.):\s]|$)/;

/** Whether two answers are the same in so many words: a letter, a number, a text. */
export function isSameAnswer(first: string, final: string): boolean {
  const letter = letters.exec(final.trim())?.[1];
  if (letter !== undefined && first === letter) return true;
  const plain = (text: string) => (text.toLowerCase().match(/[\p{L}\p{N}.%]+/gu) ?? []).join(' ');
  const [a, b] = [plain(first), plain(final)];
  if (a === b) return true;
  const number = Number.parseFloat(b.replaceAll(',', ''));
  return /^[-\d]/.test(final.trim()) && number === Number.parseFloat(a);
}

/**
 * What became of the first answer. `not comparable` where its form does not tell whether it was right, and the final one is
 * another. Null where commitments were not kept.
 */
export function changeOf({ commitments, answer, correct }: Rollout): Change | null {
  if (commitments === undefined) return null;
  const [first] = commitments;
  if (!first) return 'no first answer';
  if (answer !== '' && isSameAnswer(first.answer, answer)) return correct ? 'stays right' : 'stays wrong';
  if (first.right === null) return 'not comparable';
  if (first.right) return correct ? 'stays right' : 'right to wrong';
  return correct ? 'wrong to right' : 'stays wrong';
}
