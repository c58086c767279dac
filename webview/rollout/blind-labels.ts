/** What may be shown of what people say of an item: one's own, and others' where these are not hidden from who looks. */
import type { Label } from '../../trainer/protocol/records.ts';
import { count } from '../ui/numbers.ts';

export interface BlindLabels<L extends Label> {
  readonly labels: readonly L[];
  /** Others whose labels are left out. */
  readonly hidden: number;
}

/** @param author who looks; null where nobody signs yet */
export function blindLabels<L extends Label>(
  said: readonly L[],
  author: string | null,
  isHidden: boolean,
): BlindLabels<L> {
  if (!isHidden) return { labels: said, hidden: 0 };
  const others = said.filter((label) => label.author !== author);
  return {
    labels: said.filter((label) => label.author === author),
    hidden: new Set(others.map((label) => label.author)).size,
  };
}

/** @param why of what is hidden, a sentence */
export const hiddenWords = (hidden: number, why: string): string =>
  `${count(hidden, 'other')} ${hidden === 1 ? 'has' : 'have'} labelled this answer. ${why}`.trim();
