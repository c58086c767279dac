/** Where one is on the page that compares: what a link names and a reload finds again. */
import type { Place } from '../../trainer/protocol/place.ts';

export interface ComparePlace {
  /** The other run; null before one is chosen. */
  readonly againstRunId: string | null;
  /** Key of the question that is read; null for the one that differs most. */
  readonly question: string | null;
  /** A group of the first run that asks it, where that is all that is known. */
  readonly groupId: string | null;
  /** Evaluations of the two runs, in their place; null where training is compared. */
  readonly evaluationId: string | null;
  readonly againstEvaluationId: string | null;
}

export const noComparison: ComparePlace = {
  againstRunId: null,
  question: null,
  groupId: null,
  evaluationId: null,
  againstEvaluationId: null,
};

export const comparePlaceOf = (place: Place): ComparePlace => ({
  againstRunId: place.againstRunId ?? null,
  question: place.question ?? null,
  groupId: place.groupId ?? null,
  evaluationId: place.evaluationId ?? null,
  againstEvaluationId: place.againstEvaluationId ?? null,
});

export const placeOfCompare = (held: ComparePlace): Omit<Place, 'page'> => ({
  ...(held.againstRunId !== null && { againstRunId: held.againstRunId }),
  ...(held.question !== null && { question: held.question }),
  ...(held.evaluationId !== null && { evaluationId: held.evaluationId }),
  ...(held.againstEvaluationId !== null && { againstEvaluationId: held.againstEvaluationId }),
});
