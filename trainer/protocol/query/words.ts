/**
 * Words of a text in any language, as they are searched for. The store's index holds them joined by spaces; SQLite's tokenizer
 * `unicode61 remove_diacritics 2` takes each as one token and changes none, so that memory and index find the same.
 */
import type { Span } from '../records.ts';

/**
 * Scripts written without spaces between words: ideographs and kana (ID in Unicode's line breaking, UAX 14) and those of
 * South-East Asia that need a dictionary (SA there). Hangul, as Korean writes particles and compounds without one. By script
 * extension for kana, since the long vowel mark is of no script itself. And emoji, which stand anywhere.
 */
const emoji = '\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\p{Regional_Indicator}';
export const unspaced =
  `${emoji}\\p{Script=Hangul}` +
  '\\p{Script=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{Script=Bopomofo}\\p{Script=Yi}\\p{Script=Tangut}\\p{Script=Nushu}' +
  '\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}' +
  '\\p{Script=Tai_Le}\\p{Script=New_Tai_Lue}\\p{Script=Tai_Tham}\\p{Script=Tai_Viet}\\p{Script=Ahom}';

/** Letter, digit, private use, emoji, or a mark that is left. An unspaced one with its marks is a word, and so is a run of others. */
const word = new RegExp(
  `(?=[\\p{L}\\p{N}\\p{M}${emoji}])[${unspaced}]\\p{M}*|(?:(?![${unspaced}])[\\p{L}\\p{N}\\p{M}\\p{Co}])+`,
  'gu',
);

/**
 * Marks that one may leave out in writing: accents, points of Hebrew and Arabic. Those of Indic and South-East Asian scripts are
 * vowels and the voicing marks of kana make another sound, so they stay.
 */
const diacritic =
  /(?=\p{M})(?![\u3099\u309A])[\p{Script=Inherited}\p{Script=Common}\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Coptic}\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}]/gu;

/** Soft hyphens, joiners and other characters that nobody sees. */
const unseen = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * What is folded as one: a character with what alters it, which are marks, what nobody sees, and the parts of a syllable of
 * Korean.
 */
const altering = '\\p{M}\\p{Default_Ignorable_Code_Point}\\uFF9E\\uFF9F\\u{F0000}-\\u{FFFFD}\\u{100000}-\\u{10FFFD}';
/** Of a syllable's parts those that begin one; the others. */
const leading = '\\u1100-\\u115F';
const jamo = '\\u1160-\\u11FF\\u3130-\\u318F\\uA960-\\uA97F\\uD7B0-\\uD7FF\\uFFA0-\\uFFDC';
const character = new RegExp(`[\\uAC00-\\uD7A3${leading}${jamo}][${jamo}${altering}]*|[^][${altering}]*`, 'gu');

/** Longest word in code points: SQLite cuts tokens off at 32,768 bytes. A longer run is several words, one after the other. */
const longest = 1000;

/**
 * The tokenizer cuts at marks and emoji, and at those letters that were marks when its tables were made (New Tai Lue and two Vedic signs).
 * They are written as private-use characters of planes 15 and 16.
 */
const cutAt = new RegExp(`[\\p{M}\\p{Script=New_Tai_Lue}\\u1CF2\\u1CF3${emoji}]`, 'u');
const everyCutAt = new RegExp(cutAt, 'gu');
const privatePlanes = 0xf0000;
const hidden = (character: string) => String.fromCodePoint((character.codePointAt(0) ?? 0) + privatePlanes);
const privateUse = /[\u{F0000}-\u{FFFFD}\u{100000}-\u{10FFFD}]/gu;
const unhidden = (character: string) => {
  const behind = String.fromCodePoint((character.codePointAt(0) ?? 0) - privatePlanes);
  return cutAt.test(behind) ? behind : character;
};

/**
 * Case, accents, compatibility forms (full width, ligatures, superscripts) and unseen characters do not count. Cut where no
 * letter, digit or emoji stands, and between any two characters of a script without spaces. The words of `words.join(' ')` are `words`.
 */
export function wordsOf(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: plain English has nothing to fold but its case
  if (/^[\x00-\x7f]*$/.test(text)) return pieces(text.toLowerCase().match(/[a-z0-9]+/g) ?? []);
  return pieces(Array.from(folded(text).matchAll(word), ([found]) => found.replace(everyCutAt, hidden)));
}

/** A word with the part of the text that it was made of: whole characters, with the marks on them. */
export interface PlacedWord extends Span {
  readonly word: string;
}

/** The words of `wordsOf`, each with its place in the text as it is, UTF-16 code units. */
export function placedWordsOf(text: string): PlacedWord[] {
  let made = '';
  /** By the code units of `made`: the place in the text of what they were made of. */
  const starts: number[] = [];
  const ends: number[] = [];
  for (const { 0: whole, index } of text.matchAll(character)) {
    const piece = folded(whole);
    made += piece;
    for (let unit = 0; unit < piece.length; unit += 1) {
      starts.push(index);
      ends.push(index + whole.length);
    }
  }
  return Array.from(made.matchAll(word), ({ 0: found, index }) => ({ found, index })).flatMap(({ found, index }) => {
    let at = index;
    return pieces([found]).map((piece) => {
      const from = at;
      at += piece.length;
      return {
        word: piece.replace(everyCutAt, hidden),
        start: starts[from] as number,
        end: ends[at - 1] as number,
      };
    });
  });
}

/** Words with those that are too long cut into several. */
function pieces(words: readonly string[]): string[] {
  return words.flatMap((whole) => {
    if (whole.length <= longest) return whole;
    const characters = [...whole];
    const starts = Array.from({ length: Math.ceil(characters.length / longest) }, (_, place) => place * longest);
    return starts.map((start) => characters.slice(start, start + longest).join(''));
  });
}

/** Through upper case, so that ß is ss and dotless ı is i; the two forms of a small sigma are one. */
function folded(text: string): string {
  const bare = text.replace(privateUse, unhidden).normalize('NFKD').replace(unseen, '').replace(diacritic, '');
  const lower = bare.toUpperCase().toLowerCase().normalize('NFKD').replace(unseen, '').replace(diacritic, '');
  return lower.replaceAll('ς', 'σ').normalize('NFC');
}

/** Whether a text's words hold a phrase: its words one after the other, with `prefix` the last one as the start of a word. */
export function holdsPhrase(held: readonly string[], phrase: readonly string[], prefix: boolean): boolean {
  for (let start = 0; start + phrase.length <= held.length; start += 1)
    if (phraseIsAt(held, start, phrase, prefix)) return true;
  return false;
}

/** Whether a phrase begins at this word. */
export function phraseIsAt(
  held: readonly string[],
  start: number,
  phrase: readonly string[],
  prefix: boolean,
): boolean {
  return phrase.every((wanted, index) => {
    const word = held[start + index] ?? '';
    return prefix && index === phrase.length - 1 ? word.startsWith(wanted) : word === wanted;
  });
}
