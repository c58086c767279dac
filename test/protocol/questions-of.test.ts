import { expect, test } from 'vitest';
import { askedTheSame, questionsOf, shownRow } from '../../trainer/protocol/records.ts';
import { anEvaluation } from '../store/records.ts';

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

test('two evaluations asked the same when dataset, counts and what was left out are the same, in every family', () => {
  const family = (count: number) => [{ name: 'light', count, ordered: 1, shuffled: null }];
  const one = { ...anEvaluation(1), byFamily: family(4) };
  expect(askedTheSame(one, { ...one, step: 2, all: { ...one.all, ordered: 0.9 } })).toBe(true);
  expect(askedTheSame(one, { ...one, dataset: 'other.json' })).toBe(false);
  expect(askedTheSame(one, { ...one, skipped: 1 })).toBe(false);
  expect(askedTheSame(one, { ...one, byFamily: family(5) })).toBe(false);
});
