/** A failure as words for people, in one piece: what happened and what to do. */
import { asStudioError } from '../../trainer/protocol/errors.ts';

export function wordsOf(thrown: unknown): string {
  const { message, place, remedy } = asStudioError(thrown);
  return [message, place && `(${place})`, remedy].filter(Boolean).join(' ');
}
