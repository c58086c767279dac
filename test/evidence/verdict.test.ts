/** One sentence says what an answer stood on: what order is worth, and the words that carry it. */
import { expect, test } from 'vitest';
import { nats, verdictOf, verdictSentence, weighedWords } from '../../trainer/evidence/verdict.ts';
import { wordsOf } from '../../trainer/evidence/words.ts';
import type { ChangedScore, Weighing } from '../../trainer/protocol/evidence.ts';

const pieces = ['so', ' it', ' goes', ' left', '.'];
const words = wordsOf(pieces.join(''), pieces);

/** @param shuffles Δ of each token by shuffle */
function weighingOf(...shuffles: number[][]): Weighing {
  const changes = shuffles.map(
    (deltas, k): ChangedScore => ({
      intervention: { kind: 'order', order: [k] },
      first: 0,
      logprobs: deltas.map((delta) => -1 - delta),
    }),
  );
  const seen = pieces.map(() => -1);
  const by = { run: 'r', step: 3, same: true };
  return { rolloutId: 'o', version: 1, at: 0, by, seen, lessLikely: 0, changes, commitment: null, without: [] };
}

test('order is used: its worth, its share, and the words', () => {
  const weighing = weighingOf([0, 0, 1, 5, 0], [0, 0, 1, 7, 0]);
  const verdict = verdictOf(weighing, words, true);
  expect(verdictSentence(verdict)).toBe('Order is worth 7.0 ± 1.0 nats to this answer; 100 % of it in two words:');
  expect(verdict.kind === 'uses order' && verdict.words.map(({ word, worth }) => [word.text, worth])).toEqual([
    ['left', 6],
    ['goes', 1],
  ]);
});

test('order can be used by the whole and not be shown for any word, however heavy', () => {
  const weighing = weighingOf([0, 0, 5, 0, 0], [0, 0, 0, 5, 0]);
  expect(verdictSentence(verdictOf(weighing, words, true))).toBe(
    'Order is worth 5.0 ± 0.0 nats to this answer, and of no single word is it shown that it uses order.',
  );
});

test('paid and not used, and not used', () => {
  const weighing = weighingOf([0, 0, 0, 0.1, 0], [0, 0, 0, -0.1, 0]);
  expect(verdictSentence(verdictOf(weighing, words, true))).toBe('Paid, but order was not used: 0.0 ± 0.1 nats.');
  expect(verdictSentence(verdictOf(weighing, words, false))).toBe('Order was not used: 0.0 ± 0.1 nats.');
});

test('a mean with too large an error is said to be one', () => {
  const weighing = weighingOf([0, 0, 0, 12, 0], [0, 0, 0, 0, 0]);
  expect(verdictSentence(verdictOf(weighing, words, false))).toBe(
    'It is not shown that order was used: 6.0 ± 6.0 nats, less than twice the error.',
  );
});

test('one shuffle gives a number and no verdict; an image has its reason', () => {
  expect(verdictOf(weighingOf([0, 0, 0, 3, 0]), words, true).kind).toBe('unjudged');
  const credited = { ...weighingOf([0, 0, 0, 3, 0]), forCredit: true as const };
  expect(verdictSentence(verdictOf(credited, words, true))).toBe(
    'One other order was scored, for its credit: it costs this answer 3.0 nats, and one number has no error to judge it by.',
  );
  const image = { ...weighingOf(), without: [{ kind: 'order' as const, why: 'An image has no order.' }] };
  expect(verdictSentence(verdictOf(image, words, false))).toBe('An image has no order.');
  expect(weighedWords(image, words)).toBeNull();
});

test('nats have one decimal, a true minus, and no minus before zero', () => {
  expect([nats(6.84), nats(-0.04), nats(-1.25)]).toEqual(['6.8', '0.0', '−1.3']);
});
