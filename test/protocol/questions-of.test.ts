import { expect, test } from 'vitest';
import { questionsOf, shownRow } from '../../trainer/protocol/records.ts';

test.each([
  [undefined, 'questions'],
  [{ count: 40, media: 0, questions: 0 }, 'unseen questions'],
  [{ count: 40, media: 40, questions: 40 }, 'questions of the training set'],
  // Copied to another folder, without their media.
  [{ count: 40, media: 0, questions: 40 }, 'questions of the training set'],
  [{ count: 40, media: 3, questions: 0 }, 'questions (of the dataset’s 40, 3 are trained on or show what is)'],
])('questions are called unseen only where it is known that they are: %j', (trainedOn, words) => {
  expect(questionsOf({ trainedOn })).toBe(words);
});

test('a row is shown by its number in the file, and of an older record by its place among the sound ones, from 1', () => {
  expect(shownRow({ row: 23, fileRow: 33 })).toBe(33);
  expect(shownRow({ row: 23 })).toBe(24);
});
