/** A number that may not exist. Where it does not, the reason stands in its place, never a 0 or a 1 that nobody measured. */

const sentences = {
  'no-item-in-common': 'No item has labels of two of them.',
  'one-item': 'Only one item has labels of two of them; one item shows no chance to correct for.',
  'one-category': 'All labels are the same, so agreement by chance is certain and there is nothing to correct.',
  'nothing-marked': 'Nobody marked a span.',
  'nothing-answered': 'Nobody has answered one of its suggestions.',
  'nothing-flagged': 'Nobody flagged an item with what it looks for.',
  'unknown-detector': 'The detector is not there any more, so what it looks for is not known.',
  'no-spread': 'Every resample gives the same value: labels that all agree, or all disagree, show no spread.',
  'no-resample': 'In no resample is the value defined.',
} as const;

/** Why a value does not exist. */
export type Undefinedness = keyof typeof sentences;

/** The reason as a sentence for people. */
export const undefinedBecause: Readonly<Record<Undefinedness, string>> = sentences;

export type Measure = { readonly value: number } | { readonly value: null; readonly why: Undefinedness };

/** Bounds of 95 %, by percentiles of resampled values. */
export type Interval =
  | {
      readonly low: number;
      readonly high: number;
      /** Resamples that the bounds stand on: those in which the value is defined. */
      readonly resamples: number;
      /** Resamples in which it is not, as when all their labels are the same. They are in no bound. */
      readonly undefinedResamples: number;
    }
  | { readonly low: null; readonly high: null; readonly why: Undefinedness };

export const undefinedMeasure = (why: Undefinedness) => ({ value: null, why }) as const;
export const undefinedInterval = (why: Undefinedness) => ({ low: null, high: null, why }) as const;
