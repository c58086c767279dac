/** Words of an answer with their tokens: each token with a letter or digit belongs to the word in which that stands. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wordsIn, wordsOf } from '../../trainer/evidence/words.ts';

const read = (text: string, ...pieces: string[]) =>
  wordsOf(text, pieces).map(({ text: word, tokens }) => [word, ...tokens]);

test('tokens are gathered into words, spaces and tags left out', () => {
  expect(
    read('<think>2 s: left, 2.</think>', '<think>', '2', ' s', ':', ' le', 'ft', ',', ' 2', '.', '</think>'),
  ).toEqual([
    ['think', 0],
    ['2', 1],
    ['s', 2],
    ['left', 4, 5],
    ['2', 7],
    ['think', 9],
  ]);
});

test('what a person reads as one word is one', () => {
  expect(read("it's 17.5 x-ray", "it's", ' 17', '.', '5', ' x', '-ray')).toEqual([
    ["it's", 0],
    ['17.5', 1, 3],
    ['x-ray', 4, 5],
  ]);
});

test('marks belong to their letter, and a character of a script without spaces is a word', () => {
  expect(read('हिन्दी में', 'हिन्दी', ' में').map(([word]) => word)).toEqual(['हिन्दी', 'में']);
  expect(read('cafe\u0301 ok', 'cafe\u0301', ' ok').map(([word]) => word)).toEqual(['cafe\u0301', 'ok']);
  expect(read('向左移动。', '向左', '移动', '。').map(([word]) => word)).toEqual(['向', '移']);
});

test('a character that is split over tokens gives its word to all of them', () => {
  expect(read('動く', '\ufffd', '\ufffd', 'く')).toEqual([
    ['動', 0, 1],
    ['く', 2],
  ]);
});

test('no token is in two words, and words come in the order of the text', () => {
  const pieces = fc.array(fc.constantFrom('a', ' b', 'c', '.', ' ', '1', "'s", '\n', 'é', ' 動'), { maxLength: 30 });
  fc.assert(
    fc.property(pieces, (given) => {
      const words = wordsOf(given.join(''), given);
      const tokens = words.flatMap((word) => word.tokens);
      expect(new Set(tokens).size).toBe(tokens.length);
      expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    }),
  );
});

test('those inside a span begin there', () => {
  const words = wordsOf('one two three', ['one', ' two', ' three']);
  expect(wordsIn(words, { start: 4, end: 9 }).map(({ text }) => text)).toEqual(['two', 'three']);
});
