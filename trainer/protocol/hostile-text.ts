/**
 * Text that a model or a dataset wrote, made safe to look at: it is only ever put into text nodes, and characters that
 * can't be seen, or that change how others are shown, are replaced by their code.
 */

/** A stretch of text, or one character that is shown as its code. Offsets are UTF-16 code units of the source text. */
export interface ShownPiece {
  readonly start: number;
  readonly end: number;
  readonly shown: string;
  /** True when `shown` stands for the character instead of being it. */
  readonly code: boolean;
}

/**
 * Control characters but line feed and tab; soft hyphen; Arabic letter mark; Mongolian vowel separator; zero-width, bidi
 * and other format characters; line and paragraph separators; byte order mark; interlinear annotation; tag characters;
 * and surrogates without a partner.
 */
const concealed =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each is looked for by itself
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]|\p{Surrogate}/gu;

/** How a concealed character is written: its number as in a program's source, such as \u202e, which every font can show. */
export function codeOf(character: string): string {
  const number = character.codePointAt(0) ?? 0;
  const digits = number.toString(16);
  return number > 0xffff ? `\\u{${digits}}` : `\\u${digits.padStart(4, '0')}`;
}

/** Pieces of `text` from `start` to `end`, in order and without gaps. */
export function shownPieces(text: string, start = 0, end = text.length): ShownPiece[] {
  const pieces: ShownPiece[] = [];
  let at = start;
  const part = text.slice(start, end);
  for (const match of part.matchAll(concealed)) {
    const from = start + match.index;
    if (from > at) pieces.push({ start: at, end: from, shown: text.slice(at, from), code: false });
    at = from + match[0].length;
    pieces.push({ start: from, end: at, shown: codeOf(match[0]), code: true });
  }
  if (at < end) pieces.push({ start: at, end, shown: text.slice(at, end), code: false });
  return pieces;
}

/** The same as one string, for titles, labels and single lines; line breaks become spaces. */
export function shownLine(text: string, longest = 400): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return shownPieces(cut)
    .map((piece) => piece.shown)
    .join('')
    .replace(/\s+/g, ' ')
    .trim();
}

/** All of a text, its line breaks kept. */
export function shownText(text: string): string {
  return shownPieces(text)
    .map((piece) => piece.shown)
    .join('');
}
