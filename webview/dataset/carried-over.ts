/** What of the labels of an earlier text its author can carry over to the present one. */
import type { Label } from '../../trainer/protocol/records.ts';

/** Their flags whose words are found there. @param author who signs here; null where nobody does */
export const carriedOver = (earlier: readonly Label[], author: string | null): Label[] =>
  earlier.filter((label) => label.author === author && label.category !== null && label.span !== null);
