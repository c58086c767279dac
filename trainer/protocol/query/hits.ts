/** Where what a query searches for stands in a text: its words and phrases, folded as `wordsOf` folds them. */
import type { Span } from '../records.ts';
import type { Expression } from './expression.ts';
import { phraseIsAt, placedWordsOf } from './words.ts';

type Words = Extract<Expression, { kind: 'words' }>;

/** Words that a match may owe to this text: those below an odd number of `not` must be absent. */
function soughtWords(expression: Expression, wanted: boolean): Words[] {
  switch (expression.kind) {
    case 'all':
    case 'any':
      return expression.of.flatMap((one) => soughtWords(one, wanted));
    case 'not':
      return soughtWords(expression.of, !wanted);
    case 'words':
      return wanted && expression.words.length > 0 ? [expression] : [];
    case 'compare':
    case 'compareFields':
    case 'between':
      return [];
  }
}

/** Whole words in the order of the text; those that touch or overlap are one span. */
export function hitsOf(expression: Expression, text: string): Span[] {
  const sought = soughtWords(expression, true);
  if (sought.length === 0) return [];
  const placed = placedWordsOf(text);
  const words = placed.map(({ word }) => word);
  const found = placed.flatMap(({ start }, place) =>
    sought
      .filter((one) => phraseIsAt(words, place, one.words, one.prefix))
      .map((one): Span => ({ start, end: placed[place + one.words.length - 1]?.end ?? start })),
  );
  const hits: Span[] = [];
  for (const { start, end } of found.sort((a, b) => a.start - b.start)) {
    const last = hits.at(-1);
    if (last !== undefined && start <= last.end) hits[hits.length - 1] = { ...last, end: Math.max(last.end, end) };
    else hits.push({ start, end });
  }
  return hits;
}
