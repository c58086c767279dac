/** Words of a text in any script, and how much a text repeats itself. */

/** Where words are not parted by spaces, each character counts as one. */
const wordPattern =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}][\p{L}\p{N}\p{M}'’]*/gu;

/** In lower case, without punctuation. Linear in the text. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(wordPattern) ?? [];
}

/** Words of a sequence that is looked for again. */
export const repetitionWords = 4;

/**
 * Share of a text's sequences of four words that stood in it before: 1 - distinct / all. 0 for a text of fewer words, near
 * 1 for a text that goes round in a circle. Linear in the text.
 */
export function repetitionShare(words: readonly string[]): number {
  const count = words.length - repetitionWords + 1;
  if (count < 1) return 0;
  const distinct = new Set<string>();
  for (let i = 0; i < count; i++) distinct.add(words.slice(i, i + repetitionWords).join(' '));
  return 1 - distinct.size / count;
}
