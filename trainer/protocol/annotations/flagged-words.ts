/** Words that people flagged, looked for in other answers as a query looks for a phrase: whole words, folded, one after the other. */
import { holdsPhrase, wordsOf } from '../query/words.ts';

/** @param quotes as they were flagged; one without any word is in no text. @returns those that the text holds, in their order */
export function flaggedIn(text: string, quotes: readonly string[]): string[] {
  if (quotes.length === 0) return [];
  const held = wordsOf(text);
  return quotes.filter((quote) => {
    const phrase = wordsOf(quote);
    return phrase.length > 0 && holdsPhrase(held, phrase, false);
  });
}
