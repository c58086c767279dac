/** Loops: stretches of words that a text says again and again. */
import { placedWordsOf, wordsOf } from '../protocol/query/words.ts';
import type { Span } from '../protocol/records.ts';
import type { Sentence } from './sentences.ts';

/** Longest stretch that is looked for, in words. */
const longestPeriod = 60;
const leastTimes = 3;
/** A loop has so many words altogether: "la la la" is none. */
const leastWords = 12;
const sentenceWords = 6;
const sentenceTimes = 4;

/** Where a stretch of up to `longestPeriod` words follows itself `leastTimes` times, by number of words. Linear in the number of words. */
function loopIn(words: readonly string[]): Span | null {
  for (let period = 1; period <= longestPeriod && period * leastTimes <= words.length; period++) {
    const wanted = Math.max(leastWords, period * leastTimes) - period;
    let run = 0;
    for (let at = period; at < words.length; at++) {
      run = words[at] === words[at - period] ? run + 1 : 0;
      if (run >= wanted) return { start: at + 1 - run - period, end: at + 1 };
    }
  }
  return null;
}

/** @param sentences of the text, for those that come back without following each other */
export function isRepetitive(text: string, sentences: readonly string[]): boolean {
  return loopIn(wordsOf(text)) !== null || saidAgain(sentences) !== null;
}

/** Number of the sentence that stands there for the last time that it may not. */
function saidAgain(sentences: readonly string[]): number | null {
  const times = new Map<string, number>();
  for (const [number, sentence] of sentences.entries()) {
    const words = wordsOf(sentence);
    if (words.length < sentenceWords) continue;
    const said = words.join(' ');
    const count = (times.get(said) ?? 0) + 1;
    if (count >= sentenceTimes) return number;
    times.set(said, count);
  }
  return null;
}

/** The loop, or a sentence that comes back; null where there is neither. @param sentences of the text */
export function repetitionSpan(text: string, sentences: readonly Sentence[]): Span | null {
  const words = placedWordsOf(text);
  const loop = loopIn(words.map(({ word }) => word));
  const [first, last] = loop === null ? [] : [words[loop.start], words[loop.end - 1]];
  if (first !== undefined && last !== undefined) return { start: first.start, end: last.end };
  const again = saidAgain(sentences.map((sentence) => sentence.text));
  return again === null ? null : (sentences[again] as Sentence).span;
}
