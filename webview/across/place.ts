/** Where one is on the page of a question's steps: what a link names and a reload finds again. */
import type { Place } from '../../trainer/protocol/place.ts';

export interface AcrossPlace {
  /** The key of the question; null before one is chosen. */
  readonly question: string | null;
  /** A group that asks it, where that is all that is known. */
  readonly groupId: string | null;
  /** The answers at the left and at the right, by id; null for those that the page picks. */
  readonly first: string | null;
  readonly second: string | null;
}

export const noQuestion: AcrossPlace = { question: null, groupId: null, first: null, second: null };

export const acrossPlaceOf = ({ question, groupId, rolloutId }: Place): AcrossPlace => ({
  question: question ?? null,
  groupId: groupId ?? null,
  first: null,
  second: rolloutId ?? null,
});

export const placeOfAcross = ({ question, groupId, second }: AcrossPlace): Omit<Place, 'page'> => ({
  ...(question !== null && { question }),
  ...(question === null && groupId !== null && { groupId }),
  ...(second !== null && { rolloutId: second }),
});
