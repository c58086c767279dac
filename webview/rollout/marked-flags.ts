/** Flags as they stand in a text, and what detectors suggest to flag there. */
import type { Categories } from '../../trainer/protocol/annotations/categories.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Label } from '../../trainer/protocol/records.ts';
import type { Suggestion } from '../../trainer/protocol/review-queue.ts';
import type { MarkedFlag } from './completion-pieces.ts';

/** Of what is said, the flags; verdicts are of the whole. */
export function markedFlags(labels: readonly Label[], named: Categories['named']): MarkedFlag[] {
  return labels.flatMap(({ id, span, severity, category, author, note }) => {
    if (category === null) return [];
    const { key, name } = named(category);
    const tag = `${key ?? ''} ${shownLine(name)} · ${severity}`.trim();
    return [{ id, span, grade: severity, tag, said: `${shownLine(author)}: ${shownLine(note) || shownLine(name)}` }];
  });
}

/** Suggestions that are still to be answered; one that was accepted stands among the flags. */
export function markedSuggestions(suggestions: readonly Suggestion[], named: Categories['named']): MarkedFlag[] {
  return suggestions
    .filter(({ answered }) => answered === null)
    .map(({ detector, span, category, says }) => ({
      ...{ id: `${detector} ${span?.start}`, span, grade: 'suggested' },
      tag: `suggested: ${shownLine(named(category).name)}`,
      said: shownLine(says, 300),
    }));
}
