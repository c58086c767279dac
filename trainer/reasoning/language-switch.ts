/** Whether reasoning leaves the language of its question: by script, and among languages of Latin script by function words. */
import type { Span } from '../protocol/records.ts';
import { splitSentences } from './sentences.ts';

/** Scripts that are told apart, each with the fewest letters in a row that show it; formulas have single Greek ones. */
const scripts: readonly (readonly [name: string, least: number])[] = [
  ...(['Han', 'Hiragana', 'Katakana', 'Hangul', 'Cyrillic', 'Arabic', 'Hebrew', 'Thai', 'Devanagari'] as const).map(
    (name) => [name, 2] as const,
  ),
  ...(['Bengali', 'Tamil', 'Telugu', 'Khmer', 'Lao', 'Myanmar', 'Georgian', 'Armenian'] as const).map(
    (name) => [name, 2] as const,
  ),
  ['Greek', 3],
];
const letters = new Map(scripts.map(([name]) => [name, new RegExp(`\\p{Script=${name}}`, 'u')]));
const runs = new Map(scripts.map(([name, least]) => [name, new RegExp(`\\p{Script=${name}}{${least},}`, 'u')]));
/** Four words in a row: a letter or a name is none. */
const latinWords = /(?:[\p{Script=Latin}]{2,}[\s,]+){3}[\p{Script=Latin}]{2,}/u;
const latin = /\p{Script=Latin}{2,}/u;

/** Function words that only one of these languages has; what two of them share tells nothing. */
const functionWords: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.entries({
    English:
      'the of and is was are were it to that this then there they which with for from by has have not but so when what who which how many does',
    Spanish:
      'el la los las y en del que por para con una un está luego hacia pero como más ya muy donde cuando su lo qué quién cuántos cuántas cómo hacia',
    French:
      'le la les et est dans avec il elle un une des du que qui pour sur mais où puis pas ce cette au aux sont quel quelle combien',
    German:
      'der die das und ist nicht ein eine den dem auf mit zu aus nach wieder dann er sie wir geht bleibt dort zuerst wie viele wer welche wohin',
    Dutch:
      'de het een van naar niet meer dan ook dat voor met op is was zijn er deze wordt worden aan uit welke hoeveel',
    Portuguese:
      'os um uma e em na no do da que para com ele ela depois mas não está são ao dos das pelo pela quantos quantas quem onde',
    Italian:
      'il lo gli e è di che con per una un sul nella nel poi era della dal non sono ma anche più quanti quante chi dove quale',
  }).map(([language, words], _, all) => {
    const others = new Set(all.filter(([name]) => name !== language).flatMap(([, text]) => text.split(' ')));
    return [language, new Set(words.split(' ').filter((word) => !others.has(word)))];
  }),
);
const leastFunctionWords = 3;

/** A quotation may be of any language; an opening mark without a closing one takes nothing away. */
export const quoted =
  /"[^"]{1,300}"|“[^”]{1,300}”|«[^»]{1,300}»|「[^」]{1,300}」|『[^』]{1,300}』|《[^》]{1,300}》|(?<=^|[\s(:,])['‘][^'’]{1,300}['’](?=$|[\s).,:;!?])/gu;

function languageOf(text: string): string | null {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const counts = Object.entries(functionWords).map(
    ([language, known]) => [language, words.filter((word) => known.has(word)).length] as const,
  );
  const [best] = counts.sort((a, b) => b[1] - a[1]);
  return best !== undefined && best[1] > 0 ? best[0] : null;
}

/** @param question what the reasoning may take up: question, options, solution */
export function switchesLanguage(reasoning: string, question: string): boolean {
  return languageSwitch(reasoning.replace(quoted, ' '), question) !== null;
}

/** Where it first does: letters of another script, or a sentence; null where it does not. @param said without quotations */
export function languageSwitch(said: string, question: string): Span | null {
  for (const [name] of scripts) {
    const found = letters.get(name)?.test(question) ? null : placeOf(runs.get(name), said);
    if (found !== null) return found;
  }
  if (!latin.test(question)) return placeOf(latinWords, said);
  const language = languageOf(question);
  if (language === null) return null;
  const other = splitSentences(said, { start: 0, end: said.length }).find((sentence) => {
    const words = sentence.text.toLowerCase().match(/\p{L}+/gu) ?? [];
    const own = functionWords[language];
    if (words.some((word) => own?.has(word))) return false;
    return Object.entries(functionWords).some(
      ([other, known]) => other !== language && words.filter((word) => known.has(word)).length >= leastFunctionWords,
    );
  });
  return other?.span ?? null;
}

function placeOf(words: RegExp | undefined, text: string): Span | null {
  const found = words?.exec(text);
  return found ? { start: found.index, end: found.index + found[0].length } : null;
}
