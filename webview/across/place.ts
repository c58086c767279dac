/** Where one is on the page of a question's steps: what a link names and a reload finds again. */
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
