/** How good the detectors' suggestions are, measured on people: how often they are right, and how much they find. */
import { type Proportion, proportion } from '../../protocol/proportion.ts';
import type { Undefinedness } from './measure.ts';

/** Looks for one thing that can be wrong. */
export interface Detector {
  readonly detector: string;
  readonly category: string;
  /** Keys of the items that it has looked at, whether or not it found anything. */
  readonly looked: ReadonlySet<string>;
  /** Keys of those in which it suggested something. */
  readonly suggested: ReadonlySet<string>;
}

/** An author's standing word on a suggestion: one of each author and suggestion. */
export interface SuggestionAnswer {
  readonly detector: string;
  readonly accepted: boolean;
}

/** An item that somebody flagged with a category, whether on their own or by accepting a suggestion. */
export interface FlaggedItem {
  readonly item: string;
  readonly category: string;
}

export interface DetectorScore {
  readonly detector: string;
  readonly accepted: number;
  readonly answered: number;
  readonly precision: Score;
  /** Items in which people flagged what it looks for, of those that it looked at: with its suggestion, and without one. */
  readonly flaggedWithSuggestion: number;
  readonly flaggedWithout: number;
  /** Of these items, the share that it suggested. It is too high where a suggestion led people to a flag. */
  readonly recall: Score;
}

/** A share with its interval of 95 % (Wilson), or why there is none. */
export type Score = Proportion | { readonly share: null; readonly why: Undefinedness };

const score = (count: number, total: number, why: Undefinedness): Score =>
  proportion(count, total) ?? { share: null, why };

/**
 * Of each detector, in the order given; those of which there are only answers come after them.
 * @param flagged the same item and category may come more than once, and counts once
 */
export function detectorScores(
  detectors: readonly Detector[],
  answers: readonly SuggestionAnswer[],
  flagged: readonly FlaggedItem[],
): DetectorScore[] {
  const byDetector = Map.groupBy(answers, ({ detector }) => detector);
  const precisionOf = (detector: string) => {
    const given = byDetector.get(detector) ?? [];
    const accepted = given.filter((answer) => answer.accepted).length;
    return {
      detector,
      accepted,
      answered: given.length,
      precision: score(accepted, given.length, 'nothing-answered'),
    };
  };
  const known = detectors.map(({ detector, category, looked, suggested }): DetectorScore => {
    const items = new Set(
      flagged.filter((flag) => flag.category === category && looked.has(flag.item)).map(({ item }) => item),
    );
    const withSuggestion = Array.from(items).filter((item) => suggested.has(item)).length;
    return {
      ...precisionOf(detector),
      flaggedWithSuggestion: withSuggestion,
      flaggedWithout: items.size - withSuggestion,
      recall: score(withSuggestion, items.size, 'nothing-flagged'),
    };
  });
  const names = new Set(detectors.map(({ detector }) => detector));
  const gone = Array.from(byDetector.keys())
    .filter((detector) => !names.has(detector))
    .sort()
    .map(
      (detector): DetectorScore => ({
        ...precisionOf(detector),
        flaggedWithSuggestion: 0,
        flaggedWithout: 0,
        recall: { share: null, why: 'unknown-detector' },
      }),
    );
  return [...known, ...gone];
}
