import { describe, expect, it } from 'vitest';
import { repetitionShare, wordsOf } from '../../trainer/cot/words.ts';

describe('wordsOf', () => {
  it.each([
    ['', []],
    ["Don't stop: 3.5 m!", ["don't", 'stop', '3', '5', 'm']],
    ['Größe  naïve', ['größe', 'naïve']],
    ['球向右 moves', ['球', '向', '右', 'moves']],
  ])('reads %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });
});

describe('repetitionShare', () => {
  it.each([
    ['', 0],
    ['a b c', 0],
    ['a b c d', 0],
    ['a b c d e f', 0],
    // abcd bcda cdab dabc abcd: one of five was there before.
    ['a b c d a b c d', 1 / 5],
    ['a a a a a a a a', 4 / 5],
  ])('of %j is %d', (text, share) => {
    expect(repetitionShare(wordsOf(text))).toBeCloseTo(share, 12);
  });
});
