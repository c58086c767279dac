/** Where one is on the page of the queue: what a link names and a reload finds again. */
import type { Place } from '../../trainer/protocol/place.ts';
import type { QueueOrder } from '../../trainer/protocol/review-queue.ts';

export interface ReviewPlace {
  readonly order: QueueOrder;
  /** The filter that the queue is drawn by, as it is typed. */
  readonly line: string;
  /** The item that is read; null for the first. */
  readonly rolloutId: string | null;
}

export const noReview: ReviewPlace = { order: 'informative', line: '', rolloutId: null };

export const reviewPlaceOf = ({ query, rolloutId, order }: Place): ReviewPlace => ({
  order: order ?? noReview.order,
  line: query ?? '',
  rolloutId: rolloutId ?? null,
});

export const placeOfReview = ({ line, rolloutId, order }: ReviewPlace): Omit<Place, 'page'> => ({
  ...(line.trim() !== '' && { query: line }),
  ...(rolloutId !== null && { rolloutId }),
  ...(order !== noReview.order && { order }),
});
