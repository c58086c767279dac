/** Where one is on the page that compares: what a link names and a reload finds again. */
import type { Place } from '../../trainer/protocol/place.ts';
import type { GroupPurpose } from '../../trainer/protocol/records.ts';

export interface ComparePlace {
  /** The other run; null before one is chosen. */
  readonly againstRunId: string | null;
  /** Key of the question that is read; null for the one that differs most. */
  readonly question: string | null;
  /** A group of the first run that asks it, where that is all that is known. */
  readonly groupId: string | null;
  /** What the questions were asked for; null until it is found out which of them both runs have. */
  readonly purpose: GroupPurpose | null;
  /** Evaluations of the two runs, in their place; null where training is compared. */
  readonly evaluationId: string | null;
  readonly againstEvaluationId: string | null;
}

export const noComparison: ComparePlace = {
  againstRunId: null,
  question: null,
  groupId: null,
  purpose: null,
  evaluationId: null,
  againstEvaluationId: null,
};

export const comparePlaceOf = (place: Place): ComparePlace => ({
  againstRunId: place.againstRunId ?? null,
  question: place.question ?? null,
  groupId: place.groupId ?? null,
  purpose: place.purpose ?? null,
  evaluationId: place.evaluationId ?? null,
  againstEvaluationId: place.againstEvaluationId ?? null,
});

export const placeOfCompare = (held: ComparePlace): Omit<Place, 'page'> => ({
  ...(held.againstRunId !== null && { againstRunId: held.againstRunId }),
  ...(held.question !== null && { question: held.question }),
  ...(held.question === null && held.groupId !== null && { groupId: held.groupId }),
  ...(held.purpose !== null && { purpose: held.purpose }),
  ...(held.evaluationId !== null && { evaluationId: held.evaluationId }),
  ...(held.againstEvaluationId !== null && { againstEvaluationId: held.againstEvaluationId }),
});
