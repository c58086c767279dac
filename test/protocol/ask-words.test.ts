/** An ask is said by what it changes, and its answers say a difference only where chance alone would seldom make it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Ask, theSameAgain } from '../../trainer/protocol/ask.ts';
import {
  askTitle,
  changesOf,
  isOtherSolution,
  otherSolutionSentence,
  soFar,
  soFarSentence,
} from '../../trainer/protocol/ask-words.ts';
import { changedQuestion, movedSolution, withTextsMoved } from '../../trainer/protocol/changed-question.ts';
import { fisherExact } from '../../trainer/protocol/proportion.ts';
import { aGroup } from '../store/records.ts';

const question = { problem: 'Which way?', options: ['A. left', 'B. right', 'C. up'], solution: 'B' };
const original = { runId: 'tgrpo-1', seen: [0, 1, 2, 3, 4, 5], question };
const title = (changed: Partial<Ask>) => askTitle({ ...theSameAgain, ...changed }, original);

describe('an ask in words', () => {
  test('nothing is changed where nothing is, and what says the same as before is no change', () => {
    expect(title({})).toBe('the same again');
    expect(title({ frames: { order: [0, 1, 2, 3, 4, 5] }, problem: question.problem, options: question.options })).toBe(
      'the same again',
    );
    expect(changesOf({ ...theSameAgain, seed: 4, n: 9 }, original)).toEqual([]);
  });

  test('every change has its phrase', () => {
    expect(title({ keep: 118, typed: 'I am sure of this, it is E.' })).toBe('go on from token 118, 8 words typed');
    expect(title({ typed: ' Wait,\u202e look. ' })).toBe('“Wait,\\u202e look.” typed');
    expect(title({ typed: ' ' })).toBe('space typed');
    expect(title({ frames: 'reversed' })).toBe('frames reversed');
    expect(title({ frames: { order: [0, 5] } })).toBe('frames 2–5 dropped');
    expect(title({ frames: { order: [0, 1, 3, 4, 5] } })).toBe('frame 3 dropped');
    expect(title({ frames: { order: [5, 1, 2, 3] } })).toBe('frames 1, 5 dropped, the rest in another order');
    expect(title({ frames: { order: [1, 0, 2, 3, 4, 5] } })).toBe('frames in another order');
    expect(title({ frames: { count: 8 } })).toBe('8 frames from the clip');
    expect(title({ options: ['A. right', 'B. left', 'C. up'] })).toBe('options in another order');
    expect(title({ options: ['A. right', 'B. down', 'C. up'] })).toBe('other options');
    expect(title({ checkpoint: { run: 'tgrpo-1', step: 0 }, also: [{ run: 'sft-1', step: 9 }] })).toBe(
      'asked of before training, also of sft-1, step 9',
    );
    expect(title({ temperature: 0, topP: 1, maxTokens: 1 })).toBe('temperature 0, top-p 1, at most 1 token');
  });
});

describe('what counts as right', () => {
  test('the solution goes with its text where options move, and stays where it is no letter or is gone', () => {
    expect(withTextsMoved(question.options, [1, 0, 2])).toEqual(['A. right', 'B. left', 'C. up']);
    expect(movedSolution(question, ['A. right', 'B. left', 'C. up'])).toBe('A');
    expect(movedSolution(question, ['A. down', 'B. left', 'C. up'])).toBe('B');
    expect(movedSolution({ options: question.options, solution: '42' }, ['A. right', 'B. left'])).toBe('42');
  });

  test('a person may say what is right', () => {
    const { question: whole } = aGroup(1);
    const asked = { problem: 'And then?', options: null, solution: 'C' };
    expect(changedQuestion(whole, asked)).toEqual({ ...whole, problem: 'And then?', solution: 'C' });
  });

  test('options that are moved and moved back have the same solution', () => {
    const order = fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(order, (to) => {
        const moved = withTextsMoved(question.options, to);
        const there = { options: moved, solution: movedSolution(question, moved) };
        expect(movedSolution(there, question.options)).toBe(question.solution);
      }),
    );
  });
});

describe('so far', () => {
  test("Fisher's test is the one of the tea: 3 of 4 against 1 of 4, and 8 of 8 against none", () => {
    // 34 of 70 tables: 2 · (16 + 1) / 70.
    expect(fisherExact([3, 4], [1, 4])).toBeCloseTo(34 / 70, 12);
    // 2 of the 12,870 ways to deal 8 right answers.
    expect(fisherExact([8, 8], [0, 8])).toBeCloseTo(2 / 12870, 12);
    expect(fisherExact([2, 2], [0, 0])).toBe(1);
  });

  test('it is the same both ways, between 0 and 1, and 1 for equal shares', () => {
    const counts = fc
      .integer({ min: 1, max: 64 })
      .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        const p = fisherExact(a, b);
        expect(p).toBeGreaterThan(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(fisherExact(b, a)).toBeCloseTo(p, 9);
        expect(fisherExact(a, a)).toBeCloseTo(1, 9);
      }),
    );
  });

  const said = (asked: [number, number], against: [number, number]) =>
    soFarSentence(
      soFar({ right: asked[0], total: asked[1] }, { right: against[0], total: against[1] }),
      'frames reversed',
      'the group',
    );

  test('where another answer counts as right, the shares are not held against each other', () => {
    const isOther = (solution: string | null, options: string[] | null = null) =>
      isOtherSolution({ solution, options }, original);
    expect([isOther('C'), isOther('B'), isOther(null)]).toEqual([true, false, false]);
    const moved = ['A. right', 'B. left', 'C. up'];
    expect([isOther('A', moved), isOther('B', moved)]).toEqual([false, true]);
    expect(otherSolutionSentence({ right: 8, total: 8 }, 'frames reversed')).toBe(
      'frames reversed: 8 of 8 right. What counts as right is another here, so this is not compared with the group.',
    );
  });

  test('few answers are said to be too few, with the number that would do', () => {
    expect(said([1, 4], [6, 8])).toBe(
      'frames reversed: 1 of 4 right; the group: 6 of 8. Too few to tell apart: ask for 12 or more.',
    );
    expect(fisherExact([3, 12], [9, 12])).toBeLessThan(0.05);
    expect(fisherExact([2, 8], [6, 8])).toBeGreaterThan(0.05);
  });

  test('a difference is one where chance alone seldom makes it, and equal shares are none', () => {
    expect(said([0, 8], [8, 8])).toContain('less than 0.1 % of cases');
    expect(said([2, 4], [4, 8])).toBe('frames reversed: 2 of 4 right; the group: 4 of 8. No difference in sight.');
    expect(said([31, 64], [33, 64])).toContain('Too near to tell apart');
    expect(said([0, 0], [4, 8])).toBe('frames reversed: no answer yet.');
    expect(said([1, 2], [0, 0])).toContain('nothing to compare it with');
  });
});
