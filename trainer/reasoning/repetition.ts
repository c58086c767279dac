/** Loops: stretches of words that a text says again and again. */
import { wordsOf } from '../protocol/query/words.ts';

/** Longest stretch that is looked for, in words. */
const longestPeriod = 60;
const leastTimes = 3;
/** A loop has so many words altogether: "la la la" is none. */
const leastWords = 12;
const sentenceWords = 6;
const sentenceTimes = 4;

/** Whether a stretch of up to `longestPeriod` words follows itself `leastTimes` times. Linear in the number of words. */
function hasLoop(words: readonly string[]): boolean {
  for (let period = 1; period <= longestPeriod && period * leastTimes <= words.length; period++) {
    const wanted = Math.max(leastWords, period * leastTimes) - period;
    let run = 0;
    for (let at = period; at < words.length; at++) {
      run = words[at] === words[at - period] ? run + 1 : 0;
      if (run >= wanted) return true;
    }
  }
  return false;
}

/** @param sentences of the text, for those that come back without following each other */
export function isRepetitive(text: string, sentences: readonly string[]): boolean {
  if (hasLoop(wordsOf(text))) return true;
  const times = new Map<string, number>();
  for (const sentence of sentences) {
    const words = wordsOf(sentence);
    if (words.length < sentenceWords) continue;
    const said = words.join(' ');
    const count = (times.get(said) ?? 0) + 1;
    if (count >= sentenceTimes) return true;
    times.set(said, count);
  }
  return false;
}
