/** Blind until done: agreement means something only where an author judged without having seen what others say. */

/** Who has to do with an item. Keys of authors. */
export interface ItemAuthors {
  /** Those who are to judge it; null where items are not assigned, so that everyone may come to it. */
  readonly assigned: ReadonlySet<string> | null;
  /** Those whose verdict stands. A verdict that was taken back does not. */
  readonly judged: ReadonlySet<string>;
}

export type OthersLabels =
  | { readonly shown: true }
  /** Only how many others have labelled the item may be told. */
  | { readonly shown: false; readonly why: string };

/**
 * Whether flags, verdicts, notes and answers of others on an item may be shown to somebody, and with them everything that
 * gives them away: the item's place in the list of disagreements, who flagged it, how many agree. One's own labels, and the
 * detectors' suggestions, are nobody else's and always shown.
 *
 * They are hidden from those who are still to judge the item, until their verdict is in; a settlement does not change that.
 * Those to whom it is not assigned judge nothing by it, as when they settle a disagreement.
 */
export function othersLabels(viewer: string, { assigned, judged }: ItemAuthors): OthersLabels {
  if (judged.has(viewer) || (assigned !== null && !assigned.has(viewer))) return { shown: true };
  return { shown: false, why: 'Hidden until your verdict is in, so that agreement means something.' };
}
