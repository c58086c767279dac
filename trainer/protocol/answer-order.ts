/** In which order the answers to one question stand, wherever they stand together. */

interface Answer {
  readonly order: 'ordered' | 'shuffled';
  readonly index: number;
}

/** Ordered ones before shuffled ones, each by its number; for `sort`. */
export function answerOrder(a: Answer, b: Answer): number {
  return a.order === b.order ? a.index - b.index : a.order === 'ordered' ? -1 : 1;
}
