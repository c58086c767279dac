/** Cuts reasoning text into sentences. The same text always gives the same cuts, whatever the machine's language data. */
import { abbreviations } from '../protocol/abbreviations.ts';
import type { Span } from '../protocol/records.ts';

export interface Sentence {
  /** In the whole text, without surrounding whitespace. */
  readonly span: Span;
  readonly text: string;
}

const longestAbbreviation = 8;
/** Ends a sentence wherever it stands. The full-width forms take no space after them. */
const ends = new Set('!?…。！？｡');
/** Goes with the end before it. */
const closing = /[.!?…。！？｡"'”’)*\]」』）】〉》]/;

/** "1.", "B." and "**C.**" at the start of a line are the label of an item. */
function isLineLabel(text: string, at: number): boolean {
  const from = Math.max(0, at - longestAbbreviation);
  const line = text.slice(from, at);
  const broken = line.lastIndexOf('\n');
  if (broken < 0 && from > 0) return false;
  return (
    /^[\s*_•–-]*(?:\d{1,2}|[A-Z])$/.test(line.slice(broken + 1)) && /^[*_]*[ \t]+\S/.test(text.slice(at + 1, at + 8))
  );
}

/** Whether the point at `at` belongs to a number, an abbreviation or an option's label (`B. Left`) and ends nothing. */
function isInnerPoint(text: string, at: number, end: number, optionTexts: readonly string[]): boolean {
  const next = text[at + 1];
  if (next !== undefined && at + 1 < end && !/[\s"'”’)*\]]/.test(next)) return true;
  if (isLineLabel(text, at)) return true;
  let start = at;
  while (start > 0 && at - start <= longestAbbreviation && /[\p{L}.]/u.test(text[start - 1] as string)) start--;
  const word = text.slice(start, at);
  if (/^[A-Z]$/.test(word)) {
    const following = text
      .slice(at + 1, at + 80)
      .replace(/^[\s*_)"']+/, '')
      .toLowerCase();
    const option = optionTexts[word.charCodeAt(0) - 65] ?? '';
    return option !== '' && following.startsWith(option.slice(0, 60));
  }
  // "no." is an abbreviation only before a number; elsewhere it is an answer.
  if (word.toLowerCase() === 'no') return /^\s*\d/.test(text.slice(at + 1, at + 12));
  return abbreviations.has(word.toLowerCase());
}

/**
 * The sentences of a part of a text: they end at `!`, `?`, `…` and the full-width `。`, `！`, `？`, `｡`, at a `.` before a space, and at line breaks;
 * quotes and brackets that close there go with them.
 * @param optionTexts the options in their order, without their labels, so that `B. Left` is not cut in two
 */
export function splitSentences(text: string, part: Span, optionTexts: readonly string[] = []): Sentence[] {
  const lowerOptions = optionTexts.map((option) => option.toLowerCase());
  const sentences: Sentence[] = [];
  let start = part.start;
  const close = (end: number) => {
    const raw = text.slice(start, end);
    const lead = raw.length - raw.trimStart().length;
    const words = raw.trim();
    if (/[\p{L}\p{N}]/u.test(words)) {
      sentences.push({ span: { start: start + lead, end: start + lead + words.length }, text: words });
    }
    start = end;
  };
  for (let i = part.start; i < part.end; i++) {
    const character = text[i];
    if (character === '\n') close(i + 1);
    else if (character === '.' || ends.has(character as string)) {
      if (character === '.' && isInnerPoint(text, i, part.end, lowerOptions)) continue;
      let end = i + 1;
      while (end < part.end && closing.test(text[end] as string)) end++;
      close(end);
      i = end - 1;
    }
  }
  close(part.end);
  return sentences;
}
