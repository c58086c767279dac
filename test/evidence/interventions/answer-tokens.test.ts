/** A completion is cut between its tokens as they were sampled: the reasoning from its tags, sentence by sentence, and the answer. */
import { expect, test } from 'vitest';
import { cutCompletion, withReasoningCut } from '../../../trainer/evidence/interventions/answer-tokens.ts';
import { answered } from './answered.ts';

const cutOf = (...pieces: string[]) => {
  const { text, parsed } = answered({ pieces });
  return cutCompletion(text, pieces, parsed);
};

test('reasoning, sentences and answer by their tokens', () => {
  const { text, pieces, parsed, ids } = answered();
  const cut = cutCompletion(text, pieces, parsed);
  if (typeof cut === 'string') throw new Error(cut);
  expect(cut).toMatchObject({ thinkFrom: 1, thinkTo: 8, answerFrom: 11, answerTo: 12 });
  expect(cut.cuts.map(({ token }) => token)).toEqual([1, 5, 8]);
  expect(cut.cuts.map(({ end }) => text.slice(0, end))).toEqual([
    '<think>',
    '<think>It goes left.',
    '<think>It goes left. So left.',
  ]);
  expect(withReasoningCut(ids, cut, cut.thinkFrom, null)).toEqual({
    tokens: Int32Array.of(0, 8, 9, 10, 11, 12),
    shift: 7,
  });
  expect([...withReasoningCut(ids, cut, 5, null).tokens]).toEqual([0, 1, 2, 3, 4, 8, 9, 10, 11, 12]);
});

test('full-width stops end sentences, without a space after them', () => {
  const pieces = ['<think>', '向左', '。', '所以', '选B', '！', '</think>', '<answer>', 'B', '</answer>'];
  const cut = cutOf(...pieces);
  if (typeof cut === 'string') throw new Error(cut);
  expect(cut.cuts.map(({ token }) => token)).toEqual([1, 3, 6]);
});

test('a token over the end of the reasoning belongs to what stands behind it', () => {
  const cut = cutOf('<think>', 'So', ' left', '.</', 'think>', '<answer>', 'A', '</answer>', '<|im_end|>');
  expect(cut).toMatchObject({ thinkFrom: 1, thinkTo: 3, answerFrom: 6, answerTo: 7 });
});

test('where the first word shares a token with the opening tag, an empty reasoning is opened anew', () => {
  const pieces = ['<think', '>It', ' goes', '.', ' So', '.', '</think>', '<answer>', 'A', '</answer>'];
  const cut = cutOf(...pieces);
  if (typeof cut === 'string') throw new Error(cut);
  expect(cut).toMatchObject({ thinkFrom: 1, thinkTo: 6, opening: '<think>', answerFrom: 8 });
  expect(cut.cuts.map(({ token }) => token)).toEqual([1, 4, 6]);
  const ids = Int32Array.from(pieces.keys());
  const empty = withReasoningCut(ids, cut, cut.thinkFrom, Int32Array.of(20, 21, 22));
  expect(empty).toEqual({ tokens: Int32Array.of(20, 21, 22, 6, 7, 8, 9), shift: 3 });
  // What is cut later begins as it was sampled.
  expect([...withReasoningCut(ids, cut, 4, Int32Array.of(20)).tokens]).toEqual([0, 1, 2, 3, 6, 7, 8, 9]);
});

test('an answer of several tokens, with spaces around it', () => {
  const cut = cutOf('<think>', 'a', '</think>', '<answer>', ' ', 'two', ' words', ' ', '</answer>');
  expect(cut).toMatchObject({ answerFrom: 5, answerTo: 7 });
});

test('line breaks that share a token with a tag or a full stop go with it', () => {
  const cut = cutOf('<think>\n', 'So', '.\n', 'No', '.', '\n</', 'think>', '<answer>', 'A', '</answer>');
  expect(cut).toMatchObject({ thinkFrom: 1, thinkTo: 5 });
  if (typeof cut !== 'string') expect(cut.cuts.map(({ token }) => token)).toEqual([1, 3, 5]);
});

test('a token with the beginning of the next sentence goes with that', () => {
  const cut = cutOf('<think>', 'One', '. T', 'wo', '.', '</think>', '<answer>', 'A', '</answer>');
  if (typeof cut !== 'string') expect(cut.cuts.map(({ token }) => token)).toEqual([1, 2, 5]);
});

test('what can’t be cut says why', () => {
  expect(cutOf('<think>one', '</think>', '<answer>', 'A', '</answer>')).toMatchObject({ opening: '<think>' });
  expect(cutOf('<think>one</', 'think>', '<answer>', 'A', '</answer>')).toMatch(/share tokens/);
  expect(cutOf('<think>', 'a', '</think>')).toMatch(/no answer/);
  expect(cutOf('<answer>', 'A', '</answer>')).toMatch(/no reasoning/);
  expect(cutOf('<think>', 'a', '</think>', '<answer>', ' ', '</answer>')).toMatch(/no answer/);
});
