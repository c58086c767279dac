/** Flags as they stand in a text. */
import type { Categories } from '../../trainer/protocol/annotations/categories.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Label } from '../../trainer/protocol/records.ts';
import type { MarkedFlag } from './completion-pieces.ts';

/** Of what is said, the flags; verdicts are of the whole. */
export function markedFlags(labels: readonly Label[], named: Categories['named']): MarkedFlag[] {
  return labels.flatMap(({ id, span, severity, category, author, note }) => {
    if (category === null) return [];
    const { key, name } = named(category);
    const tag = `${key ?? ''} ${shownLine(name)}`.trim();
    return [{ id, span, severity, tag, said: `${shownLine(author)}: ${shownLine(note) || shownLine(name)}` }];
  });
}
