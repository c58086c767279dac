/** Whether a reasoning names the answer that follows it. Linear in the reasoning; every window that is looked at is short. */
import { optionLetters } from '../data/row-check.ts';
import type { Question } from '../protocol/records.ts';
import { answerNumber } from '../rewards/numerical.ts';
import { porterStem } from '../rewards/porter-stemmer.ts';
import { pythonRoundTo2 } from '../rewards/python-text.ts';
import { wordsOf } from './words.ts';

/** Share of an answer's words that must stand in the reasoning, for texts. */
const enoughWords = 0.5;

type Asked = Pick<Question, 'problemType' | 'options'>;

/**
 * Whether the reasoning contains the answer, by type of problem.
 * - choice: the letter as a word of its own (`A` and `I` only where they can't be English words), or the option's text
 * - numerical, regression: a number that is equal to two decimals: `1,200`, `1200.0`, `1.2e3`, `3/4`, `75%`, `\frac{3}{4}`,
 *   `0,75`, `seventy-five`, `twice`
 * - OCR, free-form: at least half of the answer's different words, by their stems
 */
export function answerIsInReasoning(think: string, answer: string, question: Asked): boolean {
  switch (question.problemType) {
    case 'multiple choice':
      return namesOption(think, answer, question.options);
    case 'numerical':
    case 'regression':
      return statesNumber(think, answer);
    case 'OCR':
    case 'free-form':
      return hasWords(think, answer);
  }
}

const isWordCharacter = (character: string | undefined) => character !== undefined && /[\p{L}\p{N}]/u.test(character);

/** The places of a piece that has no letter or digit beside it. */
function* standingAlone(text: string, piece: string): Generator<number> {
  if (piece === '') return;
  for (let at = text.indexOf(piece); at >= 0; at = text.indexOf(piece, at + piece.length)) {
    if (!isWordCharacter(text[at - 1]) && !isWordCharacter(text[at + piece.length])) yield at;
  }
}

const namedBefore = /\b(?:options?|choices?|answers?(?: is)?|letters?|choose|pick|select) ?["'(*[]*$/i;
const closedAfter = /^(?:$|[)"'*.,;:!?\]}\n])/;
const verbAfter = /^ (?:is|was|must|seems|fits|matches|because|since|as|and|or)\b/;

/** `A` may be an article and `I` a person: what stands around them must show that an option is meant. */
function meansOption(text: string, at: number, letter: string): boolean {
  const after = text.slice(at + 1, at + 12);
  if (closedAfter.test(after) || namedBefore.test(text.slice(Math.max(0, at - 16), at))) return true;
  return letter === 'A' && verbAfter.test(after);
}

function namesOption(think: string, answer: string, options: readonly string[]): boolean {
  for (const at of standingAlone(think, answer)) {
    if ((answer !== 'A' && answer !== 'I') || meansOption(think, at, answer)) return true;
  }
  const place = optionLetters(options).indexOf(answer);
  const option = place >= 0 ? options[place] : options.find((text) => text === answer);
  if (option === undefined) return false;
  const text = spaced(option.replace(/^\s*\(?[A-Za-z](?:[.):：．]|\s*$)/, '')).replace(/\.$/, '');
  for (const _ of standingAlone(spaced(think), text)) return true;
  return false;
}

const spaced = (text: string) => text.toLowerCase().replace(/\s+/g, ' ').trim();

const units = (
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen ' +
  'eighteen nineteen'
).split(' ');
const tens = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const numberWords = new Map<string, number>([
  ...units.map((word, value): [string, number] => [word, value]),
  ...tens.map((word, place): [string, number] => [word, 20 + 10 * place]),
  ...([
    ['none', 0],
    ['once', 1],
    ['twice', 2],
    ['thrice', 3],
    ['half', 0.5],
    ['hundred', 100],
  ] as const),
]);

/** A run of digits with marks in it; read by hand below, so that no pattern looks at a character more than a few times. */
const written = /[-−]?(?:\d[\d,.]*\d|\d)(?:e[-+]?\d{1,3})?/gi;

/** The numbers that a written run can mean: `1,200` and `0,75` differ in what the comma is. */
function readings(run: string): number[] {
  const text = run.replace('−', '-').toLowerCase();
  const found = [Number(text.replaceAll(',', ''))];
  if (/^-?\d+,\d+$/.test(text)) found.push(Number(text.replace(',', '.')));
  // A range, such as 3-5, is no negative number.
  if (text.startsWith('-')) found.push(...found.map((value) => -value));
  return found.filter(Number.isFinite);
}

function statesNumber(think: string, answer: string): boolean {
  const wanted = answerNumber(answer);
  if (wanted === null || !Number.isFinite(wanted)) return think.includes(answer);
  const target = pythonRoundTo2(wanted);
  const fits = (value: number) => pythonRoundTo2(value) === target;
  let before: { value: number; end: number } | null = null;
  for (const match of think.matchAll(written)) {
    const end = match.index + match[0].length;
    const values = readings(match[0]);
    const value = values[0];
    if (values.some(fits)) return true;
    if (value === undefined) continue;
    if (/^ ?(?:%|percent\b)/.test(think.slice(end, end + 9)) && fits(value / 100)) return true;
    if (before) {
      const between = think.slice(before.end, match.index);
      const isFraction = between === '/' || between === ' / ' || between === '}{';
      if (isFraction && value !== 0 && fits(before.value / value)) return true;
    }
    before = { value, end };
  }
  return statesNumberInWords(wordsOf(think), fits);
}

function statesNumberInWords(words: readonly string[], fits: (value: number) => boolean): boolean {
  let standing = Number.NaN;
  for (const word of words) {
    const value = numberWords.get(word);
    if (value === undefined) {
      standing = Number.NaN;
      continue;
    }
    const joined =
      value === 100 ? standing * value : standing >= 20 && standing % 10 === 0 ? standing + value : Number.NaN;
    if (fits(value) || fits(joined)) return true;
    standing = Number.isNaN(joined) ? value : joined;
  }
  return false;
}

function hasWords(think: string, answer: string): boolean {
  const stems = (text: string) => new Set(wordsOf(text).map((word) => (word.length > 3 ? porterStem(word) : word)));
  const wanted = stems(answer);
  // Signs alone, such as a formula or an emoji: there are no words to look for.
  if (wanted.size === 0) return think.includes(answer);
  const there = stems(think);
  return [...wanted].filter((word) => there.has(word)).length >= enoughWords * wanted.size;
}
